// Lanes past the end return before their warp's sum.
// launch: grid=1 threads=64
#include "vocabulary.cuh"

KERNEL(64, 1)
wrong(const u32 *data, int n, u32 *out) {
  if (tid() >= 40)
    return;
  float sum = warp_sum(data[tid()]); // reported: deadlock: of 64 threads 8 wait for a warp reduction
  out[tid()] = sum;
}
EXPORT_KERNEL(wrong)

KERNEL(64, 1)
right(const u32 *data, int n, u32 *out) {
  float sum = warp_sum(tid() < 40 ? data[tid()] : 0);
  if (tid() < 40)
    out[tid()] = sum;
}
EXPORT_KERNEL(right)
