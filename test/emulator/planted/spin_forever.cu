// Block 0 waits for a block that releases something else.
// launch: grid=2 threads=32
#include "vocabulary.cuh"

KERNEL(32, 1)
wrong(const u32 *data, int n, u32 *out) {
  u32 *flag = out; // zero at launch
  if (tid() == 0) {
    if (bid_x() == 1)
      store_release(flag + 1, 1);
    else
      while (load_acquire(flag) == 0) // reported: deadlock: threads spin
        ;
  }
  out[32 + bid_x() * 32 + tid()] = data[tid()];
}
EXPORT_KERNEL(wrong)

KERNEL(32, 1)
right(const u32 *data, int n, u32 *out) {
  u32 *flag = out;
  if (tid() == 0) {
    if (bid_x() == 1)
      store_release(flag, 1);
    else
      while (load_acquire(flag) == 0)
        ;
  }
  out[32 + bid_x() * 32 + tid()] = data[tid()];
}
EXPORT_KERNEL(right)
