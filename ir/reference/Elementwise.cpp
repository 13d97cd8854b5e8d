#include "ir/reference/Ops.h"

#include <cstring>

namespace ingot::reference {

namespace {
/// Common broadcast shape of the operands and a walk over it with one offset
/// for each of them.
struct Broadcast {
  Shape shape;
  std::vector<Strides> strides;
};

Result<Broadcast> broadcastAll(std::span<const Tensor> operands) {
  Broadcast result;
  for (const Tensor &operand : operands) {
    Result<Shape> shape = broadcastShapes(result.shape, operand.shape());
    if (!shape)
      return shape.error();
    result.shape = std::move(*shape);
  }
  for (const Tensor &operand : operands) {
    Result<Strides> strides = broadcastStrides(operand.shape(), result.shape);
    if (!strides)
      return strides.error();
    result.strides.push_back(std::move(*strides));
  }
  return result;
}

Error typesDiffer(const Tensor &a, const Tensor &b) {
  return {"operands have element types " + std::string(typeName(a.type())) +
          " and " + std::string(typeName(b.type()))};
}
} // namespace

Result<Tensor> elementwise(ScalarOp op, std::span<const Tensor> operands) {
  if (operands.size() != scalarArity(op))
    return Error{std::string(scalarMnemonic(op)) + " takes " +
                 std::to_string(scalarArity(op)) + " operands, got " +
                 std::to_string(operands.size())};
  ElementType type = operands.front().type();
  if (operands.back().type() != type)
    return typesDiffer(operands.front(), operands.back());
  std::optional<ElementType> resultType = scalarResultType(op, type);
  if (!resultType)
    return Error{std::string(scalarMnemonic(op)) + " is not defined on " +
                 std::string(typeName(type))};
  Result<Broadcast> common = broadcastAll(operands);
  if (!common)
    return common.error();
  Result<Tensor> result = Tensor::create(*resultType, common->shape);
  if (!result)
    return result;
  Scalar arguments[2];
  for (Walk walk(common->shape, common->strides); !walk.done(); walk.next()) {
    for (size_t i = 0; i < operands.size(); ++i)
      arguments[i] = operands[i].get(walk.offset(i));
    result->set(walk.position(),
                applyScalar(op, std::span(arguments, operands.size())));
  }
  return result;
}

Result<Tensor> select(const Tensor &condition, const Tensor &a,
                      const Tensor &b) {
  if (condition.type() != ElementType::Bool)
    return Error{"the condition of select is " +
                 std::string(typeName(condition.type())) + ", not bool"};
  if (a.type() != b.type())
    return typesDiffer(a, b);
  const Tensor operands[] = {condition, a, b};
  Result<Broadcast> common = broadcastAll(operands);
  if (!common)
    return common.error();
  Result<Tensor> result = Tensor::create(a.type(), common->shape);
  if (!result)
    return result;
  for (Walk walk(common->shape, common->strides); !walk.done(); walk.next()) {
    size_t chosen = condition.integer(walk.offset(0)) ? 1 : 2;
    result->copyElement(walk.position(), operands[chosen], walk.offset(chosen));
  }
  return result;
}

Result<Tensor> cast(const Tensor &x, ElementType to) {
  if (x.type() == to)
    return x;
  Result<Tensor> result = Tensor::create(to, x.shape());
  if (!result)
    return result;
  if (x.type() == ElementType::F32 && isFloat(to) && bitWidth(to) == 16) {
    // Weights of whole models: without a scalar of any type between.
    const std::byte *from = x.bytes().data();
    std::byte *bytes = result->mutableBytes().data();
    for (int64_t i = 0; i < x.size(); ++i) {
      float value;
      std::memcpy(&value, from + 4 * i, sizeof(value));
      auto code = static_cast<uint16_t>(encodeFloat(to, value));
      std::memcpy(bytes + 2 * i, &code, sizeof(code));
    }
    return result;
  }
  for (int64_t i = 0; i < x.size(); ++i)
    result->set(i, castScalar(x.get(i), to));
  return result;
}

} // namespace ingot::reference
