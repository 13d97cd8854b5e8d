#include "ir/reference/Ops.h"

#include <cmath>

namespace ingot::reference {

namespace {
/// The strides with which scales of `shape` are read; along the axis of blocks
/// the index is divided first.
struct Scales {
  const QuantLayout &layout;
  Strides strides;

  int64_t at(std::span<const int64_t> index) const {
    int64_t offset = 0;
    for (size_t i = 0; i < index.size(); ++i) {
      bool isBlocked = layout.block && static_cast<int64_t>(i) == *layout.axis;
      offset += strides[i] * (isBlocked ? index[i] / *layout.block : index[i]);
    }
    return offset;
  }
};

Result<Scales> scalesOf(const Tensor &x, const Tensor &scale,
                        const Tensor *zero, const QuantLayout &layout) {
  if (!isFloat(scale.type()))
    return Error{"the scale is of " + std::string(typeName(scale.type()))};
  if (zero && zero->shape() != scale.shape())
    return Error{"the zero point of shape " + print(zero->shape()) +
                 " belongs to no scale of shape " + print(scale.shape())};
  if (layout.block && (!layout.axis || *layout.block < 1))
    return Error{"a block needs an axis and 1 element or more"};
  Shape expected;
  Strides strides(x.shape().size(), 0);
  if (layout.axis) {
    if (*layout.axis < 0 || *layout.axis >= x.rank())
      return axisError(*layout.axis, x.rank());
    auto axis = static_cast<size_t>(*layout.axis);
    if (layout.block) {
      expected = x.shape();
      expected[axis] = (expected[axis] + *layout.block - 1) / *layout.block;
      strides = rowMajorStrides(expected);
    } else {
      expected = {x.shape()[axis]};
      strides[axis] = 1;
    }
  }
  if (scale.shape() != expected)
    return Error{"needs scales of shape " + print(expected) + ", got " +
                 print(scale.shape())};
  return Scales{layout, std::move(strides)};
}
} // namespace

Result<Tensor> quantize(const Tensor &x, const Tensor &scale,
                        const Tensor *zero, const QuantLayout &layout,
                        ElementType type) {
  Result<Scales> scales = scalesOf(x, scale, zero, layout);
  if (!scales)
    return scales.error();
  if (x.type() != scale.type() || (zero && zero->type() != type))
    return Error{"input and scale, zero point and result need one type each"};
  Result<Tensor> result = Tensor::create(type, x.shape());
  if (!result)
    return result;
  for (Walk walk(x.shape(), std::vector<Strides>()); !walk.done();
       walk.next()) {
    int64_t at = scales->at(walk.index());
    double value =
        roundToFloat(x.type(), x.number(walk.position()) / scale.number(at));
    if (!isFloat(type))
      value = std::nearbyint(value);
    value += zero ? zero->number(at) : 0;
    result->set(walk.position(),
                castScalar({ElementType::F64, value, 0}, type));
  }
  return result;
}

Result<Tensor> dequantize(const Tensor &x, const Tensor &scale,
                          const Tensor *zero, const QuantLayout &layout,
                          ElementType type) {
  Result<Scales> scales = scalesOf(x, scale, zero, layout);
  if (!scales)
    return scales.error();
  if (!isFloat(type) || (zero && zero->type() != x.type()))
    return Error{"needs a float result and zero points of the input's type"};
  Result<Tensor> result = Tensor::create(type, x.shape());
  if (!result)
    return result;
  for (Walk walk(x.shape(), std::vector<Strides>()); !walk.done();
       walk.next()) {
    int64_t at = scales->at(walk.index());
    double difference =
        x.number(walk.position()) - (zero ? zero->number(at) : 0);
    result->setNumber(walk.position(), difference * scale.number(at));
  }
  return result;
}

} // namespace ingot::reference
