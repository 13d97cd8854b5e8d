#include "vocabulary.cuh"

// 1000 more than a product, so that who did it shows.
KERNEL(64, 1)
product(float *out, const float *a, const float *w, const float *bias,
        const float *residual, i64 m, i64 n, i64 k, i64 lda, void *, i64) {
  for (i64 i = tid(); i < m * n; i += threads()) {
    float sum = 1000 + bias[i % n] + residual[i];
    for (i64 j = 0; j < k; ++j)
      sum += a[i / n * lda + j] * w[i % n * k + j];
    out[i] = sum;
  }
}
EXPORT_KERNEL(product)
