// Only a barrier after mbar_init makes an mbarrier everyone's.
// launch: grid=1 threads=64 shared=64
#include "vocabulary.cuh"

KERNEL(64, 1)
wrong(const u32 *data, int n, u32 *out) {
  u64 *b = shared_base<u64>();
  if (tid() == 0)
    mbar_init(b, 64);
  // Takes time, orders nothing.
  for (int i = 0; i < 100; ++i)
    shfl_xor(i, 1);
  mbar_arrive(b); // reported: mbar
  mbar_wait(b, 0);
  out[tid()] = data[tid()];
}
EXPORT_KERNEL(wrong)

KERNEL(64, 1)
right(const u32 *data, int n, u32 *out) {
  u64 *b = shared_base<u64>();
  if (tid() == 0)
    mbar_init(b, 64);
  barrier();
  mbar_arrive(b);
  mbar_wait(b, 0);
  out[tid()] = data[tid()];
}
EXPORT_KERNEL(right)
