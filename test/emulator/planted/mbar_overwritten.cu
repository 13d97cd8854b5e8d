// An mbarrier's place is for it alone.
// launch: grid=1 threads=32 shared=2112
#include "vocabulary.cuh"

KERNEL(32, 1)
wrong(const u32 *data, int n, u32 *out) {
  u64 *b = shared_base<u64>();
  if (tid() == 0) {
    mbar_init(b, 32);
    b[0] = 0;
  }
  barrier();
  mbar_arrive(b); // reported: no mbarrier
  out[tid()] = data[tid()];
}
EXPORT_KERNEL(wrong)

KERNEL(32, 1)
right(const u32 *data, int n, u32 *out) {
  u64 *b = shared_base<u64>();
  if (tid() == 0) {
    mbar_init(b, 32);
    b[1] = 0;
  }
  barrier();
  mbar_arrive(b);
  out[tid()] = data[tid()];
}
EXPORT_KERNEL(right)
