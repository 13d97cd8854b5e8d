#include "ir/reference/Ops.h"

namespace ingot::reference {

Result<Tensor> iota(ElementType type, int64_t size, int64_t start,
                    int64_t step) {
  if (!isInteger(type))
    return Error{"iota of " + std::string(typeName(type))};
  Result<Tensor> result = Tensor::create(type, {size});
  if (!result)
    return result;
  auto value = static_cast<uint64_t>(start);
  for (int64_t i = 0; i < size; ++i, value += static_cast<uint64_t>(step))
    result->setInteger(i, static_cast<int64_t>(value));
  return result;
}

Result<Tensor> splat(Scalar value, Shape shape) {
  return broadcast(Tensor::scalar(value), std::move(shape));
}

Result<Tensor> generate(ElementType type, Shape shape,
                        const ElementFunction &element) {
  Result<Tensor> result = Tensor::create(type, std::move(shape));
  if (!result)
    return result;
  for (Walk walk(result->shape(), {}); !walk.done(); walk.next()) {
    Result<Scalar> value = element(walk.index());
    if (!value)
      return value.error();
    result->set(walk.position(), *value);
  }
  return result;
}

} // namespace ingot::reference
