// Rules of the plain ops that only move elements, and of generators.
#include "ir/tfm/Verify.h"

using namespace mlir;

namespace ingot::tfm {

namespace {
/// `{input[:axis], middle, input[axis + count:]}`
DimList spliced(const DimList &input, int64_t axis, int64_t count,
                ArrayRef<Dim> middle) {
  DimList dims(input.begin(), input.begin() + axis);
  dims.append(middle.begin(), middle.end());
  dims.append(input.begin() + axis + count, input.end());
  return dims;
}
} // namespace

LogicalResult ReshapeOp::verify() {
  // reshape_c1
  if (failed(verifyOneElementType(*this, {getInput(), getResult()})))
    return failure();
  if (countsDiffer(dimsOf(getInput()), dimsOf(getResult())))
    return emitOpError("element counts differ: ")
           << getInput().getType() << " and " << getResult().getType();
  return success();
}

LogicalResult TransposeOp::verify() {
  DimList input = dimsOf(getInput()), expected;
  // transpose_c1
  SmallVector<bool> seen(input.size(), false);
  for (int64_t axis : getPerm())
    if (axis >= 0 && axis < static_cast<int64_t>(input.size()))
      seen[axis] = true;
  if (getPerm().size() != input.size() || llvm::is_contained(seen, false))
    return emitOpError("perm [")
           << getPerm() << "] is no permutation of the axes of "
           << getInput().getType();
  if (failed(verifyOneElementType(*this, {getInput(), getResult()})))
    return failure();
  // transpose_c2
  for (int64_t axis : getPerm())
    expected.push_back(input[axis]);
  return verifyDims(*this, getResult(), expected);
}

LogicalResult BroadcastOp::verify() {
  DimList input = dimsOf(getInput()), result = dimsOf(getResult());
  // broadcast_c1
  if (failed(verifyOneElementType(*this, {getInput(), getResult()})))
    return failure();
  if (!broadcastsTo(input, result))
    return emitOpError() << getInput().getType() << " does not broadcast to "
                         << getResult().getType();
  return success();
}

LogicalResult SliceOp::verify() {
  DimList input = dimsOf(getInput()), result = dimsOf(getResult()),
          starts = dimsOf(getStarts());
  ArrayRef<int64_t> steps = getSteps();
  // slice_c1
  if (starts.size() != input.size() || steps.size() != input.size() ||
      llvm::is_contained(steps, 0))
    return emitOpError(
               "needs a start and a step other than 0 for each axis of ")
           << getInput().getType() << ", got " << getStarts() << " and ["
           << steps << "]";
  if (result.size() != input.size())
    return emitOpError("result must have the operand's rank, got ")
           << getResult().getType() << " for " << getInput().getType();
  if (failed(verifyOneElementType(*this, {getInput(), getResult()})))
    return failure();
  // slice_c2
  for (size_t i = 0; i < input.size(); ++i) {
    if (starts[i].is(0) && steps[i] == 1 && result[i] == input[i])
      continue;
    DimArithmetic dims;
    Expr zero = dims->integer(0), size = dims.of(result[i]),
         extent = dims.of(input[i]);
    Expr first = dims.of(starts[i]);
    Expr last = dims->add(
        first, dims->scale(dims->sub(size, dims->integer(1)), steps[i]));
    auto outside = [&](Expr at) {
      return dims.alwaysLess(at, zero) ||
             dims.alwaysLess(dims->sub(extent, dims->integer(1)), at);
    };
    if (dims.alwaysLess(zero, size) && (outside(first) || outside(last)))
      return emitOpError("elements ")
             << dims.text(first) << " to " << dims.text(last) << " of axis "
             << i << " are not inside " << getInput().getType();
  }
  return success();
}

LogicalResult ConcatOp::verify() {
  // concat_c1
  if (getInputs().empty())
    return emitOpError("needs an operand");
  SmallVector<Value> tensors(getInputs());
  tensors.push_back(getResult());
  if (failed(verifyAxis(*this, getAxis(), getResult())) ||
      failed(verifyOneElementType(*this, tensors)))
    return failure();
  // concat_c2
  DimList result = dimsOf(getResult());
  size_t axis = getAxis();
  SmallVector<bool> found(result.size(), false);
  std::optional<int64_t> sum = 0;
  for (Value operand : getInputs()) {
    DimList dims = dimsOf(operand);
    bool fits = dims.size() == result.size();
    for (size_t i = 0; fits && i < dims.size(); ++i) {
      found[i] |= i == axis || dims[i] == result[i];
      fits = i == axis || !neverEqual(dims[i], result[i]);
    }
    if (!fits)
      return emitOpError() << operand.getType() << " does not join into "
                           << getResult().getType() << " along axis " << axis;
    std::optional<int64_t> extent = dims[axis].constant();
    sum = sum && extent ? std::optional(*sum + *extent) : std::nullopt;
  }
  if (llvm::is_contained(found, false))
    return emitOpError("no operand has the dims of the result off axis ")
           << axis << ": " << getResult().getType();
  if (sum && result[axis].is(*sum))
    return success();
  DimArithmetic dims;
  Expr total = dims->integer(0);
  for (Value operand : getInputs())
    total = dims->add(total, dims.of(dimsOf(operand)[axis]));
  if (dims.neverEqual(total, dims.of(result[axis])))
    return emitOpError("result dim ") << axis << " must be " << dims.text(total)
                                      << ", got " << result[axis].str();
  return success();
}

LogicalResult GatherOp::verify() {
  // gather_c1
  if (failed(verifyAxis(*this, getAxis(), getInput())) ||
      failed(verifyOneElementType(*this, {getInput(), getResult()})))
    return failure();
  // gather_c2
  return verifyDims(
      *this, getResult(),
      spliced(dimsOf(getInput()), getAxis(), 1, dimsOf(getIndices())));
}

LogicalResult GatherElementsOp::verify() {
  DimList input = dimsOf(getInput()), indices = dimsOf(getIndices());
  // gather_elements_c1
  if (input.size() != indices.size())
    return emitOpError("ranks must agree, got ")
           << getInput().getType() << " and " << getIndices().getType();
  if (failed(verifyAxis(*this, getAxis(), getInput())) ||
      failed(verifyOneElementType(*this, {getInput(), getResult()})))
    return failure();
  // gather_elements_c2
  if (failed(verifyDims(*this, getResult(), indices)))
    return failure();
  // gather_elements_c3
  for (size_t i = 0; i < input.size(); ++i) {
    if (i == getAxis() || input[i] == indices[i])
      continue;
    DimArithmetic dims;
    if (dims.alwaysLess(dims.of(input[i]), dims.of(indices[i])))
      return emitOpError("indices have ")
             << indices[i].str() << " along axis " << i << ", the operand only "
             << input[i].str();
  }
  return success();
}

LogicalResult GatherNDOp::verify() {
  DimList input = dimsOf(getInput()), indices = dimsOf(getIndices());
  int64_t batch = getBatchDims(), rank = input.size();
  // gather_nd_c1
  std::optional<int64_t> tuple =
      indices.empty() ? std::nullopt : indices.back().constant();
  if (!tuple || batch < 0 || *tuple > rank || batch + *tuple > rank ||
      batch >= static_cast<int64_t>(indices.size()))
    return emitOpError("indices ")
           << getIndices().getType() << " after " << batch
           << " batch dims do not fit " << getInput().getType();
  if (failed(verifyOneElementType(*this, {getInput(), getResult()})))
    return failure();
  // gather_nd_c2
  for (int64_t i = 0; i < batch; ++i)
    if (neverEqual(input[i], indices[i]))
      return emitOpError("batch dims differ: ")
             << getInput().getType() << " and " << getIndices().getType();
  return verifyDims(
      *this, getResult(),
      spliced(input, 0, batch + *tuple, ArrayRef<Dim>(indices).drop_back()));
}

LogicalResult PadOp::verify() {
  DimList input = dimsOf(getInput()), result = dimsOf(getResult());
  DimList low = dimsOf(getLow()), high = dimsOf(getHigh());
  // pad_c1
  if (low.size() != input.size() || high.size() != input.size() ||
      result.size() != input.size())
    return emitOpError("needs a low and a high pad for each axis of ")
           << getInput().getType() << " and a result of its rank, got "
           << getLow() << ", " << getHigh() << " and " << getResult().getType();
  for (size_t i = 0; i < input.size(); ++i) {
    if (low[i].is(0) && high[i].is(0) && input[i] == result[i])
      continue;
    DimArithmetic dims;
    Expr total = dims->add(dims->add(dims.of(low[i]), dims.of(input[i])),
                           dims.of(high[i]));
    if (dims.neverEqual(total, dims.of(result[i])))
      return emitOpError("result dim ") << i << " must be " << dims.text(total)
                                        << ", got " << result[i].str();
  }
  // pad_c2
  if ((getMode() == PadMode::Constant) != static_cast<bool>(getValue()))
    return emitOpError("mode ")
           << stringifyPadMode(getMode())
           << (getValue() ? " takes no value" : " needs a value");
  if (getValue() && tensorTypeOf(getValue()).getRank() != 0)
    return emitOpError("value must have rank 0, got ") << getValue().getType();
  SmallVector<Value> tensors{getInput(), getResult()};
  if (getValue())
    tensors.push_back(getValue());
  return verifyOneElementType(*this, tensors);
}

LogicalResult TileOp::verify() {
  DimList input = dimsOf(getInput()), result = dimsOf(getResult());
  // tile_c1
  if (input.size() != result.size())
    return emitOpError("ranks must agree, got ")
           << getInput().getType() << " and " << getResult().getType();
  if (failed(verifyOneElementType(*this, {getInput(), getResult()})))
    return failure();
  // tile_c2
  for (size_t i = 0; i < input.size(); ++i) {
    std::optional<int64_t> extent = input[i].constant(),
                           tiled = result[i].constant();
    if (extent && tiled && (*extent == 0 ? *tiled != 0 : *tiled % *extent != 0))
      return emitOpError("result dim ")
             << i << " must be a multiple of " << *extent << ", got " << *tiled;
  }
  return success();
}

LogicalResult IotaOp::verify() {
  // iota_c1
  auto type = tensorTypeOf(getResult());
  if (getProgression().size() != 2 || type.getRank() != 1 ||
      type.getElementType().isInteger(1))
    return emitOpError("needs start and step and a vector of integers, got ")
           << getProgression() << " and " << type;
  return success();
}

LogicalResult TriluOp::verify() {
  // trilu_c1
  if (tensorTypeOf(getInput()).getRank() < 2 || getDiagonal().size() != 1)
    return emitOpError("needs rank 2 or more and one diagonal, got ")
           << getInput().getType() << " and " << getDiagonal();
  return success();
}

} // namespace ingot::tfm
