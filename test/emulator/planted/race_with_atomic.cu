// Reads a sum that others still add to.
// launch: grid=1 threads=64
#include "vocabulary.cuh"

KERNEL(64, 1)
wrong(const u32 *data, int n, u32 *out) {
  if (tid() == 0)
    *out = 0;
  barrier();
  atomic_add(out, data[tid()]); // reported: race: 4-byte atomic access of byte 0
  out[64 + tid()] = out[0];     // reported: race: 4-byte read of byte 0
}
EXPORT_KERNEL(wrong)

KERNEL(64, 1)
right(const u32 *data, int n, u32 *out) {
  if (tid() == 0)
    *out = 0;
  barrier();
  atomic_add(out, data[tid()]);
  barrier();
  out[64 + tid()] = out[0];
}
EXPORT_KERNEL(right)
