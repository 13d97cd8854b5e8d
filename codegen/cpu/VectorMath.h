//===- VectorMath.h - Vector form of the scalar table
//----------------------===//
//
// Every operation of ir/scalar/ScalarOps.def on a vector (or a scalar) of f32,
// i64, i32 or i1, from basic instructions: nothing here leaves a call behind.
// Largest error in units in the last place (ulp) of the f32 result, over all
// finite inputs unless said otherwise; specials (0, -0, inf, NaN) as in C's
// libm:
//
//   exp            0.9        denormal results to 1 unit of 2^-149
//   log            0.9
//   sin cos        1.5        |x| < 2^31; beyond, some value in [-1, 1]
//   tanh           1.5
//   erf            1.1
//   sigmoid        2.2        below -88 (result < 6e-39): 0
//   pow            0.51; x^3: 1.5 with a constant exponent
//   rsqrt          1.5
//   gelu           |error| < 1.2e-7 |x| (it is x times a number in [0, 1])
//   gelu_tanh, gelu_sigmoid, silu
//                  3.0 for x >= -1; below, |error| < 2e-7 |x|
//   floordiv mod rem  exact (mod: one rounding)
//   add sub mul div sqrt reciprocal and all others: correctly rounded
//
//===----------------------------------------------------------------------===//
#pragma once

#include "codegen/cpu/Emitter.h"
#include "ir/scalar/ScalarOps.h"

namespace ingot::cpu {

/// `op` on `operands`, which have one shape and the types the table allows.
mlir::Value emitScalarOp(Emitter &e, ScalarOp op, mlir::ValueRange operands);

/// Conversion of `value` to element type `element` (f32, f64, i64, i32, i16,
/// i8, i1; unsigned where the integer type says so). Float to integer saturates
/// and takes NaN to the smallest value, integer to narrower integer wraps,
/// anything to i1 is `!= 0`.
mlir::Value emitCast(Emitter &e, mlir::Value value, mlir::Type element,
                     bool sourceUnsigned = false, bool targetUnsigned = false);

// The pieces that kernels use by name. f32 only.
Val vectorExp(Val x);
/// As vectorExp, but below 8e-39 the result is 0 and above 2^127 it is inf: for
/// weights that are normalized anyway.
Val vectorExpFast(Val x);
Val vectorTimesSigmoid(Val x, Val y); ///< x sigmoid(y)
Val vectorGelu(Val x);
/// For what is rounded to bf16 at once, whose unit is 2^-8 of the value:
/// |error| < 2^-11 of the value, or 1e-4.
Val vectorGeluRough(Val x);
Val vectorLog(Val x);
Val vectorTanh(Val x);
Val vectorErf(Val x);
Val vectorSin(Val x);
Val vectorCos(Val x);
Val vectorPow(Val x, Val y);
Val vectorRem(Val x, Val y); ///< C's fmod
Val vectorMod(Val x, Val y); ///< sign of the divisor
/// NaN if either operand is.
Val vectorMax(Val x, Val y);
Val vectorMin(Val x, Val y);

} // namespace ingot::cpu
