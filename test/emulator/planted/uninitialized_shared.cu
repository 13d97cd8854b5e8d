// The upper half of shared memory was forgotten.
// launch: grid=1 threads=64 shared=512
#include "vocabulary.cuh"

KERNEL(64, 1)
wrong(const u32 *data, int n, u32 *out) {
  u32 *s = shared_base<u32>();
  s[tid()] = data[tid()];
  barrier();
  out[tid()] = s[2 * tid()]; // reported: uninitialized: 4-byte read of byte
}
EXPORT_KERNEL(wrong)

KERNEL(64, 1)
right(const u32 *data, int n, u32 *out) {
  u32 *s = shared_base<u32>();
  s[tid()] = data[tid()];
  s[tid() + 64] = data[tid()];
  barrier();
  out[tid()] = s[2 * tid()];
}
EXPORT_KERNEL(right)
