// Parities alternate, from 0.
// launch: grid=1 threads=32 shared=64
#include "vocabulary.cuh"

KERNEL(32, 1)
wrong(const u32 *data, int n, u32 *out) {
  u64 *b = shared_base<u64>();
  if (tid() == 0)
    mbar_init(b, 32);
  barrier();
  for (int i = 0; i < 3; ++i) {
    mbar_arrive(b);
    mbar_wait(b, 0); // reported: wait for mbar_wait
  }
  out[tid()] = data[tid()];
}
EXPORT_KERNEL(wrong)

KERNEL(32, 1)
right(const u32 *data, int n, u32 *out) {
  u64 *b = shared_base<u64>();
  if (tid() == 0)
    mbar_init(b, 32);
  barrier();
  for (int i = 0; i < 3; ++i) {
    mbar_arrive(b);
    mbar_wait(b, i & 1);
  }
  out[tid()] = data[tid()];
}
EXPORT_KERNEL(right)
