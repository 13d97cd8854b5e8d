// Quantized weights as linear_quant.cuh reads them: w[k, n] = (q - zero) *
// scale, with one scale (and zero point) for BLOCK rows of a column.
//
// A unit is what a lane has of a tile of 16 columns and STEP rows: 16 bytes.
// Lane 4 r + c has columns r and r + 8, of each as many rows: those of STEP /
// 16 fragments, which are the left operands of as many mma. The right ones are
// activations as they lie in memory, so that of fragment f the lane has the
// four rows from QuantFormat::row(f, c) on.
//
//   weights  [tile][step][lane] units: u8 and u4; i8 and i4 moved up by half
//            their range; f8
//   scales   [tile][record][r][block][r or r + 8] of any float type
//   zeros    [tile][record / RECORDS_A_WORD][r] words of the zero points of
//            records, from the lowest bits on, [block][r or r + 8], moved as
//            the weights are
//
// A record is a block, or the blocks of a step where these are smaller. Rows
// and columns past the end have weight and scale 0.
#pragma once
#include "ops.cuh"

// Two numbers of 16 bits. MAGIC is a power of two whose last bit is worth 1, so
// that the bits of a small integer in its lowest ones are the sum of both.
template <class E>
struct Quant16;
template <>
struct Quant16<bf16> {
  static constexpr u32 ONE = 0x3f803f80, MAGIC = 0x43004300; // 128
  // Of the low byte u of each half there are two parts: 128 and seven bits, and
  // -128 where the eighth is set, else -256. Their sum is u - 128, exactly.
  static constexpr int BYTE_ZERO = 128;
  static DEV u32 byte_number(u32 u) {
    return fma2_bf16(and_or(u, 0x007f007f, MAGIC), ONE,
                     and_xor(u, 0x00800080, 0xc380c380));
  }
  // e4m3 in the places of an exponent of 8 bits: 2^-120 of it.
  static constexpr int F8_FACTOR = 1;
  static DEV u32 f8_number(u32 high_bytes) {
    u32 small = and_or(high_bytes, 0x80008000, high_bytes >> 4 & 0x07f007f0);
    return fma2_bf16(small, 0x7b807b80, 0);
  }
};
template <>
struct Quant16<f16> {
  static constexpr u32 ONE = 0x3c003c00, MAGIC = 0x64006400; // 1024
  static constexpr int BYTE_ZERO = -1024;
  static DEV u32 byte_number(u32 u) { return and_or(u, 0x00ff00ff, MAGIC); }
  // 2^-8 of it: sums have room for that, and get it back in the end.
  static constexpr int F8_FACTOR = 256;
  static DEV u32 f8_number(u32 high_bytes) {
    return and_or(high_bytes, 0x80008000, high_bytes >> 1 & 0x3f803f80);
  }
};

// How units become fragments, exactly: fragment<E>(left, unit, f, zero), with
// zero_of<E>(z) of the zero points of columns r and r + 8; NEUTRAL is that of
// weights without. Products lack FACTOR<E>.
struct QuantNibbles {
  static constexpr int BITS = 4;
  static constexpr bool HAS_NAN = false;
  template <class E>
  static constexpr int FACTOR = 1;
  template <class E>
  static DEV u32 zero_of(u32 z) {
    return (z | z << 16 | Quant16<E>::MAGIC) ^ 0x80008000;
  }
  // Word f: numbers i and i + 4 of it are a register.
  template <class E, bool ZEROS>
  static DEV void fragment(u32 (&left)[4], const vec16 &unit, int f,
                           const u32 (&zero)[2]) {
    UNROLL for (int i = 0; i < 4; ++i) left[i] =
        fma2<E>(and_or(unit.w[f] >> 4 * i, 0x000f000f, Quant16<E>::MAGIC),
                Quant16<E>::ONE, zero[i % 2]);
  }
  // Where weight e of register i of fragment f is in a unit, in bits.
  static DEV constexpr int place(int f, int i, int e) {
    return 32 * f + 4 * (i + 4 * e);
  }
};
template <int NEUTRAL>
struct QuantBytes {
  static constexpr int BITS = 8;
  static constexpr bool HAS_NAN = false;
  template <class E>
  static constexpr int FACTOR = 1;
  template <class E>
  static DEV u32 zero_of(u32 z) {
    return Quant16<E>::byte_number(z | z << 16) ^ 0x80008000;
  }
  // Bytes 0 and 2 of a word are a register, 1 and 3 the next.
  template <class E, bool ZEROS>
  static DEV void fragment(u32 (&left)[4], const vec16 &unit, int f,
                           const u32 (&zero)[2]) {
    UNROLL for (int i = 0; i < 4; ++i) {
      left[i] = Quant16<E>::byte_number(unit.w[2 * f + i / 2] >> 8 * (i % 2));
      if constexpr (ZEROS || NEUTRAL != Quant16<E>::BYTE_ZERO)
        left[i] = fma2<E>(left[i], Quant16<E>::ONE, zero[i % 2]);
    }
  }
  static DEV constexpr int place(int f, int i, int e) {
    return 32 * (2 * f + i / 2) + 8 * (i % 2 + 2 * e);
  }
};
struct QuantU4 : QuantNibbles {
  static constexpr int NEUTRAL = 0;
};
struct QuantI4 : QuantNibbles {
  static constexpr int NEUTRAL = 8;
};
struct QuantU8 : QuantBytes<0> {
  static constexpr int NEUTRAL = 0;
};
struct QuantI8 : QuantBytes<128> {
  static constexpr int NEUTRAL = 128;
};
// e4m3 without infinities. Its NaN are not read here: a block that has one has
// the scale NaN.
struct QuantF8 : QuantBytes<0> {
  static constexpr int NEUTRAL = 0;
  static constexpr bool HAS_NAN = true;
  template <class E>
  static constexpr int FACTOR = Quant16<E>::F8_FACTOR;
  template <class E, bool ZEROS>
  static DEV void fragment(u32 (&left)[4], const vec16 &unit, int f,
                           const u32 (&)[2]) {
    static_assert(!ZEROS);
    UNROLL for (int i = 0; i < 4; ++i) {
      u32 word = unit.w[2 * f + i / 2];
      left[i] = Quant16<E>::f8_number(i % 2 ? word : word << 8);
    }
  }
};

// Weight: one of the above. BLOCK: 0, or what is no less than K, is one block a
// column; else a multiple of 16 that divides STEP or that STEP divides.
template <class Weight_, class Scale_, bool ZEROS_, int K_, int BLOCK_>
struct QuantFormat {
  using Weight = Weight_;
  using Scale = Scale_;
  static constexpr bool ZEROS = ZEROS_;
  static constexpr int K = K_, BLOCK = BLOCK_ < K ? BLOCK_ : 0;
  static constexpr int BITS = Weight::BITS, STEP = 256 / BITS,
                       FRAGMENTS = STEP / 16, STEPS = ceil_div(K, STEP);
  static constexpr int BLOCKS = BLOCK && BLOCK < STEP ? STEP / BLOCK : 1;
  static constexpr int RECORDS = BLOCK == 0     ? 1
                                 : BLOCK < STEP ? STEPS
                                                : ceil_div(K, BLOCK);
  static constexpr int ZERO_BITS = 2 * BITS * BLOCKS,
                       RECORDS_A_WORD = 32 / ZERO_BITS,
                       WORDS = ceil_div(RECORDS, RECORDS_A_WORD);
  static_assert(BLOCK % 16 == 0 && (BLOCK < STEP ? BLOCK * BLOCKS == STEP
                                                 : BLOCK % STEP == 0) ||
                BLOCK == 0);
  static_assert(ZERO_BITS <= 32);

  static DEV constexpr int tiles(int columns) { return ceil_div(columns, 16); }
  // Blocks of 16 rows are a fragment each; else activations lie as if a
  // fragment had half of 32 rows.
  static constexpr bool ROWS_OF_8 = BLOCK != 16;
  static DEV constexpr int row(int f, int c) {
    return ROWS_OF_8 ? f / 2 * 32 + c * 8 + f % 2 * 4 : f * 16 + c * 4;
  }
  static DEV constexpr int record(int step) {
    return BLOCK == 0 ? 0 : BLOCK < STEP ? step : step / (BLOCK / STEP);
  }
  // Of columns r and r + 8.
  static DEV i64 scales_at(int tile, int record, int r) {
    return (i64)((tile * RECORDS + record) * 8 + r) * (2 * BLOCKS);
  }
  static DEV i64 zeros_at(int tile, int record, int r) {
    return (tile * WORDS + record / RECORDS_A_WORD) * 8 + r;
  }
};
