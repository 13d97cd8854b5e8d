// Activations whose result is rounded to 16 bits at once, by the approximate
// exponential and reciprocal and without a branch. Largest error, while half a
// unit in the last place is 2^-9 of a bf16 and 2^-12 of an f16:
//
//   gelu          2^-15.5 of the value; below -5 (value > -1.5e-6): 3e-11
//   sigmoid       2^-16 of the value; below -87 (value < 1.7e-38): 0
//   silu, gelu_tanh, gelu_sigmoid
//                 x times that of the sigmoid
//
// NaN and infinities are as in ops.cuh. A quotient that is rounded to 8 bits at
// once is exact but for what becomes 0 or the largest number anyway.
#pragma once
#include "vocabulary.cuh"

struct Rough {
  // x Phi(x) = max(x, 0) - |x| Phi(-|x|), with the logarithm of Phi as a
  // polynomial: minimax for the relative error on [0, 5], and for the absolute
  // one of the product beyond, where it has all but vanished at 7.
  static DEV float gelu(float x) {
    float t = min_(math_fabs(x), 7.f);
    float y = math_fma(2.810941259667743e-05f, t, -0.0006897898274473846f);
    y = math_fma(y, t, 0.0076463534496724606f);
    y = math_fma(y, t, -0.05236693471670151f);
    y = math_fma(y, t, -0.4598834812641144f);
    y = math_fma(y, t, -1.150766134262085f);
    y = math_fma(y, t, -1.0000240802764893f);
    float half = 0.5f * x;
    return math_fma(-t, fast_exp2(y), half + math_fabs(half));
  }
  // The others end in a sigmoid, sigmoid2(y) = 1 / (1 + 2^y).
  static DEV float sigmoid2(float y) { return fast_rcp(1.f + fast_exp2(y)); }
  static DEV float sigmoid(float x) { return sigmoid2(x * -1.442695041f); }
  static DEV float silu(float x) { return x * sigmoid(x); }
  // (1 + tanh u) / 2 = sigmoid(2u), which does not cancel for negative u.
  static DEV float gelu_tanh(float x) {
    return x * sigmoid2(x * math_fma(x * -0.1029432397f, x, -2.302208199f));
  }
  static DEV float gelu_sigmoid(float x) {
    return x * sigmoid2(x * -2.45546696f);
  }
  // a / b for a number b of 2^-60 to 2^60, whose reciprocal the compiler
  // rounds. The first correction gives a neighbour of the quotient and the
  // second the nearest number (Markstein, "Computation of elementary functions
  // on the IBM RISC System/6000 processor", 1990), without the branches of a
  // division.
  static DEV float div(float a, float b) {
    float reciprocal = 1 / b, first = a * reciprocal, q = first;
    UNROLL for (int i = 0; i < 2; ++i) q =
        math_fma(math_fma(-q, b, a), reciprocal, q);
    float size = math_fabs(first);
    return size > 0x1p-20f && size < 0x1p20f ? q : first;
  }
};
