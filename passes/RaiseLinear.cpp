#include "passes/Match.h"
#include "passes/Passes.h"
#include "passes/WeightRecipes.h"
#include "passes/Weights.h"

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

/// The weight [K, N] of a product that is dequantized where it is read: as it
/// is stored, with scales and zeros [ceil(K / block), N].
struct QuantizedWeight {
  tfm::DequantizeOp dequantize;
  Value weight, scales, zeros;
  int64_t block;
};

class QuantizedMatcher {
public:
  QuantizedMatcher(ModuleOp module, tfm::MatmulOp product)
      : module(module), recipes(module), builder(product),
        value(product.getRhs()) {}

  /// Nothing where `value` is no such weight, or its scales are others: of rows
  /// along K, or blocks along N.
  std::optional<QuantizedWeight> match() {
    auto transpose = value.getDefiningOp<tfm::TransposeOp>();
    isTransposed = static_cast<bool>(transpose);
    auto dequantize = (transpose ? transpose.getInput() : value)
                          .getDefiningOp<tfm::DequantizeOp>();
    if (!dequantize || !isStored(dequantize))
      return std::nullopt;
    RankedTensorType type = tfm::tensorTypeOf(dequantize.getInput());
    if (type.getRank() != 2 || !type.hasStaticShape() ||
        !tfm::isQuantizedWeightType(type.getElementType()))
      return std::nullopt;
    int64_t kAxis = isTransposed ? 1 : 0, k = type.getDimSize(kAxis);
    columns = type.getDimSize(1 - kAxis);
    int64_t block = std::max<int64_t>(1, k);
    if (dequantize.getAxis()) {
      bool isAlongK = *dequantize.getAxis() == static_cast<uint64_t>(kAxis);
      bool hasBlocks = dequantize.getBlock().has_value();
      if (isAlongK != hasBlocks)
        return std::nullopt;
      if (hasBlocks)
        block = std::min<int64_t>(block, *dequantize.getBlock());
    }
    Value zeros = zerosOf(dequantize);
    return QuantizedWeight{dequantize, stored(dequantize.getInput()),
                           rows(dequantize.getScale()),
                           zeros ? rows(zeros) : Value(), block};
  }

  /// Where `rows` are 8-bit floats times one number, as the weight's elements
  /// are: that product, whose number the weight's scales take in, in f32.
  tfm::DequantizeOp takeRowScale(Value rows, QuantizedWeight &quantized) {
    auto dequantize = rows.getDefiningOp<tfm::DequantizeOp>();
    auto isF8 = [](Value value) {
      return llvm::isa<Float8E4M3FNType>(
          tfm::tensorTypeOf(value).getElementType());
    };
    if (!dequantize || dequantize.getAxis() || dequantize.getZero() ||
        quantized.zeros || !isParameter(dequantize.getScale()) ||
        !isF8(dequantize.getInput()) || !isF8(quantized.weight))
      return {};
    Value scales = widened(quantized.scales),
          factor = widened(dequantize.getScale());
    OwningOpRef<tfm::ElementwiseOp> product = tfm::ElementwiseOp::create(
        builder, dequantize.getLoc(), scales.getType(),
        tfm::ScalarOpAttr::get(builder.getContext(), ScalarOp::Mul),
        ValueRange{scales, factor});
    quantized.scales = recipes.derive(builder, *product);
    return dequantize;
  }

private:
  static bool isStored(tfm::DequantizeOp dequantize) {
    return llvm::all_of(dequantize->getOperands(), isParameter);
  }

  template <typename Op, typename... Args>
  Value derive(Value from, llvm::ArrayRef<int64_t> shape, Args... args) {
    Type element = tfm::tensorTypeOf(from).getElementType();
    OwningOpRef<Op> op =
        Op::create(builder, from.getLoc(),
                   RankedTensorType::get(shape, element), from, args...);
    return recipes.derive(builder, *op);
  }

  /// None where they are stored floats of 0: ONNX has them to name the type.
  /// The canonicalizer has dropped constants.
  Value zerosOf(tfm::DequantizeOp dequantize) {
    Value zeros = dequantize.getZero();
    auto weight =
        zeros ? zeros.getDefiningOp<tfm::GetWeightOp>() : tfm::GetWeightOp();
    ElementLifter::StoredBytes stored = weightBytesOf(module);
    if (!weight || !stored ||
        !llvm::isa<Float8E4M3FNType>(tfm::tensorTypeOf(zeros).getElementType()))
      return zeros;
    llvm::ArrayRef<char> bytes =
        stored(module.lookupSymbol<tfm::WeightOp>(weight.getWeight()));
    bool areZero = llvm::all_of(bytes, [](char bits) {
      return (static_cast<unsigned char>(bits) & 0x7f) == 0;
    });
    return bytes.empty() || !areZero ? zeros : Value();
  }

  /// A parameter in f32.
  Value widened(Value value) {
    RankedTensorType type = tfm::tensorTypeOf(value);
    if (type.getElementType().isF32())
      return value;
    OwningOpRef<tfm::CastOp> cast = tfm::CastOp::create(
        builder, value.getLoc(), type.clone(builder.getF32Type()), value);
    return recipes.derive(builder, *cast);
  }

  /// A matrix as the product reads it.
  Value stored(Value matrix) {
    if (!isTransposed)
      return matrix;
    llvm::ArrayRef<int64_t> shape = tfm::tensorTypeOf(matrix).getShape();
    return derive<tfm::TransposeOp>(matrix, {shape[1], shape[0]},
                                    llvm::ArrayRef<int64_t>{1, 0});
  }

  /// Scales or zeros as rows of one a column.
  Value rows(Value values) {
    switch (tfm::tensorTypeOf(values).getRank()) {
    case 0:
      return derive<tfm::BroadcastOp>(values, {1, columns});
    case 1:
      return derive<tfm::ReshapeOp>(values, {1, columns});
    default:
      return stored(values);
    }
  }

  ModuleOp module;
  WeightRecipes recipes;
  OpBuilder builder;
  Value value;
  bool isTransposed = false;
  int64_t columns = 0;
};

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
    QuantizedMatcher matcher(getOperation(), product);
    std::optional<QuantizedWeight> quantized = matcher.match();
    if (!quantized && !isParameter(product.getRhs())) {
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
    llvm::SmallVector<Operation *> ops;
    if (quantized) {
      if (tfm::DequantizeOp rows = matcher.takeRowScale(input, *quantized)) {
        ops.push_back(rows);
        input = rows.getInput();
      }
      ops.push_back(quantized->dequantize);
    }
    ops.push_back(product);
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
    Value linear;
    if (quantized)
      linear = tfm::LinearOp::create(
          builder, loc, type, input, quantized->weight, quantized->scales,
          quantized->zeros, bias, Value(),
          builder.getI64IntegerAttr(quantized->block));
    else
      linear = tfm::LinearOp::create(builder, loc, type, input,
                                     product.getRhs(), bias, Value());
    if (type != result.getType())
      linear = tfm::ReshapeOp::create(builder, loc, result.getType(), linear);
    result.replaceAllUsesWith(linear);
  }
};
} // namespace

} // namespace ingot
