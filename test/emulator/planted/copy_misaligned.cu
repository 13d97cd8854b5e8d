// An asynchronous copy of 16 bytes from a row that starts at a multiple of 4.
// launch: grid=1 threads=32 shared=512
#include "vocabulary.cuh"

KERNEL(32, 1)
wrong(const u32 *data, int n, u32 *out) {
  u32 *s = shared_base<u32>();
  copy_async16(s + 4 * tid(), data + 4 * tid() + 1, 16); // reported: misaligned: copy_async16
  copy_commit();
  copy_wait<0>();
}
EXPORT_KERNEL(wrong)

KERNEL(32, 1)
right(const u32 *data, int n, u32 *out) {
  u32 *s = shared_base<u32>();
  for (int i = 0; i < 4; ++i)
    copy_async4(s + 4 * tid() + i, data + 4 * tid() + 1 + i, 4);
  copy_commit();
  copy_wait<0>();
}
EXPORT_KERNEL(right)
