// Folders of the ops that only move elements. All are exact.
#include "ir/tfm/Fold.h"

using namespace mlir;

namespace ingot::tfm {

DenseElementsAttr splatOf(Value value) {
  while (true) {
    Operation *op = value.getDefiningOp();
    if (auto constant = dyn_cast_if_present<ConstantOp>(op)) {
      auto dense = dyn_cast<DenseElementsAttr>(constant.getValue());
      return dense && dense.isSplat() ? dense : DenseElementsAttr();
    }
    if (!isa_and_present<ReshapeOp, TransposeOp, BroadcastOp, SliceOp, TileOp>(
            op))
      return {};
    value = op->getOperand(0);
  }
}

DenseElementsAttr splatAs(DenseElementsAttr splat, Type type) {
  auto tensor = cast<RankedTensorType>(type);
  if (!splat || !tensor.hasStaticShape() || tensor.getNumElements() == 0)
    return {};
  return splat.resizeSplat(tensor);
}

Value broadcastTo(OpBuilder &builder, Location loc, Value value, Type type) {
  if (value.getType() == type)
    return value;
  return BroadcastOp::create(builder, loc, type, value);
}

namespace {
bool allZero(DimsAttr dims) {
  return llvm::all_of(dimsOf(dims), [](const Dim &dim) { return dim.is(0); });
}

SmallVector<int64_t> composed(ArrayRef<int64_t> inner,
                              ArrayRef<int64_t> outer) {
  SmallVector<int64_t> perm;
  for (int64_t axis : outer)
    perm.push_back(inner[axis]);
  return perm;
}
} // namespace

OpFoldResult ReshapeOp::fold(FoldAdaptor) {
  if (getInput().getType() == getType())
    return getInput();
  if (DenseElementsAttr splat = splatAs(splatOf(getInput()), getType()))
    return splat;
  auto producer = getInput().getDefiningOp<ReshapeOp>();
  if (!producer ||
      countsDiffer(dimsOf(producer.getInput()), dimsOf(getResult())))
    return {};
  if (producer.getInput().getType() == getType())
    return producer.getInput();
  getInputMutable().assign(producer.getInput());
  return getResult();
}

OpFoldResult TransposeOp::fold(FoldAdaptor) {
  if (llvm::equal(getPerm(), llvm::seq<int64_t>(0, getPerm().size())))
    return getInput();
  if (DenseElementsAttr splat = splatAs(splatOf(getInput()), getType()))
    return splat;
  auto producer = getInput().getDefiningOp<TransposeOp>();
  if (!producer)
    return {};
  setPerm(composed(producer.getPerm(), getPerm()));
  getInputMutable().assign(producer.getInput());
  return getResult();
}

OpFoldResult BroadcastOp::fold(FoldAdaptor) {
  if (getInput().getType() == getType())
    return getInput();
  if (DenseElementsAttr splat = splatAs(splatOf(getInput()), getType()))
    return splat;
  auto producer = getInput().getDefiningOp<BroadcastOp>();
  if (!producer ||
      !broadcastsTo(dimsOf(producer.getInput()), dimsOf(getResult())))
    return {};
  getInputMutable().assign(producer.getInput());
  return getResult();
}

OpFoldResult SliceOp::fold(FoldAdaptor) {
  bool allSteps1 = llvm::all_of(
      llvm::zip_equal(getSteps(), dimsOf(getResult())), [](auto pair) {
        return std::get<0>(pair) == 1 || std::get<1>(pair).is(1);
      });
  if (getInput().getType() == getType() && allZero(getStarts()) && allSteps1)
    return getInput();
  return splatAs(splatOf(getInput()), getType());
}

OpFoldResult ConcatOp::fold(FoldAdaptor) {
  if (getInputs().size() == 1 && getInputs()[0].getType() == getType())
    return getInputs()[0];
  DenseElementsAttr first = splatOf(getInputs()[0]);
  if (first && llvm::all_of(getInputs().drop_front(), [&](Value operand) {
        DenseElementsAttr other = splatOf(operand);
        return other && other.getSplatValue<Attribute>() ==
                            first.getSplatValue<Attribute>();
      }))
    return splatAs(first, getType());
  return {};
}

OpFoldResult PadOp::fold(FoldAdaptor) {
  if (getInput().getType() == getType() && allZero(getLow()) &&
      allZero(getHigh()))
    return getInput();
  return {};
}

OpFoldResult TileOp::fold(FoldAdaptor) {
  if (getInput().getType() == getType())
    return getInput();
  return splatAs(splatOf(getInput()), getType());
}

namespace {
/// Element i of the outer slice is element start + step*i of the inner one.
struct SliceOfSlice : public OpRewritePattern<SliceOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(SliceOp op,
                                PatternRewriter &rewriter) const override {
    auto inner = op.getInput().getDefiningOp<SliceOp>();
    if (!inner)
      return rewriter.notifyMatchFailure(op, "operand is no slice");
    SmallVector<std::string> starts;
    SmallVector<int64_t> steps;
    DimArithmetic dims;
    DimList innerStarts = dimsOf(inner.getStarts()),
            outerStarts = dimsOf(op.getStarts());
    for (size_t i = 0; i < outerStarts.size(); ++i) {
      int64_t step = inner.getSteps()[i];
      Expr start = dims->add(dims.of(innerStarts[i]),
                             dims->scale(dims.of(outerStarts[i]), step));
      if (dims->failed() || llvm::MulOverflow(step, op.getSteps()[i], step))
        return rewriter.notifyMatchFailure(op, "starts or steps leave 64 bits");
      starts.push_back(dims.text(start));
      steps.push_back(step);
    }
    rewriter.replaceOpWithNewOp<SliceOp>(op, op.getType(), inner.getInput(),
                                         DimsAttr::get(op.getContext(), starts),
                                         steps);
    return success();
  }
};

/// Operands without elements go, a concat along the same axis is taken in.
struct FlattenConcat : public OpRewritePattern<ConcatOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ConcatOp op,
                                PatternRewriter &rewriter) const override {
    SmallVector<Value> operands;
    for (Value operand : op.getInputs()) {
      if (dimsOf(operand)[op.getAxis()].is(0))
        continue;
      auto inner = operand.getDefiningOp<ConcatOp>();
      if (inner && inner.getAxis() == op.getAxis())
        llvm::append_range(operands, inner.getInputs());
      else
        operands.push_back(operand);
    }
    if (operands.empty() || llvm::equal(operands, op.getInputs()))
      return rewriter.notifyMatchFailure(op, "nothing to take out or in");
    // The dims off the axis may be those of an operand that would go.
    DimList result = dimsOf(op.getResult());
    for (size_t i = 0; i < result.size(); ++i)
      if (i != op.getAxis() && llvm::none_of(operands, [&](Value v) {
            return dimsOf(v)[i] == result[i];
          }))
        return rewriter.notifyMatchFailure(
            op, "dims come from an operand without elements");
    rewriter.replaceOpWithNewOp<ConcatOp>(op, op.getType(), operands,
                                          op.getAxis());
    return success();
  }
};

/// Repeating an extent of 1 is broadcasting.
struct TileToBroadcast : public OpRewritePattern<TileOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(TileOp op,
                                PatternRewriter &rewriter) const override {
    for (auto [from, to] :
         llvm::zip_equal(dimsOf(op.getInput()), dimsOf(op.getResult())))
      if (from != to && !from.is(1))
        return rewriter.notifyMatchFailure(op, "repeats more than one element");
    rewriter.replaceOpWithNewOp<BroadcastOp>(op, op.getType(), op.getInput());
    return success();
  }
};
} // namespace

void SliceOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                          MLIRContext *context) {
  patterns.add<SliceOfSlice>(context);
}

void ConcatOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                           MLIRContext *context) {
  patterns.add<FlattenConcat>(context);
}

void TileOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                         MLIRContext *context) {
  patterns.add<TileToBroadcast>(context);
}

} // namespace ingot::tfm
