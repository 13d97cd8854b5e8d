// Normalization of rows, of values x[j] = value(i..., j):
//   out[i..., j] = finish(normalized x[j])
//   layer  (x - mean) / sqrt(mean((x - mean)^2) + epsilon)
//   rms    x / sqrt(mean(x^2) + epsilon)
// `keep`, where it is no null pointer, gets x itself: a residual sum that later
// steps need; `copy` the result in a type of its own.
//   grid   any
//   block  THREADS, a row each; THREADS = 32: any number of warps, a row each
//   smem   blocks: THREADS / 32 floats
//   needs  HELD * THREADS >= columns, or HELD = 0 for any number of columns:
//          value() then runs up to three times
//          Body: float value(const i64 *c), scalar finish(float, const i64 *c).
//          WIDTH > 1: bool is_wide(), lanes_value(c), lanes_finish(x, c)
#pragma once
#include "group.cuh"
#include "lanes.cuh"

template <int N, int THREADS, int HELD, bool LAYER, int R, class Out,
          class Keep, class Copy, class Body>
DEV void norm_rows(Out *out, Keep *keep, Copy *copy, const Shape<R> &shape,
                   float epsilon, const Body &body) {
  using Row = Group<THREADS>;
  using Values = Lanes<float, N>;
  constexpr int PIECES = ceil_div(HELD, N);
  const i64 columns = shape.n[R - 1];
  i64 rows = 1;
  UNROLL for (int a = 0; a < R - 1; ++a) rows *= shape.n[a];
  float count = (float)columns;
  for (i64 row = Row::first(); row < rows; row += Row::step()) {
    i64 c[R], start = row * columns;
    shape.template coordinates<R - 1>(row, c);
    Values held[PIECES > 0 ? PIECES : 1];
    auto value = [&](i64 j) {
      c[R - 1] = j;
      return lanes_float<N>(body, c);
    };
    // visit(j, x) for this thread's columns, N at a time.
    auto each = [&](auto visit) {
      if constexpr (HELD > 0) {
        UNROLL for (int i = 0; i < PIECES; ++i) {
          i64 j = (Row::rank() + i * THREADS) * N;
          if (j < columns)
            visit(j, held[i]);
        }
      } else {
        for (i64 j = Row::rank() * N; j < columns; j += THREADS * N)
          visit(j, value(j));
      }
    };
    if constexpr (HELD > 0) {
      UNROLL for (int i = 0; i < PIECES; ++i) {
        i64 j = (Row::rank() + i * THREADS) * N;
        held[i] = j < columns ? value(j) : Values{};
      }
    }
    float mean = 0;
    if (LAYER) {
      float sum = 0;
      each([&](i64, const Values &x) {
        UNROLL for (int l = 0; l < N; ++l) sum += x[l];
      });
      mean = Row::sum(sum) / count;
    }
    // In a second pass over the row: the difference of two sums would lose the
    // digits that matter where the mean is large.
    float squares = 0;
    each([&](i64, const Values &x) {
      UNROLL for (int l = 0; l < N; ++l) squares =
          math_fma(x[l] - mean, x[l] - mean, squares);
    });
    float factor = 1 / math_sqrt(Row::sum(squares) / count + epsilon);
    each([&](i64 j, const Values &x) {
      if (keep)
        store_lanes(keep + start + j, x);
      Values normalized;
      UNROLL for (int l = 0; l < N; ++l) normalized[l] = (x[l] - mean) * factor;
      c[R - 1] = j;
      auto result = lanes_finish(body, normalized, c);
      store_lanes(out + start + j, result);
      if (copy)
        store_lanes(copy + start + j, result);
    });
  }
}

template <int THREADS, int HELD, bool LAYER, int WIDTH, int R, class Out,
          class Keep, class Body, class Copy = float>
DEV void norm(Out *out, Keep *keep, const Shape<R> &shape, float epsilon,
              const Body &body, Copy *copy = nullptr) {
  if constexpr (WIDTH > 1) {
    if (body.is_wide() && is_aligned<WIDTH>(out) && is_aligned<WIDTH>(keep) &&
        is_aligned<WIDTH>(copy))
      return norm_rows<WIDTH, THREADS, HELD, LAYER>(out, keep, copy, shape,
                                                    epsilon, body);
  }
  norm_rows<1, THREADS, HELD, LAYER>(out, keep, copy, shape, epsilon, body);
}
