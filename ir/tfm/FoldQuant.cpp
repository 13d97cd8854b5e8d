// Products of quantized numbers. Integer sums that a scale multiplies become
// products of values, the form that linears are raised from.
#include "ir/tfm/Fold.h"

using namespace mlir;

namespace ingot::tfm {

namespace {
/// Integers as floats: with a scale of 1.
bool isUnscaled(DequantizeOp op) {
  DenseElementsAttr scale = op ? splatOf(op.getScale()) : DenseElementsAttr();
  return scale && isa<IntegerType>(getElementTypeOrSelf(op.getInput())) &&
         scale.getSplatValue<APFloat>().isExactlyValue(1.0);
}
} // namespace

bool isIntegerSum(Value value) {
  while (auto reshape = value.getDefiningOp<ReshapeOp>())
    value = reshape.getInput();
  auto product = value.getDefiningOp<MatmulOp>();
  return product &&
         isUnscaled(product.getLhs().getDefiningOp<DequantizeOp>()) &&
         isUnscaled(product.getRhs().getDefiningOp<DequantizeOp>());
}

namespace {
bool isOneNumber(Value value) {
  return llvm::all_of(dimsOf(value), [](const Dim &dim) { return dim.is(1); });
}

bool isParameter(Value value) {
  return isa_and_present<GetWeightOp, ConstantOp>(value.getDefiningOp());
}

/// matmul(unscaled, unscaled) * (a * b) with a number `a` and a number or a
/// vector of columns `b`: each operand takes its scale.
struct ScaleOperands : public OpRewritePattern<ElementwiseOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ElementwiseOp op,
                                PatternRewriter &rewriter) const override {
    if (op.getOp().getValue() != ScalarOp::Mul)
      return rewriter.notifyMatchFailure(op, "no product");
    for (unsigned side : {0u, 1u}) {
      auto product = op.getOperands()[side].getDefiningOp<MatmulOp>();
      if (product && product.getType() == op.getType() &&
          product->hasOneUse() && isIntegerSum(product))
        return rewrite(op, product, op.getOperands()[1 - side], rewriter);
    }
    return rewriter.notifyMatchFailure(op, "no sum of integers");
  }

  static LogicalResult rewrite(ElementwiseOp op, MatmulOp product, Value scale,
                               PatternRewriter &rewriter) {
    auto lhs = product.getLhs().getDefiningOp<DequantizeOp>();
    auto rhs = product.getRhs().getDefiningOp<DequantizeOp>();
    SmallVector<Value> factors{scale};
    auto both = scale.getDefiningOp<ElementwiseOp>();
    if (both && both.getOp().getValue() == ScalarOp::Mul)
      factors.assign(both.getOperands().begin(), both.getOperands().end());
    Value left, right;
    for (Value factor : factors) {
      bool isRight = !isOneNumber(factor) || isParameter(factor);
      if (isRight ? right : left)
        return rewriter.notifyMatchFailure(op, "two scales of one operand");
      (isRight ? right : left) = factor;
    }
    DimList columns{dimsOf(rhs.getResult()).back()};
    if (right && !isOneNumber(right) &&
        (!broadcastsTo(dimsOf(right), columns) || dimsOf(right).size() != 1))
      return rewriter.notifyMatchFailure(op, "no scale of columns");
    if ((left && lhs.getAxis()) ||
        (right && rhs.getAxis() &&
         static_cast<int64_t>(*rhs.getAxis()) + 1 !=
             tensorTypeOf(rhs.getResult()).getRank()))
      return rewriter.notifyMatchFailure(op, "its axis is another");
    rewriter.setInsertionPoint(op);
    Value a = left ? scaled(lhs, left, rewriter) : lhs.getResult();
    Value b = right ? scaled(rhs, right, rewriter) : rhs.getResult();
    Location loc = rewriter.getFusedLoc({product.getLoc(), op.getLoc()});
    rewriter.replaceOp(op, MatmulOp::create(rewriter, loc, op.getType(), a, b));
    return success();
  }

  /// `value` with `scale`, a number, or a vector along the last axis.
  static Value scaled(DequantizeOp value, Value scale,
                      PatternRewriter &rewriter) {
    Location loc = value.getLoc();
    Value zero = value.getZero();
    DimList dims;
    if (value.getAxis() || !isOneNumber(scale))
      dims = {dimsOf(value.getResult()).back()};
    auto fitted = [&](Value parameter) -> Value {
      if (!parameter)
        return {};
      SmallVector<std::string> texts;
      for (const Dim &dim : dims)
        texts.push_back(dim.str());
      Type element = getElementTypeOrSelf(parameter);
      if (isOneNumber(parameter) && tensorTypeOf(parameter).getRank() != 0)
        parameter = ReshapeOp::create(
            rewriter, loc, RankedTensorType::get({}, element), parameter);
      return broadcastTo(rewriter, loc, parameter, tensorType(texts, element));
    };
    IntegerAttr axis;
    if (!dims.empty())
      axis = rewriter.getI64IntegerAttr(
          tensorTypeOf(value.getResult()).getRank() - 1);
    return DequantizeOp::create(rewriter, loc, value.getType(),
                                value.getInput(), fitted(scale), fitted(zero),
                                axis, IntegerAttr());
  }
};

/// Zero points of 8-bit floats, which ONNX has to name the type, are 0.
template <typename Op>
struct DropFloatZero : public OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;

  LogicalResult matchAndRewrite(Op op,
                                PatternRewriter &rewriter) const override {
    DenseElementsAttr zero =
        op.getZero() ? splatOf(op.getZero()) : DenseElementsAttr();
    if (!zero || !isa<FloatType>(zero.getElementType()) ||
        !zero.getSplatValue<APFloat>().isZero())
      return rewriter.notifyMatchFailure(op, "no zero point of 0.0");
    rewriter.modifyOpInPlace(op, [&] { op.getZeroMutable().clear(); });
    return success();
  }
};
} // namespace

void DequantizeOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                               MLIRContext *context) {
  patterns.add<ScaleOperands, DropFloatZero<DequantizeOp>,
               DropFloatZero<QuantizeOp>>(context);
}

} // namespace ingot::tfm
