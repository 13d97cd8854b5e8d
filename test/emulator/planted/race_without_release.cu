// The last block adds up what the others wrote. The counter must release and acquire.
// launch: grid=2 threads=32
#include "vocabulary.cuh"

KERNEL(32, 1)
wrong(const u32 *data, int n, u32 *out) {
  // out[0] is the counter, the launch sets it to zero.
  u32 *counter = out, *part = out + 1;
  if (tid() == 0)
    part[bid_x()] = data[bid_x()];
  barrier();
  if (tid() == 0 && atomic_add(counter, 1u) == 1)
    out[8] = part[0] + part[1]; // reported: race: 4-byte read of byte
}
EXPORT_KERNEL(wrong)

KERNEL(32, 1)
right(const u32 *data, int n, u32 *out) {
  u32 *counter = out, *part = out + 1;
  if (tid() == 0)
    part[bid_x()] = data[bid_x()];
  barrier();
  if (tid() == 0 && atomic_add_acq_rel(counter, 1u) == 1)
    out[8] = part[0] + part[1];
}
EXPORT_KERNEL(right)
