// Stores of threads are seen by wgmma after fence_async only.
// launch: grid=1 threads=128 shared=8192
#include "vocabulary.cuh"

KERNEL(128, 1)
wrong(const u32 *data, int n, u32 *out, GRID_CONST TensorMap from,
      GRID_CONST TensorMap to) {
  u8 *s = shared_base<u8>();
  for (int i = tid(); i < 64 * 128 / 4; i += threads())
    reinterpret_cast<u32 *>(s)[i] = 0x3f803f80;
  barrier();
  float sum[32] = {};
  wgmma_fence();
  wgmma<bf16, 64>(sum, wgmma_desc(s), wgmma_desc(s), 1); // reported: missing fence
  wgmma_commit();
  wgmma_wait<0>();
  out[tid()] = f32_bits(sum[0]);
}
EXPORT_KERNEL(wrong)

KERNEL(128, 1)
right(const u32 *data, int n, u32 *out, GRID_CONST TensorMap from,
      GRID_CONST TensorMap to) {
  u8 *s = shared_base<u8>();
  for (int i = tid(); i < 64 * 128 / 4; i += threads())
    reinterpret_cast<u32 *>(s)[i] = 0x3f803f80;
  fence_async();
  barrier();
  float sum[32] = {};
  wgmma_fence();
  wgmma<bf16, 64>(sum, wgmma_desc(s), wgmma_desc(s), 1);
  wgmma_commit();
  wgmma_wait<0>();
  out[tid()] = f32_bits(sum[0]);
}
EXPORT_KERNEL(right)
