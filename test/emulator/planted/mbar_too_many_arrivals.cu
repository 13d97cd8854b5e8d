// More arrivals than a phase has are nobody's phase.
// launch: grid=1 threads=64 shared=64
#include "vocabulary.cuh"

KERNEL(64, 1)
wrong(const u32 *data, int n, u32 *out) {
  u64 *b = shared_base<u64>();
  if (tid() == 0)
    mbar_init(b, 1);
  barrier();
  if (tid() == 0)
    mbar_arrive_expect(b, 64);
  barrier();
  if (tid() == 1)
    mbar_arrive(b); // reported: more arrivals
  out[tid()] = data[tid()];
}
EXPORT_KERNEL(wrong)

KERNEL(64, 1)
right(const u32 *data, int n, u32 *out) {
  u64 *b = shared_base<u64>();
  if (tid() == 0)
    mbar_init(b, 1);
  barrier();
  if (tid() == 0)
    mbar_arrive(b);
  barrier();
  if (tid() == 1)
    mbar_arrive(b);
  out[tid()] = data[tid()];
}
EXPORT_KERNEL(right)
