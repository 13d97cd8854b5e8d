// Rules of the plain ops that compute.
#include "ir/tfm/Verify.h"

using namespace mlir;

namespace ingot::tfm {

LogicalResult ElementwiseOp::verify() {
  ScalarOp op = getOp().getValue();
  // elementwise_c1
  if (getOperands().size() != scalarArity(op))
    return emitOpError() << stringifyEnum(op) << " takes " << scalarArity(op)
                         << " operands, got " << getOperands().size();
  // elementwise_c2
  if (failed(verifyOneElementType(*this, getOperands())))
    return failure();
  Type element = getElementTypeOrSelf(getOperands().front());
  if (!appliesTo(op, element))
    return emitOpError() << stringifyEnum(op) << " does not apply to "
                         << element;
  // elementwise_c3
  Type expected =
      givesBoolean(op) ? IntegerType::get(getContext(), 1) : element;
  if (getElementTypeOrSelf(getResult()) != expected)
    return emitOpError() << stringifyEnum(op) << " of " << element << " gives "
                         << expected << ", got "
                         << getElementTypeOrSelf(getResult());
  // elementwise_c4
  SmallVector<DimList> operands;
  for (Value operand : getOperands())
    operands.push_back(dimsOf(operand));
  return verifyBroadcast(*this, operands, dimsOf(getResult()));
}

LogicalResult SelectOp::verify() {
  // select_c1
  if (failed(verifyOneElementType(
          *this, {getTrueValue(), getFalseValue(), getResult()})))
    return failure();
  // select_c2
  return verifyBroadcast(
      *this,
      {dimsOf(getCondition()), dimsOf(getTrueValue()), dimsOf(getFalseValue())},
      dimsOf(getResult()));
}

LogicalResult CastOp::verify() {
  // cast_c1
  return verifyDims(*this, getResult(), dimsOf(getInput()));
}

LogicalResult MatmulOp::verify() {
  DimList lhs = dimsOf(getLhs()), rhs = dimsOf(getRhs()),
          result = dimsOf(getResult());
  // matmul_c1
  if (lhs.size() < 2 || rhs.size() < 2)
    return emitOpError("operands must have rank 2 or more, got ")
           << getLhs().getType() << " and " << getRhs().getType();
  if (failed(verifyOneElementType(*this, {getLhs(), getRhs(), getResult()})))
    return failure();
  // matmul_c2
  if (neverEqual(lhs.back(), rhs[rhs.size() - 2]))
    return emitOpError("contracts ")
           << lhs.back().str() << " of " << getLhs().getType() << " with "
           << rhs[rhs.size() - 2].str() << " of " << getRhs().getType();
  // matmul_c3
  if (result.size() < 2 || result[result.size() - 2] != lhs[lhs.size() - 2] ||
      result.back() != rhs.back())
    return emitOpError("result dims must end in ")
           << lhs[lhs.size() - 2].str() << ", " << rhs.back().str() << ", got "
           << toString(result);
  for (DimList *dims : {&lhs, &rhs, &result})
    dims->truncate(dims->size() - 2);
  return verifyBroadcast(*this, {lhs, rhs}, result);
}

LogicalResult SoftmaxOp::verify() {
  // softmax_c1
  return verifyAxis(*this, getAxis(), getInput());
}

LogicalResult ReduceOp::verify() {
  int64_t rank = tensorTypeOf(getInput()).getRank(), previous = -1;
  // reduce_c1
  for (int64_t axis : getAxes()) {
    if (axis <= previous || axis >= rank)
      return emitOpError("axes must be ascending and less than ")
             << rank << ", got [" << getAxes() << "]";
    previous = axis;
  }
  // reduce_c2
  if (failed(verifyDims(*this, getResult(),
                        reducedDims(getInput(), getAxes(), getKeepdims()))))
    return failure();
  // reduce_c3
  return verifyOneElementType(*this, {getInput(), getResult()});
}

LogicalResult ArgReduceOp::verify() {
  // arg_reduce_c1
  if (getKind() != ReduceKind::Max && getKind() != ReduceKind::Min)
    return emitOpError("kind must be max or min, got ")
           << stringifyReduceKind(getKind());
  // arg_reduce_c2
  if (failed(verifyAxis(*this, getAxis(), getInput())) ||
      failed(
          verifyDims(*this, getResult(),
                     reducedDims(getInput(), {static_cast<int64_t>(getAxis())},
                                 getKeepdims()))))
    return failure();
  // arg_reduce_c3
  if (!getElementTypeOrSelf(getResult()).isSignlessInteger(64))
    return emitOpError("result must be of i64, got ") << getResult().getType();
  return success();
}

LogicalResult CumSumOp::verify() {
  // cumsum_c1
  return verifyAxis(*this, getAxis(), getInput());
}

LogicalResult NonZeroOp::verify() {
  auto type = tensorTypeOf(getInput());
  // nonzero_c1
  if (!isa<IntegerType>(type.getElementType()) || type.getRank() == 0)
    return emitOpError("needs integers or booleans of rank 1 or more, got ")
           << type;
  // nonzero_c2
  bool fits = static_cast<int64_t>(getNumResults()) == type.getRank();
  for (Value result : getResults())
    fits = fits && getElementTypeOrSelf(result).isSignlessInteger(64) &&
           dimsOf(result).size() == 1 && dimsOf(result) == dimsOf(getResult(0));
  if (!fits)
    return emitOpError("gives one vector of i64 an axis, all of one dim, got (")
           << getResultTypes() << ") for " << type;
  return success();
}

LogicalResult ConvOp::verify() {
  DimList input = dimsOf(getInput()), weight = dimsOf(getWeight()),
          result = dimsOf(getResult());
  // conv_c1
  if (input.size() < 3 || weight.size() != input.size() ||
      result.size() != input.size())
    return emitOpError("ranks must agree and be 3 or more, got ")
           << getInput().getType() << ", " << getWeight().getType() << " and "
           << getResult().getType();
  SmallVector<Value> tensors{getInput(), getWeight(), getResult()};
  if (getBias())
    tensors.push_back(getBias());
  if (failed(verifyOneElementType(*this, tensors)))
    return failure();
  // conv_c2
  size_t spatial = input.size() - 2;
  auto atLeast = [](ArrayRef<int64_t> values, int64_t bound) {
    return llvm::all_of(values, [&](int64_t v) { return v >= bound; });
  };
  if (getStrides().size() != spatial || getDilations().size() != spatial ||
      getPads().size() != 2 * spatial || !atLeast(getStrides(), 1) ||
      !atLeast(getDilations(), 1) || !atLeast(getPads(), 0))
    return emitOpError("needs ")
           << spatial << " strides and dilations of 1 or more and "
           << 2 * spatial << " pads of 0 or more, got [" << getStrides()
           << "], [" << getDilations() << "] and [" << getPads() << "]";
  // conv_c3
  int64_t group = getGroup();
  DimArithmetic dims;
  std::optional<int64_t> outputs = weight[0].constant();
  if (group < 1 || (outputs && *outputs % group != 0) ||
      dims.neverEqual(dims.of(input[1]),
                      dims->scale(dims.of(weight[1]), group)))
    return emitOpError("channels of ")
           << getInput().getType() << " do not fit weight "
           << getWeight().getType() << " in " << group << " groups";
  if (getBias() && dimsOf(getBias()) != DimList{weight[0]})
    return emitOpError("bias must be a vector of ")
           << weight[0].str() << ", got " << getBias().getType();
  // conv_c4
  if (result[0] != input[0] || result[1] != weight[0])
    return emitOpError("result dims must start with ")
           << input[0].str() << ", " << weight[0].str() << ", got "
           << toString(result);
  for (size_t i = 0; i < spatial; ++i) {
    Expr reach = dims->scale(
        dims->sub(dims.of(weight[i + 2]), dims->integer(1)), getDilations()[i]);
    Expr padded =
        dims->add(dims->add(dims.of(input[i + 2]), dims->integer(getPads()[i])),
                  dims->integer(getPads()[i + spatial]));
    Expr extent = dims->add(
        dims->floorDiv(dims->sub(dims->sub(padded, reach), dims->integer(1)),
                       dims->integer(getStrides()[i])),
        dims->integer(1));
    if (dims.neverEqual(extent, dims.of(result[i + 2])))
      return emitOpError("result dim ")
             << i + 2 << " must be " << dims.text(extent) << ", got "
             << result[i + 2].str();
  }
  return success();
}

} // namespace ingot::tfm
