// A wait counts groups; what was never committed is in none.
// launch: grid=1 threads=32 shared=512
#include "vocabulary.cuh"

KERNEL(32, 1)
wrong(const u32 *data, int n, u32 *out) {
  u32 *s = shared_base<u32>();
  copy_async16(s + 4 * tid(), data + 4 * tid(), 16);
  copy_wait<0>();
  out[tid()] = s[4 * tid()]; // reported: missing wait: 4-byte read of byte
}
EXPORT_KERNEL(wrong)

KERNEL(32, 1)
right(const u32 *data, int n, u32 *out) {
  u32 *s = shared_base<u32>();
  copy_async16(s + 4 * tid(), data + 4 * tid(), 16);
  copy_commit();
  copy_wait<0>();
  out[tid()] = s[4 * tid()];
}
EXPORT_KERNEL(right)
