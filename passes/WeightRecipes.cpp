#include "passes/WeightRecipes.h"

#include "mlir/IR/IRMapping.h"

using namespace mlir;

namespace ingot {

std::string WeightRecipes::nameFor(ValueRange operands,
                                   llvm::StringRef suffix) {
  std::string base = "constant";
  for (Value operand : operands)
    if (auto weight = operand.getDefiningOp<tfm::GetWeightOp>()) {
      base = weight.getWeight().str();
      break;
    }
  base += "." + suffix.str();
  std::string name = base;
  for (unsigned i = 1; module.lookupSymbol(name); ++i)
    name = base + "_" + std::to_string(i);
  return name;
}

Value WeightRecipes::derive(OpBuilder &builder, Operation *op) {
  Location loc = op->getLoc();
  Type type = op->getResult(0).getType();
  std::string name = nameFor(op->getOperands(), op->getName().stripDialect());
  OpBuilder inner(builder.getContext());
  inner.setInsertionPointToStart(module.getBody());
  auto weight = tfm::WeightOp::create(inner, loc, inner.getStringAttr(name),
                                      TypeAttr::get(type), StringAttr(),
                                      IntegerAttr(), IntegerAttr());
  inner.setInsertionPointToStart(&weight.getRecipe().emplaceBlock());
  IRMapping mapping;
  for (Value operand : op->getOperands())
    if (!mapping.contains(operand))
      mapping.map(operand, inner.clone(*operand.getDefiningOp())->getResult(0));
  Value result = inner.clone(*op, mapping)->getResult(0);
  tfm::YieldOp::create(inner, loc, result);
  return tfm::GetWeightOp::create(
      builder, loc, type, FlatSymbolRefAttr::get(weight.getSymNameAttr()));
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
  Value result = derive(builder, *concat);
  return result;
}

} // namespace ingot
