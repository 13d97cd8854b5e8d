// Blocks of a multicast are the cluster's.
// launch: grid=2 threads=32 shared=2112
#include "vocabulary.cuh"

KERNEL_CLUSTER(32, 1, 2)
wrong(const u32 *data, int n, u32 *out, GRID_CONST TensorMap from,
      GRID_CONST TensorMap to) {
  u32 *s = shared_base<u32>();
  u64 *full = shared_base<u64>() + 256, *empty = full + 1;
  if (tid() == 0) {
    mbar_init(full, 1);
    mbar_init(empty, 64);
    mbar_fence_init();
  }
  cluster_sync();
  for (int i = 0; i < 2; ++i) {
    if (tid() == 0)
      mbar_arrive_expect(full, 1024);
    if (tid() == 0 && cluster_rank() == 0) {
      if (i > 0)
        mbar_wait(empty, 0);
      tma_load2_multicast(s, &from, full, 0, 0, 7); // reported: of a cluster of 2
    }
    mbar_wait(full, i);
    if (cluster_rank() == 1)
      out[tid()] = s[tid()];
    mbar_arrive_remote(empty, 0);
  }
  cluster_sync();
}
EXPORT_KERNEL(wrong)

KERNEL_CLUSTER(32, 1, 2)
right(const u32 *data, int n, u32 *out, GRID_CONST TensorMap from,
      GRID_CONST TensorMap to) {
  u32 *s = shared_base<u32>();
  u64 *full = shared_base<u64>() + 256, *empty = full + 1;
  if (tid() == 0) {
    mbar_init(full, 1);
    mbar_init(empty, 64);
    mbar_fence_init();
  }
  cluster_sync();
  for (int i = 0; i < 2; ++i) {
    if (tid() == 0)
      mbar_arrive_expect(full, 1024);
    if (tid() == 0 && cluster_rank() == 0) {
      if (i > 0)
        mbar_wait(empty, 0);
      tma_load2_multicast(s, &from, full, 0, 0, 3);
    }
    mbar_wait(full, i);
    if (cluster_rank() == 1)
      out[tid()] = s[tid()];
    mbar_arrive_remote(empty, 0);
  }
  cluster_sync();
}
EXPORT_KERNEL(right)
