// Small matchers the fusion passes share.
#pragma once

#include "ir/lift/ElementLifter.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"

namespace ingot {

/// The number every element of `value` is, looking through views of a constant.
std::optional<double> splatNumber(mlir::Value value);

/// `value` as an elementwise `op`, or null.
tfm::ElementwiseOp elementwise(mlir::Value value, ScalarOp op);

/// The operand of a two-operand elementwise `op` that is not `known`, whichever
/// side it is on; null if `value` is no such op.
mlir::Value otherOperand(mlir::Value value, ScalarOp op, mlir::Value known);

/// A weight or constant, directly.
bool isParameter(mlir::Value value);

/// The base of `value` = base * base, spelled as a product or a power; null if
/// it is none.
mlir::Value squareRoot(mlir::Value value);

/// What a normalization divides by: a mean, sum or length of squares whose root
/// is taken, over whatever axes. Wider than what RaiseNorm takes.
bool isNormStatistic(tfm::ReduceOp reduce);

/// Where along spatial axis `axis` of its input a convolution reads for result
/// position `at` and kernel position `tap`; outside of it is padding.
Expr convPosition(ExprPool &pool, tfm::ConvOp conv, size_t axis, Expr at,
                  Expr tap);

/// Rows of a table of floats by computed index.
bool isEmbedding(tfm::GatherOp gather);

/// Too dear to compute again in every consumer.
bool isDear(ScalarOp op);
bool isDear(mlir::Operation *op);

/// Whether `score`, a softmax argument, is `fill` or less whatever it adds to
/// it: what is left of it where a mask does not keep a key.
bool isFilled(ExprPool &pool, Expr score, double fill);

/// The locations of all `ops` in one, so that a fused op names its sources.
mlir::Location fusedLocation(llvm::ArrayRef<mlir::Operation *> ops);

/// Ops that are no part of an elementwise chain: they get a kernel of their
/// own.
bool computes(mlir::Operation *op);

/// The location of everything behind `value` up to what `isLeaf` says is there
/// already: an op made of all of it.
mlir::Location chainLocation(mlir::Value value,
                             llvm::function_ref<bool(mlir::Value)> isLeaf);

/// Where an op that stays unfused says why.
inline constexpr llvm::StringLiteral kUnfusedAttr = "tfm.unfused";

/// Records on an op that stays unfused why; `ingot explain` prints it. Where a
/// later pass knows better its reason replaces the first.
void noteUnfused(mlir::Operation *op, const llvm::Twine &reason);

/// What lifting took for granted is checked at bind, from the start of the
/// function: gathers by position that became plain indexing, integers that took
/// a way through floats.
void requireObligations(mlir::OpBuilder &builder, mlir::Location loc,
                        ElementLifter &lifter, mlir::func::FuncOp function);

/// The constant of `type` whose elements are `values`; null where one of them
/// is no number.
mlir::Value buildConstant(mlir::OpBuilder &builder, mlir::Location loc,
                          ExprPool &pool, mlir::RankedTensorType type,
                          llvm::ArrayRef<Expr> values);

/// Erases the ops of `block` nobody uses, last first.
void eraseDead(mlir::Block &block);

} // namespace ingot
