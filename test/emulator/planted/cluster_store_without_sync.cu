// A block has started when others store into its shared memory.
// launch: grid=2 threads=32 shared=2112
#include "vocabulary.cuh"

KERNEL_CLUSTER(32, 1, 2)
wrong(const u32 *data, int n, u32 *out, GRID_CONST TensorMap from,
      GRID_CONST TensorMap to) {
  float *s = shared_base<float>();
  store_remote(s + tid(), 1, 1 - cluster_rank()); // reported: its start
  cluster_sync();
  out[bid_x() * 32 + tid()] = f32_bits(s[tid()]);
}
EXPORT_KERNEL(wrong)

KERNEL_CLUSTER(32, 1, 2)
right(const u32 *data, int n, u32 *out, GRID_CONST TensorMap from,
      GRID_CONST TensorMap to) {
  float *s = shared_base<float>();
  cluster_sync();
  store_remote(s + tid(), 1, 1 - cluster_rank());
  cluster_sync();
  out[bid_x() * 32 + tid()] = f32_bits(s[tid()]);
}
EXPORT_KERNEL(right)
