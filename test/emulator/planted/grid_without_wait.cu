// Who comes next waits for this grid alone: it must wait for those before it.
// launch: grid=2 threads=32
#include "vocabulary.cuh"

KERNEL(32, 1)
wrong(const u32 *data, int n, u32 *out, GRID_CONST TensorMap from,
      GRID_CONST TensorMap to) {
  grid_launch_next(); // reported: missing grid_wait: the grid ends
  if (data[tid()] == 0)
    grid_wait();
}
EXPORT_KERNEL(wrong)

KERNEL(32, 1)
right(const u32 *data, int n, u32 *out, GRID_CONST TensorMap from,
      GRID_CONST TensorMap to) {
  grid_launch_next();
  if (bid_x() == 1)
    grid_wait();
}
EXPORT_KERNEL(right)
