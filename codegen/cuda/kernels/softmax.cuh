// Softmax of rows, of values x[j] = value(i..., j):
//   out[i..., j] = finish(exp(x[j] - max x) / sum of exp(x - max x))
//   grid   any
//   block  THREADS, a row each; THREADS = 32: any number of warps, a row each
//   smem   blocks: THREADS / 32 floats
//   needs  HELD * THREADS >= columns, or HELD = 0 for any number of columns:
//          value() then runs twice
//          Body: float value(const i64 *c), scalar finish(float, const i64 *c)
// A row whose values are all -inf gives NaN, as the formula says.
#pragma once
#include "group.cuh"

template <int THREADS, int HELD, int R, class Out, class Body>
DEV void softmax(Out *out, const Shape<R> &shape, const Body &body) {
  using Row = Group<THREADS>;
  const float infinity = bits_f32(0x7f800000);
  const i64 columns = shape.n[R - 1];
  i64 rows = 1;
  UNROLL for (int a = 0; a < R - 1; ++a) rows *= shape.n[a];
  for (i64 row = Row::first(); row < rows; row += Row::step()) {
    i64 c[R];
    shape.template coordinates<R - 1>(row, c);
    Out *to = out + row * columns;
    auto store = [&](i64 j, float probability) {
      c[R - 1] = j;
      to[j] = stored<Out>(body.finish(probability, c));
    };
    if constexpr (HELD > 0) {
      float x[HELD], largest = -infinity, sum = 0;
      UNROLL for (int i = 0; i < HELD; ++i) {
        i64 j = c[R - 1] = Row::rank() + i * THREADS;
        x[i] = j < columns ? body.value(c) : -infinity;
        largest = max_(largest, x[i]);
      }
      // A NaN need not stay in the maximum: it stays in the sum.
      largest = Row::max(largest);
      UNROLL for (int i = 0; i < HELD; ++i) {
        if (Row::rank() + i * THREADS < columns)
          sum += x[i] = math_exp(x[i] - largest);
      }
      float factor = 1 / Row::sum(sum);
      UNROLL for (int i = 0; i < HELD; ++i) {
        i64 j = Row::rank() + i * THREADS;
        if (j < columns)
          store(j, x[i] * factor);
      }
    } else {
      float largest = -infinity, sum = 0;
      for (i64 j = Row::rank(); j < columns; j += THREADS) {
        c[R - 1] = j;
        float x = body.value(c);
        if (x > largest) {
          sum = sum * math_exp(largest - x) + 1;
          largest = x;
        } else {
          // While all are -inf nothing adds up: -inf - -inf would stay NaN.
          sum += math_exp(x - (largest == -infinity ? 0 : largest));
        }
      }
      float shift = Row::max(largest);
      // In a row of -inf alone this is NaN, for good.
      float factor = 1 / Row::sum(sum * math_exp(largest - shift));
      for (i64 j = Row::rank(); j < columns; j += THREADS) {
        c[R - 1] = j;
        store(j, math_exp(body.value(c) - shift) * factor);
      }
    }
  }
}
