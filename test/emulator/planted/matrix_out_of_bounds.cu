// Rows of a tile one past its end.
// launch: grid=1 threads=32 shared=512
#include "vocabulary.cuh"

KERNEL(32, 1)
wrong(const u32 *data, int n, u32 *out) {
  vec16 *s = shared_base<vec16>();
  s[tid()] = vec16{{data[tid()], 0, 0, 0}};
  warp_sync();
  u32 r[4];
  load_matrix4(r, s + tid() + 1); // reported: out of bounds: 16-byte read of byte 512 of shared memory
  out[tid()] = r[0];
}
EXPORT_KERNEL(wrong)

KERNEL(32, 1)
right(const u32 *data, int n, u32 *out) {
  vec16 *s = shared_base<vec16>();
  s[tid()] = vec16{{data[tid()], 0, 0, 0}};
  warp_sync();
  u32 r[4];
  load_matrix4(r, s + tid());
  out[tid()] = r[0];
}
EXPORT_KERNEL(right)
