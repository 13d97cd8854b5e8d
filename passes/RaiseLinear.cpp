#include "passes/Match.h"
#include "passes/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;

namespace ingot {

#define GEN_PASS_DEF_RAISELINEAR
#include "passes/Passes.h.inc"

namespace {
/// The bias that the only user of `value` adds: a parameter of N elements.
Value biasOf(Value value, int64_t n) {
  if (!value.hasOneUse() || (*value.getUsers().begin())->getNumResults() != 1)
    return {};
  Value sum = (*value.getUsers().begin())->getResult(0);
  Value bias = otherOperand(sum, ScalarOp::Add, value);
  if (!bias || !isParameter(bias) || sum.getType() != value.getType())
    return {};
  auto type = llvm::cast<RankedTensorType>(bias.getType());
  bool isVector = type.getRank() > 0 && type.getShape().back() == n &&
                  type.getNumElements() == n;
  return isVector ? bias : Value();
}

/// A Gemm wants a matrix: the tensor that was made one, its last axis is the
/// same. The linear works on that, and the reshape behind it undoes this one.
Value behindReshape(Value input) {
  auto reshape = input.getDefiningOp<tfm::ReshapeOp>();
  if (!reshape)
    return input;
  auto inner = llvm::cast<RankedTensorType>(reshape.getInput().getType());
  auto outer = llvm::cast<RankedTensorType>(reshape.getType());
  bool isSame = outer.getRank() == 2 && inner.getRank() > 0 &&
                !inner.isDynamicDim(inner.getRank() - 1) &&
                inner.getShape().back() == outer.getShape().back();
  return isSame ? reshape.getInput() : input;
}

struct RaiseLinearPass : impl::RaiseLinearBase<RaiseLinearPass> {
  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      llvm::SmallVector<tfm::MatmulOp> products(
          function.getOps<tfm::MatmulOp>());
      for (tfm::MatmulOp product : products)
        raise(product);
      eraseDead(function.getBody().front());
    }
  }

  /// With one term a sum is that term: a product of elements, part of a chain.
  static bool isOuterProduct(tfm::MatmulOp product) {
    auto left = llvm::cast<RankedTensorType>(product.getLhs().getType());
    auto right = llvm::cast<RankedTensorType>(product.getRhs().getType());
    return left.getShape().back() == 1 &&
           right.getDimSize(right.getRank() - 2) == 1;
  }

  void multiply(tfm::MatmulOp product) {
    OpBuilder builder(product);
    Value result = tfm::ElementwiseOp::create(
        builder, product.getLoc(), product.getType(),
        tfm::ScalarOpAttr::get(&getContext(), ScalarOp::Mul),
        ValueRange{product.getLhs(), product.getRhs()});
    product.getResult().replaceAllUsesWith(result);
  }

  void raise(tfm::MatmulOp product) {
    auto weight = llvm::cast<RankedTensorType>(product.getRhs().getType());
    if (!weight.getElementType().isF32())
      return noteUnfused(product, "not f32");
    if (!isParameter(product.getRhs())) {
      if (isOuterProduct(product))
        return multiply(product);
      return noteUnfused(product, isParameter(product.getLhs())
                                      ? "its weight is on the left"
                                      : "both operands are computed");
    }
    if (weight.getRank() != 2)
      return noteUnfused(product, "its weight is no matrix: rank " +
                                      llvm::Twine(weight.getRank()));
    int64_t n = weight.getDimSize(1);
    Value input = behindReshape(product.getLhs());
    llvm::SmallVector<std::string> dims =
        tfm::dimTexts(llvm::cast<RankedTensorType>(input.getType()));
    dims.back() = std::to_string(n);
    RankedTensorType type = tfm::tensorType(dims, weight.getElementType());
    Value result = product.getResult();
    llvm::SmallVector<Operation *> ops{product};
    auto advance = [&] {
      ops.push_back(*result.getUsers().begin());
      result = ops.back()->getResult(0);
    };
    // Back in the dims of the input, where the bias may be.
    if (result.getType() != type && result.hasOneUse())
      if (auto back =
              llvm::dyn_cast<tfm::ReshapeOp>(*result.getUsers().begin()))
        if (back.getType() == type)
          advance();
    Value bias = biasOf(result, n);
    if (bias)
      advance();
    OpBuilder builder(ops.back());
    if (bias && llvm::cast<RankedTensorType>(bias.getType()).getRank() != 1)
      bias = tfm::ReshapeOp::create(
          builder, bias.getLoc(),
          RankedTensorType::get({n}, weight.getElementType()), bias);
    Location loc = fusedLocation(ops);
    Value linear = tfm::LinearOp::create(builder, loc, type, input,
                                         product.getRhs(), bias, Value());
    if (type != result.getType())
      linear = tfm::ReshapeOp::create(builder, loc, result.getType(), linear);
    result.replaceAllUsesWith(linear);
  }
};
} // namespace

} // namespace ingot
