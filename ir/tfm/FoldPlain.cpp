// Folders of elementwise ops. All are bit-exact: x + 0 is not x where x is -0.
#include "ir/tfm/Fold.h"
#include "ir/tfm/Verify.h"

using namespace mlir;

namespace ingot::tfm {

namespace {
/// Every element of `value` is `number`, the sign of zero included.
bool isSplat(Value value, double number) {
  DenseElementsAttr splat = splatOf(value);
  if (!splat)
    return false;
  if (auto type = dyn_cast<FloatType>(splat.getElementType())) {
    APFloat expected(number);
    bool inexact;
    expected.convert(type.getFloatSemantics(), APFloat::rmNearestTiesToEven,
                     &inexact);
    return !inexact && splat.getSplatValue<APFloat>().bitwiseIsEqual(expected);
  }
  APInt bits = splat.getSplatValue<APInt>();
  return bits == APInt(bits.getBitWidth(), static_cast<int64_t>(number),
                       /*isSigned=*/true,
                       /*implicitTrunc=*/true);
}

/// The operand of `value` if it is the elementwise `op` of one operand.
Value operandOf(Value value, ScalarOp op) {
  auto producer = value.getDefiningOp<ElementwiseOp>();
  return producer && producer.getOp().getValue() == op
             ? producer.getOperands()[0]
             : Value();
}

/// The operand whose elements, broadcast, the result has; null if there is
/// none.
Value identity(ElementwiseOp e) {
  ScalarOp op = e.getOp().getValue();
  Value a = e.getOperands()[0],
        b = e.getOperands().size() > 1 ? e.getOperands()[1] : Value();
  bool isFloat = isa<FloatType>(getElementTypeOrSelf(a));
  auto neutral = [&](double number) {
    return isSplat(b, number) ? a : Value();
  };
  auto neutralOnEitherSide = [&](double number) {
    return isSplat(b, number) ? a : isSplat(a, number) ? b : Value();
  };
  switch (op) {
  case ScalarOp::Add:
    return neutralOnEitherSide(isFloat ? -0.0 : 0);
  case ScalarOp::Sub:
    return neutral(0);
  case ScalarOp::Mul:
    return neutralOnEitherSide(1);
  case ScalarOp::Div:
  case ScalarOp::Pow:
    return neutral(1);
  case ScalarOp::FloorDiv:
    return isFloat ? Value() : neutral(1);
  case ScalarOp::And:
  case ScalarOp::Or:
    if (Value other = neutralOnEitherSide(op == ScalarOp::And))
      return other;
    return a == b ? a : Value();
  case ScalarOp::Max:
  case ScalarOp::Min:
    return a == b ? a : Value();
  case ScalarOp::Neg:
  case ScalarOp::Not:
    return operandOf(a, op);
  case ScalarOp::Abs:
  case ScalarOp::Sign:
  case ScalarOp::Relu:
    return operandOf(a, op) ? a : Value();
  case ScalarOp::Floor:
  case ScalarOp::Ceil:
  case ScalarOp::Round:
    for (ScalarOp inner : {ScalarOp::Floor, ScalarOp::Ceil, ScalarOp::Round})
      if (operandOf(a, inner))
        return a;
    return {};
  default:
    return {};
  }
}

/// The splat that decides the result alone: 0 of an integer product, false of
/// `and`, true of `or`.
DenseElementsAttr absorbing(ElementwiseOp e) {
  ScalarOp op = e.getOp().getValue();
  bool isFloat = isa<FloatType>(getElementTypeOrSelf(e.getOperands()[0]));
  if (op != ScalarOp::And && op != ScalarOp::Or &&
      (op != ScalarOp::Mul || isFloat))
    return {};
  for (Value operand : e.getOperands())
    if (isSplat(operand, op == ScalarOp::Or))
      return splatAs(splatOf(operand), e.getType());
  return {};
}
} // namespace

OpFoldResult ElementwiseOp::fold(FoldAdaptor) {
  if (Value value = identity(*this); value && value.getType() == getType())
    return value;
  return absorbing(*this);
}

namespace {
/// Every value of `from` is one of `to`.
bool holdsAll(Type from, Type to) {
  if (from == to)
    return true;
  auto fromFloat = dyn_cast<FloatType>(from), toFloat = dyn_cast<FloatType>(to);
  if (fromFloat && toFloat)
    return APFloat::isRepresentableBy(fromFloat.getFloatSemantics(),
                                      toFloat.getFloatSemantics());
  if (fromFloat)
    return false;
  // Bits of the magnitude.
  auto magnitude = [](Type type) {
    return type.getIntOrFloatBitWidth() -
           (type.isSignlessInteger() && !type.isInteger(1));
  };
  bool isSigned = from.isSignlessInteger() && !from.isInteger(1);
  if (toFloat)
    return magnitude(from) <= toFloat.getFPMantissaWidth() &&
           from.getIntOrFloatBitWidth() <
               64; // within every exponent range of such a type
  if (to.isInteger(1))
    return false;
  return magnitude(from) <= magnitude(to) &&
         (!isSigned || to.isSignlessInteger());
}
} // namespace

OpFoldResult CastOp::fold(FoldAdaptor) {
  if (getInput().getType() == getType())
    return getInput();
  auto producer = getInput().getDefiningOp<CastOp>();
  if (!producer)
    return {};
  Type from = getElementTypeOrSelf(producer.getInput()),
       to = getElementTypeOrSelf(getType());
  Type middle = getElementTypeOrSelf(getInput());
  if (producer.getInput().getType() == getType() && middle.isInteger(32) &&
      isIntegerSum(producer.getInput()))
    return producer.getInput();
  // Integers narrow by wrapping, but saturate on the way from a float.
  bool throughFloat = isa<IntegerType>(from) && isa<FloatType>(middle) &&
                      isa<IntegerType>(to) && !to.isInteger(1);
  if (!holdsAll(from, middle) || (throughFloat && !holdsAll(from, to)))
    return {};
  if (producer.getInput().getType() == getType())
    return producer.getInput();
  getInputMutable().assign(producer.getInput());
  return getResult();
}

namespace {
/// The value that `op` gives everywhere, before broadcasting; null if it
/// depends.
Value chosen(SelectOp op) {
  if (op.getTrueValue() == op.getFalseValue() ||
      isSplat(op.getCondition(), true))
    return op.getTrueValue();
  return isSplat(op.getCondition(), false) ? op.getFalseValue() : Value();
}
} // namespace

OpFoldResult SelectOp::fold(FoldAdaptor) {
  if (Value value = chosen(*this); value && value.getType() == getType())
    return value;
  if (getCondition().getType() == getType() && isSplat(getTrueValue(), true) &&
      isSplat(getFalseValue(), false))
    return getCondition();
  DenseElementsAttr a = splatOf(getTrueValue()), b = splatOf(getFalseValue());
  if (a && b && a.getSplatValue<Attribute>() == b.getSplatValue<Attribute>())
    return splatAs(a, getType());
  return {};
}

namespace {
/// An identity whose operand is smaller than the result.
struct IdentityToBroadcast : public OpRewritePattern<ElementwiseOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ElementwiseOp op,
                                PatternRewriter &rewriter) const override {
    Value value = identity(op);
    if (!value)
      return rewriter.notifyMatchFailure(op, "no identity");
    rewriter.replaceOp(op,
                       broadcastTo(rewriter, op.getLoc(), value, op.getType()));
    return success();
  }
};

struct ChosenToBroadcast : public OpRewritePattern<SelectOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(SelectOp op,
                                PatternRewriter &rewriter) const override {
    Value value = chosen(op);
    if (!value)
      return rewriter.notifyMatchFailure(op, "both values count");
    rewriter.replaceOp(op,
                       broadcastTo(rewriter, op.getLoc(), value, op.getType()));
    return success();
  }
};

/// Constants go to the right. Not for max and min, where two zeros of different
/// sign make the order count.
struct ConstantToRight : public OpRewritePattern<ElementwiseOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ElementwiseOp op,
                                PatternRewriter &rewriter) const override {
    switch (op.getOp().getValue()) {
    case ScalarOp::Add:
    case ScalarOp::Mul:
    case ScalarOp::Eq:
    case ScalarOp::Ne:
    case ScalarOp::And:
    case ScalarOp::Or:
      break;
    default:
      return rewriter.notifyMatchFailure(op, "order counts");
    }
    Value a = op.getOperands()[0], b = op.getOperands()[1];
    if (!a.getDefiningOp<ConstantOp>() || b.getDefiningOp<ConstantOp>())
      return rewriter.notifyMatchFailure(op, "no constant on the left alone");
    rewriter.modifyOpInPlace(op, [&] { op->setOperands({b, a}); });
    return success();
  }
};

/// not(a == b) is a != b; of integers, not(a < b) is b <= a (NaN forbids it for
/// floats). abs(-x) is abs(x).
struct FoldUnaryOfElementwise : public OpRewritePattern<ElementwiseOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ElementwiseOp op,
                                PatternRewriter &rewriter) const override {
    auto inner = op.getOperands()[0].getDefiningOp<ElementwiseOp>();
    if (!inner || op.getOperands().size() != 1)
      return rewriter.notifyMatchFailure(op, "no chain");
    ScalarOp outerOp = op.getOp().getValue(),
             innerOp = inner.getOp().getValue();
    SmallVector<Value> operands(inner.getOperands());
    bool isInteger = isa<IntegerType>(getElementTypeOrSelf(operands[0]));
    ScalarOp made;
    if (outerOp == ScalarOp::Abs && innerOp == ScalarOp::Neg) {
      made = ScalarOp::Abs;
    } else if (outerOp != ScalarOp::Not) {
      return rewriter.notifyMatchFailure(op, "no rule");
    } else if (innerOp == ScalarOp::Eq || innerOp == ScalarOp::Ne) {
      made = innerOp == ScalarOp::Eq ? ScalarOp::Ne : ScalarOp::Eq;
    } else if (isInteger &&
               (innerOp == ScalarOp::Lt || innerOp == ScalarOp::Le)) {
      made = innerOp == ScalarOp::Lt ? ScalarOp::Le : ScalarOp::Lt;
      std::swap(operands[0], operands[1]);
    } else {
      return rewriter.notifyMatchFailure(op,
                                         "no comparison that has an opposite");
    }
    rewriter.replaceOpWithNewOp<ElementwiseOp>(
        op, op.getType(), ScalarOpAttr::get(op.getContext(), made), operands);
    return success();
  }
};

/// What `value` was before it was broadcast or got leading dims of 1; else
/// itself.
Value beforeBroadcast(Value value) {
  Operation *op = value.getDefiningOp();
  if (auto broadcast = dyn_cast_if_present<BroadcastOp>(op))
    return broadcast.getInput();
  auto reshape = dyn_cast_if_present<ReshapeOp>(op);
  if (!reshape)
    return value;
  DimList from = dimsOf(reshape.getInput()), to = dimsOf(value);
  if (from.size() >= to.size())
    return value;
  ArrayRef<Dim> leading = ArrayRef<Dim>(to).drop_back(from.size());
  bool only1 = llvm::all_of(leading, [](const Dim &dim) { return dim.is(1); });
  return only1 &&
                 ArrayRef<Dim>(to).take_back(from.size()) == ArrayRef<Dim>(from)
             ? reshape.getInput()
             : value;
}

/// An op that broadcasts needs no broadcast operand where another operand gives
/// the dims.
template <typename Op>
struct DropBroadcasts : public OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;

  LogicalResult matchAndRewrite(Op op,
                                PatternRewriter &rewriter) const override {
    DimList result = dimsOf(op.getResult());
    SmallVector<DimList> dims;
    for (Value operand : op->getOperands())
      dims.push_back(dimsOf(operand));
    for (auto [i, operand] : llvm::enumerate(op->getOperands())) {
      Value before = beforeBroadcast(operand);
      if (before == operand)
        continue;
      SmallVector<DimList> without = dims;
      without[i] = dimsOf(before);
      if (!isBroadcastOf(without, result))
        continue;
      rewriter.modifyOpInPlace(op, [&] { op->setOperand(i, before); });
      return success();
    }
    return rewriter.notifyMatchFailure(op,
                                       "no operand is broadcast without need");
  }
};

/// select(not c, a, b) is select(c, b, a); select(c, select(c, a, b), d) is
/// select(c, a, d).
struct SimplifyCondition : public OpRewritePattern<SelectOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(SelectOp op,
                                PatternRewriter &rewriter) const override {
    Value condition = op.getCondition(), a = op.getTrueValue(),
          b = op.getFalseValue();
    if (Value negated = operandOf(condition, ScalarOp::Not)) {
      condition = negated;
      std::swap(a, b);
    } else {
      auto first = a.getDefiningOp<SelectOp>(),
           second = b.getDefiningOp<SelectOp>();
      if (first && first.getCondition() == condition)
        a = first.getTrueValue();
      if (second && second.getCondition() == condition)
        b = second.getFalseValue();
      if ((a == op.getTrueValue() && b == op.getFalseValue()) ||
          !isBroadcastOf({dimsOf(condition), dimsOf(a), dimsOf(b)},
                         dimsOf(op.getResult())))
        return rewriter.notifyMatchFailure(
            op, "condition is neither negated nor repeated");
    }
    rewriter.replaceOpWithNewOp<SelectOp>(op, op.getType(), condition, a, b);
    return success();
  }
};
} // namespace

void ElementwiseOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                                MLIRContext *context) {
  patterns.add<IdentityToBroadcast, ConstantToRight, FoldUnaryOfElementwise,
               DropBroadcasts<ElementwiseOp>>(context);
}

void SelectOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                           MLIRContext *context) {
  patterns.add<ChosenToBroadcast, SimplifyCondition, DropBroadcasts<SelectOp>>(
      context);
}

} // namespace ingot::tfm
