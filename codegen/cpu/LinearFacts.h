//===- LinearFacts.h - What conditions say about indices
//-------------------===//
//
// Coordinates of values that may not be chosen come clamped to their axis:
//   choose(c < 32, load x[min(c + 32, 63)], load x[max(c - 32, 0)])
// Where the value is chosen the clamp does nothing, and without it the load is
// one of consecutive elements. This proves it, by linear arithmetic alone.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "mlir/IR/Value.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/MapVector.h"

namespace ingot::cpu {

/// constant + sum of coefficient * value, over i64 values of a region.
struct LinearForm {
  llvm::SmallMapVector<mlir::Value, int64_t, 4> terms;
  int64_t constant = 0;

  static LinearForm of(mlir::Value value);
  void add(const LinearForm &other, int64_t factor);
};

/// Linear forms known to be >= 0.
class LinearFacts {
public:
  /// `indices` are values known to be >= 0.
  explicit LinearFacts(const llvm::SmallDenseSet<mlir::Value> &indices)
      : indices(indices) {}
  /// `condition` (an i1 of a region) holds, or does not.
  void assume(mlir::Value condition, bool holds);
  /// x <= y follows from one fact and from the indices being >= 0.
  bool lessOrEqual(mlir::Value x, mlir::Value y) const;

private:
  const llvm::SmallDenseSet<mlir::Value> &indices;
  /// y - x + slack >= 0
  void add(mlir::Value x, mlir::Value y, int64_t slack);
  llvm::SmallVector<LinearForm> facts;
};

} // namespace ingot::cpu
