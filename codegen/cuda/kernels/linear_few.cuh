// linear of few rows, on tensor cores: C[m, n] = epilogue(sum over k of A[m, k]
// W[n, k]) for M <= 16
//   grid   any
//   block  32 * Config::WARPS
//   smem   Config::SHARED
//   needs  A and W of bf16 or f16, bases and pitches multiples of 16 bytes;
//          K a multiple of 8; N > 0
//
// Weights pass registers only. A product does not care in which order k comes
// if both operands agree: a lane loads 16 bytes of a row of W as they lie, and
// they are its fragments of two mma, 16 of k each. Of lanes 4 r to 4 r + 3,
// which hold column r of the right operand, the four together have 64 bytes of
// row r of W. A, as the left operand of 16 rows, comes in the same order. So
// eight columns of the result are a tile, and rows past M cost nothing but
// products.
//
// A block takes TILES of them at a time, its warps lie along K and add up in
// shared memory, in their order: columns are cut that finely that blocks share
// nothing and yet are as many as there are multiprocessors.
//
// What limits is how many bytes are on their way: rate * latency. 4.8 TB/s (an
// H200) * 1 us / 132 multiprocessors are 36 KB of each. 12 warps with 12 loads
// of 512 bytes have 72 KB, of which a third is waited for at any time; 8 warps
// have 48 KB, and an A100 (1.6 TB/s, 108) needs 14 KB. Each piece is refilled
// as soon as it has been multiplied, also with columns that come next, so that
// loads do not stop where sums end.
#pragma once
#include "gemm.cuh"
#include "shape.cuh"

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

template <class Element_, int K_, int TILES_, int WARPS_>
struct FewConfig {
  using Element = Element_;
  static constexpr int K = K_, TILES = TILES_, WARPS = WARPS_;
  static constexpr int ROWS = 16, COLUMNS = 8 * TILES, THREADS = 32 * WARPS;
  // A step is 32 of k; each warp has STEPS one after the other, and AHEAD are
  // on their way.
  static constexpr int STEPS = ceil_div(ceil_div(K, 32), WARPS);
  static constexpr int CHUNKS = ceil_div(STEPS, TILES == 1 ? 8 : 12 / TILES),
                       AHEAD = ceil_div(STEPS, CHUNKS);
  // No lane looks past the end of its warp's part.
  static constexpr bool EXACT = CHUNKS * AHEAD * WARPS * 32 == K;
  // Of a warp; there are two sets, for columns in turns.
  static constexpr int SUMS = ROWS * COLUMNS;
  static constexpr int SHARED = 2 * WARPS * SUMS * (int)sizeof(float);
  // Sums that a thread ends.
  static constexpr int ENDS = ceil_div(SUMS, THREADS);
  static_assert(K % 8 == 0 && TILES <= 4);
};

template <class C, class Epilogue>
DEV void linear_few(const GemmOperands<typename C::Element> &p,
                    const Epilogue &epilogue) {
  static_assert(Epilogue::V == 1);
  using E = typename C::Element;
  using Piece = Columns<E, 8>;
  constexpr int TILES = C::TILES, ROWS = C::ROWS, AHEAD = C::AHEAD;
  int row = lane() / 4, part = warp_uniform();
  int groups = p.m > 0 ? ceil_div(p.n, C::COLUMNS) : 0;

  // What is fetched next: `chunk` of the columns of `ahead`.
  i64 ahead = block_number();
  int chunk = 0;
  const E *a[2], *w[TILES];
  UNROLL for (int f = 0; f < 2; ++f) a[f] =
      p.a + min_(row + 8 * f, max_(p.m - 1, 0)) * p.lda;
  Piece x[AHEAD][TILES] = {}, y[AHEAD][2] = {};
  auto next_columns = [&] {
    UNROLL for (int j = 0; j < TILES; ++j) w[j] =
        p.w + min_(ahead * C::COLUMNS + 8 * j + row, (i64)p.n - 1) * p.ldw;
  };
  auto fetch = [&](int s) {
    if (ahead >= groups)
      return;
    int step = chunk * AHEAD + s;
    int k = (part * C::STEPS + step) * 32 + lane() % 4 * 8;
    // Past the end of its part a step is zeros: also A, which may be infinite.
    bool inside = C::EXACT || (step < C::STEPS && k < C::K);
    UNROLL for (int j = 0; j < TILES; ++j) x[s][j] =
        inside ? load_columns_once<8>(w[j] + k) : Piece{};
    UNROLL for (int f = 0; f < 2; ++f) {
      if (row + 8 * f < p.m)
        y[s][f] = inside ? load_columns<8>(a[f] + k) : Piece{};
    }
  };
  auto advance = [&] {
    if (++chunk < C::CHUNKS)
      return;
    chunk = 0;
    ahead += block_count();
    next_columns();
  };
  next_columns();
  UNROLL for (int s = 0; s < AHEAD; ++s) fetch(s);
  advance();

  float *sums = shared_base<float>();
  int set = 0;
  for (i64 group = block_number(); group < groups; group += block_count()) {
    // Sum `unit` of a thread is that of row m and column n.
    auto visit = [&](auto each) {
      UNROLL for (int i = 0; i < C::ENDS; ++i) {
        int unit = tid() + i * C::THREADS;
        int m = unit / 8 % ROWS,
            n = (int)group * C::COLUMNS + unit / (8 * ROWS) * 8 + unit % 8;
        if (unit < C::SUMS && m < p.m && n < p.n)
          each(i, unit, m, n);
      }
    };
    typename Epilogue::In in[C::ENDS] = {};
    visit([&](int i, int, int m, int n) { in[i] = epilogue.load(m, n); });

    float sum[TILES][4] = {};
    UNROLL1 for (int c = 0; c < C::CHUNKS; ++c) {
      UNROLL for (int s = 0; s < AHEAD; ++s) {
        UNROLL for (int h = 0; h < 4; h += 2) {
          u32 left[4] = {y[s][0].w[h], y[s][1].w[h], y[s][0].w[h + 1],
                         y[s][1].w[h + 1]};
          UNROLL for (int j = 0; j < TILES; ++j)
              mma<E>(sum[j], left, x[s][j].w[h], x[s][j].w[h + 1]);
        }
        fetch(s);
      }
      advance();
    }

    float *mine = sums + set + part * C::SUMS;
    UNROLL for (int j = 0; j < TILES; ++j) UNROLL for (int f = 0; f < 2; ++f) {
      if (8 * f < p.m)
        *reinterpret_cast<vec8 *>(
            mine + ((j * ROWS + f * 8 + row) * 8 + lane() % 4 * 2)) =
            vec8{{f32_bits(sum[j][2 * f]), f32_bits(sum[j][2 * f + 1])}};
    }
    // The other set is free when all have come here once more.
    barrier();
    visit([&](int i, int unit, int m, int n) {
      float total[1] = {};
      UNROLL for (int part = 0; part < C::WARPS; ++part) total[0] +=
          sums[set + part * C::SUMS + unit];
      epilogue.store(m, n, in[i], total);
    });
    set = C::WARPS * C::SUMS - set;
  }
}
