// Rules of the ops that passes raise to. Fusions rely on provably equal dims
// only, so dims are compared as expressions here.
#include "ir/tfm/Verify.h"

using namespace mlir;

namespace ingot::tfm {

namespace {
/// `part` broadcasts to `whole`: each dim, aligned at the last, is 1 or the
/// same.
bool surelyBroadcastsTo(ArrayRef<Dim> part, ArrayRef<Dim> whole) {
  if (part.size() > whole.size())
    return false;
  return llvm::all_of(llvm::zip_equal(part, whole.take_back(part.size())),
                      [](const auto &pair) {
                        const auto &[dim, target] = pair;
                        return dim.is(1) || dim == target;
                      });
}

/// The region takes `arguments`, yields one value of `result` and holds scalar
/// ops only; `what` names it.
LogicalResult verifyRegion(Operation *op, Region &region, StringRef what,
                           ArrayRef<Type> arguments, Type result) {
  if (region.empty())
    return success();
  if (region.getArgumentTypes() != TypeRange(arguments))
    return op->emitOpError() << what << " must take (" << arguments
                             << "), got (" << region.getArgumentTypes() << ")";
  auto yield = dyn_cast<YieldOp>(region.front().getTerminator());
  if (!yield || yield.getValues().getTypes() != TypeRange(result))
    return op->emitOpError()
           << what << " must yield " << result << ", got ("
           << (yield ? TypeRange(yield.getValues()) : TypeRange()) << ")";
  return verifyScalarRegion(op, region, /*symbols=*/true);
}
} // namespace

LogicalResult NormOp::verify() {
  // norm_c1
  if (failed(verifyAxis(*this, getAxis(), getInput())))
    return failure();
  for (Value other : SmallVector<Value>{getResidual(), getResult(), getSum()})
    if (other && other.getType() != getInput().getType())
      return emitOpError(
                 "input, residual, result and sum must have one type, got ")
             << getInput().getType() << " and " << other.getType();
  // norm_c2
  for (Value factor : SmallVector<Value>{getScale(), getBias()})
    if (factor &&
        (getElementTypeOrSelf(factor) != getElementTypeOrSelf(getInput()) ||
         !surelyBroadcastsTo(dimsOf(factor), dimsOf(getInput()))))
      return emitOpError() << (factor == getScale() ? "scale " : "bias ")
                           << factor.getType() << " does not broadcast to "
                           << getInput().getType();
  // norm_c3
  if (getKind() == NormKind::Rms && getBias())
    return emitOpError("of kind rms has no bias, got ") << getBias().getType();
  // norm_c4
  if (getSum() && !getResidual())
    return emitOpError("gives a sum of ")
           << getSum().getType() << " but has no residual";
  return success();
}

/// linear_c4
static LogicalResult verifyQuantized(LinearOp op) {
  if (!op.isQuantized()) {
    if (op.getZeros() || op.getBlock())
      return op.emitOpError("has ")
             << (op.getZeros() ? "zeros" : "a block") << " but no scales";
    return success();
  }
  RankedTensorType weight = tensorTypeOf(op.getWeight());
  if (!isQuantizedWeightType(weight.getElementType()) ||
      !weight.hasStaticShape())
    return op.emitOpError("weight with scales must be static, of i8, ui8, i4, "
                          "ui4 or f8E4M3FN, got ")
           << weight;
  int64_t k = weight.getDimSize(0);
  std::optional<int64_t> block = op.getBlock();
  if (!block || *block < 1 || *block > std::max<int64_t>(1, k)) {
    InFlightDiagnostic diag = op.emitOpError("scales take a block of 1 to ")
                              << std::max<int64_t>(1, k);
    block ? diag << ", got " << *block : diag << ", and there is none";
    return diag;
  }
  int64_t shape[] = {static_cast<int64_t>(llvm::divideCeil(k, *block)),
                     weight.getDimSize(1)};
  Type scales = tensorTypeOf(op.getScales()).getElementType();
  if (op.getScales().getType() != RankedTensorType::get(shape, scales))
    return op.emitOpError("scales must be ")
           << RankedTensorType::get(shape, scales) << ", got "
           << op.getScales().getType();
  auto zeros = RankedTensorType::get(shape, weight.getElementType());
  if (op.getZeros() && op.getZeros().getType() != zeros)
    return op.emitOpError("zeros must be ")
           << zeros << ", got " << op.getZeros().getType();
  return success();
}

LogicalResult LinearOp::verify() {
  DimList input = dimsOf(getInput()), weight = dimsOf(getWeight());
  // linear_c1
  if (input.empty() || weight.size() != 2 || weight[0] != input.back())
    return emitOpError(
               "weight must be [K, N] with the operand's last dim as K, got ")
           << getWeight().getType() << " for " << getInput().getType();
  if (getBias() && dimsOf(getBias()) != DimList{weight[1]})
    return emitOpError("bias must be a vector of ")
           << weight[1].str() << ", got " << getBias().getType();
  if (!isQuantized() &&
      failed(verifyOneElementType(*this, {getInput(), getWeight()})))
    return failure();
  if (failed(verifyQuantized(*this)))
    return failure();
  // linear_c2
  DimList expected = input;
  expected.back() = weight[1];
  if (failed(verifyDims(*this, getResult(), expected)))
    return failure();
  if (getResidual() && dimsOf(getResidual()) != expected)
    return emitOpError("residual must have the result's dims, got ")
           << getResidual().getType() << " and " << getResult().getType();
  return success();
}

LogicalResult LinearOp::verifyRegions() {
  // linear_c3
  Type element = sumType(getElementTypeOrSelf(getInput()));
  return verifyRegion(*this, getEpilogue(), "epilogue", {element}, element);
}

/// attention_c5
static LogicalResult verifyPages(AttentionOp op) {
  if (!op.getPages())
    return success();
  RankedTensorType pages = tensorTypeOf(op.getPages());
  DimList batch{dimsOf(op.getQuery())[0]}, dims = dimsOf(pages);
  bool isTable = pages.getElementType().isSignlessInteger(32) ||
                 pages.getElementType().isSignlessInteger(64);
  if (!isTable || dims.size() != 2 || dims[0] != batch[0])
    return op.emitOpError("pages must be [B, P] of i32 or i64, got ")
           << pages << " for " << op.getQuery().getType();
  if (dimsOf(op.getKey())[0] != dimsOf(op.getValue())[0])
    return op.emitOpError("k and v must have as many pages, got ")
           << op.getKey().getType() << " and " << op.getValue().getType();
  if (op.getKeyBegin())
    return op.emitOpError("with pages has no bounds of keys, got ")
           << op.getKeyBegin().getType();
  return success();
}

LogicalResult AttentionOp::verify() {
  DimList q = dimsOf(getQuery()), k = dimsOf(getKey()), v = dimsOf(getValue());
  // attention_c1
  auto operands = [&]() {
    InFlightDiagnostic diag =
        emitOpError("needs q [B, S, H, D], k [B, T, G, D] and v [B, T, G, E] "
                    "with G dividing H, got ");
    return std::move(diag << getQuery().getType() << ", " << getKey().getType()
                          << " and " << getValue().getType());
  };
  if (q.size() != 4 || k.size() != 4 || v.size() != 4 ||
      (!getPages() && (k[0] != q[0] || v[0] != q[0])) || v[1] != k[1] ||
      v[2] != k[2] || k[3] != q[3])
    return operands();
  std::optional<int64_t> heads = q[2].constant(), groups = k[2].constant();
  if (!heads || !groups ? q[2] != k[2] : *groups == 0 || *heads % *groups != 0)
    return operands();
  if (failed(verifyOneElementType(*this, {getQuery(), getKey(), getValue()})))
    return failure();
  // attention_c2
  if (failed(verifyDims(*this, getResult(), DimList{q[0], q[1], q[2], v[3]})))
    return failure();
  // attention_c4
  if (!getKeyBegin() != !getKeyEnd())
    return emitOpError("says where keys ")
           << (getKeyBegin() ? "begin, but not where they end"
                             : "end, but not where they begin");
  for (Value bound : SmallVector<Value>{getKeyBegin(), getKeyEnd()})
    if (bound && (!getElementTypeOrSelf(bound).isSignlessInteger(64) ||
                  dimsOf(bound) != DimList{q[0], q[1]}))
      return emitOpError("bounds of keys must be [B, S] of i64, got ")
             << bound.getType() << " for " << getQuery().getType();
  return verifyPages(*this);
}

LogicalResult AttentionOp::verifyRegions() {
  // attention_c3
  if (getScoreMod().empty())
    return success();
  Type index = IntegerType::get(getContext(), 64);
  Type score = getScoreMod().getNumArguments()
                   ? getScoreMod().getArgument(0).getType()
                   : Type();
  if (!isa_and_present<FloatType>(score))
    return emitOpError("score_mod must take a float first, got (")
           << getScoreMod().getArgumentTypes() << ")";
  return verifyRegion(*this, getScoreMod(), "score_mod",
                      {score, index, index, index, index}, score);
}

LogicalResult FusedOp::verifyRegions() {
  auto type = tensorTypeOf(getResult());
  SmallVector<Type> indices(type.getRank(), IntegerType::get(getContext(), 64));
  // fused_c1, fused_c2
  return verifyRegion(*this, getBody(), "body", indices,
                      scalarType(type.getElementType()));
}

} // namespace ingot::tfm
