// Folders of constants and scalars, and where constants live.
#include "ir/tfm/Dims.h"

#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/FoldUtils.h"

using namespace mlir;

namespace ingot::tfm {

namespace {
struct FoldInterface : public DialectFoldInterface {
  using DialectFoldInterface::DialectFoldInterface;
  /// A region computes one element: its constants stay in it, where code
  /// generation looks for them.
  bool shouldMaterializeInto(Region *) const override { return true; }
};
} // namespace

void TfmDialect::registerInterfaces() { addInterfaces<FoldInterface>(); }

Operation *TfmDialect::materializeConstant(OpBuilder &builder, Attribute value,
                                           Type type, Location loc) {
  auto dense = dyn_cast<DenseElementsAttr>(value);
  if (!dense || dense.getType() != type ||
      (!dense.isSplat() && dense.getNumElements() > kMaxConstantElements))
    return nullptr;
  return ConstantOp::create(builder, loc, type, dense);
}

OpFoldResult ConstantOp::fold(FoldAdaptor) { return getValue(); }

OpFoldResult SymbolicOp::fold(FoldAdaptor) {
  auto type = cast<RankedTensorType>(getType());
  if (!getValues().isStatic() || type.getNumElements() == 0 ||
      type.getNumElements() > kMaxConstantElements)
    return {};
  SmallVector<APInt> values;
  for (unsigned i = 0; i < getValues().size(); ++i)
    values.push_back(APInt(64, *getValues().constant(i), /*isSigned=*/true)
                         .trunc(type.getElementTypeBitWidth()));
  return DenseElementsAttr::get(type, values);
}

LogicalResult RequireOp::canonicalize(RequireOp op, PatternRewriter &rewriter) {
  DimList values = dimsOf(op.getValues());
  bool holds = values[0] == values[1];
  if (!holds && op.getRelation() == Comparison::Le) {
    DimArithmetic dims;
    Expr a = dims.of(values[0]), b = dims.of(values[1]);
    holds = dims->proveGe(b, a) && !dims->failed();
  }
  if (!holds)
    return rewriter.notifyMatchFailure(op, "not evident");
  rewriter.eraseOp(op);
  return success();
}

OpFoldResult ChooseOp::fold(FoldAdaptor adaptor) {
  if (getTrueValue() == getFalseValue())
    return getTrueValue();
  if (auto condition = dyn_cast_if_present<BoolAttr>(adaptor.getCondition()))
    return condition.getValue() ? getTrueValue() : getFalseValue();
  return {};
}

OpFoldResult ConvertOp::fold(FoldAdaptor) {
  return getInput().getType() == getType() ? getInput() : Value();
}

} // namespace ingot::tfm
