//===- ImportFused.cpp - What ONNX Runtime's optimizer makes of a graph ---===//
//
// Operators of the domain com.microsoft as the plain ones they stand for:
// passes find them again, as in a model that was not optimized. They are
// described in ONNX Runtime's docs/ContribOperators.md.
//
//===----------------------------------------------------------------------===//
#include "frontend/onnx/ImportElementwise.h"
#include "frontend/onnx/OpTable.h"

using namespace mlir;

namespace ingot::onnx {

using Dims = TfmBuilder::Dims;

namespace {

/// gelu(x + bias), the bias along the last axis; FastGelu may be without it.
template <ScalarOp op>
Value importBiasGelu(NodeReader &node) {
  Value x;
  if (node.input(0, x))
    return {};
  if (Value bias = node.optional(1))
    x = node.b.elementwise(ScalarOp::Add, {x, bias});
  return node.b.elementwise(op, x);
}

/// x sigmoid(alpha x)
Value importQuickGelu(NodeReader &node) {
  TfmBuilder &b = node.b;
  Value x;
  double alpha;
  if (node.input(0, x) || node.f32("alpha", alpha, 1.702f))
    return {};
  Value scaled =
      b.elementwise(ScalarOp::Mul, {x, b.scalar(b.element(x), alpha)});
  return b.elementwise(ScalarOp::Mul,
                       {x, b.elementwise(ScalarOp::Sigmoid, scaled)});
}

/// The norm of input + skip + bias, and as output 3 that sum. Outputs 1 and 2
/// are for training.
Value importSkip(NodeReader &node, tfm::NormKind kind, Value beta, Value bias) {
  TfmBuilder &b = node.b;
  Value x, skip, gamma;
  double epsilon;
  if (node.input(0, x) || node.input(1, skip) || node.input(2, gamma) ||
      node.f32("epsilon", epsilon, 1e-12f))
    return {};
  Value sum = b.elementwise(ScalarOp::Add, {x, skip});
  if (bias)
    sum = b.elementwise(ScalarOp::Add, {sum, bias});
  if (sum && b.dims(sum) != b.dims(x))
    return b.fail("skip " + typeText(skip.getType()) +
                  " does not broadcast to " + typeText(x.getType()));
  node.setOutput(3, sum);
  return sum ? b.norm(kind, sum, gamma, beta, b.rank(sum) - 1, epsilon)
             : Value();
}

Value importSkipLayerNormalization(NodeReader &node) {
  Value beta = node.optional(3), bias = node.optional(4);
  return importSkip(node, tfm::NormKind::Layer, beta, bias);
}

Value importSkipSimplifiedLayerNormalization(NodeReader &node) {
  return importSkip(node, tfm::NormKind::Rms, {}, node.optional(3));
}

/// The norm of three embeddings' sum. Output 1 counts what a mask keeps of each
/// row, output 2 is the sum.
Value importEmbedLayerNormalization(NodeReader &node) {
  TfmBuilder &b = node.b;
  Value ids, words, positions, gamma, beta;
  double epsilon;
  if (node.input(0, ids) || node.input(2, words) || node.input(3, positions) ||
      node.input(5, gamma) || node.input(6, beta) ||
      node.f32("epsilon", epsilon, 1e-12f))
    return {};
  node.ignore("mask_index_type"); // says what output 1 is asked for
  Value segmentIds = node.optional(1), segments = node.optional(4),
        mask = node.optional(7), places = node.optional(8);
  if (b.rank(ids) != 2)
    return b.fail("ids " + typeText(ids.getType()) + " are no rows");
  for (Value table : {words, positions, segments})
    if (table && b.rank(table) != 2)
      return b.fail("embedding " + typeText(table.getType()) +
                    " is no table of rows");
  if (!segmentIds != !segments)
    return b.fail("segment ids without an embedding of segments, or the other "
                  "way round");
  Dims dims = b.dims(ids);
  Type i32 = IntegerType::get(b.context(), 32);
  if (!places)
    places = b.iota(b.number(0), b.number(1), dims[1], i32);
  Value sum = b.elementwise(
      ScalarOp::Add, {b.gather(words, ids, 0), b.gather(positions, places, 0)});
  if (segments)
    sum =
        b.elementwise(ScalarOp::Add, {sum, b.gather(segments, segmentIds, 0)});
  if (node.wantsOutput(1))
    node.setOutput(
        1, mask ? b.reduce(tfm::ReduceKind::Sum, b.cast(mask, i32), {1},
                           /*keepdims=*/false)
                : b.full(dims[0],
                         DenseElementsAttr::get(RankedTensorType::get({}, i32),
                                                llvm::APInt(32, 0))));
  if (node.wantsOutput(2))
    node.setOutput(2, sum);
  return sum ? b.norm(tfm::NormKind::Layer, sum, gamma, beta, 2, epsilon)
             : Value();
}

constexpr OpEntry kOps[] = {
    {"com.microsoft", "BiasGelu", 1, importBiasGelu<ScalarOp::Gelu>},
    {"com.microsoft", "EmbedLayerNormalization", 1,
     importEmbedLayerNormalization},
    {"com.microsoft", "FastGelu", 1, importBiasGelu<ScalarOp::GeluTanh>},
    {"com.microsoft", "Gelu", 1, importUnary<ScalarOp::Gelu>},
    {"com.microsoft", "QuickGelu", 1, importQuickGelu},
    {"com.microsoft", "SkipLayerNormalization", 1,
     importSkipLayerNormalization},
    {"com.microsoft", "SkipSimplifiedLayerNormalization", 1,
     importSkipSimplifiedLayerNormalization},
};

} // namespace

llvm::ArrayRef<OpEntry> fusedOps() { return kOps; }

} // namespace ingot::onnx
