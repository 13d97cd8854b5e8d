// linear of few rows, on tensor cores: C[m, n] = epilogue(sum over k of A[m, k]
// W[n, k]) for M <= Config::ROWS, 16 or 32
//   grid   any
//   block  32 * Config::WARPS
//   smem   Config::SHARED
//   needs  A and W of bf16 or f16, or what FewOperand has, bases and pitches
//          multiples of 16 bytes; K such a multiple; N > 0; with BLOCK scales
//          [ceil(K / BLOCK), N], BLOCK a multiple of a step
//   waits  for the grids before it (grid_wait), which have not written W
//
// With BLOCK: epilogue(sum over blocks b of scale[b, n] * (sum over k of b
// ...)), a step's sums at a time.
//
// A product does not care in which order k comes if both operands agree: 16
// bytes of a row of W as they lie are a lane's fragments of two mma, 16 of k
// each. Of lanes 4 r to 4 r + 3, which hold column r of the right operand, the
// four together have 64 bytes of row r of W. A, as the left operand of 16 rows,
// comes in the same order. So eight columns of the result are a tile, and rows
// past M cost nothing but products. 32 rows are two left operands, so that W
// passes once for them too; A, which every block reads from L2, is then as much
// as four tiles, so that blocks may take up to eight.
//
// A block takes TILES of them at a time, its warps lie along K and add up in
// shared memory, in their order: columns are cut that finely that blocks share
// nothing and yet are as many as there are multiprocessors.
//
// What limits is how many bytes are on their way: rate * latency. 4.8 TB/s (an
// H200) * 1 us / 132 multiprocessors are 36 KB of each; an A100 (1.6 TB/s, 108)
// needs 14 KB. They land in a ring in shared memory, where each thread has
// places of its own: it waits for its own copies alone, and warps never for
// each other but where sums end. A place is filled again as soon as it has been
// multiplied, also for columns that come next, so that copies do not stop where
// sums end. Of W, what the ring holds comes while the grids before still run.
#pragma once
#include "gemm.cuh"
#include "part_sums.cuh"
#include "shape.cuh"

// What mma multiplies of 16 bytes of an operand: words of two numbers of Math.
template <class E>
struct FewOperand {
  using Math = E;
  static constexpr int WORDS = 4;
  static DEV void unpack(u32 (&words)[WORDS], const vec16 &v) {
    UNROLL for (int i = 0; i < WORDS; ++i) words[i] = v.w[i];
  }
};

template <class Element_, int K_, int TILES_, int WARPS_, int BLOCK_ = 0,
          int ROWS_ = 16>
struct FewConfig {
  using Element = Element_;
  static constexpr int K = K_, TILES = TILES_, WARPS = WARPS_, BLOCK = BLOCK_;
  static constexpr int ROWS = ROWS_, COLUMNS = 8 * TILES, THREADS = 32 * WARPS;
  // Left operands, and eights of rows.
  static constexpr int LEFTS = ROWS / 16, EIGHTS = ROWS / 8;
  // A step is 64 bytes of k, 16 a lane; each warp has STEPS one after the
  // other.
  static constexpr int UNIT = 16 / (int)sizeof(Element), STEP = 4 * UNIT,
                       STEPS = ceil_div(ceil_div(K, STEP), WARPS);
  // 16 bytes of each thread; of a step, those of W, then the eights of A, then
  // of each tile the scales of a lane's two columns of sums.
  static constexpr int PIECES = TILES + EIGHTS, PIECE = 16 * THREADS,
                       SCALES_AT = PIECES * PIECE,
                       SCALES = BLOCK ? 8 * THREADS : 0,
                       STAGE = SCALES_AT + TILES * SCALES;
  // Steps on their way: no more than there are, but three, which go on to the
  // next columns; two at least.
  static constexpr int STAGES = min_(max_(21 / PIECES, 2), max_(STEPS, 3));
  // No lane looks past the end of K.
  static constexpr bool EXACT = STEPS * WARPS * STEP == K;
  // Of one left operand after the other.
  using Sums = PartSums<16, COLUMNS, WARPS, THREADS>;
  static constexpr int SHARED = STAGES * STAGE + Sums::SHARED;
  static_assert(K % UNIT == 0 && BLOCK % STEP == 0 && ROWS % 16 == 0 &&
                TILES <= 8 && Sums::BATCHES == 1);
};

template <class C, class Epilogue>
DEV void linear_few(const GemmOperands<typename C::Element> &p,
                    const Epilogue &epilogue, const float *scales = nullptr) {
  static_assert(Epilogue::V == 1);
  using E = typename C::Element;
  using Operand = FewOperand<E>;
  using Sums = typename C::Sums;
  constexpr int TILES = C::TILES, STAGES = C::STAGES, LEFTS = C::LEFTS,
                EIGHTS = C::EIGHTS;
  int row = lane() / 4, part = warp_uniform();
  int groups = p.m > 0 ? ceil_div(p.n, C::COLUMNS) : 0;
  // Eights of A but the last are there: fewer rows have fewer left operands.
  bool has_last = p.m > C::ROWS - 8;
  auto has = [&](int eight) { return eight < EIGHTS - 1 || has_last; };
  u8 *ring = shared_base<u8>() + tid() * 16;
  u8 *scale_ring = shared_base<u8>() + C::SCALES_AT + tid() * 8;
  int start = part * C::STEPS * C::STEP, first = start + lane() % 4 * C::UNIT;
  const E *a[EIGHTS], *w[TILES];
  UNROLL for (int f = 0; f < EIGHTS; ++f) a[f] =
      p.a + min_(row + 8 * f, max_(p.m - 1, 0)) * p.lda;

  // What is fetched next: step `next` of the columns of `ahead`.
  i64 ahead = block_number();
  int next = 0;
  auto next_columns = [&] {
    UNROLL for (int j = 0; j < TILES; ++j) w[j] =
        p.w + min_(ahead * C::COLUMNS + 8 * j + row, (i64)p.n - 1) * p.ldw;
  };
  // Past the end of K are zeros: also of A, which may be infinite.
  auto is_inside = [&](int k) { return C::EXACT || k < C::K; };
  auto fetch = [&](int stage, bool with_a) {
    if (ahead < groups) {
      u8 *to = ring + stage * C::STAGE;
      int k = first + next * C::STEP;
      bool inside = is_inside(k);
      if (!inside)
        k = 0;
      UNROLL for (int j = 0; j < TILES; ++j)
          copy_async16(to + j * C::PIECE, w[j] + k, inside ? 16 : 0);
      UNROLL for (int f = 0; f < EIGHTS; ++f) {
        if (with_a && has(f))
          copy_async16(to + (TILES + f) * C::PIECE, a[f] + k,
                       inside && row + 8 * f < p.m ? 16 : 0);
      }
      if constexpr (C::BLOCK > 0) {
        int begin = start + next * C::STEP;
        bool has_scale = is_inside(begin);
        const float *from =
            scales + (i64)(has_scale ? begin / C::BLOCK : 0) * p.n;
        UNROLL for (int i = 0; i < 2 * TILES; ++i) {
          i64 n = ahead * C::COLUMNS + i / 2 * 8 + lane() % 4 * 2 + i % 2;
          copy_async4(scale_ring + stage * C::STAGE + i / 2 * C::SCALES +
                          i % 2 * 4,
                      from + min_(n, (i64)p.n - 1), has_scale ? 4 : 0);
        }
      }
    }
    copy_commit(); // also when empty: waits count groups
    if (++next == C::STEPS) {
      next = 0;
      ahead += block_count();
      next_columns();
    }
  };
  next_columns();
  UNROLL for (int s = 0; s < STAGES; ++s) fetch(s, /*with_a=*/false);
  grid_wait();
  // A of these steps by loads: copies would come after all of W.
  vec16 y[STAGES][EIGHTS] = {};
  UNROLL for (int s = 0; s < STAGES; ++s)
      UNROLL for (int f = 0; f < EIGHTS; ++f) {
    int k = first + s % C::STEPS * C::STEP;
    if (row + 8 * f < p.m && is_inside(k))
      y[s][f] = *reinterpret_cast<const vec16 *>(a[f] + k);
  }
  UNROLL for (int s = 0; s < STAGES; ++s)
      UNROLL for (int f = 0; f < EIGHTS; ++f) {
    if (has(f))
      *reinterpret_cast<vec16 *>(ring + s * C::STAGE + (TILES + f) * C::PIECE) =
          y[s][f];
  }

  float *sums =
      reinterpret_cast<float *>(shared_base<u8>() + STAGES * C::STAGE);
  int stage = 0;
  for (i64 group = block_number(); group < groups; group += block_count()) {
    auto all = [&](int left) {
      return Sums{sums, 16 * left, (int)group * C::COLUMNS, p.m, p.n};
    };
    typename Epilogue::In in[LEFTS][Sums::BATCH] = {};
    UNROLL for (int l = 0; l < LEFTS; ++l) all(l).load(0, epilogue, in[l]);

    float sum[LEFTS][TILES][4] = {};
    UNROLL1 for (int step = 0; step < C::STEPS; ++step) {
      copy_wait<STAGES - 1>();
      const u8 *from = ring + stage * C::STAGE;
      u32 left[EIGHTS][Operand::WORDS] = {}, right[TILES][Operand::WORDS];
      UNROLL for (int j = 0; j < TILES; ++j) Operand::unpack(
          right[j], *reinterpret_cast<const vec16 *>(from + j * C::PIECE));
      UNROLL for (int f = 0; f < EIGHTS; ++f) {
        if (has(f))
          Operand::unpack(left[f], *reinterpret_cast<const vec16 *>(
                                       from + (TILES + f) * C::PIECE));
      }
      float of_step[LEFTS][TILES][4] = {};
      auto &to = C::BLOCK ? of_step : sum;
      UNROLL for (int h = 0; h < Operand::WORDS; h += 2)
          UNROLL for (int l = 0; l < LEFTS; ++l) {
        const auto &upper = left[2 * l], &lower = left[2 * l + 1];
        u32 both[4] = {upper[h], lower[h], upper[h + 1], lower[h + 1]};
        UNROLL for (int j = 0; j < TILES; ++j) mma<typename Operand::Math>(
            to[l][j], both, right[j][h], right[j][h + 1]);
      }
      if constexpr (C::BLOCK > 0) {
        UNROLL for (int j = 0; j < TILES; ++j) {
          vec8 scale = *reinterpret_cast<const vec8 *>(
              scale_ring + stage * C::STAGE + j * C::SCALES);
          UNROLL for (int l = 0; l < LEFTS; ++l)
              UNROLL for (int i = 0; i < 4; ++i) sum[l][j][i] = math_fma(
                  of_step[l][j][i], bits_f32(scale.w[i % 2]), sum[l][j][i]);
        }
      }
      fetch(stage, /*with_a=*/true);
      stage = stage + 1 < STAGES ? stage + 1 : 0;
    }

    // One epilogue for all left operands: the next one's sums move up.
    UNROLL1 for (int l = 0; l < LEFTS; ++l) {
      if (l > 0 || group != block_number())
        barrier(); // the sums before have been read
      UNROLL for (int j = 0; j < TILES; ++j)
          UNROLL for (int f = 0; f < 2; ++f) {
        if (has(2 * l + f))
          *reinterpret_cast<vec8 *>(
              all(l).place(part, f * 8 + row, j * 8 + lane() % 4 * 2)) = vec8{
              {f32_bits(sum[0][j][2 * f]), f32_bits(sum[0][j][2 * f + 1])}};
      }
      barrier(); // all parts are there
      all(l).store(0, epilogue, in[0]);
      UNROLL for (int i = 1; i < LEFTS; ++i) {
        UNROLL for (int j = 0; j < TILES; ++j)
            UNROLL for (int e = 0; e < 4; ++e) sum[i - 1][j][e] = sum[i][j][e];
        UNROLL for (int j = 0; j < Sums::BATCH; ++j) in[i - 1][j] = in[i][j];
      }
    }
  }
}
