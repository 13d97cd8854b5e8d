#include "vocabulary.cuh"

KERNEL(64, 1)
scale(float *out, const float *in, float factor, i64 size, void *, i64) {
  i64 i = (i64)bid_x() * threads() + tid();
  if (i < size)
    out[i] = in[i] * factor;
}
EXPORT_KERNEL(scale)
