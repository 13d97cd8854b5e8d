#include "codegen/RegionIndices.h"

#include "mlir/IR/Matchers.h"
#include "llvm/ADT/DenseSet.h"

using namespace mlir;

namespace ingot {

static std::optional<int64_t> constantOf(Value value) {
  APInt constant;
  if (matchPattern(value, m_ConstantInt(&constant)))
    return constant.getSExtValue();
  return std::nullopt;
}

std::optional<int64_t> coefficientOf(Value value, Value index) {
  if (value == index)
    return 1;
  Operation *op = value.getDefiningOp();
  if (!op)
    return 0;
  SmallVector<std::optional<int64_t>> parts;
  for (Value operand : op->getOperands())
    parts.push_back(isa<RankedTensorType>(operand.getType())
                        ? 0
                        : coefficientOf(operand, index));
  if (llvm::all_of(parts, [](auto part) { return part == 0; }))
    return 0;
  auto apply = dyn_cast<tfm::ApplyOp>(op);
  if (!apply || llvm::is_contained(parts, std::nullopt))
    return std::nullopt;
  switch (apply.getOp().getValue()) {
  case ScalarOp::Add:
    return *parts[0] + *parts[1];
  case ScalarOp::Sub:
    return *parts[0] - *parts[1];
  case ScalarOp::Neg:
    return -*parts[0];
  case ScalarOp::Mul:
    for (int side : {0, 1})
      if (std::optional<int64_t> factor = constantOf(op->getOperand(side)))
        return *factor * *parts[1 - side];
    return std::nullopt;
  case ScalarOp::FloorDiv:
    // Constant over a vector that does not cross a multiple.
    return parts[0] == 1 && constantOf(op->getOperand(1)).value_or(1) % 16 == 0
               ? std::optional<int64_t>(0)
               : std::nullopt;
  case ScalarOp::Mod:
    return parts[0] == 1 && constantOf(op->getOperand(1)).value_or(1) % 16 == 0
               ? std::optional<int64_t>(1)
               : std::nullopt;
  default:
    return std::nullopt;
  }
}

static void collectLoads(Value value, llvm::SmallDenseSet<Value> &seen,
                         SmallVectorImpl<tfm::LoadOp> &loads) {
  Operation *op = value.getDefiningOp();
  if (!op || !seen.insert(value).second)
    return;
  if (auto load = dyn_cast<tfm::LoadOp>(op))
    loads.push_back(load);
  for (Value operand : op->getOperands())
    collectLoads(operand, seen, loads);
}

SmallVector<tfm::LoadOp> loadsOf(Value value) {
  llvm::SmallDenseSet<Value> seen;
  SmallVector<tfm::LoadOp> loads;
  collectLoads(value, seen, loads);
  return loads;
}

int64_t gathersAlong(Value value, Value index) {
  return llvm::count_if(loadsOf(value), [&](tfm::LoadOp load) {
    auto step = coefficientOf(load.getCoordinates()[0], index);
    return step != 0 && step != 1;
  });
}

} // namespace ingot
