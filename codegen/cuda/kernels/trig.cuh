// sin and cos. The device library's keep a table on the stack for large
// arguments, which makes every kernel that uses them one with a stack frame;
// these keep everything in registers.
#pragma once
#include "vocabulary.cuh"

// x mod pi/2 in [-pi/4, pi/4], and in `quadrant` how often pi/2 was taken off
// (mod 4). Below 2^25: f64, where both products are exact to 106 bits of pi/2.
// Above: |x| = m * 2^e, and m times the 96 bits of 2/pi that decide the result
// mod 4.
DEV float trig_reduce(float x, u32 &quadrant) {
  u32 bits = f32_bits(x);
  if ((bits & 0x7fffffff) < 0x4c000000) {
    double n = math_rint(x * 0.63661977236758134308);
    double r = math_fma(n, -1.57079632679489655800, (double)x);
    quadrant = (u32)(i32)n;
    return (float)math_fma(n, -6.12323399573676603587e-17, r);
  }
  u32 start =
      (bits >> 23 & 255) - 152; // 0..103: first of the bits of 2/pi that count
  bool second = start >= 32, third = start >= 64, fourth = start >= 96;
  u32 w0 = fourth   ? 0xf534ddc0
           : third  ? 0xfc2757d1
           : second ? 0x4e441529
                    : 0xa2f9836e;
  u32 w1 = fourth   ? 0xdb629599
           : third  ? 0xf534ddc0
           : second ? 0xfc2757d1
                    : 0x4e441529;
  u32 w2 = fourth   ? 0x3c439041
           : third  ? 0xdb629599
           : second ? 0xf534ddc0
                    : 0xfc2757d1;
  u32 w3 = fourth   ? 0xfe5163ab
           : third  ? 0x3c439041
           : second ? 0xdb629599
                    : 0xf534ddc0;
  u32 shift = start & 31;
  u32 hi = (u32)(((u64)w0 << 32 | w1) << shift >> 32);
  u32 mid = (u32)(((u64)w1 << 32 | w2) << shift >> 32);
  u32 lo = (u32)(((u64)w2 << 32 | w3) << shift >> 32);
  u32 m = (bits & 0x7fffff) | 0x800000;
  // The upper 64 of 96 bits of the product; the first two are the quadrant.
  u64 p = ((u64)(m * hi) << 32) + (u64)m * mid + ((u64)m * lo >> 32);
  u32 q = (u32)(p >> 62) + (u32)(p >> 61 & 1);
  i64 rest =
      (i64)(p << 2) >> 2; // to nearest: the bit below the quadrant is the sign
  float r =
      (float)((double)rest * (1.57079632679489655800 / 4611686018427387904.0));
  bool negative = bits >> 31;
  quadrant = negative ? 0 - q : q;
  // Infinity and NaN have none.
  return (bits & 0x7fffffff) >= 0x7f800000 ? x - x : negative ? -r : r;
}

// sin(x + turns * pi/2): minimax polynomials on [-pi/4, pi/4], error below 1
// unit in the last place.
DEV float trig_sine(float x, u32 turns) {
  u32 quadrant;
  float r = trig_reduce(x, quadrant);
  quadrant += turns;
  float s = r * r;
  float sine = math_fma(s, 2.718046516747563e-06f, -0.0001983930415008217f);
  sine = math_fma(s, sine, 0.008333329111337662f);
  sine = math_fma(s, sine, -0.1666666716337204f);
  sine = math_fma(s * r, sine, r);
  float cosine = math_fma(s, -2.7205044261791045e-07f, 2.479945214872714e-05f);
  cosine = math_fma(s, cosine, -0.0013888883404433727f);
  cosine = math_fma(s, cosine, 0.0416666679084301f);
  cosine = math_fma(s, cosine, -0.5f);
  cosine = math_fma(s, cosine, 1.f);
  float value = quadrant & 1 ? cosine : sine;
  return quadrant & 2 ? -value : value;
}

DEV float trig_sin(float x) { return x == 0 ? x : trig_sine(x, 0); }
DEV float trig_cos(float x) { return trig_sine(x, 1); }
DEV double trig_sin(double x) { return math_sin(x); }
DEV double trig_cos(double x) { return math_cos(x); }
