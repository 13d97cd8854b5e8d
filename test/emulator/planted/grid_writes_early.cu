// Kernels before may still read and write what the grid writes.
// launch: grid=2 threads=32
#include "vocabulary.cuh"

KERNEL(32, 1)
wrong(const u32 *data, int n, u32 *out, GRID_CONST TensorMap from,
      GRID_CONST TensorMap to) {
  out[bid_x() * 32 + tid()] = tid(); // reported: missing grid_wait: 4-byte write
  grid_wait();
}
EXPORT_KERNEL(wrong)

KERNEL(32, 1)
right(const u32 *data, int n, u32 *out, GRID_CONST TensorMap from,
      GRID_CONST TensorMap to) {
  grid_wait();
  out[bid_x() * 32 + tid()] = tid();
}
EXPORT_KERNEL(right)
