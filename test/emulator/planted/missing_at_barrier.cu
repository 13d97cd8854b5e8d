// A warp leaves early, the others wait for it.
// launch: grid=1 threads=96 shared=384
#include "vocabulary.cuh"

KERNEL(96, 1)
wrong(const u32 *data, int n, u32 *out) {
  u32 *s = shared_base<u32>();
  if (tid() >= 64)
    return;
  s[tid()] = data[tid()];
  barrier(); // reported: deadlock: of 96 threads 64 wait for the barrier
  out[tid()] = s[63 - tid()];
}
EXPORT_KERNEL(wrong)

KERNEL(96, 1)
right(const u32 *data, int n, u32 *out) {
  u32 *s = shared_base<u32>();
  if (tid() < 64)
    s[tid()] = data[tid()];
  barrier();
  if (tid() < 64)
    out[tid()] = s[63 - tid()];
}
EXPORT_KERNEL(right)
