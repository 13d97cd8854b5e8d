// Two blocks write the same element.
// launch: grid=3 threads=32
#include "vocabulary.cuh"

KERNEL(32, 1)
wrong(const u32 *data, int n, u32 *out) {
  out[bid_x() * 31 + tid()] = data[tid()]; // reported: race: 4-byte write of byte
}
EXPORT_KERNEL(wrong)

KERNEL(32, 1)
right(const u32 *data, int n, u32 *out) {
  out[bid_x() * 32 + tid()] = data[tid()];
}
EXPORT_KERNEL(right)
