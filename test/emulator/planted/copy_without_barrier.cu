// A wait is for the own copies only; a barrier tells the other threads.
// launch: grid=1 threads=64 shared=1024
#include "vocabulary.cuh"

KERNEL(64, 1)
wrong(const u32 *data, int n, u32 *out) {
  u32 *s = shared_base<u32>();
  copy_async16(s + 4 * tid(), data + 4 * (tid() % 32), 16);
  copy_commit();
  copy_wait<0>();
  out[tid()] = s[4 * (63 - tid())]; // reported: 4-byte read of byte
}
EXPORT_KERNEL(wrong)

KERNEL(64, 1)
right(const u32 *data, int n, u32 *out) {
  u32 *s = shared_base<u32>();
  copy_async16(s + 4 * tid(), data + 4 * (tid() % 32), 16);
  copy_commit();
  copy_wait<0>();
  barrier();
  out[tid()] = s[4 * (63 - tid())];
}
EXPORT_KERNEL(right)
