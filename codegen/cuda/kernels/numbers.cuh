// Arithmetic and layouts that both sides share word for word, over the few
// primitives that device.cuh and emulated.cuh define (bits_f32, pack_bf16,
// shfl_xor, ...).
#pragma once

template <class T>
DEV constexpr T min_(T a, T b) {
  return a < b ? a : b;
}
template <class T>
DEV constexpr T max_(T a, T b) {
  return a > b ? a : b;
}
DEV constexpr int ceil_div(int a, int b) { return (a + b - 1) / b; }
DEV constexpr i64 ceil_div(i64 a, i64 b) { return (a + b - 1) / b; }

// Byte offset of a 16-byte chunk in a tile of 128-byte rows: eight rows' chunks
// of the same column lie in eight different bank groups. TMA and wgmma know the
// same pattern, provided the tile starts at a multiple of 1024 bytes.
DEV constexpr int swizzle128(int row, int chunk) {
  return row * 128 + ((chunk ^ (row & 7)) << 4);
}

// What wgmma reads, as TMA writes it with 128-byte swizzle: rows of 128 bytes,
// `s` a multiple of 1024 but for steps along a row. K-major: 128 bytes of k in
// a row; 32 more of them are 2 more of the descriptor.
DEV u64 wgmma_desc(const void *s) {
  return (u64)((saddr(s) & 0x3ffff) >> 4) | 1ull << 16 | 64ull << 32 |
         1ull << 62;
}
// MN-major: 64 columns of one k in a row, the next 64 columns `panel` bytes
// further; 16 more of k are 128 more of the descriptor.
DEV u64 wgmma_desc_t(const void *s, int panel) {
  return (u64)((saddr(s) & 0x3ffff) >> 4) | (u64)(panel >> 4) << 16 |
         64ull << 32 | 1ull << 62;
}

// Two 16-bit numbers in a word: lo is the one at the lower address.
DEV u32 pack(bf16 lo, bf16 hi) { return lo.bits | (u32)hi.bits << 16; }
DEV u32 pack(f16 lo, f16 hi) { return lo.bits | (u32)hi.bits << 16; }
DEV float to_f32(float x) { return x; }
DEV float to_f32(bf16 x) { return bits_f32((u32)x.bits << 16); }
DEV float to_f32(f16 x) { return half_f32(x.bits); }
// In the places of a number of f32 it is 2^-120 of itself.
DEV float to_f32(e4m3 x) {
  u32 bits = (x.bits & 0x80u) << 24 | (x.bits & 0x7fu) << 20;
  return (x.bits & 0x7f) == 0x7f ? bits_f32(0x7fc00000)
                                 : bits_f32(bits) * bits_f32(0x7b800000);
}
// The byte of x in integers, where no instruction rounds to it.
template <int MANTISSA>
DEV u32 float8_bits(float x) {
  constexpr int BIAS = MANTISSA == 3 ? 7 : 15, SHIFT = 23 - MANTISSA;
  constexpr u32 LARGEST = MANTISSA == 3 ? 0x7e : 0x7b,
                REBIAS = (u32)(127 - BIAS) << 23,
                UNIT = (u32)(127 + 24 - BIAS - MANTISSA) << 23;
  u32 bits = f32_bits(x), m = bits & 0x7fffffff;
  if (m > 0x7f800000)
    return 0x7f;
  // Of subnormal numbers the adder rounds to units.
  u32 code =
      m < REBIAS + (1u << 23)
          ? f32_bits(bits_f32(m) + bits_f32(UNIT)) - UNIT
          : (m - REBIAS + (1u << (SHIFT - 1)) - 1 + (m >> SHIFT & 1)) >> SHIFT;
  return (bits >> 24 & 0x80) | min_(code, LARGEST);
}
DEV bf16 to_bf16(float x) { return bf16{(u16)pack_bf16(x, 0.f)}; }
DEV f16 to_f16(float x) { return f16{(u16)pack_f16(x, 0.f)}; }

// from_f32<T>(x) rounds to nearest even, to 8 bits without going beyond the
// largest number; pack2<T> two at once, lo_f32<T> and hi_f32<T> back of 16
// bits. fma2<T>(a, b, c) is a * b + c of both numbers of a word.
template <class T>
struct Numbers;
template <>
struct Numbers<float> {
  static DEV float round(float x) { return x; }
};
template <>
struct Numbers<bf16> {
  static DEV bf16 round(float x) { return to_bf16(x); }
  static DEV u32 pack2(float lo, float hi) { return pack_bf16(lo, hi); }
  static DEV u32 fma2(u32 a, u32 b, u32 c) { return fma2_bf16(a, b, c); }
};
template <>
struct Numbers<f16> {
  static DEV f16 round(float x) { return to_f16(x); }
  static DEV u32 pack2(float lo, float hi) { return pack_f16(lo, hi); }
  static DEV u32 fma2(u32 a, u32 b, u32 c) { return fma2_f16(a, b, c); }
};
template <>
struct Numbers<e4m3> {
  static DEV e4m3 round(float x) { return e4m3{(u8)pack_e4m3(x, 0.f)}; }
  static DEV u32 pack2(float lo, float hi) { return pack_e4m3(lo, hi); }
};
template <>
struct Numbers<e5m2> {
  static DEV e5m2 round(float x) { return e5m2{(u8)pack_e5m2(x, 0.f)}; }
  static DEV u32 pack2(float lo, float hi) { return pack_e5m2(lo, hi); }
};
template <class T>
DEV T from_f32(float x) {
  return Numbers<T>::round(x);
}
template <class T>
DEV u32 pack2(float lo, float hi) {
  return Numbers<T>::pack2(lo, hi);
}
template <class T>
DEV u32 fma2(u32 a, u32 b, u32 c) {
  return Numbers<T>::fma2(a, b, c);
}
template <class T>
DEV float lo_f32(u32 w) {
  return to_f32(T{(u16)w});
}
template <class T>
DEV float hi_f32(u32 w) {
  return to_f32(T{(u16)(w >> 16)});
}

// IEEE math functions, of the device's library or of libm: last bits may
// differ.
#define MATH1(name)                                                            \
  DEV float math_##name(float x) { return MATH(name##f)(x); }                  \
  DEV double math_##name(double x) { return MATH(name)(x); }
#define MATH2(name)                                                            \
  DEV float math_##name(float x, float y) { return MATH(name##f)(x, y); }      \
  DEV double math_##name(double x, double y) { return MATH(name)(x, y); }
MATH1(exp)
MATH1(exp2)
MATH1(expm1)
MATH1(log)
MATH1(log2)
MATH1(log1p)
MATH1(sqrt)
MATH1(sin)
MATH1(cos)
MATH1(tan)
MATH1(asin)
MATH1(acos)
MATH1(atan)
MATH1(sinh)
MATH1(cosh)
MATH1(tanh)
MATH1(asinh)
MATH1(acosh)
MATH1(atanh)
MATH1(erf)
MATH1(erfc)
MATH1(floor)
MATH1(ceil)
MATH1(trunc)
MATH1(rint) // to nearest, halves to even
MATH1(fabs)
MATH2(pow)
MATH2(fmod)
MATH2(fmax) // of a number and NaN the number
MATH2(atan2)
MATH2(copysign)
#undef MATH1
#undef MATH2
DEV float math_fma(float x, float y, float z) { return MATH(fmaf)(x, y, z); }
DEV double math_fma(double x, double y, double z) { return MATH(fma)(x, y, z); }

// x / 2 * (1 + tanh(u)) with u = sqrt(2 / pi) * (x + 0.044715 x^3), as x * (1 -
// 1 / (e^2u + 1)): e^2u may be infinite or 0, both give the right limit.
DEV float gelu_tanh(float x) {
  float u = 0.7978845608f * (x + 0.044715f * x * x * x);
  return x * (1.f - fast_rcp(fast_exp2(u * 2.885390082f) + 1.f));
}
DEV float gelu_erf(float x) {
  return 0.5f * x * (1.f + math_erf(x * 0.7071067812f));
}
DEV float sigmoid(float x) {
  return fast_rcp(1.f + fast_exp2(x * -1.442695041f));
}
DEV float silu(float x) { return x * sigmoid(x); }

// Over the four lanes that share a row of an mma accumulator.
DEV float row_max4(float x) {
  x = math_fmax(x, shfl_xor(x, 1));
  return math_fmax(x, shfl_xor(x, 2));
}
DEV float row_sum4(float x) {
  x += shfl_xor(x, 1);
  return x + shfl_xor(x, 2);
}
