// The scalar operations of ir/scalar/ScalarOps.def on what a region's scalars
// are: F32 (f16 and bf16 as well), F64, I64 (integers of all widths) and Bool.
// The compiler prints F32::gelu(v3); meanings and edge cases are those of
// ir/scalar/ScalarOps.cpp. Nothing here is fused or approximate: f32 means IEEE
// f32. What is rounded to 16 bits at once may be Rough instead.
#pragma once
#include "rough.cuh"
#include "trig.cuh"
#include "vocabulary.cuh"

template <class F>
struct Floats {
  static DEV F add(F a, F b) { return a + b; }
  static DEV F sub(F a, F b) { return a - b; }
  static DEV F mul(F a, F b) { return a * b; }
  static DEV F div(F a, F b) { return a / b; }
  // In f64: an f32 quotient may round up to an integer that it does not reach.
  static DEV F floordiv(F a, F b) {
    return (F)math_floor((double)a / (double)b);
  }
  static DEV F mod(F a, F b) {
    F r = math_fmod(a, b);
    return r != 0 && (r < 0) != (b < 0) ? r + b : r;
  }
  static DEV F rem(F a, F b) { return math_fmod(a, b); }
  static DEV F pow(F a, F b) { return math_pow(a, b); }
  static DEV F max(F a, F b) { return a != a || a > b ? a : b; }
  static DEV F min(F a, F b) { return a != a || a < b ? a : b; }
  static DEV F neg(F a) { return -a; }
  static DEV F abs(F a) { return math_fabs(a); }
  static DEV F sign(F a) { return a != a ? a : (F)((a > 0) - (a < 0)); }
  static DEV F relu(F a) { return a != a || a > 0 ? a : (F)0; }
  static DEV F sqrt(F a) { return math_sqrt(a); }
  static DEV F rsqrt(F a) { return 1 / math_sqrt(a); }
  static DEV F reciprocal(F a) { return 1 / a; }
  static DEV F exp(F a) { return math_exp(a); }
  static DEV F log(F a) { return math_log(a); }
  static DEV F sin(F a) { return trig_sin(a); }
  static DEV F cos(F a) { return trig_cos(a); }
  static DEV F tanh(F a) { return math_tanh(a); }
  static DEV F erf(F a) { return math_erf(a); }
  static DEV F sigmoid(F a) { return 1 / (1 + math_exp(-a)); }
  // 1 + erf(z) = erfc(-z), which does not cancel for negative z.
  static DEV F gelu(F a) {
    return (F)0.5 * a * math_erfc(a * (F)-0.70710678118654752440);
  }
  // (1 + tanh u) / 2 = sigmoid(2u), for the same reason.
  static DEV F gelu_tanh(F a) {
    F u = (F)0.79788456080286535588 * (a + (F)0.044715 * a * a * a);
    return a * sigmoid(2 * u);
  }
  static DEV F gelu_sigmoid(F a) { return a * sigmoid((F)1.702 * a); }
  static DEV F silu(F a) { return a * sigmoid(a); }
  static DEV F floor(F a) { return math_floor(a); }
  static DEV F ceil(F a) { return math_ceil(a); }
  static DEV F round(F a) { return math_rint(a); }
  static DEV bool eq(F a, F b) { return a == b; }
  static DEV bool ne(F a, F b) { return a != b; }
  static DEV bool lt(F a, F b) { return a < b; }
  static DEV bool le(F a, F b) { return a <= b; }
  static DEV bool isnan(F a) { return a != a; }
};
// A product before its factor: what is added to it takes one rounding.
struct Scaled {
  float x, by;
  DEV operator float() const { return x * by; }
};
struct F32 : Floats<float> {
  using Floats<float>::add;
  static DEV float add(Scaled a, float b) { return math_fma(a.x, a.by, b); }
  static DEV float add(float a, Scaled b) { return math_fma(b.x, b.by, a); }
};
using F64 = Floats<double>;

// Quotient and remainder, truncating, b neither 0 nor -1. Most integers are
// indices, and a 64-bit division takes some hundred instructions.
DEV i64 divide_fast(i64 a, i64 b) {
  if (((u64)a | (u64)b) >> 32 == 0)
    return (u32)a / (u32)b;
  return a / b;
}

// Two's complement that wraps; x / 0 = 0, MIN / -1 = MIN.
struct I64 {
  static DEV i64 add(i64 a, i64 b) { return (i64)((u64)a + (u64)b); }
  static DEV i64 sub(i64 a, i64 b) { return (i64)((u64)a - (u64)b); }
  static DEV i64 mul(i64 a, i64 b) { return (i64)((u64)a * (u64)b); }
  static DEV i64 neg(i64 a) { return sub(0, a); }
  static DEV i64 div(i64 a, i64 b) {
    return b == 0 ? 0 : b == -1 ? neg(a) : divide_fast(a, b);
  }
  static DEV i64 rem(i64 a, i64 b) {
    return b == 0 || b == -1 ? 0 : a - divide_fast(a, b) * b;
  }
  static DEV i64 floordiv(i64 a, i64 b) {
    i64 q = div(a, b);
    return b != 0 && mul(q, b) != a && (a < 0) != (b < 0) ? q - 1 : q;
  }
  static DEV i64 mod(i64 a, i64 b) {
    i64 r = rem(a, b);
    return r != 0 && (r < 0) != (b < 0) ? r + b : r;
  }
  // A negative exponent has a result only for 1 and -1.
  static DEV i64 pow(i64 a, i64 b) {
    if (b < 0)
      return a == 1 ? 1 : a == -1 ? (b & 1 ? -1 : 1) : 0;
    u64 result = 1;
    for (u64 square = (u64)a; b; b >>= 1, square *= square)
      if (b & 1)
        result *= square;
    return (i64)result;
  }
  static DEV i64 max(i64 a, i64 b) { return a > b ? a : b; }
  static DEV i64 min(i64 a, i64 b) { return a < b ? a : b; }
  static DEV i64 abs(i64 a) { return a < 0 ? neg(a) : a; }
  static DEV i64 sign(i64 a) { return (a > 0) - (a < 0); }
  static DEV i64 relu(i64 a) { return a > 0 ? a : 0; }
  static DEV bool eq(i64 a, i64 b) { return a == b; }
  static DEV bool ne(i64 a, i64 b) { return a != b; }
  static DEV bool lt(i64 a, i64 b) { return a < b; }
  static DEV bool le(i64 a, i64 b) { return a <= b; }
};

struct Bool {
  static DEV bool and_(bool a, bool b) { return a & b; }
  static DEV bool or_(bool a, bool b) { return a | b; }
  static DEV bool not_(bool a) { return !a; }
  static DEV bool eq(bool a, bool b) { return a == b; }
  static DEV bool ne(bool a, bool b) { return a != b; }
  static DEV bool lt(bool a, bool b) { return !a & b; }
  static DEV bool le(bool a, bool b) { return !a | b; }
};

// Conversions of tfm.convert that C++ does not define: to i64 truncates and
// saturates, NaN is the smallest. 2^63 is exact in both types.
template <class F>
DEV i64 to_i64(F x) {
  constexpr F limit = (F)9223372036854775808.0;
  constexpr i64 smallest = -9223372036854775807ll - 1;
  return x >= limit ? 9223372036854775807ll : x > -limit ? (i64)x : smallest;
}
DEV i64 to_i64(Scaled x) { return to_i64((float)x); }

// What a kernel met: all zero is fine. The first thread to meet something
// writes it.
struct KernelStatus {
  i64 code; // 1: an index outside its axis
  i64 value, limit, step;
};

// A coordinate made safe: negative counts from the end, outside is 0 and noted.
DEV i64 check_index(i64 index, i64 extent, KernelStatus *status, i64 step) {
  if (index >= -extent && index < extent)
    return index < 0 ? index + extent : index;
  if (atomic_exchange(reinterpret_cast<u64 *>(&status->code), (u64)1) == 0) {
    status->value = index;
    status->limit = extent;
    status->step = step;
  }
  return 0;
}

// A region's scalar as an element in memory: integers wrap, a truth value is a
// byte.
template <class T>
struct Stored {
  template <class V>
  static DEV T from(V v) {
    return (T)v;
  }
};
template <>
struct Stored<bf16> {
  static DEV bf16 from(float v) { return to_bf16(v); }
};
template <>
struct Stored<f16> {
  static DEV f16 from(float v) { return to_f16(v); }
};
template <>
struct Stored<e4m3> {
  static DEV e4m3 from(float v) { return from_f32<e4m3>(v); }
};
template <>
struct Stored<e5m2> {
  static DEV e5m2 from(float v) { return from_f32<e5m2>(v); }
};
template <class T, class V>
DEV T stored(V v) {
  return Stored<T>::from(v);
}
