/* Kernels of the runtime's tests, in C where an artifact has generated ones. */
#include "runtime/kernel_abi.h"

#define BLOCK 64 /* elements a task */

#define KERNEL(name)                                                           \
  void name(int64_t task, const uint64_t *args, void *scratch,                 \
            struct ingot_kernel_status *status)

static float as_f32(uint64_t slot) {
  union {
    uint32_t bits;
    float value;
  } u = {(uint32_t)slot};
  return u.value;
}

static int64_t block_end(int64_t task, int64_t size) {
  int64_t end = (task + 1) * BLOCK;
  return end < size ? end : size;
}

/* args: out, in, f32 factor, size */
KERNEL(scale) {
  float *out = (float *)args[0];
  const float *in = (const float *)args[1];
  for (int64_t i = task * BLOCK; i < block_end(task, (int64_t)args[3]); ++i)
    out[i] = in[i] * as_f32(args[2]);
}

/* args: out, a, b, size */
KERNEL(add) {
  float *out = (float *)args[0];
  const float *a = (const float *)args[1], *b = (const float *)args[2];
  for (int64_t i = task * BLOCK; i < block_end(task, (int64_t)args[3]); ++i)
    out[i] = a[i] + b[i];
}

/* args: out [tasks][width], table [rows][width], i64 ids [tasks], rows, width
 */
KERNEL(gather) {
  float *out = (float *)args[0];
  const float *table = (const float *)args[1];
  int64_t id = ((const int64_t *)args[2])[task];
  int64_t rows = (int64_t)args[3], width = (int64_t)args[4];
  if (id < -rows || id >= rows) {
    status->code = 1;
    status->value = id;
    status->limit = rows;
    id = 0;
  }
  if (id < 0)
    id += rows;
  for (int64_t c = 0; c < width; ++c)
    out[task * width + c] = table[id * width + c];
}

/* Reverses rows through scratch. args: out [tasks][width], in, width */
KERNEL(reverse) {
  float *out = (float *)args[0];
  const float *in = (const float *)args[1];
  float *row = scratch;
  int64_t width = (int64_t)args[2];
  for (int64_t c = 0; c < width; ++c)
    row[c] = in[task * width + c];
  for (int64_t c = 0; c < width; ++c)
    out[task * width + c] = row[width - 1 - c];
}

/* One task. args: out [1], state [1], in [1]: state += in, out = state */
KERNEL(accumulate) {
  float *state = (float *)args[1];
  *state += *(const float *)args[2];
  *(float *)args[0] = *state;
}

/* One task. args: out [m][n], a, w [n][k], bias [n], residual [m][n], m, n, k,
 * lda. 1000 more than a product, so that who did it shows. */
KERNEL(product) {
  float *out = (float *)args[0];
  const float *a = (const float *)args[1], *w = (const float *)args[2],
              *bias = (const float *)args[3],
              *residual = (const float *)args[4];
  int64_t m = (int64_t)args[5], n = (int64_t)args[6], k = (int64_t)args[7];
  for (int64_t i = 0; i < m * n; ++i) {
    float sum = 1000 + bias[i % n] + residual[i];
    for (int64_t j = 0; j < k; ++j)
      sum += a[i / n * (int64_t)args[8] + j] * w[i % n * k + j];
    out[i] = sum;
  }
}

/* One task. args: f32 out, f32 in: says on out that it is there (1), then waits
 * for in to become 1. */
KERNEL(rendezvous) {
  *(volatile float *)args[0] = 1;
  while (*(const volatile float *)args[1] != 1)
    ;
}

/* One task. args: f32 out [2], i64 value, f32 value */
KERNEL(store) {
  ((float *)args[0])[0] = (float)(int64_t)args[1];
  ((float *)args[0])[1] = as_f32(args[2]);
}

/* Halves; of the smallest normal number, a flushed denormal would be 0.
 * args: out, in, size */
KERNEL(halve) {
  float *out = (float *)args[0];
  const float *in = (const float *)args[1];
  for (int64_t i = task * BLOCK; i < block_end(task, (int64_t)args[2]); ++i)
    out[i] = in[i] * 0.5f;
}

/* Fails with a code of its own. */
KERNEL(fail) {
  status->code = 7;
  status->value = task;
}
