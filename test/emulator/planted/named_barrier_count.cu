// A named barrier for more warps than come.
// launch: grid=1 threads=96
#include "vocabulary.cuh"

KERNEL(96, 1)
wrong(const u32 *data, int n, u32 *out) {
  if (tid() < 64)
    barrier_named<96>(1); // reported: deadlock: of 96 threads 64 wait for a named barrier
  out[tid()] = data[tid()];
}
EXPORT_KERNEL(wrong)

KERNEL(96, 1)
right(const u32 *data, int n, u32 *out) {
  if (tid() < 64)
    barrier_named<64>(1);
  out[tid()] = data[tid()];
}
EXPORT_KERNEL(right)
