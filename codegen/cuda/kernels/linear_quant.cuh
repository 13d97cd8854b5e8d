// linear with quantized weights, on tensor cores: C[m, n] = epilogue(sum over k
// of A[m, k] (q[k, n] - zero) scale)
//   grid   any
//   block  Config::THREADS
//   smem   Config::SHARED
//   needs  A of bf16 or f16; WIDE: K and pitch multiples of 8, base of 16
//   bytes;
//          weights as quant.cuh has them, of fewer than 2^36 elements; N, K > 0
//   waits  for the grids before it (grid_wait), which have not written weights
//
// Weights are the left operand: 16 columns of C by 16 of k, and eight rows of A
// the right one. For few rows that halves the mma, and a lane's weights, zero
// points, scales and sums are all of columns r and r + 8. Products of small
// integers are exact; what a block's scale multiplies are the sums of its rows
// in f32, so that a weight is never rounded: four multiply-adds for eight rows
// of A, where scaling the weights of a step would take eight (of 4 bits 16) and
// round. (From 32 rows on it would take less, but there unpacking is a small
// part.) One scale a column multiplies what has been added up.
//
// Few rows (WN 1): as linear_few.cuh, warps lie along K, each thread waits for
// its own copies alone, and weights come before the grids before are done.
// Many: warps lie along columns, or both ways, and share A: a block takes up to
// 64 rows, for which weights are unpacked once, and waits for all its copies at
// each step.
#pragma once
#include "part_sums.cuh"
#include "quant.cuh"
#include "shape.cuh"

// A warp takes TILES of 16 columns and UNITS of K at a time, and ROW_TILES of
// eight rows; WK warps lie along K times WN along columns; the ring and sums
// take up to BYTES. Not WIDE: A goes element by element.
template <class Element_, class Format_, int TILES_, int UNITS_, int ROW_TILES_,
          int WK_, int WN_, int BYTES, bool WIDE_ = true>
struct QuantConfig {
  using Element = Element_;
  using Format = Format_;
  static constexpr int TILES = TILES_, UNITS = UNITS_, ROW_TILES = ROW_TILES_,
                       WK = WK_, WN = WN_;
  static constexpr bool WIDE = WIDE_;
  static constexpr int ROWS = 8 * ROW_TILES, COLUMNS = 16 * TILES * WN,
                       THREADS = 32 * WK * WN;
  // Each warp has STEPS of UNITS one after the other.
  static constexpr int DEPTH = UNITS * Format::STEP,
                       STEPS = ceil_div(Format::STEPS, WK *UNITS);
  // None is past the end; no lane looks there.
  static constexpr bool EXACT = STEPS * WK * UNITS == Format::STEPS,
                        NO_TAIL = EXACT && Format::K % Format::STEP == 0;

  // Records of scales and zeros that a step has, and fragments that share a
  // scale there.
  static constexpr int BLOCK = Format::BLOCK;
  static constexpr bool HAS_BLOCKS = BLOCK > 0;
  static constexpr int RECORDS = !HAS_BLOCKS            ? 1
                                 : BLOCK < Format::STEP ? UNITS
                                 : BLOCK < DEPTH        ? DEPTH / BLOCK
                                                        : 1;
  static constexpr int UNITS_A_RECORD = UNITS / RECORDS;
  static constexpr int BLOCK_FRAGMENTS =
      (HAS_BLOCKS ? min_(BLOCK, DEPTH) : DEPTH) / 16;
  static_assert(!HAS_BLOCKS || DEPTH % BLOCK == 0 || BLOCK % DEPTH == 0);

  // A stage of the ring. Of each thread and tile, units, scales, zeros; then
  // A in pieces of eight rows by 32 of k, 16 bytes a lane, for each part of K.
  static constexpr int SCALES =
      HAS_BLOCKS ? Format::BLOCKS * 2 * (int)sizeof(typename Format::Scale) : 0;
  static constexpr int ZEROS = Format::ZEROS ? 4 : 0;
  static constexpr int PIECES = DEPTH / 32;
  static constexpr int SCALES_AT = TILES * UNITS * THREADS * 16,
                       ZEROS_AT =
                           SCALES_AT + TILES * RECORDS * THREADS * SCALES,
                       A_AT = ZEROS_AT + TILES * RECORDS * THREADS * ZEROS,
                       STAGE = A_AT + WK * PIECES * ROW_TILES * 512;
  // Pieces that a warp brings for all that share them.
  static constexpr int SHARE = ceil_div(PIECES * ROW_TILES, WN);

  using Sums = PartSums<ROWS, COLUMNS, WK, THREADS>;
  // Those that fit, but no more than there are and two.
  static constexpr int STAGES = min_((BYTES - Sums::SHARED) / STAGE, STEPS + 2);
  static constexpr int SHARED = STAGES * STAGE + Sums::SHARED;
  // With few rows those past M are left out.
  static constexpr bool SKIPS = ROW_TILES <= 2;
  static_assert(STAGES >= 2 && STAGE % 16 == 0);
};

template <class Element, class Format>
struct QuantOperands {
  const Element *a;
  i64 lda;
  const u8 *weights;
  const typename Format::Scale *scales;
  const u32 *zeros;
  int m, n;
};

// Sums times what they lack: a column's scale, powers of two.
template <class C, class Epilogue>
struct QuantEpilogue {
  using F = typename C::Format;
  static constexpr int V = 1;
  const Epilogue *epilogue;
  const typename F::Scale *scales;
  struct In {
    typename Epilogue::In in;
    float factor;
  };
  DEV In load(int m, int n) const {
    float factor = F::Weight::template FACTOR<typename C::Element>;
    if constexpr (!C::HAS_BLOCKS)
      factor *= to_f32(scales[F::scales_at(n / 16, 0, n % 8) + n / 8 % 2]);
    return {epilogue->load(m, n), factor};
  }
  DEV void store(int m, int n, const In &in, const float (&sum)[1]) const {
    float scaled[1] = {sum[0] * in.factor};
    epilogue->store(m, n, in.in, scaled);
  }
};

// BYTES, a multiple of 16, or 4 or 8.
template <int BYTES>
DEV void quant_copy(u8 *to, const void *from, bool is_there) {
  if constexpr (BYTES == 4) {
    copy_async4(to, from, is_there ? 4 : 0);
  } else if constexpr (BYTES == 8) {
    copy_async8(to, from, is_there ? 8 : 0);
  } else {
    UNROLL for (int i = 0; i < BYTES; i += 16) copy_async16(
        to + i, static_cast<const u8 *>(from) + i, is_there ? 16 : 0);
  }
}

template <class C, class Epilogue>
DEV void
linear_quant(const QuantOperands<typename C::Element, typename C::Format> &p,
             const Epilogue &epilogue) {
  static_assert(Epilogue::V == 1);
  using E = typename C::Element;
  using F = typename C::Format;
  using W = typename F::Weight;
  constexpr int TILES = C::TILES, ROW_TILES = C::ROW_TILES, STAGES = C::STAGES;
  int row = lane() / 4, quad = lane() % 4, part = warp_uniform() / C::WN,
      side = warp_uniform() % C::WN;
  int bands = max_(ceil_div(p.m, C::ROWS), 1), tiles = F::tiles(p.n);
  i64 tasks = p.m > 0 ? (i64)bands * ceil_div(p.n, C::COLUMNS) : 0;
  u8 *ring = shared_base<u8>();

  // A step of a task: bands of the same columns come one after the other.
  struct Place {
    i64 task;
    int step, m;
    // Of the task's first step, for each tile.
    const u8 *units[TILES];
    const typename F::Scale *scales[TILES];
    const u32 *zeros[TILES];
    const E *rows[C::SHARE]; // of A, for each piece of this warp's share
  };
  // Such a piece is of eight rows, number t, and 32 of k, number k.
  auto number_of = [&](int i) { return side + i * C::WN; };
  auto is_mine = [&](int i) {
    return C::PIECES * ROW_TILES % C::WN == 0 ||
           number_of(i) < C::PIECES * ROW_TILES;
  };
  auto group_of = [&](i64 task) {
    return bands > 1 ? divide_fast(task, bands) : task;
  };
  auto enter = [&](Place &at) {
    i64 group = group_of(at.task);
    at.m = (int)(at.task - group * bands) * C::ROWS;
    UNROLL for (int j = 0; j < TILES; ++j) {
      int tile = min_(((int)group * C::WN + side) * TILES + j, tiles - 1);
      at.units[j] = p.weights + (i64)(tile * F::STEPS * 32 + lane()) * 16;
      at.scales[j] = p.scales + F::scales_at(tile, 0, row);
      at.zeros[j] = p.zeros + F::zeros_at(tile, 0, row);
    }
    UNROLL for (int i = 0; i < C::SHARE; ++i) {
      int m = at.m + number_of(i) % ROW_TILES * 8 + row;
      at.rows[i] = p.a + max_(min_(m, p.m - 1), 0) * p.lda;
    }
  };
  auto advance = [&](Place &at) {
    if (++at.step == C::STEPS) {
      at.step = 0;
      at.task += block_count();
      enter(at);
    }
  };
  auto is_live = [&](int m, int t) {
    return !C::SKIPS || t == 0 || m + 8 * t < p.m;
  };

  // A warp's step, of UNITS, as the format counts them.
  auto step_of = [&](int step) { return (part * C::STEPS + step) * C::UNITS; };
  // In a stage, of tile j and unit u, which is a record's first.
  auto unit_at = [&](int j, int u) {
    return ((j * C::UNITS + u) * C::THREADS + tid()) * 16;
  };
  auto record_of = [&](int j, int u) {
    return (j * C::RECORDS + u / C::UNITS_A_RECORD) * C::THREADS + tid();
  };
  auto scales_at = [&](int j, int u) {
    return C::SCALES_AT + record_of(j, u) * C::SCALES;
  };
  auto zeros_at = [&](int j, int u) {
    return C::ZEROS_AT + record_of(j, u) * 4;
  };

  auto fetch_weights = [&](const Place &at, int stage) {
    if (at.task >= tasks)
      return;
    u8 *to = ring + stage * C::STAGE;
    UNROLL for (int u = 0; u < C::UNITS; ++u) {
      int step = step_of(at.step) + u;
      bool inside = C::EXACT || step < F::STEPS;
      if (!inside)
        step = 0;
      UNROLL for (int j = 0; j < TILES; ++j) {
        copy_async16(to + unit_at(j, u), at.units[j] + (i64)step * 512,
                     inside ? 16 : 0);
        if (u % C::UNITS_A_RECORD != 0)
          continue;
        if constexpr (C::HAS_BLOCKS)
          quant_copy<C::SCALES>(
              to + scales_at(j, u),
              at.scales[j] + F::scales_at(0, F::record(step), 0), inside);
        if constexpr (F::ZEROS)
          quant_copy<4>(to + zeros_at(j, u),
                        at.zeros[j] + F::zeros_at(0, F::record(step), 0),
                        inside);
      }
    }
  };
  // The first k of half `h` of a piece. Past the end are zeros: weights may be
  // anything there. (Rows past the end are the last row once more.)
  auto k_of = [&](const Place &at, int i, int h) {
    return step_of(at.step) * F::STEP + number_of(i) / ROW_TILES * 32 +
           F::row(h, quad);
  };
  auto is_inside = [&](int k) { return C::NO_TAIL || k < F::K; };
  auto load_piece = [&](const Place &at, int i) {
    vec16 v = {};
    if constexpr (C::WIDE && F::ROWS_OF_8) {
      int k = k_of(at, i, 0);
      if (is_inside(k))
        v = *reinterpret_cast<const vec16 *>(at.rows[i] + k);
    } else {
      // As many at once as lie together.
      constexpr int COUNT = C::WIDE ? 4 : 1, WORDS = ceil_div(COUNT, 2);
      UNROLL for (int e = 0; e < 8; e += COUNT) {
        int k = k_of(at, i, e / 4) + e % 4;
        Columns<E, COUNT> some = {};
        if (is_inside(k))
          some = load_columns<COUNT>(at.rows[i] + k);
        UNROLL for (int j = 0; j < WORDS; ++j) v.w[e / 2 + j] |=
            some.w[j] << (COUNT == 1 ? e % 2 * 16 : 0);
      }
    }
    return v;
  };
  auto piece_at = [&](int stage, int i) {
    return ring + stage * C::STAGE + C::A_AT +
           (part * C::PIECES * ROW_TILES + number_of(i)) * 512 + lane() * 16;
  };
  auto fetch_rows = [&](const Place &at, int stage) {
    if (at.task >= tasks)
      return;
    UNROLL for (int i = 0; i < C::SHARE; ++i) {
      if (!is_mine(i) || !is_live(at.m, number_of(i) % ROW_TILES))
        continue;
      if constexpr (!C::WIDE) {
        *reinterpret_cast<vec16 *>(piece_at(stage, i)) = load_piece(at, i);
      } else {
        UNROLL for (int h = 0; h < (F::ROWS_OF_8 ? 1 : 2); ++h) {
          int k = k_of(at, i, h);
          bool inside = is_inside(k);
          quant_copy<F::ROWS_OF_8 ? 16 : 8>(piece_at(stage, i) + 8 * h,
                                            at.rows[i] + (inside ? k : 0),
                                            inside);
        }
      }
    }
  };

  Place ahead{block_number(), 0, 0, {}, {}, {}, {}};
  enter(ahead);
  Place begin = ahead;
  UNROLL for (int s = 0; s < STAGES - 1; ++s) {
    fetch_weights(ahead, s);
    copy_commit(); // also when empty: waits count groups
    advance(ahead);
  }
  grid_wait();
  // A of these steps by loads: copies would come after all of the weights. As
  // many at once as 64 registers hold.
  constexpr int AT_ONCE = max_(16 / C::SHARE, 1);
  UNROLL for (int first = 0; first < STAGES - 1; first += AT_ONCE) {
    vec16 y[AT_ONCE][C::SHARE] = {};
    UNROLL for (int s = first; s < min_(first + AT_ONCE, STAGES - 1); ++s) {
      UNROLL for (int i = 0; i < C::SHARE; ++i) {
        if (begin.task < tasks && is_mine(i))
          y[s - first][i] = load_piece(begin, i);
      }
      advance(begin);
    }
    UNROLL for (int s = first; s < min_(first + AT_ONCE, STAGES - 1); ++s) {
      UNROLL for (int i = 0; i < C::SHARE; ++i) {
        if (is_mine(i))
          *reinterpret_cast<vec16 *>(piece_at(s, i)) = y[s - first][i];
      }
    }
  }

  QuantEpilogue<C, Epilogue> scaled{&epilogue, p.scales};
  float *sums = reinterpret_cast<float *>(ring + STAGES * C::STAGE);
  int stage = 0, before = STAGES - 1;
  for (i64 task = block_number(); task < tasks; task += block_count()) {
    i64 group = group_of(task);
    int m0 = (int)(task - group * bands) * C::ROWS;
    typename C::Sums all{sums, m0, (int)group * C::COLUMNS, p.m, p.n};
    using In = typename QuantEpilogue<C, Epilogue>::In;
    In in[C::Sums::BATCH] = {};
    if constexpr (C::Sums::BATCHES == 1)
      all.load(0, scaled, in);

    float sum[TILES][ROW_TILES][4] = {};
    UNROLL1 for (int step = 0; step < C::STEPS; ++step) {
      copy_wait<STAGES - 2>();
      if constexpr (C::WN > 1)
        barrier(); // all have this stage, and are done with the one before
      fetch_weights(ahead, before);
      fetch_rows(ahead, before);
      copy_commit();
      advance(ahead);

      const u8 *from = ring + stage * C::STAGE;
      const u8 *rows =
          from + C::A_AT + part * C::PIECES * ROW_TILES * 512 + lane() * 16;
      float partial[TILES][ROW_TILES][4];
      UNROLL for (int u = 0; u < C::UNITS; ++u) {
        vec16 unit[TILES];
        u32 zeros[TILES];
        UNROLL for (int j = 0; j < TILES; ++j) {
          unit[j] = *reinterpret_cast<const vec16 *>(from + unit_at(j, u));
          if constexpr (F::ZEROS)
            zeros[j] =
                *reinterpret_cast<const u32 *>(from + zeros_at(j, u)) >>
                F::record(step_of(step) + u) % F::RECORDS_A_WORD * F::ZERO_BITS;
        }
        UNROLL for (int f = 0; f < F::FRAGMENTS; f += 2) {
          // Of two fragments.
          vec16 right[ROW_TILES] = {};
          UNROLL for (int t = 0; t < ROW_TILES; ++t) {
            if (is_live(m0, t))
              right[t] = *reinterpret_cast<const vec16 *>(
                  rows + ((u * F::FRAGMENTS + f) / 2 * ROW_TILES + t) * 512);
          }
          UNROLL for (int j = 0; j < TILES; ++j) {
            UNROLL for (int h = 0; h < 2; ++h) {
              // Of its record's blocks, and of the fragments of the step.
              int block = (f + h) * F::BLOCKS / F::FRAGMENTS,
                  number = u * F::FRAGMENTS + f + h;
              u32 zero[2], left[4];
              UNROLL for (int i = 0; i < 2; ++i) zero[i] =
                  W::template zero_of<E>(
                      F::ZEROS ? zeros[j] >> (2 * block + i) * F::BITS &
                                     ((1u << F::BITS) - 1)
                               : W::NEUTRAL);
              W::template fragment<E, F::ZEROS>(left, unit[j], f + h, zero);
              UNROLL for (int t = 0; t < ROW_TILES; ++t) {
                if (!is_live(m0, t))
                  continue;
                auto &to = C::HAS_BLOCKS ? partial[j][t] : sum[j][t];
                if (C::HAS_BLOCKS && number % C::BLOCK_FRAGMENTS == 0) {
                  UNROLL for (int i = 0; i < 4; ++i) to[i] = 0;
                }
                mma<E>(to, left, right[t].w[2 * h], right[t].w[2 * h + 1]);
              }
              if (!C::HAS_BLOCKS || (number + 1) % C::BLOCK_FRAGMENTS != 0)
                continue;
              auto scale =
                  load_columns<2>(reinterpret_cast<const typename F::Scale *>(
                                      from + scales_at(j, u)) +
                                  2 * block);
              UNROLL for (int t = 0; t < ROW_TILES; ++t) {
                if (is_live(m0, t)) {
                  UNROLL for (int i = 0; i < 4; ++i) sum[j][t][i] = math_fma(
                      partial[j][t][i], column(scale, i / 2), sum[j][t][i]);
                }
              }
            }
          }
        }
      }
      before = stage;
      stage = stage + 1 < STAGES ? stage + 1 : 0;
    }

    if (task != block_number())
      barrier(); // the sums of the task before have been read
    UNROLL for (int j = 0; j < TILES; ++j) {
      UNROLL for (int t = 0; t < ROW_TILES; ++t) {
        if (is_live(m0, t)) {
          UNROLL for (int i = 0; i < 4; ++i) *
              all.place(part, 8 * t + quad * 2 + i % 2,
                        (side * TILES + j) * 16 + i / 2 * 8 + row) =
              sum[j][t][i];
        }
      }
    }
    barrier(); // all parts are there
    if constexpr (C::Sums::BATCHES == 1) {
      all.store(0, scaled, in);
    } else {
      UNROLL1 for (int batch = 0; batch < C::Sums::BATCHES; ++batch) {
        all.load(batch, scaled, in);
        all.store(batch, scaled, in);
      }
    }
  }
}
