// A shuffle makes lanes meet, but does not order their memory.
// launch: grid=1 threads=32 shared=128
#include "vocabulary.cuh"

KERNEL(32, 1)
wrong(const u32 *data, int n, u32 *out) {
  u32 *s = shared_base<u32>();
  s[tid()] = data[tid()];
  u32 other = shfl_xor(data[tid()], 1);
  out[tid()] = s[tid() ^ 1] + other; // reported: race: 4-byte read of byte
}
EXPORT_KERNEL(wrong)

KERNEL(32, 1)
right(const u32 *data, int n, u32 *out) {
  u32 *s = shared_base<u32>();
  s[tid()] = data[tid()];
  u32 other = shfl_xor(data[tid()], 1);
  warp_sync();
  out[tid()] = s[tid() ^ 1] + other;
}
EXPORT_KERNEL(right)
