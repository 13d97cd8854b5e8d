// Writes before the start.
// launch: grid=1 threads=64
#include "vocabulary.cuh"

KERNEL(64, 1)
wrong(const u32 *data, int n, u32 *out) {
  out[tid() - 1] = data[tid()]; // reported: out of bounds: 4-byte write of byte -4 of
}
EXPORT_KERNEL(wrong)

KERNEL(64, 1)
right(const u32 *data, int n, u32 *out) {
  out[tid()] = data[tid()];
}
EXPORT_KERNEL(right)
