//===- ImportContribAttention.cpp - ONNX Runtime's attention --------------===//
//
// Operators of the domain com.microsoft that its optimizer and model builder
// write, described in its docs/ContribOperators.md.
//
//===----------------------------------------------------------------------===//
#include "frontend/onnx/ImportHeads.h"
#include "frontend/onnx/OpTable.h"

#include <cmath>

using namespace mlir;

namespace ingot::onnx {

using Dims = TfmBuilder::Dims;

namespace {

/// What is added to scores [B, H, S, T] for a mask of integers: 0 where it
/// keeps a key, `fill` where not. [B] counts keys, [B, T] and [B, S, T] have 1
/// for a key to keep.
Value maskTerm(TfmBuilder &b, Value mask, Expr batch, Expr keys, double fill,
               Type type) {
  Dims dims = b.dims(mask);
  Value kept;
  if (dims.size() == 1) {
    Expr same;
    if (dims[0] != batch && !b.unify(dims[0], batch, same))
      return b.fail("mask " + typeText(mask.getType()) +
                    " is not of one number a row");
    Value places = b.iota(b.number(0), b.number(1), keys, b.element(mask));
    kept = b.elementwise(
        ScalarOp::Lt,
        {b.reshape(places, {b.number(1), b.number(1), b.number(1), keys}),
         b.reshape(mask, {batch, b.number(1), b.number(1), b.number(1)})});
  } else if (dims.size() == 2 || dims.size() == 3) {
    Expr rows = dims.size() == 2 ? b.number(1) : dims[1];
    kept = b.reshape(b.cast(mask, IntegerType::get(b.context(), 1)),
                     {dims[0], b.number(1), rows, dims.back()});
  } else {
    return b.fail("mask " + typeText(mask.getType()) +
                  " has neither 1, 2 nor 3 dims");
  }
  return b.select(kept, b.scalar(type, 0), b.scalar(type, fill));
}

struct Masks {
  Value mask, bias; ///< null where absent
  double fill;
  bool isCausal;
  Expr offset; ///< of queries behind keys
};

/// In the order of ONNX Runtime's kernels: a causal fill absorbs the rest.
Value addMasks(TfmBuilder &b, Value scores, const Masks &masks) {
  if (!scores)
    return {};
  Dims d = b.dims(scores);
  Type type = b.element(scores);
  if (masks.mask)
    scores = b.elementwise(
        ScalarOp::Add,
        {scores, maskTerm(b, masks.mask, d[0], d[3], masks.fill, type)});
  if (masks.bias)
    scores = b.elementwise(ScalarOp::Add, {scores, masks.bias});
  if (masks.isCausal)
    scores = b.select(causalPairs(b, d[2], d[3], masks.offset), scores,
                      b.scalar(type, std::numeric_limits<float>::lowest()));
  return scores;
}

/// Projections of input [B, S, C] by weights [C, Q + K + V] side by side; past
/// and present [2, B, H, T, D].
Value importContribAttention(NodeReader &node) {
  TfmBuilder &b = node.b;
  Value x, weights;
  int64_t heads;
  bool isCausal;
  double fill;
  Scores of;
  llvm::SmallVector<int64_t> columns;
  if (node.input(0, x) || node.input(1, weights) ||
      node.integer("num_heads", heads) ||
      node.flag("unidirectional", isCausal, false) ||
      node.f32("mask_filter_value", fill, -10000.0f) ||
      readScale(node, of.scale) || node.ints("qkv_hidden_sizes", columns) ||
      node.expect("do_rotary", 0) ||
      node.expect("past_present_share_buffer", 0))
    return {};
  node.ignore("rotary_embedding_dim"); // of do_rotary
  Value bias = node.optional(2), mask = node.optional(3),
        past = node.optional(4), scoreBias = node.optional(5);
  Value all = b.matmul(x, weights);
  if (all && bias)
    all = b.elementwise(ScalarOp::Add, {all, bias});
  if (!all)
    return {};
  std::optional<int64_t> count = b.constant(b.dims(all).back());
  if (columns.empty() && count)
    columns.assign(3, *count / 3);
  if (b.rank(all) != 3 || columns.size() != 3 || !count ||
      columns[0] + columns[1] + columns[2] != *count)
    return b.fail("weights " + typeText(weights.getType()) +
                  " have no columns for queries, keys and values");
  int64_t start = 0;
  Value *operands[] = {&of.q, &of.k, &of.v};
  for (auto [operand, width] : llvm::zip(operands, columns)) {
    *operand =
        toHeads(b, part(b, all, 2, b.number(start), b.number(width)), heads);
    start += width;
  }
  Expr offset = b.number(0);
  if (past) {
    Dims d = b.dims(past);
    if (d.size() != 5)
      return b.fail("past " + typeText(past.getType()) + " has not 5 dims");
    auto half = [&](int64_t i) {
      return b.reshape(part(b, past, 0, b.number(i), b.number(1)),
                       {d[1], d[2], d[3], d[4]});
    };
    of.k = b.concat({half(0), of.k}, 2);
    of.v = b.concat({half(1), of.v}, 2);
    offset = d[3];
  }
  if (!of.k || !of.v)
    return {};
  if (node.wantsOutput(1)) {
    auto stacked = [&](Value v) {
      Dims d = b.dims(v);
      return b.reshape(v, {b.number(1), d[0], d[1], d[2], d[3]});
    };
    node.setOutput(1, b.concat({stacked(of.k), stacked(of.v)}, 0));
  }
  auto masked = [&](Value scores) {
    return addMasks(b, scores, {mask, scoreBias, fill, isCausal, offset});
  };
  of.masked = masked;
  return fromHeads(b, attend(b, of).result);
}

/// Query [B, S, H * D], key and value the like or [B, H, T, D]; a bias of all
/// three, side by side.
Value importMultiHeadAttention(NodeReader &node) {
  TfmBuilder &b = node.b;
  Scores of;
  int64_t heads;
  bool isCausal;
  double fill;
  if (node.input(0, of.q) || node.integer("num_heads", heads) ||
      node.flag("unidirectional", isCausal, false) ||
      node.f32("mask_filter_value", fill, -10000.0f) ||
      readScale(node, of.scale))
    return {};
  if (!node.hasInput(1) || !node.hasInput(2))
    return b.fail("queries, keys and values are packed in one input");
  of.k = node.optional(1);
  of.v = node.optional(2);
  Value bias = node.optional(3), mask = node.optional(4),
        scoreBias = node.optional(5), pastK = node.optional(6),
        pastV = node.optional(7);
  if (bias && b.rank(bias) != 1)
    return b.fail("bias " + typeText(bias.getType()) + " is no vector");
  Expr start = b.number(0);
  for (Value *operand : {&of.q, &of.k, &of.v}) {
    bool isSplit = b.rank(*operand) == 4 && operand != &of.q;
    if (bias && isSplit)
      return b.fail("a bias of " + typeText(operand->getType()));
    if (isSplit)
      continue;
    if (b.rank(*operand) != 3)
      return b.fail("operand " + typeText(operand->getType()) +
                    " has neither 3 nor 4 dims");
    if (bias) {
      Expr width = b.dims(*operand)[2];
      *operand = b.elementwise(ScalarOp::Add,
                               {*operand, part(b, bias, 0, start, width)});
      start = b.pool().add(start, width);
    }
    *operand = toHeads(b, *operand, heads);
    if (!*operand)
      return {};
  }
  std::optional<Expr> offset = keepPast(node, of, pastK, pastV);
  if (!offset)
    return {};
  auto masked = [&](Value scores) {
    return addMasks(b, scores, {mask, scoreBias, fill, isCausal, *offset});
  };
  of.masked = masked;
  return fromHeads(b, attend(b, of).result);
}

/// Query s of [S, 1] may see key t of [1, T] if t > s + offset - window.
Value windowPairs(TfmBuilder &b, Expr queries, Expr keys, Expr offset,
                  int64_t window) {
  Expr last = b.pool().sub(offset, b.number(window));
  return b.elementwise(ScalarOp::Not, causalPairs(b, queries, keys, last));
}

/// `index` [.., S], spread over the batch, where each row has `keys` keys by
/// `lengths` (keys less one) or there is no past; else one that is outside of
/// `extent`, so that the run ends with an error: here caches of unlike lengths
/// would be laid out in another way.
Value ifEven(TfmBuilder &b, Value lengths, Expr past, Expr keys, Value index,
             Expr extent) {
  Expr batch = b.dims(lengths)[0];
  Dims column(b.rank(index), b.number(1));
  column[0] = batch;
  lengths = b.reshape(b.cast(lengths, i64(b)), column);
  auto scalar = [&](Expr e) {
    return b.symbolic(e, i64(b), /*isScalar=*/true);
  };
  Value isEven = b.elementwise(
      ScalarOp::Or,
      {b.elementwise(ScalarOp::Eq,
                     {lengths, scalar(b.pool().sub(keys, b.number(1)))}),
       b.elementwise(ScalarOp::Eq, {scalar(past), scalar(b.number(0))})});
  return b.select(isEven, index,
                  b.elementwise(ScalarOp::Add, {lengths, scalar(extent)}));
}

/// Decoders of the model builder: query [B, S, H * D], or with keys and values
/// beside it; caches [B, G, P, D]. All rows of a batch are of one length once
/// there is a past, which is checked in each run; of a padded prompt, rows
/// behind a sequence's end are for nobody.
Value importGroupQueryAttention(NodeReader &node) {
  TfmBuilder &b = node.b;
  Scores of;
  int64_t heads, groups, window;
  bool rotates, interleaved;
  Value lengths;
  if (node.input(0, of.q) || node.input(5, lengths) ||
      node.integer("num_heads", heads) ||
      node.integer("kv_num_heads", groups) ||
      node.integer("local_window_size", window, -1) ||
      node.flag("do_rotary", rotates, false) ||
      node.flag("rotary_interleaved", interleaved, false) ||
      readScale(node, of.scale) || node.f32("softcap", of.softcap, 0) ||
      node.expect("smooth_softmax", 0))
    return {};
  node.ignoreInput(6); // past and sequence together
  of.k = node.optional(1);
  of.v = node.optional(2);
  Value pastK = node.optional(3), pastV = node.optional(4),
        cosine = node.optional(7), sine = node.optional(8),
        places = node.optional(9), scoreBias = node.optional(10);
  for (Value of4 : {pastK, pastV})
    if (of4 && b.rank(of4) != 4)
      return b.fail("past " + typeText(of4.getType()) + " has not 4 dims");
  for (Value table : {cosine, sine})
    if (table && b.rank(table) != 2)
      return b.fail("cos or sin " + typeText(table.getType()) +
                    " is no table of rows");
  if (b.rank(of.q) != 3 || !of.k != !of.v || heads < 1 || groups < 1)
    return b.fail("queries " + typeText(of.q.getType()) +
                  " with keys and without values, or no rows of heads");
  if (!of.k) {
    std::optional<int64_t> columns = b.constant(b.dims(of.q)[2]);
    if (!columns || *columns % (heads + 2 * groups))
      return b.fail(typeText(of.q.getType()) +
                    " has no columns for queries, keys and values");
    int64_t width = *columns / (heads + 2 * groups);
    Value all = of.q;
    of.q = part(b, all, 2, b.number(0), b.number(heads * width));
    of.k = part(b, all, 2, b.number(heads * width), b.number(groups * width));
    of.v = part(b, all, 2, b.number((heads + groups) * width),
                b.number(groups * width));
  }
  of.q = toHeads(b, of.q, heads);
  of.k = toHeads(b, of.k, groups);
  of.v = toHeads(b, of.v, groups);
  if (!of.q || !of.k || !of.v)
    return {};
  Expr past = pastK ? b.dims(pastK)[2] : b.number(0), batch = b.dims(of.q)[0],
       queries = b.dims(of.q)[2], keys = b.pool().add(past, queries),
       one = b.number(1);
  Expr same;
  if (!b.unify(b.product(b.dims(lengths)), batch, same))
    return b.fail("seqlens_k " + typeText(lengths.getType()) +
                  " is not of one number a row");
  lengths = b.reshape(lengths, {batch});
  if (rotates) {
    if (!cosine || !sine)
      return b.fail("do_rotary without cos_cache and sin_cache");
    places =
        places ? b.cast(places, i64(b))
               : b.reshape(b.iota(past, one, queries, i64(b)), {one, queries});
    places = ifEven(b, lengths, past, keys, places, b.dims(cosine)[0]);
    cosine = b.gather(cosine, places, 0);
    sine = b.gather(sine, places, 0);
    of.q = rotate(b, of.q, cosine, sine, interleaved);
    of.k = rotate(b, of.k, cosine, sine, interleaved);
  }
  if (!keepPast(node, of, pastK, pastV))
    return {};
  auto masked = [&](Value scores) {
    Type type = b.element(of.q);
    Value lowest = b.scalar(type, -INFINITY);
    if (scoreBias)
      scores = b.elementwise(ScalarOp::Add, {scores, scoreBias});
    scores = b.select(causalPairs(b, queries, keys, past), scores, lowest);
    if (window > 0)
      scores =
          b.select(windowPairs(b, queries, keys, past, window), scores, lowest);
    return scores;
  };
  of.masked = masked;
  Value result = attend(b, of).result;
  if (!rotates)
    result = b.gather(result,
                      ifEven(b, lengths, past, keys,
                             b.iota(b.number(0), one, batch, i64(b)), batch),
                      0);
  return fromHeads(b, result);
}

constexpr OpEntry kOps[] = {
    {"com.microsoft", "Attention", 1, importContribAttention},
    {"com.microsoft", "GroupQueryAttention", 1, importGroupQueryAttention},
    {"com.microsoft", "MultiHeadAttention", 1, importMultiHeadAttention},
};

} // namespace

llvm::ArrayRef<OpEntry> contribAttentionOps() { return kOps; }

} // namespace ingot::onnx
