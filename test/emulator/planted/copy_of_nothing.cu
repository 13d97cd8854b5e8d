// A copy whose bytes are all past the end still needs an address within.
// launch: grid=1 threads=32 shared=512
#include "vocabulary.cuh"

KERNEL(32, 1)
wrong(const u32 *data, int n, u32 *out) {
  u32 *s = shared_base<u32>();
  int at = 8 * 8 * tid();
  copy_async16(s + 4 * tid(), data + at, at < n ? 16 : 0); // reported: out of bounds: asynchronous copy of 0 bytes
  copy_commit();
  copy_wait<0>();
  out[tid()] = s[4 * tid()];
}
EXPORT_KERNEL(wrong)

KERNEL(32, 1)
right(const u32 *data, int n, u32 *out) {
  u32 *s = shared_base<u32>();
  int at = 8 * 8 * tid();
  copy_async16(s + 4 * tid(), data + (at < n ? at : 0), at < n ? 16 : 0);
  copy_commit();
  copy_wait<0>();
  out[tid()] = s[4 * tid()];
}
EXPORT_KERNEL(right)
