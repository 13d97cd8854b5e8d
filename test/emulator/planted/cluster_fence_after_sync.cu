// Other blocks find an mbarrier whose fence came before cluster_sync.
// launch: grid=2 threads=32 shared=2112
#include "vocabulary.cuh"

KERNEL_CLUSTER(32, 1, 2)
wrong(const u32 *data, int n, u32 *out, GRID_CONST TensorMap from,
      GRID_CONST TensorMap to) {
  u64 *b = shared_base<u64>();
  if (tid() == 0)
    mbar_init(b, 32);
  cluster_sync();
  if (tid() == 0)
    mbar_fence_init();
  barrier();
  mbar_arrive_remote(b, 1 - cluster_rank()); // reported: fence
  mbar_wait(b, 0);
  cluster_sync();
}
EXPORT_KERNEL(wrong)

KERNEL_CLUSTER(32, 1, 2)
right(const u32 *data, int n, u32 *out, GRID_CONST TensorMap from,
      GRID_CONST TensorMap to) {
  u64 *b = shared_base<u64>();
  if (tid() == 0) {
    mbar_init(b, 32);
    mbar_fence_init();
  }
  cluster_sync();
  mbar_arrive_remote(b, 1 - cluster_rank());
  mbar_wait(b, 0);
  cluster_sync();
}
EXPORT_KERNEL(right)
