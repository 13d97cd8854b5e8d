//===- ImportAttention.cpp - ONNX's attention and rotary embeddings -------===//
#include "frontend/onnx/ImportHeads.h"
#include "frontend/onnx/OpTable.h"

#include <cmath>

using namespace mlir;

namespace ingot::onnx {

using Dims = TfmBuilder::Dims;

namespace {

/// Input 3-D [B, S, H * D] or 4-D [B, H, S, D], caches [M, R] with places
/// [B, S], or [B, S, R] by themselves.
Value embedRotary(NodeReader &node, Value x, Value cosine, Value sine,
                  Value places, int64_t heads) {
  TfmBuilder &b = node.b;
  bool interleaved;
  int64_t turned;
  if (node.flag("interleaved", interleaved, false) ||
      node.integer("rotary_embedding_dim", turned, 0))
    return {};
  bool isPacked = b.rank(x) == 3;
  if (!isPacked && b.rank(x) != 4)
    return b.fail("operand " + typeText(x.getType()) +
                  " has neither 3 nor 4 dims");
  if (places) {
    if (b.rank(cosine) != 2 || b.rank(sine) != 2)
      return b.fail("cos and sin are " + typeText(cosine.getType()) + " and " +
                    typeText(sine.getType()) + " where tables are wanted");
    cosine = b.gather(cosine, places, 0);
    sine = b.gather(sine, places, 0);
  }
  if (!cosine || !sine)
    return {};
  if (b.rank(cosine) != 3 || b.rank(sine) != 3)
    return b.fail("cos and sin are " + typeText(cosine.getType()) + " and " +
                  typeText(sine.getType()) +
                  " where [batch, sequence, half] "
                  "is wanted");
  if (isPacked && heads == 0) {
    std::optional<int64_t> columns = b.constant(b.dims(x)[2]),
                           half = b.constant(b.dims(cosine)[2]);
    if (!columns || !half || turned || *half < 1 || *columns % (2 * *half))
      return b.fail("num_heads is not given, and the columns do not say it");
    heads = *columns / (2 * *half);
  }
  if (turned) {
    Expr same;
    if (!b.unify(b.dims(cosine)[2], b.number(turned / 2), same))
      return b.fail("rotary_embedding_dim does not fit " +
                    typeText(cosine.getType()));
  }
  Value result =
      rotate(b, isPacked ? toHeads(b, x, heads) : x, cosine, sine, interleaved);
  return isPacked ? fromHeads(b, result) : result;
}

Value importRotaryEmbedding(NodeReader &node) {
  Value x, cosine, sine;
  int64_t heads;
  if (node.input(0, x) || node.input(1, cosine) || node.input(2, sine) ||
      node.integer("num_heads", heads, 0))
    return {};
  return embedRotary(node, x, cosine, sine, node.optional(3), heads);
}

/// Places [B, S], or of one element: the first of all rows.
Value importContribRotary(NodeReader &node) {
  TfmBuilder &b = node.b;
  Value x, places, cosine, sine;
  int64_t heads;
  if (node.input(0, x) || node.input(1, places) || node.input(2, cosine) ||
      node.input(3, sine) || node.integer("num_heads", heads, 0) ||
      node.expect("is_packed_batching", 0))
    return {};
  double scale;
  if (node.f32("scale", scale, 1))
    return {};
  if (scale != 1)
    return b.fail("scale is not 1");
  if (b.rank(places) == 1 && b.rank(x) >= 3) {
    Expr length = b.dims(x)[b.rank(x) == 3 ? 1 : 2];
    Value steps = b.iota(b.number(0), b.number(1), length, b.element(places));
    places = b.elementwise(ScalarOp::Add, {steps, places});
    places = places ? b.reshape(places, {b.number(1), length}) : Value();
  }
  return places ? embedRotary(node, x, cosine, sine, places, heads) : Value();
}

/// A mask of fewer keys than there are keeps none of the others.
Value widenMask(TfmBuilder &b, Value mask, Expr keys) {
  if (b.rank(mask) < 1)
    return mask;
  std::optional<int64_t> has = b.constant(b.dims(mask).back()),
                         wants = b.constant(keys);
  if (!has || !wants || *has >= *wants || *has == 1)
    return mask;
  Dims low(b.rank(mask), b.number(0)), high = low;
  high.back() = b.number(*wants - *has);
  Type type = b.element(mask);
  Value none = type.isInteger(1) ? b.constant(DenseElementsAttr::get(
                                       RankedTensorType::get({}, type), false))
                                 : b.scalar(type, -INFINITY);
  return b.pad(mask, none, tfm::PadMode::Constant, low, high);
}

/// Operands are [B, S, heads * D], or [B, heads, S, D] as the results are then.
Value importAttention(NodeReader &node) {
  TfmBuilder &b = node.b;
  Scores of;
  int64_t qHeads, kvHeads, stage;
  bool isCausal;
  if (node.input(0, of.q) || node.input(1, of.k) || node.input(2, of.v) ||
      node.integer("q_num_heads", qHeads, 0) ||
      node.integer("kv_num_heads", kvHeads, 0) ||
      node.flag("is_causal", isCausal, false) || readScale(node, of.scale) ||
      node.f32("softcap", of.softcap, 0) ||
      node.integer("qk_matmul_output_mode", stage, 0) ||
      node.expect("left_window_size", -1) ||
      node.expect("right_window_size", -1))
    return {};
  node.ignore("softmax_precision"); // all is f32 here
  if (stage < 0 || stage > 3)
    return b.fail("qk_matmul_output_mode=" + llvm::Twine(stage) +
                  " is not 0 to 3");
  bool isPacked = b.rank(of.q) == 3;
  if (isPacked) {
    of.q = toHeads(b, of.q, qHeads);
    of.k = toHeads(b, of.k, kvHeads);
    of.v = toHeads(b, of.v, kvHeads);
  }
  if (!of.q || !of.k || !of.v)
    return {};
  for (Value operand : {of.q, of.k, of.v})
    if (b.rank(operand) != 4)
      return b.fail("operand " + typeText(operand.getType()) +
                    " has neither 3 nor 4 dims");
  Value mask = node.optional(3), pastK = node.optional(4),
        pastV = node.optional(5), lengths = node.optional(6);
  std::optional<Expr> offset = keepPast(node, of, pastK, pastV);
  if (!offset)
    return {};
  Expr queries = b.dims(of.q)[2], keys = b.dims(of.k)[2], one = b.number(1);
  if (mask)
    mask = widenMask(b, mask, keys);
  if (lengths && b.rank(lengths) != 1)
    return b.fail("nonpad_kv_seqlen " + typeText(lengths.getType()) +
                  " is not of one number a row");
  if (lengths)
    lengths =
        b.reshape(b.cast(lengths, i64(b)), {b.dims(lengths)[0], one, one, one});
  // A cache from outside: each row has keys up to its length, of which the last
  // are the queries'.
  auto withLengths = [&](Value scores, Value lowest) {
    Value places =
        b.reshape(b.iota(b.number(0), one, keys, i64(b)), {one, keys});
    Value kept = b.elementwise(ScalarOp::Lt, {places, lengths});
    if (isCausal) {
      Expr start = b.pool().neg(queries);
      Value rows =
          b.reshape(b.iota(start, one, queries, i64(b)), {queries, one});
      Value last = b.elementwise(ScalarOp::Add, {rows, lengths});
      kept = b.elementwise(ScalarOp::And,
                           {kept, b.elementwise(ScalarOp::Le, {places, last})});
    }
    return b.select(kept, scores, lowest);
  };
  Type type = b.element(of.q);
  auto masked = [&](Value scores) {
    Value lowest = b.scalar(type, -INFINITY);
    if (mask && b.element(mask).isInteger(1))
      scores = b.select(mask, scores, lowest);
    else if (mask)
      scores = b.elementwise(ScalarOp::Add, {scores, mask});
    if (lengths)
      return withLengths(scores, lowest);
    if (isCausal)
      scores = b.select(causalPairs(b, queries, keys, *offset), scores, lowest);
    return scores;
  };
  of.masked = masked;
  of.hasEmptyRows = mask || lengths;
  Attended made = attend(b, of);
  if (node.wantsOutput(3))
    node.setOutput(3, made.stages[stage]);
  return isPacked ? fromHeads(b, made.result) : made.result;
}

constexpr OpEntry kOps[] = {
    {"", "Attention", 23, importAttention},
    {"", "RotaryEmbedding", 23, importRotaryEmbedding},
    {"com.microsoft", "RotaryEmbedding", 1, importContribRotary},
};

} // namespace

llvm::ArrayRef<OpEntry> attentionOps() { return kOps; }

} // namespace ingot::onnx
