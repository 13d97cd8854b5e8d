// Eight bytes at an address that is a multiple of four.
// launch: grid=1 threads=32
#include "vocabulary.cuh"

KERNEL(32, 1)
wrong(const u32 *data, int n, u32 *out) {
  const vec8 *p = reinterpret_cast<const vec8 *>(data + tid());
  out[tid()] = p->w[0];
  vec8 both = *p;
  out[tid()] = *reinterpret_cast<const u64 *>(data + tid()) + both.w[1]; // reported: misaligned: 8-byte read
}
EXPORT_KERNEL(wrong)

KERNEL(32, 1)
right(const u32 *data, int n, u32 *out) {
  out[tid()] = *reinterpret_cast<const u64 *>(data + 2 * tid());
}
EXPORT_KERNEL(right)
