// Lanes of a warp meet at two different shuffles.
// launch: grid=1 threads=32
#include "vocabulary.cuh"

KERNEL(32, 1)
wrong(const u32 *data, int n, u32 *out) {
  u32 v = data[tid()];
  if (tid() < 16)
    v += shfl_xor(v, 1); // reported: divergence: lane
  else
    v += shfl_xor(v, 2); // reported: divergence: lane
  out[tid()] = v;
}
EXPORT_KERNEL(wrong)

KERNEL(32, 1)
right(const u32 *data, int n, u32 *out) {
  u32 v = data[tid()];
  v += shfl_xor(v, 1);
  v += shfl_xor(v, 2);
  out[tid()] = v;
}
EXPORT_KERNEL(right)
