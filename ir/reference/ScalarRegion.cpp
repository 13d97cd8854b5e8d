#include "ir/reference/ScalarRegion.h"
#include "ir/reference/MlirTensor.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace ingot {

using namespace reference;

Result<ScalarRegion> ScalarRegion::make(Block &block, TensorLookup lookup,
                                        SymbolValues &symbols) {
  ScalarRegion region;
  llvm::DenseMap<Value, unsigned> slotOf;
  std::optional<Error> error;
  auto fail = [&](Operation &op, llvm::StringRef why) {
    error = Error{"in its region, '" + op.getName().getStringRef().str() +
                  "': " + why.str()};
  };
  auto addSlot = [&](Value value, Scalar scalar) {
    slotOf[value] = static_cast<unsigned>(region.slots.size());
    region.slots.push_back({scalar});
  };

  for (BlockArgument argument : block.getArguments()) {
    // A tensor (of a plan.kernel) is known by lookup; its slot stays unused.
    Type own = argument.getType();
    std::optional<ElementType> type = elementTypeOf(getElementTypeOrSelf(own));
    if (!type)
      return Error{"a region argument has no scalar type"};
    region.types.push_back(*type);
    if (isa<RankedTensorType>(own))
      region.slots.push_back({Scalar{*type}});
    else
      addSlot(argument, Scalar{*type});
  }
  for (Operation &op : block) {
    SmallVector<unsigned, 4> operands;
    for (Value operand : op.getOperands())
      if (auto it = slotOf.find(operand); it != slotOf.end())
        operands.push_back(it->second);
      else if (!isa<tfm::LoadOp>(op) || operand != op.getOperand(0))
        return fail(op, "an operand is no scalar of the region"), *error;
    if (isa<tfm::YieldOp>(op)) {
      if (operands.size() != 1)
        return fail(op, "a region yields one scalar"), *error;
      region.yielded = operands.front();
      return region;
    }
    std::optional<ElementType> type;
    if (op.getNumResults() == 1)
      type = elementTypeOf(op.getResult(0).getType());
    if (!type)
      return fail(op, "not a scalar op"), *error;

    auto add = [&](Instruction instruction) {
      instruction.type = *type;
      instruction.result = static_cast<unsigned>(region.slots.size());
      instruction.operands = operands;
      region.instructions.push_back(std::move(instruction));
      addSlot(op.getResult(0), Scalar{*type});
    };
    auto kind = [](Kind kind) {
      Instruction instruction;
      instruction.kind = kind;
      return instruction;
    };
    llvm::TypeSwitch<Operation *>(&op)
        .Case([&](arith::ConstantOp o) {
          // A one-element tensor reads the attribute by the rules of constants.
          auto shape = RankedTensorType::get({}, o.getType());
          Result<Tensor> value = tensorOf(
              DenseElementsAttr::get(shape, ArrayRef<Attribute>(o.getValue())));
          if (!value)
            return fail(op, value.message());
          addSlot(o, value->get(0));
        })
        .Case([&](tfm::SymbolOp o) {
          Result<std::vector<int64_t>> values = symbols.evaluate(o.getExpr());
          if (!values)
            return fail(op, values.message());
          addSlot(o, Scalar::ofInteger(*type, values->front()));
        })
        .Case([&](tfm::ApplyOp o) {
          Instruction instruction = kind(Kind::Apply);
          instruction.op = o.getOp().getValue();
          ElementType operandType = region.slots[operands.front()].value.type;
          if (operands.size() != scalarArity(instruction.op) ||
              region.slots[operands.back()].value.type != operandType ||
              scalarResultType(instruction.op, operandType) != type)
            return fail(op, "operands do not fit the operation");
          add(std::move(instruction));
        })
        .Case([&](tfm::LoadOp o) {
          Instruction instruction = kind(Kind::Load);
          instruction.tensor = lookup(o.getTensor());
          if (!instruction.tensor)
            return fail(op, "the tensor has no value");
          if (instruction.tensor->shape().size() != operands.size())
            return fail(op, "one coordinate an axis is needed");
          instruction.strides = rowMajorStrides(instruction.tensor->shape());
          add(std::move(instruction));
        })
        .Case([&](tfm::ChooseOp) { add(kind(Kind::Choose)); })
        .Case([&](tfm::ConvertOp) { add(kind(Kind::Convert)); })
        .Case([&](tfm::CheckIndexOp) { add(kind(Kind::CheckIndex)); })
        .Default([&](Operation *) { fail(op, "not a scalar op"); });
    if (error)
      return *error;
  }
  return Error{"its region yields nothing"};
}

ScalarRegion::Slot ScalarRegion::noValue(ElementType type, std::string reason) {
  reasons.push_back(std::move(reason));
  return {Scalar{type}, static_cast<int>(reasons.size()) - 1};
}

ScalarRegion::Slot ScalarRegion::apply(const Instruction &instruction) {
  SmallVector<Scalar, 2> operands;
  int reason = -1;
  for (unsigned slot : instruction.operands) {
    const Slot &operand = slots[slot];
    operands.push_back(operand.value);
    if (operand.reason >= 0 && reason < 0)
      reason = operand.reason;
    bool decides =
        (instruction.op == ScalarOp::And && !operand.value.isTrue()) ||
        (instruction.op == ScalarOp::Or && operand.value.isTrue());
    if (operand.reason < 0 && decides)
      return {Scalar::ofBool(instruction.op == ScalarOp::Or)};
  }
  if (reason >= 0)
    return {Scalar{instruction.type}, reason};
  return {applyScalar(instruction.op, operands)};
}

ScalarRegion::Slot ScalarRegion::load(const Instruction &instruction) {
  const Tensor &tensor = *instruction.tensor;
  int64_t offset = 0;
  for (auto [axis, slot] : llvm::enumerate(instruction.operands)) {
    int64_t at = slots[slot].value.integer, extent = tensor.shape()[axis];
    if (slots[slot].reason >= 0)
      return {Scalar{instruction.type}, slots[slot].reason};
    if (at < 0 || at >= extent)
      return noValue(instruction.type, "reads element " + std::to_string(at) +
                                           " of axis " + std::to_string(axis) +
                                           " of a tensor of shape " +
                                           print(tensor.shape()));
    offset += at * instruction.strides[axis];
  }
  // Integers of all widths are i64 in regions.
  return {castScalar(tensor.get(offset), instruction.type)};
}

ScalarRegion::Slot ScalarRegion::checkIndex(const Instruction &instruction) {
  const Slot &index = slots[instruction.operands[0]];
  const Slot &extent = slots[instruction.operands[1]];
  for (const Slot *operand : {&index, &extent})
    if (operand->reason >= 0)
      return *operand;
  int64_t i = index.value.integer, n = extent.value.integer;
  if (i < -n || i >= n)
    return noValue(instruction.type, "index " + std::to_string(i) +
                                         " is outside an axis of " +
                                         std::to_string(n) + " elements");
  return {Scalar::ofInteger(instruction.type, i < 0 ? i + n : i)};
}

Result<Scalar> ScalarRegion::run(ArrayRef<Scalar> arguments) {
  assert(arguments.size() == types.size() && "as many values as arguments");
  reasons.clear();
  for (auto [slot, value, type] : llvm::zip_first(arguments, arguments, types))
    assert(value.type == type && "an argument of another type");
  for (size_t i = 0; i < arguments.size(); ++i)
    slots[i] = {arguments[i]};
  for (const Instruction &instruction : instructions) {
    Slot &result = slots[instruction.result];
    switch (instruction.kind) {
    case Kind::Apply:
      result = apply(instruction);
      break;
    case Kind::Load:
      result = load(instruction);
      break;
    case Kind::CheckIndex:
      result = checkIndex(instruction);
      break;
    case Kind::Choose: {
      const Slot &condition = slots[instruction.operands[0]];
      result =
          condition.reason >= 0
              ? Slot{Scalar{instruction.type}, condition.reason}
              : slots[instruction.operands[condition.value.isTrue() ? 1 : 2]];
      break;
    }
    case Kind::Convert: {
      const Slot &operand = slots[instruction.operands[0]];
      result = {castScalar(operand.value, instruction.type), operand.reason};
      break;
    }
    }
  }
  const Slot &result = slots[yielded];
  if (result.reason >= 0)
    return Error{reasons[static_cast<size_t>(result.reason)]};
  return result.value;
}

} // namespace ingot
