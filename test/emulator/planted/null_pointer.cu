// A pointer nobody set.
// launch: grid=1 threads=32
#include "vocabulary.cuh"

KERNEL(32, 1)
wrong(const u32 *data, int n, u32 *out) {
  const u32 *nowhere = reinterpret_cast<const u32 *>((u64)n - 256);
  out[tid()] = nowhere[tid()]; // reported: out of bounds: 4-byte read of address
}
EXPORT_KERNEL(wrong)

KERNEL(32, 1)
right(const u32 *data, int n, u32 *out) {
  out[tid()] = data[tid()];
}
EXPORT_KERNEL(right)
