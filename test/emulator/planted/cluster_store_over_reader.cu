// Who stores into another block's shared memory knows that it has been read.
// launch: grid=2 threads=32 shared=2112
#include "vocabulary.cuh"

KERNEL_CLUSTER(32, 1, 2)
wrong(const u32 *data, int n, u32 *out, GRID_CONST TensorMap from,
      GRID_CONST TensorMap to) {
  float *s = shared_base<float>();
  s[tid()] = 1;
  cluster_sync();
  out[bid_x() * 32 + tid()] = f32_bits(s[31 - tid()]); // reported: race
  store_remote(s + tid(), 2, 1 - cluster_rank());      // reported: race
  cluster_sync();
}
EXPORT_KERNEL(wrong)

KERNEL_CLUSTER(32, 1, 2)
right(const u32 *data, int n, u32 *out, GRID_CONST TensorMap from,
      GRID_CONST TensorMap to) {
  float *s = shared_base<float>();
  s[tid()] = 1;
  cluster_sync();
  out[bid_x() * 32 + tid()] = f32_bits(s[31 - tid()]);
  cluster_sync();
  store_remote(s + tid(), 2, 1 - cluster_rank());
  cluster_sync();
}
EXPORT_KERNEL(right)
