// Lanes of a warp reach two different barriers.
// launch: grid=1 threads=64 shared=256
#include "vocabulary.cuh"

KERNEL(64, 1)
wrong(const u32 *data, int n, u32 *out) {
  u32 *s = shared_base<u32>();
  if (tid() % 2) {
    s[tid()] = data[tid()];
    barrier(); // reported: divergence: lane
  } else {
    s[tid()] = 0;
    barrier(); // reported: divergence: lane
  }
  out[tid()] = s[63 - tid()];
}
EXPORT_KERNEL(wrong)

KERNEL(64, 1)
right(const u32 *data, int n, u32 *out) {
  u32 *s = shared_base<u32>();
  if (tid() % 2)
    s[tid()] = data[tid()];
  else
    s[tid()] = 0;
  barrier();
  out[tid()] = s[63 - tid()];
}
EXPORT_KERNEL(right)
