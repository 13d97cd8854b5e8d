// linear of few rows, on tensor cores: C[m, n] = epilogue(sum over k of A[m, k]
// W[n, k]) for M <= 16
//   grid   any
//   block  32 * Config::WARPS
//   smem   Config::SHARED
//   needs  A and W of bf16 or f16, bases and pitches multiples of 16 bytes;
//          K a multiple of 8; N > 0
//   waits  for the grids before it (grid_wait), which have not written W
//
// A product does not care in which order k comes if both operands agree: 16
// bytes of a row of W as they lie are a lane's fragments of two mma, 16 of k
// each. Of lanes 4 r to 4 r + 3, which hold column r of the right operand, the
// four together have 64 bytes of row r of W. A, as the left operand of 16 rows,
// comes in the same order. So eight columns of the result are a tile, and rows
// past M cost nothing but products.
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

template <class Element_, int K_, int TILES_, int WARPS_>
struct FewConfig {
  using Element = Element_;
  static constexpr int K = K_, TILES = TILES_, WARPS = WARPS_;
  static constexpr int ROWS = 16, COLUMNS = 8 * TILES, THREADS = 32 * WARPS;
  // A step is 32 of k; each warp has STEPS one after the other.
  static constexpr int STEPS = ceil_div(ceil_div(K, 32), WARPS);
  // 16 bytes of each thread; of a step, those of W, then the halves of A.
  static constexpr int PIECE = 16 * THREADS, STAGE = (TILES + 2) * PIECE;
  // Steps on their way: no more than there are, but three, which go on to the
  // next columns.
  static constexpr int STAGES = min_(21 / (TILES + 2), max_(STEPS, 3));
  // No lane looks past the end of K.
  static constexpr bool EXACT = STEPS * WARPS * 32 == K;
  using Sums = PartSums<ROWS, COLUMNS, WARPS, THREADS>;
  static constexpr int SHARED = STAGES * STAGE + Sums::SHARED;
  static_assert(K % 8 == 0 && TILES <= 4 && Sums::BATCHES == 1);
};

template <class C, class Epilogue>
DEV void linear_few(const GemmOperands<typename C::Element> &p,
                    const Epilogue &epilogue) {
  static_assert(Epilogue::V == 1);
  using E = typename C::Element;
  constexpr int TILES = C::TILES, STAGES = C::STAGES;
  int row = lane() / 4, part = warp_uniform();
  int groups = p.m > 0 ? ceil_div(p.n, C::COLUMNS) : 0;
  // A's lower half.
  bool has_half = p.m > 8;
  u8 *ring = shared_base<u8>() + tid() * 16;
  int first = part * C::STEPS * 32 + lane() % 4 * 8;
  const E *a[2], *w[TILES];
  UNROLL for (int f = 0; f < 2; ++f) a[f] =
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
      int k = first + next * 32;
      bool inside = is_inside(k);
      if (!inside)
        k = 0;
      UNROLL for (int j = 0; j < TILES; ++j)
          copy_async16(to + j * C::PIECE, w[j] + k, inside ? 16 : 0);
      UNROLL for (int f = 0; f < 2; ++f) {
        if (with_a && (f == 0 || has_half))
          copy_async16(to + (TILES + f) * C::PIECE, a[f] + k,
                       inside && row + 8 * f < p.m ? 16 : 0);
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
  Columns<E, 8> y[STAGES][2] = {};
  UNROLL for (int s = 0; s < STAGES; ++s) UNROLL for (int f = 0; f < 2; ++f) {
    int k = first + s % C::STEPS * 32;
    if (row + 8 * f < p.m && is_inside(k))
      y[s][f] = load_columns<8>(a[f] + k);
  }
  UNROLL for (int s = 0; s < STAGES; ++s) UNROLL for (int f = 0; f < 2; ++f) {
    if (f == 0 || has_half)
      *reinterpret_cast<vec16 *>(ring + s * C::STAGE + (TILES + f) * C::PIECE) =
          vec16{{y[s][f].w[0], y[s][f].w[1], y[s][f].w[2], y[s][f].w[3]}};
  }

  float *sums =
      reinterpret_cast<float *>(shared_base<u8>() + STAGES * C::STAGE);
  int stage = 0;
  for (i64 group = block_number(); group < groups; group += block_count()) {
    typename C::Sums all{sums, 0, (int)group * C::COLUMNS, p.m, p.n};
    typename Epilogue::In in[C::Sums::BATCH] = {};
    all.load(0, epilogue, in);

    float sum[TILES][4] = {};
    UNROLL1 for (int step = 0; step < C::STEPS; ++step) {
      copy_wait<STAGES - 1>();
      const u8 *from = ring + stage * C::STAGE;
      vec16 left[2] = {}, right[TILES];
      UNROLL for (int j = 0; j < TILES; ++j) right[j] =
          *reinterpret_cast<const vec16 *>(from + j * C::PIECE);
      UNROLL for (int f = 0; f < 2; ++f) {
        if (f == 0 || has_half)
          left[f] =
              *reinterpret_cast<const vec16 *>(from + (TILES + f) * C::PIECE);
      }
      UNROLL for (int h = 0; h < 4; h += 2) {
        u32 both[4] = {left[0].w[h], left[1].w[h], left[0].w[h + 1],
                       left[1].w[h + 1]};
        UNROLL for (int j = 0; j < TILES; ++j)
            mma<E>(sum[j], both, right[j].w[h], right[j].w[h + 1]);
      }
      fetch(stage, /*with_a=*/true);
      stage = stage + 1 < STAGES ? stage + 1 : 0;
    }

    if (group != block_number())
      barrier(); // the sums of the columns before have been read
    UNROLL for (int j = 0; j < TILES; ++j) UNROLL for (int f = 0; f < 2; ++f) {
      if (f == 0 || has_half)
        *reinterpret_cast<vec8 *>(
            all.place(part, f * 8 + row, j * 8 + lane() % 4 * 2)) =
            vec8{{f32_bits(sum[j][2 * f]), f32_bits(sum[j][2 * f + 1])}};
    }
    barrier(); // all parts are there
    all.store(0, epilogue, in);
  }
}
