// A block has as many registers as it started with.
// launch: grid=1 threads=384 shared=2112
#include "vocabulary.cuh"

KERNEL(384, 1)
wrong(const u32 *data, int n, u32 *out, GRID_CONST TensorMap from,
      GRID_CONST TensorMap to) {
  if (warp() < 4)
    regs_down<40>();
  else
    regs_up<240>(); // reported: wait for registers
  if (tid() < 32)
    out[tid()] = data[tid()];
}
EXPORT_KERNEL(wrong)

KERNEL(384, 1)
right(const u32 *data, int n, u32 *out, GRID_CONST TensorMap from,
      GRID_CONST TensorMap to) {
  if (warp() < 4)
    regs_down<40>();
  else
    regs_up<232>();
  if (tid() < 32)
    out[tid()] = data[tid()];
}
EXPORT_KERNEL(right)
