// A thread returns before its copies have arrived.
// launch: grid=1 threads=32 shared=512
#include "vocabulary.cuh"

KERNEL(32, 1)
wrong(const u32 *data, int n, u32 *out) {
  u32 *s = shared_base<u32>();
  copy_async16(s + 4 * tid(), data + 4 * tid(), 16); // reported: missing wait: the thread returns
  copy_commit();
  out[tid()] = data[tid()];
}
EXPORT_KERNEL(wrong)

KERNEL(32, 1)
right(const u32 *data, int n, u32 *out) {
  u32 *s = shared_base<u32>();
  copy_async16(s + 4 * tid(), data + 4 * tid(), 16);
  copy_commit();
  out[tid()] = data[tid()];
  copy_wait<0>();
}
EXPORT_KERNEL(right)
