//===- ImportNetwork.cpp - Matrix products, convolutions, norms, softmax --===//
#include "frontend/onnx/OpTable.h"

#include "llvm/ADT/StringSwitch.h"

using namespace mlir;

namespace ingot::onnx {

using Dims = TfmBuilder::Dims;

namespace {

Value importMatMul(NodeReader &node) {
  Value x, y;
  if (node.input(0, x) || node.input(1, y))
    return {};
  return node.b.product(x, y);
}

/// alpha A B, each with its last two axes swapped on request.
Value importFusedMatMul(NodeReader &node) {
  TfmBuilder &b = node.b;
  Value operands[2];
  double alpha;
  bool transA, transB;
  if (node.input(0, operands[0]) || node.input(1, operands[1]) ||
      node.f32("alpha", alpha, 1) || node.flag("transA", transA, false) ||
      node.flag("transB", transB, false) || node.expect("transBatchA", 0) ||
      node.expect("transBatchB", 0))
    return {};
  for (auto [operand, isSwapped] :
       {std::pair(&operands[0], transA), {&operands[1], transB}}) {
    int64_t rank = b.rank(*operand);
    if (rank < 2)
      return b.fail("FusedMatMul of " + typeText(operand->getType()));
    auto perm = llvm::to_vector(llvm::seq<int64_t>(0, rank));
    std::swap(perm[rank - 2], perm[rank - 1]);
    if (isSwapped)
      *operand = b.transpose(*operand, perm);
  }
  Value product = b.matmul(operands[0], operands[1]);
  return product && alpha != 1
             ? b.elementwise(ScalarOp::Mul,
                             {product, b.scalar(b.element(product), alpha)})
             : product;
}

/// alpha A B + beta C, both transposed on request; C broadcasts to the product.
Value importGemm(NodeReader &node) {
  TfmBuilder &b = node.b;
  Value x, y;
  double alpha, beta;
  bool transA, transB;
  if (node.input(0, x) || node.input(1, y) || node.f32("alpha", alpha, 1) ||
      node.f32("beta", beta, 1) || node.flag("transA", transA, false) ||
      node.flag("transB", transB, false))
    return {};
  if (b.rank(x) != 2 || b.rank(y) != 2)
    return b.fail("Gemm of " + typeText(x.getType()) + " and " +
                  typeText(y.getType()));
  Type type = b.element(x);
  auto scaled = [&](Value v, double factor) {
    return factor == 1
               ? v
               : b.elementwise(ScalarOp::Mul, {v, b.scalar(type, factor)});
  };
  if (!llvm::isa<FloatType>(type) &&
      (alpha != std::trunc(alpha) || beta != std::trunc(beta)))
    return b.fail("alpha and beta are no integers, the elements are");
  Value product = b.matmul(transA ? b.transpose(x, {1, 0}) : x,
                           transB ? b.transpose(y, {1, 0}) : y);
  product = product ? scaled(product, alpha) : Value();
  Value c = node.optional(2);
  if (!product || !c || beta == 0)
    return product;
  Dims to;
  if (!b.broadcastDims(b.dims(product), b.dims(c), to))
    return {};
  if (to != b.dims(product))
    return b.fail("C " + typeText(c.getType()) + " does not broadcast to " +
                  typeText(product.getType()));
  return b.elementwise(ScalarOp::Add, {product, scaled(c, beta)});
}

Value importFusedGemm(NodeReader &node) {
  std::string activation;
  if (node.string("activation", activation, ""))
    return {};
  std::optional<ScalarOp> op =
      llvm::StringSwitch<std::optional<ScalarOp>>(activation)
          .Case("Relu", ScalarOp::Relu)
          .Case("Sigmoid", ScalarOp::Sigmoid)
          .Case("Tanh", ScalarOp::Tanh)
          .Default(std::nullopt);
  if (!op)
    return node.b.fail("activation='" + activation +
                       "' is neither 'Relu', 'Sigmoid' nor 'Tanh'");
  return node.b.elementwise(*op, importGemm(node));
}

/// Before opset 13 the operand is a matrix of rows from `axis` on; after, one
/// axis. The same where only dims of 1 follow the axis.
Value importSoftmax(NodeReader &node) {
  TfmBuilder &b = node.b;
  Value x;
  int64_t axis;
  bool flattens = node.opset() < 13;
  if (node.input(0, x) || node.axis("axis", b.rank(x), axis, flattens ? 1 : -1))
    return {};
  Dims dims = b.dims(x);
  llvm::ArrayRef<Expr> all(dims);
  if (!flattens || b.product(all.drop_front(axis + 1)) == b.number(1))
    return b.softmax(x, axis);
  Value rows = b.reshape(
      x, {b.product(all.take_front(axis)), b.product(all.drop_front(axis))});
  return b.reshape(b.softmax(rows, 1), dims);
}

/// The outputs Mean and InvStdDev of a LayerNormalization, which only training
/// asks for: computed beside it.
void addStatistics(NodeReader &node, Value x, int64_t axis, double epsilon) {
  TfmBuilder &b = node.b;
  auto mean = [&](Value v) {
    llvm::SmallVector<int64_t> axes =
        llvm::to_vector(llvm::seq<int64_t>(axis, b.rank(x)));
    return b.reduce(tfm::ReduceKind::Mean, v, axes, /*keepdims=*/true);
  };
  Value average = mean(x);
  Value difference = b.elementwise(ScalarOp::Sub, {x, average});
  Value variance = mean(b.elementwise(ScalarOp::Mul, {difference, difference}));
  Value shifted =
      b.elementwise(ScalarOp::Add, {variance, b.scalar(b.element(x), epsilon)});
  node.setOutput(1, average);
  node.setOutput(2, b.elementwise(ScalarOp::Reciprocal,
                                  b.elementwise(ScalarOp::Sqrt, shifted)));
}

/// Scale is required by the operator, yet exporters leave it empty.
Value importLayerNormalization(NodeReader &node) {
  Value x;
  int64_t axis;
  double epsilon;
  if (node.input(0, x) || node.axis("axis", node.b.rank(x), axis, -1) ||
      node.f32("epsilon", epsilon, 1e-5f) || node.expect("stash_type", 1))
    return {};
  if (node.wantsOutput(1) || node.wantsOutput(2))
    addStatistics(node, x, axis, epsilon);
  return node.b.norm(tfm::NormKind::Layer, x, node.optional(1),
                     node.optional(2), axis, epsilon);
}

Value importRmsNormalization(NodeReader &node) {
  Value x;
  int64_t axis;
  double epsilon;
  if (node.input(0, x) || node.axis("axis", node.b.rank(x), axis, -1) ||
      node.f32("epsilon", epsilon, 1e-5f) || node.expect("stash_type", 1))
    return {};
  return node.b.norm(tfm::NormKind::Rms, x, node.optional(1), {}, axis,
                     epsilon);
}

/// Beyond this no stride, pad or extent is meant, and products would overflow.
constexpr int64_t kMost = int64_t(1) << 31;

/// Explicit pads for auto_pad. SAME pads to ceil(in / stride) outputs, which is
/// independent of the extent only with stride 1.
bool resolvePads(NodeReader &node, Value x, Value weight, llvm::StringRef mode,
                 TfmBuilder::Window &window) {
  TfmBuilder &b = node.b;
  Dims in = b.dims(x), w = b.dims(weight);
  size_t spatial = window.strides.size();
  window.pads.assign(2 * spatial, 0);
  if (mode == "VALID")
    return true;
  if (mode != "SAME_UPPER" && mode != "SAME_LOWER") {
    b.fail("auto_pad='" + mode + "' is unknown");
    return false;
  }
  for (size_t i = 0; i < spatial; ++i) {
    std::optional<int64_t> extent = b.constant(in[2 + i]),
                           kernel = b.constant(w[2 + i]);
    int64_t stride = window.strides[i];
    if (!kernel || *kernel > kMost || extent.value_or(0) > kMost ||
        (!extent && stride != 1)) {
      b.fail("auto_pad='" + mode + "' with a stride needs a fixed extent");
      return false;
    }
    int64_t reach = window.dilations[i] * (*kernel - 1) + 1;
    int64_t last =
        extent ? ((*extent + stride - 1) / stride - 1) * stride - *extent : -1;
    int64_t total = std::max<int64_t>(last + reach, 0);
    int64_t smaller = total / 2;
    window.pads[i] = mode == "SAME_UPPER" ? smaller : total - smaller;
    window.pads[i + spatial] = total - window.pads[i];
  }
  return true;
}

Value importConv(NodeReader &node) {
  TfmBuilder &b = node.b;
  Value x, weight;
  if (node.input(0, x) || node.input(1, weight))
    return {};
  if (b.rank(x) < 3 || b.rank(weight) != b.rank(x))
    return b.fail("ranks of " + typeText(x.getType()) + " and " +
                  typeText(weight.getType()) + " do not fit");
  size_t spatial = b.rank(x) - 2;
  TfmBuilder::Window window;
  window.strides.assign(spatial, 1);
  window.dilations.assign(spatial, 1);
  window.pads.assign(2 * spatial, 0);
  std::string autoPad;
  llvm::SmallVector<int64_t> kernel;
  if (node.ints("strides", window.strides) ||
      node.ints("dilations", window.dilations) ||
      node.ints("pads", window.pads) || node.ints("kernel_shape", kernel) ||
      node.integer("group", window.group, 1) ||
      node.string("auto_pad", autoPad, "NOTSET"))
    return {};
  auto isWrong = [](int64_t v) { return v < 1 || v > kMost; };
  auto isFar = [](int64_t v) { return v < -kMost || v > kMost; };
  if (window.strides.size() != spatial || window.dilations.size() != spatial ||
      window.pads.size() != 2 * spatial || isWrong(window.group) ||
      llvm::any_of(window.pads, isFar) ||
      llvm::any_of(window.strides, isWrong) ||
      llvm::any_of(window.dilations, isWrong))
    return b.fail("strides, dilations, pads or group do not fit " +
                  typeText(weight.getType()));
  for (auto [i, extent] : llvm::enumerate(kernel)) {
    Expr same;
    if (i >= spatial || !b.unify(b.dims(weight)[2 + i], b.number(extent), same))
      return b.fail("kernel_shape does not fit " + typeText(weight.getType()));
  }
  if (autoPad != "NOTSET" && !resolvePads(node, x, weight, autoPad, window))
    return {};
  return b.conv(x, weight, node.optional(2), window);
}

Value importGlobalAveragePool(NodeReader &node) {
  Value x;
  if (node.input(0, x))
    return {};
  if (node.b.rank(x) < 3)
    return node.b.fail("pooling of " + typeText(x.getType()));
  llvm::SmallVector<int64_t> axes =
      llvm::to_vector(llvm::seq<int64_t>(2, node.b.rank(x)));
  return node.b.reduce(tfm::ReduceKind::Mean, x, axes, /*keepdims=*/true);
}

constexpr OpEntry kOps[] = {
    {"", "Conv", 11, importConv},
    {"", "Gemm", 11, importGemm},
    {"", "GlobalAveragePool", 1, importGlobalAveragePool},
    // An operator since 17; ONNX Runtime's optimizer writes it into older
    // models.
    {"", "LayerNormalization", 1, importLayerNormalization},
    {"", "MatMul", 9, importMatMul},
    {"", "RMSNormalization", 23, importRmsNormalization},
    // ONNX Runtime's optimizer writes it without a domain.
    {"", "SimplifiedLayerNormalization", 1, importRmsNormalization},
    {"", "Softmax", 11, importSoftmax},
    {"com.microsoft", "FusedGemm", 1, importFusedGemm},
    {"com.microsoft", "FusedMatMul", 1, importFusedMatMul},
    {"com.microsoft", "SimplifiedLayerNormalization", 1,
     importRmsNormalization},
};

} // namespace

llvm::ArrayRef<OpEntry> networkOps() { return kOps; }

} // namespace ingot::onnx
