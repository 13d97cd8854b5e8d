// Nobody may own the shared memory while a load is on its way.
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
    tma_load2(s, &from, b, 0, 0); // reported: missing wait
  }
  out[tid()] = tid();
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
  out[tid()] = tid();
}
EXPORT_KERNEL(right)
