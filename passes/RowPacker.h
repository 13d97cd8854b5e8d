// Rewrites ops that work token by token over the tokens that are there alone.
#pragma once

#include "passes/PaddingMask.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"

namespace ingot {

/// Tensors of one function whose first two dims are those of its padding mask.
struct TokenRows {
  mlir::func::FuncOp function;
  PaddingMask mask;
  Expr batch, sequence;
  Expr b, s; ///< generic indices
};

/// Rewrites a chosen set of ops of one function. Kept tokens are rows of a
/// sequence of one batch row, [1, kept, ...], in order.
class RowPacker {
public:
  /// `exact` takes results of all ops as they are.
  RowPacker(TokenRows &rows, ElementLifter &exact)
      : rows(rows), exact(exact), shapes(exact.context()), pool(shapes.pool()),
        builder(rows.function.getContext()) {}

  /// Declares how many tokens there are, and where each of them is found.
  void begin();
  void pack(mlir::Operation *op);
  /// Gives `op`, which is not packed, the tokens where it expects them; 0 where
  /// there are none.
  void unpackReads(mlir::Operation *op);
  bool isPacked(mlir::Value value) const { return packed.contains(value); }

private:
  mlir::RankedTensorType packedType(mlir::Value value);
  mlir::Value generate(mlir::Location loc, llvm::ArrayRef<Expr> dims,
                       mlir::Type element, llvm::ArrayRef<Expr> indices,
                       Expr value);
  Expr load(mlir::Value tensor, llvm::ArrayRef<Expr> at);
  llvm::SmallVector<Expr> coordinatesOf(Expr load);
  void placeTokens();
  void placeKeys();
  /// `expr`, of an element at (b, s), of the one at row r.
  Expr atRow(Expr expr);
  Expr packedScore(const Score &score, Expr q, Expr k);
  void packFused(tfm::FusedOp op);
  void packAttention(tfm::AttentionOp op);
  void packOther(mlir::Operation *op);
  /// `value` at the rows: as packed, or gathered.
  mlir::Value rowsOf(mlir::Value value);
  Expr unpackedElement(mlir::Value value, llvm::ArrayRef<Expr> at);
  mlir::Value unpacked(mlir::Value value);
  bool unpackInPlace(tfm::FusedOp op);

  TokenRows &rows;
  ElementLifter &exact;
  ShapeContext &shapes;
  ExprPool &pool;
  mlir::OpBuilder builder;
  Expr kept; ///< how many tokens there are
  Expr row;  ///< generic index of them
  /// Of each row: its batch row and position. Of each token that is there: its
  /// row. Of each row: the first of its sequence, and where that ends.
  mlir::Value sequences, positions, slots, keyBegin, keyEnd;
  llvm::DenseMap<mlir::Value, mlir::Value> packed, gathered, spread;
};

} // namespace ingot
