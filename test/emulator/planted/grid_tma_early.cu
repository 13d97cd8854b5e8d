// The copy engine reads for the thread that asks it to.
// launch: grid=1 threads=32 shared=1032
#include "vocabulary.cuh"

KERNEL(32, 1)
wrong(const u32 *data, int n, u32 *out, GRID_CONST TensorMap from,
      GRID_CONST TensorMap to) {
  u32 *s = shared_base<u32>();
  u64 *full = reinterpret_cast<u64 *>(s + 256);
  if (tid() == 0) {
    mbar_init(full, 1);
    mbar_fence_init();
    mbar_arrive_expect(full, 1024);
    tma_load2(s, &to, full, 0, 0); // reported: missing grid_wait
  }
  barrier();
  grid_wait();
  mbar_wait(full, 0);
  out[tid()] = s[tid()];
}
EXPORT_KERNEL(wrong)

KERNEL(32, 1)
right(const u32 *data, int n, u32 *out, GRID_CONST TensorMap from,
      GRID_CONST TensorMap to) {
  u32 *s = shared_base<u32>();
  u64 *full = reinterpret_cast<u64 *>(s + 256);
  if (tid() == 0) {
    mbar_init(full, 1);
    mbar_fence_init();
    mbar_arrive_expect(full, 1024);
    tma_load2(s, &from, full, 0, 0);
  }
  barrier();
  grid_wait();
  mbar_wait(full, 0);
  out[tid()] = s[tid()];
}
EXPORT_KERNEL(right)
