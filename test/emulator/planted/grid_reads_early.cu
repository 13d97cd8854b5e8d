// Only what no kernel of the graph writes is read before the wait.
// launch: grid=1 threads=32
#include "vocabulary.cuh"

KERNEL(32, 1)
wrong(const u32 *data, int n, u32 *out, GRID_CONST TensorMap from,
      GRID_CONST TensorMap to) {
  u32 x = out[tid() % 8]; // reported: missing grid_wait: 4-byte read
  grid_wait();
  out[tid()] = x;
}
EXPORT_KERNEL(wrong)

KERNEL(32, 1)
right(const u32 *data, int n, u32 *out, GRID_CONST TensorMap from,
      GRID_CONST TensorMap to) {
  u32 x = data[tid()];
  grid_wait();
  out[tid()] = x + out[tid() % 8] * 0;
}
EXPORT_KERNEL(right)
