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

void eraseDead(Block &block) {
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
    if (isOpTriviallyDead(&op))
      op.erase();
}

} // namespace ingot
