//===- RegionBuilder.h - Expressions back into scalar regions
//--------------===//
#pragma once

#include "ir/lift/ElementLifter.h"

#include "mlir/IR/Builders.h"

namespace ingot {

/// Prints expressions of a pool as scalar ops at the builder's insertion point.
/// Each node becomes one op; what depends on no argument is printed all the
/// same, code generation hoists it.
class RegionBuilder {
public:
  /// Makes the load of `tensor` (a number of the lifter) at `coordinates`.
  using LoadFn = std::function<mlir::Value(
      uint32_t tensor, llvm::ArrayRef<mlir::Value> coordinates)>;
  /// Makes the value of an integer expression of symbols alone.
  using SymbolFn = std::function<mlir::Value(Expr symbolic)>;

  RegionBuilder(mlir::OpBuilder &builder, mlir::Location loc, ExprPool &pool,
                LoadFn load, SymbolFn symbol)
      : builder(builder), loc(loc), pool(pool), load(std::move(load)),
        symbol(std::move(symbol)) {}

  /// `leaf` (an index node or any other node) is this value.
  void bind(Expr leaf, mlir::Value value) { values[leaf.id] = value; }

  mlir::Value emit(Expr expr);

  /// The scalar type of an expression: i64, i1 or the float type.
  static mlir::Type scalarType(mlir::MLIRContext *context, ExprType type);

  /// Erases what was printed into `block` and turned out not to be needed.
  static void eraseDead(mlir::Block &block);

private:
  mlir::Value emitNode(Expr expr);
  mlir::Value polynomial(Expr expr);
  mlir::Value compare(Expr expr, mlir::Value value);
  mlir::Value apply(ScalarOp op, llvm::ArrayRef<mlir::Value> operands,
                    ExprType type);
  mlir::Value integer(int64_t value);
  bool isSymbolic(Expr expr);

  mlir::OpBuilder &builder;
  mlir::Location loc;
  ExprPool &pool;
  LoadFn load;
  SymbolFn symbol;
  llvm::DenseMap<uint32_t, mlir::Value> values;
  llvm::DenseMap<uint32_t, bool> symbolic;
};

/// Makes the result of a region from the emitted expressions; by default the
/// only one.
using CombineFn = llvm::function_ref<mlir::Value(llvm::ArrayRef<mlir::Value>)>;

/// A `tfm.fused` whose element at the generic `indices` (index nodes, or 0
/// where a dim is 1) is made from `exprs`. Coordinates that the pool cannot
/// prove to be inside their axis are clamped: they belong to values that are
/// not chosen.
mlir::Value buildFused(mlir::OpBuilder &builder, mlir::Location loc,
                       ElementLifter &lifter, mlir::RankedTensorType type,
                       llvm::ArrayRef<Expr> indices, llvm::ArrayRef<Expr> exprs,
                       CombineFn combine = nullptr);

/// Fills `block` (its arguments are there) with `exprs`; `arguments` are what
/// the block arguments stand for. Ends it with a yield.
void buildRegion(mlir::OpBuilder &builder, mlir::Location loc,
                 ElementLifter &lifter, mlir::Block &block,
                 llvm::ArrayRef<Expr> arguments, llvm::ArrayRef<Expr> exprs,
                 CombineFn combine = nullptr);

} // namespace ingot
