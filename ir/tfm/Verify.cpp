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
  auto refuse = [&]() {
    InFlightDiagnostic diag = op->emitOpError("result dims ") << toString(got);
    diag << " are not the broadcast of ";
    llvm::interleaveComma(operands, diag,
                          [&](const DimList &dims) { diag << toString(dims); });
    return diag;
  };
  size_t rank = 0;
  for (const DimList &operand : operands)
    rank = std::max(rank, operand.size());
  if (got.size() != rank)
    return refuse();
  for (size_t axis = 0; axis < rank; ++axis) {
    // Whether the result's dim is one of the operands' that are not 1, or 1
    // where all are.
    bool all1 = true, found = false;
    for (const DimList &operand : operands) {
      if (axis + operand.size() < rank)
        continue;
      const Dim &dim = operand[axis + operand.size() - rank];
      if (dim.is(1))
        continue;
      all1 = false;
      found |= dim == got[axis];
      if (neverEqual(dim, got[axis]))
        return refuse();
    }
    if (all1 ? !got[axis].is(1) : !found)
      return refuse();
  }
  return success();
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
