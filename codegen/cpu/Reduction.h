//===- Reduction.h - How reductions combine elements
//-----------------------===//
#pragma once

#include "codegen/cpu/Emitter.h"

namespace ingot::cpu {

enum class ReductionKind : uint8_t { Sum, Mean, Max, Min, Prod, L2 };
std::optional<ReductionKind> reductionKindOf(llvm::StringRef name);

/// The rules of one reduction over region scalars of one type (f32, i64, i1).
struct Reduction {
  Emitter &e;
  ReductionKind kind;
  /// Element type of the result in memory: an empty max of i8 is i8's lowest.
  mlir::Type result;

  /// What combines with nothing, of `type` (a scalar or a vector).
  mlir::Value identity(mlir::Type type);
  mlir::Value combine(mlir::Value acc, mlir::Value x);
  /// acc + a * b, for sums of products.
  mlir::Value combineProduct(mlir::Value acc, mlir::Value a, mlir::Value b);
  /// Combines partial results.
  mlir::Value merge(mlir::Value a, mlir::Value b);
  /// All lanes of a vector into one scalar.
  mlir::Value across(mlir::Value vector);
  /// The result from the combined value of `count` (index) elements.
  mlir::Value finish(mlir::Value acc, mlir::Value count);
};

} // namespace ingot::cpu
