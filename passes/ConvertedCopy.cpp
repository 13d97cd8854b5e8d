#include "passes/ConvertedCopy.h"

using namespace mlir;

namespace ingot {

tfm::FusedOp convertedCopy(OpBuilder &builder, Value value, FloatType type) {
  builder.setInsertionPointAfterValue(value);
  Location loc = value.getLoc();
  RankedTensorType tensor = tfm::tensorTypeOf(value);
  auto copy = tfm::FusedOp::create(builder, loc, tensor.clone(type));
  Block &body = copy.getBody().emplaceBlock();
  for (int64_t axis = 0; axis < tensor.getRank(); ++axis)
    body.addArgument(builder.getI64Type(), loc);
  builder.setInsertionPointToStart(&body);
  Value element = tfm::LoadOp::create(builder, loc, tensor.getElementType(),
                                      value, body.getArguments());
  element = tfm::ConvertOp::create(builder, loc, type, element);
  tfm::YieldOp::create(builder, loc, element);
  builder.setInsertionPointAfter(copy);
  return copy;
}

} // namespace ingot
