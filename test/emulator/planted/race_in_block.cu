// A barrier is missing between write and read.
// launch: grid=1 threads=64 shared=256
#include "vocabulary.cuh"

KERNEL(64, 1)
wrong(const u32 *data, int n, u32 *out) {
  u32 *s = shared_base<u32>();
  s[tid()] = data[tid()];
  barrier();
  u32 sum = s[63 - tid()]; // reported: race: 4-byte read of byte
  s[tid()] = sum;          // reported: race: 4-byte write of byte
}
EXPORT_KERNEL(wrong)

KERNEL(64, 1)
right(const u32 *data, int n, u32 *out) {
  u32 *s = shared_base<u32>();
  s[tid()] = data[tid()];
  barrier();
  u32 sum = s[63 - tid()];
  barrier();
  s[tid()] = sum;
  out[tid()] = sum;
}
EXPORT_KERNEL(right)
