//===- TfmBuilderQuant.cpp - Ops between floats and quantized numbers -----===//
#include "frontend/onnx/TfmBuilder.h"

using namespace mlir;

namespace ingot::onnx {

bool TfmBuilder::fitScales(Value v, Value &scale, Value &zero,
                           const QuantLayout &layout) {
  if (!isFloats(scale, "scale"))
    return false;
  Dims want;
  if (layout.axis) {
    want = dims(v);
    Expr &along = want[*layout.axis];
    if (layout.block)
      along = pool().ceilDiv(along, number(*layout.block));
    else
      want = {along};
  }
  for (Value *parameter : {&scale, &zero}) {
    if (!*parameter)
      continue;
    Dims have = dims(*parameter);
    bool fits = have.size() == want.size();
    for (size_t i = 0; fits && i < have.size(); ++i)
      if (!unify(have[i], want[i], have[i]))
        return false;
    if (!fits) {
      fail((parameter == &scale ? "scale " : "zero point ") +
           typeText(parameter->getType()) + " does not fit " +
           typeText(v.getType()));
      return false;
    }
    *parameter = reshape(*parameter, want);
  }
  return true;
}

namespace {
IntegerAttr attrOf(OpBuilder &ops, std::optional<int64_t> value) {
  return value ? ops.getI64IntegerAttr(*value) : IntegerAttr();
}
} // namespace

Value TfmBuilder::quantize(Value v, Value scale, Value zero,
                           const QuantLayout &layout, Type to) {
  if (missing({v, scale}) || !fitScales(v, scale, zero, layout))
    return {};
  if (element(v) != element(scale) || (zero && element(zero) != to))
    return fail("operands are " + typeText(v.getType()) + ", " +
                typeText(scale.getType()) +
                (zero ? " and " + typeText(zero.getType()) : ""));
  return tfm::QuantizeOp::create(ops, loc, tensor(dims(v), to), v, scale, zero,
                                 attrOf(ops, layout.axis),
                                 attrOf(ops, layout.block));
}

Value TfmBuilder::dequantize(Value v, Value scale, Value zero,
                             const QuantLayout &layout, Type to) {
  if (missing({v, scale}) || !fitScales(v, scale, zero, layout))
    return {};
  if (zero && element(zero) != element(v))
    return fail("operands are " + typeText(v.getType()) + " and " +
                typeText(zero.getType()));
  return tfm::DequantizeOp::create(ops, loc, tensor(dims(v), to), v, scale,
                                   zero, attrOf(ops, layout.axis),
                                   attrOf(ops, layout.block));
}

} // namespace ingot::onnx
