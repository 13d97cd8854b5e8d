// More shared memory than the launch asked for.
// launch: grid=1 threads=64 shared=256
#include "vocabulary.cuh"

KERNEL(64, 1)
wrong(const u32 *data, int n, u32 *out) {
  u32 *s = shared_base<u32>();
  s[tid() + 1] = data[tid()]; // reported: out of bounds: 4-byte write of byte 256 of shared memory
  barrier();
  out[tid()] = s[tid()];
}
EXPORT_KERNEL(wrong)

KERNEL(64, 1)
right(const u32 *data, int n, u32 *out) {
  u32 *s = shared_base<u32>();
  s[tid()] = data[tid()];
  barrier();
  out[tid()] = s[63 - tid()];
}
EXPORT_KERNEL(right)
