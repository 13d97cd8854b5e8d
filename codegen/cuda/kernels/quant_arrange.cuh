// Brings quantized weights into the order of quant.cuh, once, when a model is
// loaded.
//   grid   any
//   block  whole warps
//   needs  q [K, N], numbers of 4 bits two a byte, the lower ones first; scale
//          and, if there are, zero [ceil(K / BLOCK), N], zero of q's type
#pragma once
#include "quant.cuh"
#include "shape.cuh"

template <class F>
struct QuantSource {
  const u8 *q;
  const typename F::Scale *scale;
  const u8 *zero;
  int n;
};

// Element i, moved to where it is not negative.
template <class W>
DEV u32 quant_number(const u8 *numbers, i64 i) {
  if constexpr (W::BITS == 4)
    return (numbers[i / 2] >> 4 * (i % 2) & 15) ^ W::NEUTRAL;
  else
    return numbers[i] ^ W::NEUTRAL;
}

// Of weights that may be NaN, whether block `b` of column n has one; asked by a
// warp together.
template <class F>
DEV bool quant_has_nan(const QuantSource<F> &from, int b, int n) {
  constexpr int ROWS = F::BLOCK ? F::BLOCK : F::K;
  bool found = false;
  for (int i = lane(); i < ROWS && b * ROWS + i < F::K; i += 32)
    found |= (from.q[(i64)(b * ROWS + i) * from.n + n] & 0x7f) == 0x7f;
  return vote_any(found);
}

template <class F>
DEV void quant_arrange(u8 *weights, typename F::Scale *scales, u32 *zeros,
                       const QuantSource<F> &from) {
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
        unit[W::place(f, r, e) / 32] |=
            quant_number<W>(from.q, (i64)k * from.n + n)
            << W::place(f, r, e) % 32;
    }
    reinterpret_cast<vec16 *>(weights)[i] =
        vec16{{unit[0], unit[1], unit[2], unit[3]}};
  }

  // Element i of `scales` is of block b and column n: of a warp, if its weights
  // are asked.
  constexpr int LANES = HAS_NAN ? 32 : 1;
  i64 blocks = F::BLOCK ? ceil_div(F::K, F::BLOCK) : 1;
  for (i64 i = first / LANES; i < F::scales_at((int)tiles, 0, 0);
       i += step / LANES) {
    i64 record = i / (16 * F::BLOCKS), tile = divide_fast(record, F::RECORDS);
    int b = (int)(record - tile * F::RECORDS) * F::BLOCKS +
            (int)(i / 2 % F::BLOCKS),
        n = (int)tile * 16 + (int)(i / (2 * F::BLOCKS) % 8) + (int)(i % 2) * 8;
    S scale = from_f32<S>(0.f);
    if (b < blocks && n < from.n) {
      scale = from.scale[(i64)b * from.n + n];
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
        if (b < blocks && n < from.n)
          packed |= quant_number<W>(from.zero, (i64)b * from.n + n)
                    << place * F::BITS;
      }
      zeros[i] = packed;
    }
  }
}
