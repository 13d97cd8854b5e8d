// What another block stored is there when its mbarrier says so.
// launch: grid=2 threads=32 shared=2112
#include "vocabulary.cuh"

KERNEL_CLUSTER(32, 1, 2)
wrong(const u32 *data, int n, u32 *out, GRID_CONST TensorMap from,
      GRID_CONST TensorMap to) {
  u64 *b = shared_base<u64>();
  float *s = shared_base<float>() + 2;
  if (tid() == 0) {
    mbar_init(b, 1);
    mbar_fence_init();
    mbar_arrive_expect(b, 128);
  }
  cluster_sync();
  store_remote(s + tid(), 1, b, 1 - cluster_rank()); // reported: race
  out[bid_x() * 32 + tid()] =
      f32_bits(s[tid()]); // reported: shared memory
  mbar_wait_cluster(b, 0);
}
EXPORT_KERNEL(wrong)

KERNEL_CLUSTER(32, 1, 2)
right(const u32 *data, int n, u32 *out, GRID_CONST TensorMap from,
      GRID_CONST TensorMap to) {
  u64 *b = shared_base<u64>();
  float *s = shared_base<float>() + 2;
  if (tid() == 0) {
    mbar_init(b, 1);
    mbar_fence_init();
    mbar_arrive_expect(b, 128);
  }
  cluster_sync();
  store_remote(s + tid(), 1, b, 1 - cluster_rank());
  mbar_wait_cluster(b, 0);
  out[bid_x() * 32 + tid()] = f32_bits(s[tid()]);
}
EXPORT_KERNEL(right)
