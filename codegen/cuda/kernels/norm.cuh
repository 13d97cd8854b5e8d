// Normalization of rows, of values x[j] = value(i..., j):
//   out[i..., j] = finish(normalized x[j])
//   layer  (x - mean) / sqrt(mean((x - mean)^2) + epsilon)
//   rms    x / sqrt(mean(x^2) + epsilon)
// `keep`, where it is no null pointer, gets x itself: a residual sum that later
// steps need.
//   grid   any
//   block  THREADS, a row each; THREADS = 32: any number of warps, a row each
//   smem   blocks: THREADS / 32 floats
//   needs  HELD * THREADS >= columns, or HELD = 0 for any number of columns:
//          value() then runs up to three times
//          Body: float value(const i64 *c), scalar finish(float, const i64 *c)
#pragma once
#include "group.cuh"

template <int THREADS, int HELD, bool LAYER, int R, class Out, class Keep,
          class Body>
DEV void norm(Out *out, Keep *keep, const Shape<R> &shape, float epsilon,
              const Body &body) {
  using Row = Group<THREADS>;
  const i64 columns = shape.n[R - 1];
  i64 rows = 1;
  UNROLL for (int a = 0; a < R - 1; ++a) rows *= shape.n[a];
  float count = (float)columns;
  for (i64 row = Row::first(); row < rows; row += Row::step()) {
    i64 c[R], start = row * columns;
    shape.template coordinates<R - 1>(row, c);
    float held[HELD > 0 ? HELD : 1];
    auto value = [&](i64 j) {
      c[R - 1] = j;
      return body.value(c);
    };
    // visit(j, x) for this thread's columns.
    auto each = [&](auto visit) {
      if constexpr (HELD > 0) {
        UNROLL for (int i = 0; i < HELD; ++i) {
          i64 j = Row::rank() + i * THREADS;
          if (j < columns)
            visit(j, held[i]);
        }
      } else {
        for (i64 j = Row::rank(); j < columns; j += THREADS)
          visit(j, value(j));
      }
    };
    if constexpr (HELD > 0) {
      UNROLL for (int i = 0; i < HELD; ++i) {
        i64 j = Row::rank() + i * THREADS;
        held[i] = j < columns ? value(j) : 0;
      }
    }
    float mean = 0;
    if (LAYER) {
      float sum = 0;
      each([&](i64, float x) { sum += x; });
      mean = Row::sum(sum) / count;
    }
    // In a second pass over the row: the difference of two sums would lose the
    // digits that matter where the mean is large.
    float squares = 0;
    each(
        [&](i64, float x) { squares = math_fma(x - mean, x - mean, squares); });
    float factor = 1 / math_sqrt(Row::sum(squares) / count + epsilon);
    each([&](i64 j, float x) {
      if (keep)
        keep[start + j] = stored<Keep>(x);
      c[R - 1] = j;
      out[start + j] = stored<Out>(body.finish((x - mean) * factor, c));
    });
  }
}
