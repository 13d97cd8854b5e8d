#include "ir/tfm/Verify.h"

using namespace mlir;

namespace ingot::tfm {

LogicalResult verifyAxis(Operation *op, int64_t axis, Value tensor) {
  if (axis >= 0 && axis < tensorTypeOf(tensor).getRank())
    return success();
  return op->emitOpError("axis ")
         << axis << " is not one of " << tensor.getType();
}

LogicalResult verifyOneElementType(Operation *op, ValueRange tensors) {
  for (Value tensor : tensors.drop_front())
    if (getElementTypeOrSelf(tensor) != getElementTypeOrSelf(tensors.front()))
      return op->emitOpError("must have one element type, got ")
             << getElementTypeOrSelf(tensors.front()) << " and "
             << getElementTypeOrSelf(tensor);
  return success();
}

LogicalResult verifyDims(Operation *op, Value got, ArrayRef<Dim> expected) {
  DimList dims = dimsOf(got);
  if (ArrayRef<Dim>(dims) == expected)
    return success();
  return op->emitOpError("result dims must be ")
         << toString(expected) << ", got " << toString(dims);
}

LogicalResult verifyBroadcast(Operation *op, ArrayRef<DimList> operands,
                              ArrayRef<Dim> got) {
  if (isBroadcastOf(operands, got))
    return success();
  InFlightDiagnostic diag = op->emitOpError("result dims ") << toString(got);
  diag << " are not the broadcast of ";
  llvm::interleaveComma(operands, diag,
                        [&](const DimList &dims) { diag << toString(dims); });
  return diag;
}

DimList reducedDims(Value input, ArrayRef<int64_t> axes, bool keepdims) {
  DimList dims;
  for (auto [axis, dim] : llvm::enumerate(dimsOf(input))) {
    if (!llvm::is_contained(axes, axis))
      dims.push_back(dim);
    else if (keepdims)
      dims.push_back(1);
  }
  return dims;
}

} // namespace ingot::tfm
