// Derived weights: new `tfm.weight` symbols with a recipe.
#pragma once

#include "ir/tfm/Tfm.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"

namespace ingot {

class WeightRecipes {
public:
  explicit WeightRecipes(mlir::ModuleOp module) : module(module) {}

  /// A new weight whose recipe is `op` on its operands, which are computed from
  /// weights and constants alone.
  mlir::FlatSymbolRefAttr define(mlir::Operation *op);

  /// The same; gives the weight's value at the builder's insertion point.
  mlir::Value derive(mlir::OpBuilder &builder, mlir::Operation *op);

  /// The operands (see `define`) one after another along `axis`.
  mlir::Value concat(mlir::OpBuilder &builder, mlir::Location loc,
                     llvm::ArrayRef<mlir::Value> operands, int64_t axis);

private:
  /// A name nobody has yet: `op`'s, after that of the first weight it reads.
  std::string nameFor(mlir::Operation *op);

  mlir::ModuleOp module;
};

} // namespace ingot
