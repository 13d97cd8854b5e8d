#include "passes/WeightRecipes.h"

#include "mlir/IR/IRMapping.h"

using namespace mlir;

namespace ingot {

std::string WeightRecipes::nameFor(Operation *op) {
  std::string base = op->getName().stripDialect().str();
  if (op->getNumOperands() > 0) {
    std::string source = "constant";
    for (Value operand : op->getOperands())
      if (auto weight = operand.getDefiningOp<tfm::GetWeightOp>()) {
        source = weight.getWeight().str();
        break;
      }
    base = source + "." + base;
  }
  std::string name = base;
  for (unsigned i = 1; module.lookupSymbol(name); ++i)
    name = base + "_" + std::to_string(i);
  return name;
}

namespace {
/// `op` and what it reads, down to weights and constants.
Value cloneInto(OpBuilder &builder, Operation *op, IRMapping &mapping) {
  for (Value operand : op->getOperands())
    if (!mapping.contains(operand))
      cloneInto(builder, operand.getDefiningOp(), mapping);
  return builder.clone(*op, mapping)->getResult(0);
}
} // namespace

FlatSymbolRefAttr WeightRecipes::define(Operation *op) {
  Location loc = op->getLoc();
  OpBuilder inner(op->getContext());
  inner.setInsertionPointToStart(module.getBody());
  auto weight =
      tfm::WeightOp::create(inner, loc, inner.getStringAttr(nameFor(op)),
                            TypeAttr::get(op->getResult(0).getType()),
                            StringAttr(), IntegerAttr(), IntegerAttr());
  inner.setInsertionPointToStart(&weight.getRecipe().emplaceBlock());
  IRMapping mapping;
  Value result = cloneInto(inner, op, mapping);
  tfm::YieldOp::create(inner, loc, result);
  return FlatSymbolRefAttr::get(weight.getSymNameAttr());
}

Value WeightRecipes::derive(OpBuilder &builder, Operation *op) {
  return tfm::GetWeightOp::create(builder, op->getLoc(),
                                  op->getResult(0).getType(), define(op));
}

Value WeightRecipes::concat(OpBuilder &builder, Location loc,
                            llvm::ArrayRef<Value> operands, int64_t axis) {
  auto type = llvm::cast<RankedTensorType>(operands.front().getType());
  llvm::SmallVector<int64_t> shape(type.getShape());
  shape[axis] = 0;
  for (Value operand : operands)
    shape[axis] +=
        llvm::cast<RankedTensorType>(operand.getType()).getDimSize(axis);
  OwningOpRef<tfm::ConcatOp> concat = tfm::ConcatOp::create(
      builder, loc, RankedTensorType::get(shape, type.getElementType()),
      operands, axis);
  return derive(builder, *concat);
}

} // namespace ingot
