// Brings quantized weights into the order of quant.cuh, once, when a model is
// loaded.
//   grid   any
//   block  whole warps
//   needs  q [K, N], scale and, if there are, zero [ceil(K / BLOCK), N], a byte
//          each; PANEL 0: as they lie, of q's numbers of 4 bits two a byte, the
//          lower ones first; else in panels of so many columns, [ceil(N /
//          PANEL)][rows][PANEL], of 4 bits with two rows a byte
#pragma once
#include "quant.cuh"
#include "shape.cuh"

template <class F_, int PANEL>
struct QuantSource {
  using F = F_;
  using W = typename F::Weight;
  static constexpr int ROWS = F::BLOCK ? F::BLOCK : F::K,
                       BLOCKS = ceil_div(F::K, ROWS);
  const u8 *q;
  const typename F::Scale *scale;
  const u8 *zero;
  int n;

  // Of a matrix of `rows` rows, where element [row, column] is.
  DEV i64 at(int rows, int row, int column) const {
    if constexpr (PANEL == 0)
      return (i64)row * n + column;
    else
      return ((i64)(column / PANEL) * rows + row) * PANEL + column % PANEL;
  }
  // Numbers moved to where they are not negative.
  DEV u32 weight(int k, int column) const {
    if constexpr (W::BITS == 8) {
      return q[at(F::K, k, column)] ^ W::NEUTRAL;
    } else {
      i64 place = PANEL ? at(ceil_div(F::K, 2), k / 2, column)
                        : at(F::K, k, column) / 2;
      int half = PANEL ? k % 2 : (int)(at(F::K, k, column) % 2);
      return (q[place] >> 4 * half & 15) ^ W::NEUTRAL;
    }
  }
  DEV u32 zero_point(int block, int column) const {
    return (zero[at(BLOCKS, block, column)] & ((1u << W::BITS) - 1)) ^
           W::NEUTRAL;
  }
  DEV typename F::Scale scale_of(int block, int column) const {
    return scale[at(BLOCKS, block, column)];
  }
};

// Of weights that may be NaN, whether a block of a column has one; asked by a
// warp together.
template <class Source>
DEV bool quant_has_nan(const Source &from, int block, int column) {
  using F = typename Source::F;
  bool found = false;
  int k0 = block * Source::ROWS;
  for (int k = k0 + lane(); k < min_(k0 + Source::ROWS, F::K); k += 32)
    found |= (from.weight(k, column) & 0x7f) == 0x7f;
  return vote_any(found);
}

template <class Source>
DEV void quant_arrange(u8 *weights, typename Source::F::Scale *scales,
                       u32 *zeros, const Source &from) {
  using F = typename Source::F;
  using W = typename F::Weight;
  using S = typename F::Scale;
  constexpr bool HAS_NAN = W::HAS_NAN;
  i64 tiles = F::tiles(from.n), first = block_number() * threads() + tid(),
      step = block_count() * threads();
  for (i64 i = first; i < tiles * F::STEPS * 32; i += step) {
    i64 tile = divide_fast(i / 32, F::STEPS);
    int k0 = (int)(i / 32 - tile * F::STEPS) * F::STEP,
        n0 = (int)tile * 16 + (int)(i % 32) / 4;
    u32 unit[4] = {};
    UNROLL for (int number = 0; number < F::FRAGMENTS * 8; ++number) {
      int f = number / 8, r = number / 2 % 4, e = number % 2,
          k = k0 + F::row(f, (int)i % 4) + r / 2 * 2 + e, n = n0 + r % 2 * 8;
      if (k < F::K && n < from.n)
        unit[W::place(f, r, e) / 32] |= from.weight(k, n)
                                        << W::place(f, r, e) % 32;
    }
    reinterpret_cast<vec16 *>(weights)[i] =
        vec16{{unit[0], unit[1], unit[2], unit[3]}};
  }

  // Element i of `scales` is of block b and column n: of a warp, if its weights
  // are asked.
  constexpr int LANES = HAS_NAN ? 32 : 1;
  for (i64 i = first / LANES; i < F::scales_at((int)tiles, 0, 0);
       i += step / LANES) {
    i64 record = i / (16 * F::BLOCKS), tile = divide_fast(record, F::RECORDS);
    int b = (int)(record - tile * F::RECORDS) * F::BLOCKS +
            (int)(i / 2 % F::BLOCKS),
        n = (int)tile * 16 + (int)(i / (2 * F::BLOCKS) % 8) + (int)(i % 2) * 8;
    S scale = from_f32<S>(0.f);
    if (b < Source::BLOCKS && n < from.n) {
      scale = from.scale_of(b, n);
      if constexpr (HAS_NAN) {
        if (quant_has_nan(from, b, n))
          scale = from_f32<S>(bits_f32(0x7fc00000));
      }
    }
    if (LANES == 1 || lane() == 0)
      scales[i] = scale;
  }

  if constexpr (F::ZEROS) {
    for (i64 i = first; i < F::zeros_at((int)tiles, 0, 0); i += step) {
      i64 word = i / 8, tile = divide_fast(word, F::WORDS);
      int b0 = (int)(word - tile * F::WORDS) * F::RECORDS_A_WORD * F::BLOCKS,
          n0 = (int)tile * 16 + (int)(i % 8);
      u32 packed = 0;
      UNROLL for (int place = 0; place < 32 / F::BITS; ++place) {
        int b = b0 + place / 2, n = n0 + place % 2 * 8;
        if (b < Source::BLOCKS && n < from.n)
          packed |= from.zero_point(b, n) << place * F::BITS;
      }
      zeros[i] = packed;
    }
  }
}
