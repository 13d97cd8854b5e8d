#include "codegen/cuda/LaneFacts.h"

#include "mlir/IR/Matchers.h"
#include "llvm/ADT/bit.h"

using namespace mlir;

namespace ingot::cuda {

using Scalars = LaneFacts::Scalars;
using Step = LaneFacts::Step;

static std::optional<int64_t> constantOf(Value value) {
  APInt constant;
  if (matchPattern(value, m_ConstantInt(&constant)))
    return constant.getSExtValue();
  return std::nullopt;
}

static std::optional<Scalars> both(std::optional<Scalars> a,
                                   std::optional<Scalars> b) {
  return a && b ? std::optional(*a | *b) : std::nullopt;
}

std::optional<Scalars> LaneFacts::either(std::optional<Scalars> a,
                                         std::optional<Scalars> b) const {
  if (!a || !b)
    return a ? a : b;
  auto asks = [&](Scalars s) { return llvm::popcount(s & ~given); };
  return asks(*b) < asks(*a) ? b : a;
}

std::optional<Scalars> LaneFacts::multiple(Value value) {
  auto known = multiples.find(value);
  if (known != multiples.end())
    return known->second;
  std::optional<Scalars> found = findMultiple(value);
  return multiples[value] = found;
}

std::optional<Step> LaneFacts::step(Value value) {
  auto known = steps.find(value);
  if (known != steps.end())
    return known->second;
  std::optional<Step> found = findStep(value);
  return steps[value] = found;
}

std::optional<Scalars> LaneFacts::findMultiple(Value value) {
  if (value == along)
    return 0;
  if (std::optional<int64_t> constant = constantOf(value))
    return *constant % width == 0 ? std::optional<Scalars>(0) : std::nullopt;
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    unsigned number = argument.getArgNumber();
    if (number < firstScalar || number - firstScalar >= 64)
      return std::nullopt;
    return Scalars(1) << (number - firstScalar);
  }
  Operation *op = value.getDefiningOp();
  if (auto choose = dyn_cast<tfm::ChooseOp>(op))
    return both(multiple(choose.getTrueValue()),
                multiple(choose.getFalseValue()));
  auto apply = dyn_cast<tfm::ApplyOp>(op);
  if (!apply || !value.getType().isInteger(64))
    return std::nullopt;
  auto operand = [&](unsigned i) { return multiple(apply.getOperands()[i]); };
  switch (apply.getOp().getValue()) {
  case ScalarOp::Neg:
    return operand(0);
  case ScalarOp::Add:
  case ScalarOp::Sub:
  case ScalarOp::Min:
  case ScalarOp::Max:
  case ScalarOp::Mod:
    return both(operand(0), operand(1));
  case ScalarOp::Mul:
    return either(operand(0), operand(1));
  default:
    return std::nullopt;
  }
}

std::optional<Step> LaneFacts::findStep(Value value) {
  if (value == along)
    return Step{1, 0};
  if (llvm::is_contained(varying, value))
    return std::nullopt;
  Operation *op = value.getDefiningOp();
  if (!op)
    return Step{0, 0};
  Scalars scalars = 0;
  bool isConstant = true;
  for (Value operand : op->getOperands()) {
    std::optional<Step> part = step(operand);
    isConstant &= part && part->by == 0;
    scalars |= part ? part->scalars : 0;
  }
  if (isConstant)
    return Step{0, scalars};
  if (auto choose = dyn_cast<tfm::ChooseOp>(op)) {
    std::optional<Step> condition = step(choose.getCondition()),
                        yes = step(choose.getTrueValue()),
                        no = step(choose.getFalseValue());
    if (condition && condition->by == 0 && yes && no && yes->by == no->by)
      return Step{yes->by, scalars};
    return std::nullopt;
  }
  auto apply = dyn_cast<tfm::ApplyOp>(op);
  return apply && apply.getOperands()[0].getType().isInteger(64) ? stepOf(apply)
                                                                 : std::nullopt;
}

std::optional<Step> LaneFacts::stepOf(tfm::ApplyOp apply) {
  Value x = apply.getOperands()[0], y = apply.getOperands().back();
  std::optional<Step> a = step(x), b = step(y);
  if (!a || !b)
    return std::nullopt;
  Scalars scalars = a->scalars | b->scalars;
  // Both start at a multiple: then no element crosses another multiple of y.
  auto within = [&](int64_t by) -> std::optional<Step> {
    std::optional<Scalars> aligned = both(multiple(x), multiple(y));
    if (!aligned)
      return std::nullopt;
    return Step{by, scalars | *aligned};
  };
  bool isPlace = a->by == 1 && b->by == 0;
  switch (apply.getOp().getValue()) {
  case ScalarOp::Neg:
    return Step{-a->by, scalars};
  case ScalarOp::Add:
    return Step{a->by + b->by, scalars};
  case ScalarOp::Sub:
    return Step{a->by - b->by, scalars};
  case ScalarOp::Mul:
    if (std::optional<int64_t> factor = constantOf(x))
      return Step{*factor * b->by, scalars};
    if (std::optional<int64_t> factor = constantOf(y))
      return Step{a->by * *factor, scalars};
    return std::nullopt;
  case ScalarOp::FloorDiv:
    return isPlace && constantOf(y).value_or(1) > 0 ? within(0) : std::nullopt;
  case ScalarOp::Mod:
    return isPlace && constantOf(y).value_or(1) > 0 ? within(1) : std::nullopt;
  case ScalarOp::Lt: // x < y, x moves
    return isPlace ? within(0) : std::nullopt;
  case ScalarOp::Le: // x <= y, y moves
    return a->by == 0 && b->by == 1 ? within(0) : std::nullopt;
  default:
    return std::nullopt;
  }
}

} // namespace ingot::cuda
