// Softmax of rows, of values x[j] = value(i..., j):
//   outs[i..., j] = finish(exp(x[j] - max x) / sum of exp(x - max x))
//   grid   any
//   block  THREADS, a row each; THREADS = 32: any number of warps, a row each
//   smem   blocks: THREADS / 32 floats
//   needs  HELD * THREADS >= columns, or HELD = 0 for any number of columns:
//          value() then runs twice
//          Body: float value(const i64 *c), finish(float, const i64 *c): a
//          scalar, or a Tuple of as many as there are outs. WIDTH > 1: bool
//          is_wide(), lanes_value(c), lanes_finish(x, c)
// A row whose values are all -inf gives NaN, as the formula says.
#pragma once
#include "group.cuh"
#include "lanes.cuh"

template <int N, int THREADS, int HELD, int R, class Body, class... Outs>
DEV void softmax_rows(const Shape<R> &shape, const Body &body, Outs *...outs) {
  using Row = Group<THREADS>;
  using Values = Lanes<float, N>;
  constexpr int PIECES = ceil_div(HELD, N);
  const float infinity = bits_f32(0x7f800000);
  const i64 columns = shape.n[R - 1];
  i64 rows = 1;
  UNROLL for (int a = 0; a < R - 1; ++a) rows *= shape.n[a];
  for (i64 row = Row::first(); row < rows; row += Row::step()) {
    i64 c[R];
    shape.template coordinates<R - 1>(row, c);
    auto value = [&](i64 j) {
      c[R - 1] = j;
      return lanes_float<N>(body, c);
    };
    auto store = [&](i64 j, const Values &probabilities) {
      c[R - 1] = j;
      store_lanes_at(row * columns + j, lanes_finish(body, probabilities, c),
                     outs...);
    };
    if constexpr (HELD > 0) {
      Values x[PIECES];
      float largest = -infinity, sum = 0;
      UNROLL for (int i = 0; i < PIECES; ++i) {
        i64 j = (Row::rank() + i * THREADS) * N;
        if (j < columns) {
          x[i] = value(j);
          UNROLL for (int l = 0; l < N; ++l) largest = max_(largest, x[i][l]);
        }
      }
      // A NaN need not stay in the maximum: it stays in the sum.
      largest = Row::max(largest);
      UNROLL for (int i = 0; i < PIECES; ++i) {
        if ((Row::rank() + i * THREADS) * N < columns) {
          UNROLL for (int l = 0; l < N; ++l) sum += x[i][l] =
              math_exp(x[i][l] - largest);
        }
      }
      float factor = 1 / Row::sum(sum);
      UNROLL for (int i = 0; i < PIECES; ++i) {
        i64 j = (Row::rank() + i * THREADS) * N;
        if (j < columns) {
          UNROLL for (int l = 0; l < N; ++l) x[i][l] *= factor;
          store(j, x[i]);
        }
      }
    } else {
      float largest = -infinity, sum = 0;
      for (i64 j = Row::rank() * N; j < columns; j += THREADS * N) {
        Values x = value(j);
        UNROLL for (int l = 0; l < N; ++l) {
          if (x[l] > largest) {
            sum = sum * math_exp(largest - x[l]) + 1;
            largest = x[l];
          } else {
            // While all are -inf nothing adds up: -inf - -inf would stay NaN.
            sum += math_exp(x[l] - (largest == -infinity ? 0 : largest));
          }
        }
      }
      float shift = Row::max(largest);
      // In a row of -inf alone this is NaN, for good.
      float factor = 1 / Row::sum(sum * math_exp(largest - shift));
      for (i64 j = Row::rank() * N; j < columns; j += THREADS * N) {
        Values x = value(j);
        UNROLL for (int l = 0; l < N; ++l) x[l] =
            math_exp(x[l] - shift) * factor;
        store(j, x);
      }
    }
  }
}

template <int THREADS, int HELD, int WIDTH, int R, class Body, class... Outs>
DEV void softmax(const Shape<R> &shape, const Body &body, Outs *...outs) {
  if constexpr (WIDTH > 1) {
    if (body.is_wide() && (is_aligned<WIDTH>(outs) && ...))
      return softmax_rows<WIDTH, THREADS, HELD>(shape, body, outs...);
  }
  softmax_rows<1, THREADS, HELD>(shape, body, outs...);
}
