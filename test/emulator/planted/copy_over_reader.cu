// The next copy into a stage is issued while others read it.
// launch: grid=1 threads=64 shared=1024
#include "vocabulary.cuh"

KERNEL(64, 1)
wrong(const u32 *data, int n, u32 *out) {
  u32 *s = shared_base<u32>();
  s[tid()] = data[tid()];
  barrier();
  out[tid()] = s[63 - tid()];              // reported: race: 4-byte read of byte
  copy_async4(s + tid(), data + tid(), 4); // reported: race: 4-byte write of byte
  copy_commit();
  copy_wait<0>();
}
EXPORT_KERNEL(wrong)

KERNEL(64, 1)
right(const u32 *data, int n, u32 *out) {
  u32 *s = shared_base<u32>();
  s[tid()] = data[tid()];
  barrier();
  out[tid()] = s[63 - tid()];
  barrier();
  copy_async4(s + tid(), data + tid(), 4);
  copy_commit();
  copy_wait<0>();
}
EXPORT_KERNEL(right)
