// linear: out[m, n] = apply(sum over k of A[m, k] W[n, k], m, n)
//   Math   float: IEEE products; bf16 and f16 (A and W of that type) or tf32
//   (of
//          f32 data) on tensor cores; sums in f32
//   grid   any
//   block  256
//   smem   of the largest GemmConfig or FewConfig there; FEW > 1 of f32: 1024
//          bytes
//   needs  A [M, K] with rows lda apart, W [N, K] and out [M, N] dense; N, K >
//   0
//          FEW: 0 where few rows are not possible; of f32 warps along K, else
//          tiles of eight columns a block takes; MANY: more rows are possible;
//          Splits: partial sums of M * N floats a part, at least as many
//          counters as there are tiles of 64x64
//          Body: Loads load(const i64 *c), float apply(Loads, float, c) with
//          c = {m, n}; N % 4 == 0: bool is_wide(), LanesLoads lanes_load(c) and
//          Lanes<float, 4> lanes_apply(LanesLoads, Lanes<float, 4>, c)
//   waits  for the grids before it (grid_wait), which have not written W
// One kernel for all M: few rows stream the weights (up to 8 past registers by
// gemv, whose products are exact for tf32 too, up to 16 of 16 bits by
// linear_few, and up to 32 where MORE says so), more are tiles of a matrix
// product, large ones from LARGE rows; the others may share K. Where addresses
// are no multiples of 16 everything goes element by element.
#pragma once
#include "lanes.cuh"
#include "linear_few.cuh"

// The body of a stub as a functor of PointwiseEpilogue.
template <class Body>
struct LinearElement {
  using Element = typename Body::Loads;
  const Body *body;
  DEV Element load(int m, int n) const {
    i64 c[2] = {m, n};
    return body->load(c);
  }
  DEV float apply(const Element &in, float sum, int m, int n) const {
    i64 c[2] = {m, n};
    return body->apply(in, sum, c);
  }
};

// The same body for V consecutive columns at a time, with loads as wide as that
// where they lie together: only if it is_wide().
template <class T, int V_, class Body>
struct LanesEpilogue {
  using Out = T;
  static constexpr int V = V_;
  using In = typename Body::LanesLoads;
  T *out;
  i64 ldo;
  const Body *body;
  DEV In load(int m, int n) const {
    i64 c[2] = {m, n};
    return body->lanes_load(c);
  }
  DEV void apply(int m, int n, const In &in, float (&x)[V]) const {
    i64 c[2] = {m, n};
    Lanes<float, V> lanes;
    UNROLL for (int i = 0; i < V; ++i) lanes[i] = x[i];
    lanes = body->lanes_apply(in, lanes, c);
    UNROLL for (int i = 0; i < V; ++i) x[i] = lanes[i];
  }
  DEV void store(int m, int n, const In &in, const float (&sum)[V]) const {
    float x[V];
    UNROLL for (int i = 0; i < V; ++i) x[i] = sum[i];
    apply(m, n, in, x);
    store_columns(at(m, n), x);
  }
  DEV T *at(int m, int n) const { return out + m * ldo + n; }
};

// Columns in ones need no wide access, and go by the body's other methods.
template <int V, class Body>
DEV bool linear_is_wide(const Body &body) {
  if constexpr (V > 1)
    return body.is_wide();
  return true;
}
template <int V, class Out, class Body>
DEV auto linear_epilogue(Out *out, i64 ldo, const Body &body) {
  if constexpr (V > 1)
    return LanesEpilogue<Out, V, Body>{out, ldo, &body};
  else
    return PointwiseEpilogue<Out, 1, LinearElement<Body>>{out, ldo, {&body}};
}

// Of weights, which pass once.
template <int V, class E>
DEV Columns<E, V> load_columns_once(const E *p) {
  if constexpr (Columns<E, V>::BYTES == 16) {
    vec16 v = load_stream(reinterpret_cast<const vec16 *>(p));
    return {{v.w[0], v.w[1], v.w[2], v.w[3]}};
  } else {
    return load_columns<V>(p);
  }
}

// Few rows: WARPS warps take COLUMNS columns of the result at a time, their
// lanes lie along k, CHUNK elements each. M <= ROWS.
template <int ROWS, int COLUMNS, int CHUNK, int WARPS, class E, class Epilogue>
DEV void gemv(const GemmOperands<E> &p, const Epilogue &epilogue) {
  static_assert(ROWS * COLUMNS <= 32 && Epilogue::V == 1);
  // STEPS steps of the warps' width are under way at once: 4 KB a warp, 32 KB
  // of a block of 8 where loads are of 16 bytes.
  constexpr int STEPS = CHUNK > 1 ? 4 : 2, WIDTH = WARPS * 32 * CHUNK;
  int part = warp_uniform() % WARPS;
  i64 each = threads() / 32 / WARPS * COLUMNS, step = block_count() * each;
  for (i64 base = block_number() * each; base < p.n; base += step) {
    // Where warps meet, those past the end come too.
    i64 n0 = base + warp_uniform() / WARPS * COLUMNS;
    if (WARPS == 1 && n0 >= p.n)
      break;
    // Lane r * COLUMNS + j ends row r of column n0 + j.
    int m = lane() / COLUMNS, n = (int)n0 + lane() % COLUMNS;
    bool mine = m < p.m && n < p.n && lane() < ROWS * COLUMNS && part == 0;
    typename Epilogue::In in = {};
    if (mine)
      in = epilogue.load(m, n);
    const E *w[COLUMNS];
    UNROLL for (int j = 0; j < COLUMNS; ++j) w[j] =
        p.w + min_(n0 + j, (i64)p.n - 1) * p.ldw;
    float sum[ROWS][COLUMNS] = {};
    UNROLL1 for (int k0 = (part * 32 + lane()) * CHUNK; k0 < p.k;
                 k0 += STEPS * WIDTH) {
      Columns<E, CHUNK> x[STEPS][COLUMNS];
      UNROLL for (int s = 0; s < STEPS; ++s) {
        int k = k0 + s * WIDTH;
        UNROLL for (int j = 0; j < COLUMNS; ++j) x[s][j] =
            k < p.k ? load_columns_once<CHUNK>(w[j] + k) : Columns<E, CHUNK>{};
      }
      UNROLL for (int s = 0; s < STEPS; ++s) {
        int k = k0 + s * WIDTH;
        float y[COLUMNS][CHUNK];
        UNROLL for (int j = 0; j < COLUMNS; ++j) {
          UNROLL for (int e = 0; e < CHUNK; ++e) y[j][e] = column(x[s][j], e);
        }
        UNROLL for (int r = 0; r < ROWS; ++r) {
          if (r >= p.m || k >= p.k)
            continue;
          Columns<E, CHUNK> a = load_columns<CHUNK>(p.a + r * p.lda + k);
          UNROLL for (int j = 0; j < COLUMNS; ++j) {
            UNROLL for (int e = 0; e < CHUNK; ++e) sum[r][j] =
                math_fma(column(a, e), y[j][e], sum[r][j]);
          }
        }
      }
    }
    float total = 0;
    UNROLL for (int r = 0; r < ROWS; ++r) {
      UNROLL for (int j = 0; j < COLUMNS; ++j) {
        float all = warp_sum(sum[r][j]);
        total = lane() == r * COLUMNS + j ? all : total;
      }
    }
    if constexpr (WARPS > 1) {
      float *totals = shared_base<float>();
      barrier(); // those of the columns before have been read
      totals[tid()] = total;
      barrier();
      // Of the first warp, in its order.
      UNROLL for (int w = 1; w < WARPS; ++w) {
        if (part == 0)
          total += totals[tid() + w * 32];
      }
    }
    float result[1] = {total};
    if (mine)
      epilogue.store(m, n, in, result);
  }
}

// The tiles there are, part after part; a block takes one after the other.
template <class C, class Epilogue, class S = NoSplits>
DEV void gemm_tiles(const GemmOperands<typename C::Element> &p,
                    const Epilogue &epilogue, const S &splits = {}) {
  i64 tiles = (i64)ceil_div(p.m, C::BM) * ceil_div(p.n, C::BN);
  for (i64 place = block_number(); place < tiles * splits.count;
       place += block_count()) {
    i64 split = S::POSSIBLE ? divide_fast(place, tiles) : 0;
    gemm_tile<C>((int)(place - split * tiles), p, epilogue, (int)split, splits);
    barrier(); // its sums have been read
  }
}

DEV bool is_aligned16(const void *p) {
  return (reinterpret_cast<u64>(p) & 15) == 0;
}

// Few rows, to tensor cores where these take them.
template <class E, int K>
struct FewRows {
  static constexpr bool ON_TENSOR_CORES = sizeof(E) == 2 && K % 8 == 0;
  static constexpr int MOST = ON_TENSOR_CORES ? 16 : 8;
};
// Rows that MORE takes.
constexpr int MORE_ROWS = 32;

// Tiles of 64x64, as codegen/cuda/Choice.cpp counts their shared memory and
// time. FMA units want eight by eight sums a thread, so that warps lie along K.
template <class Math, int STAGES, int ALIGN>
struct LinearSmall {
  using Config = GemmConfig<Math, 64, 64, 2, 4, STAGES, ALIGN>;
};
template <int STAGES, int ALIGN>
struct LinearSmall<float, STAGES, ALIGN> {
  using Config = GemmConfig<float, 64, 64, 1, 2, STAGES, ALIGN, 4>;
};

// LARGE: rows from which tiles are 128x128; 0: none. MORE: tiles of eight
// columns that a block takes of up to 32 rows; 0: those have no way of their
// own.
template <class Math, int N, int K, int FEW, bool MANY, int LARGE = 0,
          int MORE = 0, class Out, class E, class Body, class S = NoSplits>
DEV void linear(Out *out, const E *a, i64 lda, const E *w, i64 m,
                const Body &body, const S &splits = {}) {
  using Large = GemmConfig<Math, 128, 128, 2, 4, 3, 16>;
  using Small = typename LinearSmall<Math, 4, 16>::Config;
  using Narrow = typename LinearSmall<Math, 3, sizeof(E)>::Config;
  using Rows = FewRows<E, K>;
  constexpr int FEW_ROWS = Rows::MOST, V = N % 4 == 0 ? 4 : 1;
  constexpr bool ALL_LARGE = LARGE == (MORE ? MORE_ROWS : FEW_ROWS) + 1;
  constexpr int UNIT = 16 / (int)sizeof(E); // elements
  using F = LinearElement<Body>;
  GemmOperands<E> p{a, w, lda, K, 0, 0, (int)m, N, K};
  PointwiseEpilogue<Out, 1, F> one{out, N, {&body}};
  bool wide = K % UNIT == 0 && lda % UNIT == 0 && is_aligned16(a) &&
              is_aligned16(w) && (V == 1 || is_aligned16(out));
  constexpr bool ON_TENSOR_CORES = FEW > 0 && Rows::ON_TENSOR_CORES;
  if constexpr (ON_TENSOR_CORES) {
    if (wide && (!MANY || m <= FEW_ROWS))
      return linear_few<FewConfig<E, K, FEW, 8>>(p, one);
  }
  if constexpr (MORE > 0) {
    if (wide && (!MANY || m <= MORE_ROWS))
      return linear_few<FewConfig<E, K, MORE, 8, 0, MORE_ROWS>>(p, one);
  }
  grid_wait();
  if constexpr (ON_TENSOR_CORES) {
    if (m <= 8)
      return gemv<8, 2, 1, 1>(p, one);
    if constexpr (!MANY)
      return gemv<FEW_ROWS, 2, 1, 1>(p, one);
  } else if constexpr (FEW > 0) {
    constexpr int CHUNK = K % UNIT ? 1 : UNIT;
    if (wide && (!MANY || m <= FEW_ROWS))
      return gemv<FEW_ROWS, 2, CHUNK, FEW>(p, one);
    if (!MANY || m <= FEW_ROWS)
      return gemv<FEW_ROWS, 2, 1, FEW>(p, one);
  } else if constexpr (!MANY) {
    return gemv<MORE_ROWS, 1, 1, 1>(p, one);
  }
  if constexpr (MANY && K % UNIT == 0) {
    auto several = linear_epilogue<V>(out, N, body);
    wide = wide && linear_is_wide<V>(body);
    if constexpr (LARGE > 0) {
      if (wide && (ALL_LARGE || m >= LARGE))
        return gemm_tiles<Large>(p, several);
    }
    if constexpr (!ALL_LARGE) {
      if (wide)
        return gemm_tiles<Small>(p, several, splits);
    }
  }
  if constexpr (MANY)
    gemm_tiles<Narrow>(p, one, splits);
}
