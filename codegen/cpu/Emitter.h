//===- Emitter.h - What the kernel generators write with
//-------------------===//
//
// `Emitter` is a builder at one place for one ISA level; `Val` wraps an SSA
// value so that formulas read as formulas. A `Val` is a scalar or a vector, of
// floats or integers: every operation here works on all four alike.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "codegen/cpu/Isa.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/TypeUtilities.h"
#include "mlir/IR/Value.h"

#include <functional>

namespace ingot::cpu {

struct Emitter {
  mlir::OpBuilder b;
  mlir::Location loc;
  const Isa &target;

  mlir::Type f32() { return b.getF32Type(); }
  mlir::Type i64() { return b.getI64Type(); }
  /// `element` in as many lanes as `like` has (a scalar if `like` is one).
  mlir::Type shaped(mlir::Type like, mlir::Type element);
  /// A vector of the ISA's length.
  mlir::VectorType vec(mlir::Type element);

  mlir::Value index(int64_t value);
  /// A constant of `type`, splat over its lanes.
  mlir::Value constant(mlir::Type type, double value);
  mlir::Value integer(mlir::Type type, int64_t value);

  // Address arithmetic on `index` values, folding constants.
  mlir::Value add(mlir::Value x, mlir::Value y);
  mlir::Value sub(mlir::Value x, mlir::Value y);
  mlir::Value mul(mlir::Value x, mlir::Value y);
  mlir::Value min(mlir::Value x, mlir::Value y);
  mlir::Value ceilDiv(mlir::Value x, mlir::Value y);  ///< x >= 0, y > 0
  mlir::Value floorDiv(mlir::Value x, mlir::Value y); ///< x >= 0, y > 0
  mlir::Value toIndex(mlir::Value x);
  mlir::Value toI64(mlir::Value x);

  using LoopBody = llvm::function_ref<llvm::SmallVector<mlir::Value>(
      mlir::Value iv, mlir::ValueRange carried)>;
  /// for (iv = from; iv < to; iv += step) carried = body(iv, carried).
  mlir::ValueRange loop(mlir::Value from, mlir::Value to, mlir::Value step,
                        mlir::ValueRange init, LoopBody body);
  void loop(mlir::Value from, mlir::Value to, mlir::Value step,
            llvm::function_ref<void(mlir::Value iv)> body);
  /// while (condition(carried)) carried = body(carried).
  llvm::SmallVector<mlir::Value>
  loopWhile(mlir::ValueRange init,
            llvm::function_ref<mlir::Value(mlir::ValueRange carried)> condition,
            llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::ValueRange)>
                body);
  void ifThen(mlir::Value condition, llvm::function_ref<void()> then);
  mlir::Value ifElse(mlir::Value condition, mlir::Type type,
                     llvm::function_ref<mlir::Value()> then,
                     llvm::function_ref<mlir::Value()> otherwise);
  /// The values that `then` or `otherwise` makes of `carried`; without the
  /// latter they stay.
  using Step =
      llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::ValueRange)>;
  llvm::SmallVector<mlir::Value> ifElse(mlir::Value condition,
                                        mlir::ValueRange carried, Step then,
                                        Step otherwise = nullptr);

  /// The unranked view of a bare pointer parameter: memref<1xT> to memref<?xT>.
  mlir::Value flat(mlir::Value pointer);
  /// `count` elements on the stack, 64-byte aligned, allocated at the
  /// function's top: inside a loop it would grow the stack.
  mlir::Value stackBuffer(mlir::Type element, int64_t count);

  /// A mask of the first `count` lanes; null stands for "all" everywhere.
  mlir::Value tailMask(unsigned lanes, mlir::Value count);
  mlir::Value broadcast(mlir::Value scalar, unsigned lanes);
  mlir::Value load(mlir::VectorType type, mlir::Value buffer, mlir::Value at,
                   mlir::Value mask = {}); ///< masked lanes are zero
  mlir::Value loadScalar(mlir::Value buffer, mlir::Value at);
  void store(mlir::Value value, mlir::Value buffer, mlir::Value at,
             mlir::Value mask = {});
};

/// An SSA value with arithmetic; comparisons give i1 lanes.
struct Val {
  Emitter *e = nullptr;
  mlir::Value v;

  Val(Emitter &emitter, mlir::Value value) : e(&emitter), v(value) {}
  operator mlir::Value() const { return v; }
  mlir::Type type() const { return v.getType(); }
  bool isFloat() const { return llvm::isa<mlir::FloatType>(element()); }
  mlir::Type element() const { return mlir::getElementTypeOrSelf(v.getType()); }
  /// A constant of this type.
  Val k(double value) const;
  /// This value's shape with another element type.
  mlir::Type as(mlir::Type element) const { return e->shaped(type(), element); }
};

Val operator+(Val x, Val y);
Val operator-(Val x, Val y);
Val operator*(Val x, Val y);
Val operator/(Val x, Val y); ///< integers: the divisor must be safe
Val operator-(Val x);
Val operator&(Val x, Val y);
Val operator|(Val x, Val y);
Val operator^(Val x, Val y);
Val shl(Val x, int amount);
Val shr(Val x, int amount); ///< arithmetic
// Ordered comparisons (false with NaN); integers signed.
Val lt(Val x, Val y);
Val le(Val x, Val y);
Val gt(Val x, Val y);
Val ge(Val x, Val y);
Val eq(Val x, Val y);
Val ne(Val x, Val y); ///< true with NaN
Val isNaN(Val x);
Val select(Val condition, Val x, Val y);
Val fma(Val x, Val y, Val z); ///< x*y + z, rounded once
Val abs(Val x);
Val sqrt(Val x);
Val floor(Val x);
Val copySign(Val magnitude, Val sign);
/// x < y ? x : y and x > y ? x : y: a NaN in y survives, one in x does not. One
/// instruction each.
Val minFirst(Val x, Val y);
Val maxFirst(Val x, Val y);
Val bits(Val x);   ///< f32 -> i32, f64 -> i64
Val floats(Val x); ///< back
Val extend(Val x); ///< f32 -> f64, i1 (unsigned) or i32 -> i64
Val toF32(Val x);  ///< f64 -> f32, rounded
/// Horner's rule, coefficients from the lowest power up.
Val polynomial(Val x, llvm::ArrayRef<double> coefficients);
/// i1, true where any lane is.
mlir::Value anyLane(Val x);

} // namespace ingot::cpu
