// Reads what nobody wrote.
// launch: grid=1 threads=64
#include "vocabulary.cuh"

KERNEL(64, 1)
wrong(const u32 *data, int n, u32 *out) {
  out[tid()] = out[tid() + 64] + data[tid()]; // reported: uninitialized: 4-byte read
}
EXPORT_KERNEL(wrong)

KERNEL(64, 1)
right(const u32 *data, int n, u32 *out) {
  out[tid() + 64] = data[tid()];
  out[tid()] = out[tid() + 64] + data[tid()];
}
EXPORT_KERNEL(right)
