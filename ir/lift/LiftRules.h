// The rule of each liftable op: its element from elements of its operands.
#pragma once

#include "ir/lift/ElementLifter.h"

namespace ingot {

struct LiftRules {
  using Indices = llvm::ArrayRef<Expr>;

  ElementLifter &lifter;
  ExprPool &pool;
  ShapeContext &shapes;

  /// Nothing where the op is opaque.
  std::optional<Expr> lift(mlir::Operation *op, Indices indices);

  /// The value of a scalar region for the given block arguments; loads are
  /// lifted further through the lifter.
  std::optional<Expr> region(mlir::Block &block,
                             llvm::ArrayRef<Expr> arguments) {
    return value(block, block.getTerminator()->getOperand(0), arguments);
  }
  /// The same of a region that rounds to an 8-bit float last, which no
  /// expression does: what it rounds. Nothing where it does not.
  std::optional<Expr> unrounded(mlir::Block &block,
                                llvm::ArrayRef<Expr> arguments);

  /// The largest value an index without loads can have, if it is monotonic in
  /// all its generic indices.
  std::optional<Expr> largestValue(Expr index);

  std::optional<Expr> constant(mlir::Type element, mlir::RankedTensorType type,
                               llvm::ArrayRef<char> bytes, bool splat,
                               Indices indices);

  /// What quantizing saturates: round(x / scale) + zero, without the rounding
  /// where the result is a float.
  Expr unsaturated(tfm::QuantizeOp op, Indices indices);

private:
  /// Of `result`, one of the values of a scalar region.
  std::optional<Expr> value(mlir::Block &block, mlir::Value result,
                            llvm::ArrayRef<Expr> arguments);
  std::optional<Expr> elementwise(tfm::ElementwiseOp op, Indices indices);
  llvm::SmallVector<Expr> scaleIndices(std::optional<uint64_t> axis,
                                       std::optional<uint64_t> block,
                                       Indices indices);
  Expr dequantize(tfm::DequantizeOp op, Indices indices);
  std::optional<Expr> quantize(tfm::QuantizeOp op, Indices indices);
  /// `result` of a division, which is 0 by definition where the divisor is: the
  /// pool takes divisors for anything else when it cancels (x / x), which holds
  /// for dims but not for data.
  Expr quotient(Expr result, Expr divisor);
  std::optional<Expr> integerOp(ScalarOp op, llvm::ArrayRef<Expr> operands);
  std::optional<Expr> scalarOp(ScalarOp op, llvm::ArrayRef<Expr> operands);
  std::optional<Expr> cast(Expr value, mlir::Type to);
  static bool canLeaveRange(ScalarOp op);
  /// An integer as the integer type `to` holds it.
  Expr wrapped(Expr value, mlir::Type to);
  /// A float as the integer type `to` holds it; NaN is the smallest.
  Expr saturated(Expr value, mlir::Type to);
  std::optional<Expr> select(tfm::SelectOp op, Indices indices);
  std::optional<Expr> concat(tfm::ConcatOp op, Indices indices);
  std::optional<Expr> gather(tfm::GatherOp op, Indices indices);
  std::optional<Expr> gatherElements(tfm::GatherElementsOp op, Indices indices);
  std::optional<Expr> gatherND(tfm::GatherNDOp op, Indices indices);
  std::optional<Expr> pad(tfm::PadOp op, Indices indices);
  std::optional<Expr> reduce(tfm::ReduceOp op, Indices indices);
  std::optional<Expr> cumsum(tfm::CumSumOp op, Indices indices);
  std::optional<Expr> symbolic(tfm::SymbolicOp op, Indices indices);
  std::optional<Expr> literal(mlir::Type element, double value);
  Expr broadcastElement(mlir::Value operand, Indices indices) {
    return lifter.element(operand, lifter.broadcastIndices(operand, indices));
  }
};

} // namespace ingot
