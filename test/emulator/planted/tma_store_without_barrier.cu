// Each thread fences, then a barrier, then one stores the box.
// launch: grid=1 threads=64 shared=2112
#include "vocabulary.cuh"

KERNEL(64, 1)
wrong(const u32 *data, int n, u32 *out, GRID_CONST TensorMap from,
      GRID_CONST TensorMap to) {
  u32 *s = shared_base<u32>();
  for (int i = tid(); i < 256; i += threads())
    s[i] = data[i];
  fence_async();
  if (tid() == 0) {
    tma_store2(&to, s, 0, 0); // reported: read of byte
    tma_store_commit();
    tma_store_wait_read<0>();
  }
}
EXPORT_KERNEL(wrong)

KERNEL(64, 1)
right(const u32 *data, int n, u32 *out, GRID_CONST TensorMap from,
      GRID_CONST TensorMap to) {
  u32 *s = shared_base<u32>();
  for (int i = tid(); i < 256; i += threads())
    s[i] = data[i];
  fence_async();
  barrier();
  if (tid() == 0) {
    tma_store2(&to, s, 0, 0);
    tma_store_commit();
    tma_store_wait_read<0>();
  }
}
EXPORT_KERNEL(right)
