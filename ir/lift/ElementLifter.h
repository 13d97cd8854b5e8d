//===- ElementLifter.h - What one generic element of a tensor computes
//-----===//
//
// Pulls element [i, j, ...] of a value backwards through views, masks, index
// arithmetic and elementwise ops into one normalized expression. What cannot be
// pulled further (matmuls, norms, inputs, large weights) is a load. The value
// of an integer shape tensor is its element at constant indices: the same
// engine.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "ir/lift/ShapeContext.h"

#include "llvm/ADT/DenseSet.h"

#include <functional>

namespace ingot {

/// Loads of a pool with this number or above, without indices, are leaves that
/// stand for region arguments (an accumulator, a score), not for tensors.
constexpr uint32_t kRegionArgument = 0xF0000000;

class ElementLifter {
public:
  /// Little-endian bytes of a stored weight, or empty if they are not at hand.
  using StoredBytes = std::function<llvm::ArrayRef<char>(tfm::WeightOp)>;

  ElementLifter(ShapeContext &shapes, StoredBytes weightBytes)
      : shapes(shapes), pool(shapes.pool()),
        weightBytes(std::move(weightBytes)) {}

  /// Element `indices` (one an axis) of `value`.
  Expr element(mlir::Value value, llvm::ArrayRef<Expr> indices);

  /// The elements of a rank 0 or 1 tensor with a number of elements (at most
  /// 4096), as expressions; nothing if the extent is no number.
  std::optional<llvm::SmallVector<Expr>> elements(mlir::Value vector);

  /// The one element of a tensor whose dims are all 1.
  Expr scalar(mlir::Value value);

  /// `indices` aligned at the last axis of `operand`, 0 where its dim is 1.
  llvm::SmallVector<Expr> broadcastIndices(mlir::Value operand,
                                           llvm::ArrayRef<Expr> indices);

  /// The value a load of the pool reads.
  mlir::Value tensor(uint32_t number) const { return tensors[number]; }
  /// The number under which loads of `value` are made.
  uint32_t number(mlir::Value value);

  /// Element `indices` of `value` as its op computes it, even where the value
  /// is opaque to its users. A load of `value` itself if its op does not lift.
  Expr definition(mlir::Value value, llvm::ArrayRef<Expr> indices) {
    return lift(value, indices);
  }

  /// Values that lifting must not look into: what a pass has decided to
  /// materialize. Set before the first element of them is asked for.
  void makeOpaque(mlir::Value value) { opaque.insert(value); }
  bool isOpaque(mlir::Value value) const { return opaque.contains(value); }

  /// Index reads of dropped gathers that are not provably inside their axis:
  /// (index, extent). The caller turns them into checks.
  struct Obligation {
    Expr index, extent;
  };
  llvm::ArrayRef<Obligation> obligations() const { return pending; }

  /// The pool's type for an element type; integers of any width are Int.
  static ExprType exprType(mlir::Type element);
  ShapeContext &context() { return shapes; }

private:
  friend struct LiftRules;
  Expr lift(mlir::Value value, llvm::ArrayRef<Expr> indices);
  Expr opaqueLoad(mlir::Value value, llvm::ArrayRef<Expr> indices);
  /// An index of an axis of extent n as gathers count; records an obligation.
  /// `generic` is the same index at any coordinates of its tensor: where only
  /// some are chosen (in front of padding, behind a concatenation), `index` may
  /// be of coordinates outside, which need not be checked.
  Expr wrapped(Expr index, Expr extent, Expr generic);
  /// Row-major re-indexing from dims `to` with `indices` into dims `from`.
  llvm::SmallVector<Expr> reindex(llvm::ArrayRef<Expr> from,
                                  llvm::ArrayRef<Expr> to,
                                  llvm::ArrayRef<Expr> indices);

  ShapeContext &shapes;
  ExprPool &pool;
  StoredBytes weightBytes;
  llvm::SmallVector<mlir::Value> tensors;
  llvm::DenseMap<mlir::Value, uint32_t> numbers;
  llvm::DenseSet<mlir::Value> opaque;
  llvm::DenseMap<mlir::Value,
                 std::vector<std::pair<llvm::SmallVector<Expr>, Expr>>>
      memo;
  llvm::SmallVector<Obligation> pending;
  unsigned depth = 0;
};

} // namespace ingot
