// The guard of the last element is off by one.
// launch: grid=4 threads=64
#include "vocabulary.cuh"

KERNEL(64, 1)
wrong(const u32 *data, int n, u32 *out) {
  int i = bid_x() * threads() + tid();
  out[i] = i + 1 <= n ? data[i + 1] : 0; // reported: out of bounds: 4-byte read of byte 1024 of an allocation of 1024
}
EXPORT_KERNEL(wrong)

KERNEL(64, 1)
right(const u32 *data, int n, u32 *out) {
  int i = bid_x() * threads() + tid();
  out[i] = i + 1 < n ? data[i + 1] : 0;
}
EXPORT_KERNEL(right)
