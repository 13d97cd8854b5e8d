// Each thread waits for itself.
// launch: grid=1 threads=64
#include "vocabulary.cuh"

KERNEL(64, 1)
wrong(const u32 *data, int n, u32 *out, GRID_CONST TensorMap from,
      GRID_CONST TensorMap to) {
  if (tid() < 32)
    grid_wait();
  barrier();
  out[tid()] = tid(); // reported: missing grid_wait: 4-byte write
}
EXPORT_KERNEL(wrong)

KERNEL(64, 1)
right(const u32 *data, int n, u32 *out, GRID_CONST TensorMap from,
      GRID_CONST TensorMap to) {
  grid_wait();
  out[tid()] = tid();
}
EXPORT_KERNEL(right)
