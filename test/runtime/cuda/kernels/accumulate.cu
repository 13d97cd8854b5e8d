#include "vocabulary.cuh"

KERNEL(32, 1)
accumulate(float *out, float *state, const float *in, void *, i64) {
  if (tid())
    return;
  *state += *in;
  *out = *state;
}
EXPORT_KERNEL(accumulate)
