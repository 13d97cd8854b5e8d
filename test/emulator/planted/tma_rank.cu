// Copies have as many coordinates as their tensor.
// launch: grid=1 threads=32 shared=2112
#include "vocabulary.cuh"

KERNEL(32, 1)
wrong(const u32 *data, int n, u32 *out, GRID_CONST TensorMap from,
      GRID_CONST TensorMap to) {
  u32 *s = shared_base<u32>();
  u64 *b = shared_base<u64>() + 256;
  if (tid() == 0) {
    mbar_init(b, 1);
    mbar_fence_init();
  }
  barrier();
  if (tid() == 0) {
    mbar_arrive_expect(b, 1024);
    tma_load4(s, &from, b, 0, 0, 0, 0); // reported: a tensor map of 2
  }
  mbar_wait(b, 0);
  out[tid()] = s[tid()];
}
EXPORT_KERNEL(wrong)

KERNEL(32, 1)
right(const u32 *data, int n, u32 *out, GRID_CONST TensorMap from,
      GRID_CONST TensorMap to) {
  u32 *s = shared_base<u32>();
  u64 *b = shared_base<u64>() + 256;
  if (tid() == 0) {
    mbar_init(b, 1);
    mbar_fence_init();
  }
  barrier();
  if (tid() == 0) {
    mbar_arrive_expect(b, 1024);
    tma_load2(s, &from, b, 0, 0);
  }
  mbar_wait(b, 0);
  out[tid()] = s[tid()];
}
EXPORT_KERNEL(right)
