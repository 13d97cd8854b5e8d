#include "passes/Match.h"

#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;

namespace ingot {

std::optional<double> splatNumber(Value value) {
  while (Operation *op = value.getDefiningOp()) {
    if (llvm::isa<tfm::ReshapeOp, tfm::BroadcastOp, tfm::TransposeOp>(op)) {
      value = op->getOperand(0);
      continue;
    }
    auto constant = llvm::dyn_cast<tfm::ConstantOp>(op);
    auto dense = constant
                     ? llvm::dyn_cast<DenseElementsAttr>(constant.getValue())
                     : nullptr;
    if (!dense || !dense.isSplat())
      return std::nullopt;
    if (llvm::isa<FloatType>(dense.getElementType()))
      return dense.getSplatValue<llvm::APFloat>().convertToDouble();
    return static_cast<double>(
        dense.getSplatValue<llvm::APInt>().getSExtValue());
  }
  return std::nullopt;
}

tfm::ElementwiseOp elementwise(Value value, ScalarOp op) {
  auto match = value.getDefiningOp<tfm::ElementwiseOp>();
  return match && match.getOp().getValue() == op ? match : tfm::ElementwiseOp();
}

Value otherOperand(Value value, ScalarOp op, Value known) {
  auto match = elementwise(value, op);
  if (!match || match.getOperands().size() != 2)
    return {};
  if (match.getOperands()[0] == known)
    return match.getOperands()[1];
  return match.getOperands()[1] == known ? match.getOperands()[0] : Value();
}

bool isParameter(Value value) {
  return value.getDefiningOp<tfm::GetWeightOp>() ||
         value.getDefiningOp<tfm::ConstantOp>();
}

Location fusedLocation(llvm::ArrayRef<Operation *> ops) {
  llvm::SmallVector<Location> locations;
  for (Operation *op : ops)
    locations.push_back(op->getLoc());
  return FusedLoc::get(ops.front()->getContext(), locations);
}

void noteUnfused(Operation *op, const llvm::Twine &reason) {
  op->setAttr("tfm.unfused", StringAttr::get(op->getContext(), reason));
}

void requireObligations(OpBuilder &builder, Location loc, ElementLifter &lifter,
                        Block &block) {
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(&block);
  ExprPool &pool = lifter.context().pool();
  llvm::DenseSet<Attribute> seen;
  for (const ElementLifter::Obligation &check : lifter.obligations()) {
    Expr needed = pool.add(check.index, pool.integer(1));
    tfm::DimsAttr values =
        lifter.context().attr(builder.getContext(), {needed, check.extent});
    if (seen.insert(values).second)
      tfm::RequireOp::create(builder, loc, tfm::Comparison::Le, values,
                             "a gather by position reads inside its table");
  }
}

Value buildConstant(OpBuilder &builder, Location loc, ExprPool &pool,
                    RankedTensorType type, llvm::ArrayRef<Expr> values) {
  llvm::SmallVector<Attribute> elements;
  Type element = type.getElementType();
  for (Expr value : values) {
    if (auto number = pool.constantInt(value);
        number && llvm::isa<IntegerType>(element))
      elements.push_back(builder.getIntegerAttr(element, *number));
    else if (auto truth = pool.constantBool(value))
      elements.push_back(builder.getBoolAttr(*truth));
    else if (auto real = pool.constantFloat(value))
      elements.push_back(builder.getFloatAttr(element, *real));
    else
      return {};
  }
  return tfm::ConstantOp::create(builder, loc, type,
                                 DenseElementsAttr::get(type, elements));
}

void eraseDead(Block &block) {
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
    if (isOpTriviallyDead(&op))
      op.erase();
}

} // namespace ingot
