// A stage may be filled again after its readers have said so.
// launch: grid=1 threads=64 shared=2112
#include "vocabulary.cuh"

KERNEL(64, 1)
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
    tma_load2(s, &from, b, 0, 0);
  }
  mbar_wait(b, 0);       // reported: wait for mbar_wait
  out[tid()] = s[tid()]; // reported: 4-byte read of byte
  if (tid() == 0) {
    mbar_arrive_expect(b, 1024);
    tma_load2(s, &from, b, 0, 8); // reported: write of byte
  }
  mbar_wait(b, 1);
}
EXPORT_KERNEL(wrong)

KERNEL(64, 1)
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
  barrier();
  if (tid() == 0) {
    mbar_arrive_expect(b, 1024);
    tma_load2(s, &from, b, 0, 8);
  }
  mbar_wait(b, 1);
}
EXPORT_KERNEL(right)
