// Rules of ops between floats and quantized numbers.
#include "ir/tfm/Verify.h"

using namespace mlir;

namespace ingot::tfm {

namespace {
/// The dims of `scale` are those that quantizing `input` takes.
LogicalResult verifyScale(Operation *op, Value input, Value scale,
                          std::optional<int64_t> axis,
                          std::optional<int64_t> block) {
  DimList expected, got = dimsOf(scale);
  if (block && (!axis || *block < 1))
    return op->emitOpError("block must be 1 or more, of an axis, got ")
           << *block;
  if (axis) {
    if (failed(verifyAxis(op, *axis, input)))
      return failure();
    expected = dimsOf(input);
    if (!block)
      expected = {expected[*axis]};
  }
  bool fits = got.size() == expected.size();
  DimArithmetic dims;
  for (size_t i = 0; fits && i < got.size(); ++i) {
    Expr dim = dims.of(expected[i]);
    if (block && static_cast<int64_t>(i) == *axis)
      dim = dims->ceilDiv(dim, dims->integer(*block));
    fits = !dims.neverEqual(dim, dims.of(got[i]));
  }
  if (fits)
    return success();
  InFlightDiagnostic diag = op->emitOpError("scale of ")
                            << input.getType() << " must have ";
  if (block)
    diag << "its dims, but one for " << *block << " at axis " << *axis;
  else
    diag << "dims " << toString(expected);
  return diag << ", got " << toString(got);
}

/// `zero`, where there is one, belongs to `scale` and `quantized`.
LogicalResult verifyZero(Operation *op, Value zero, Value scale,
                         Value quantized) {
  if (!zero)
    return success();
  if (failed(verifyOneElementType(op, {quantized, zero})))
    return failure();
  if (sameDims(zero.getType(), scale.getType()))
    return success();
  return op->emitOpError("zero point must have the dims of the scale, ")
         << toString(dimsOf(scale)) << ", got " << toString(dimsOf(zero));
}
} // namespace

LogicalResult QuantizeOp::verify() {
  // quantize_c1
  if (failed(verifyOneElementType(*this, {getInput(), getScale()})))
    return failure();
  // quantize_c2
  if (failed(verifyDims(*this, getResult(), dimsOf(getInput()))))
    return failure();
  // quantize_c3
  if (failed(verifyScale(*this, getInput(), getScale(), getAxis(), getBlock())))
    return failure();
  // quantize_c4
  return verifyZero(*this, getZero(), getScale(), getResult());
}

LogicalResult DequantizeOp::verify() {
  // dequantize_c1
  if (failed(verifyDims(*this, getResult(), dimsOf(getInput()))))
    return failure();
  // dequantize_c2
  if (failed(verifyScale(*this, getInput(), getScale(), getAxis(), getBlock())))
    return failure();
  // dequantize_c3
  return verifyZero(*this, getZero(), getScale(), getInput());
}

} // namespace ingot::tfm
