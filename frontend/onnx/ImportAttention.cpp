//===- ImportAttention.cpp - Attention as one operator, rotary embeddings -===//
//
// ONNX's own (Attention and RotaryEmbedding of opset 23) and those that ONNX
// Runtime's optimizer and model builder write (com.microsoft, described in its
// docs/ContribOperators.md), as the plain operators they stand for.
//
//===----------------------------------------------------------------------===//
#include "frontend/onnx/OpTable.h"

#include <cmath>

using namespace mlir;

namespace ingot::onnx {

using Dims = TfmBuilder::Dims;

namespace {

Type i64(TfmBuilder &b) { return IntegerType::get(b.context(), 64); }

Value part(TfmBuilder &b, Value v, int64_t axis, Expr start, Expr size,
           int64_t step = 1) {
  if (!v)
    return {};
  Dims starts(b.rank(v), b.number(0)), sizes = b.dims(v);
  llvm::SmallVector<int64_t> steps(b.rank(v), 1);
  starts[axis] = start;
  sizes[axis] = size;
  steps[axis] = step;
  return b.slice(v, starts, steps, sizes);
}

/// [B, S, heads * D] to [B, heads, S, D].
Value toHeads(TfmBuilder &b, Value v, int64_t heads) {
  if (!v)
    return {};
  if (b.rank(v) != 3)
    return b.fail(typeText(v.getType()) + " is not [batch, sequence, columns]");
  Dims dims = b.dims(v);
  std::optional<int64_t> columns = b.constant(dims[2]);
  if (!columns || heads < 1 || *columns % heads)
    return b.fail(typeText(v.getType()) + " has no columns for " +
                  llvm::Twine(heads) + " heads");
  return b.transpose(b.reshape(v, {dims[0], dims[1], b.number(heads),
                                   b.number(*columns / heads)}),
                     {0, 2, 1, 3});
}

/// [B, H, S, D] to [B, S, H * D].
Value fromHeads(TfmBuilder &b, Value v) {
  if (!v)
    return {};
  Dims dims = b.dims(v);
  return b.reshape(b.transpose(v, {0, 2, 1, 3}),
                   {dims[0], dims[2], b.product({dims[1], dims[3]})});
}

/// [B, G, T, D] to [B, heads, T, D], each head `heads` / G times in a row.
Value repeatHeads(TfmBuilder &b, Value v, Expr heads) {
  if (!v)
    return {};
  Dims d = b.dims(v);
  if (d[1] == heads)
    return v;
  std::optional<int64_t> all = b.constant(heads), groups = b.constant(d[1]);
  if (!all || !groups || *groups < 1 || *all % *groups)
    return b.fail("heads of queries are no multiple of " +
                  typeText(v.getType()) + "'s");
  v = b.reshape(v, {d[0], d[1], b.number(1), d[2], d[3]});
  v = b.broadcast(v, {d[0], d[1], b.number(*all / *groups), d[2], d[3]});
  return v ? b.reshape(v, {d[0], heads, d[2], d[3]}) : Value();
}

/// What comes before new keys or values, if anything does.
Value behind(TfmBuilder &b, Value past, Value v) {
  return past && v ? b.concat({past, v}, 2) : v;
}

/// Query s of [S, 1] may see key t of [1, T] if t <= s + offset.
Value causalPairs(TfmBuilder &b, Expr queries, Expr keys, Expr offset) {
  Value rows = b.iota(offset, b.number(1), queries, i64(b));
  Value columns = b.iota(b.number(0), b.number(1), keys, i64(b));
  return b.elementwise(ScalarOp::Le, {b.reshape(columns, {b.number(1), keys}),
                                      b.reshape(rows, {queries, b.number(1)})});
}

/// ... and only if t > s + offset - window.
Value windowPairs(TfmBuilder &b, Expr queries, Expr keys, Expr offset,
                  int64_t window) {
  Expr last = b.pool().sub(offset, b.number(window));
  return b.elementwise(ScalarOp::Not, causalPairs(b, queries, keys, last));
}

struct Attended {
  Value result;    ///< [B, H, S, E]
  Value stages[4]; ///< scores [B, H, S, T]: scaled, capped, masked, weights
};

struct Scores {
  Value q, k, v; ///< [B, H, S, D], [B, G, T, D], [B, G, T, E]
  std::optional<double> scale;
  double softcap = 0;
  /// Of the scaled and capped scores; null results are failures.
  llvm::function_ref<Value(Value)> masked;
  /// Rows without a key, whose scores are -inf, give 0 and not NaN.
  bool hasEmptyRows = false;
};

/// softmax(masked(cap(scale q k^T))) v
Attended attend(TfmBuilder &b, const Scores &of) {
  if (!of.q || !of.k || !of.v)
    return {};
  Expr heads = b.dims(of.q)[1];
  std::optional<int64_t> depth = b.constant(b.dims(of.q)[3]);
  if (!depth || *depth < 1) {
    b.fail("the width of heads is not known");
    return {};
  }
  Type type = b.element(of.q);
  auto scaled = [&](Value v, double factor) {
    return b.elementwise(ScalarOp::Mul, {v, b.scalar(type, factor)});
  };
  Value keys = repeatHeads(b, of.k, heads),
        values = repeatHeads(b, of.v, heads);
  if (!keys || !values)
    return {};
  Value scores = b.matmul(of.q, b.transpose(keys, {0, 1, 3, 2}));
  double root = 1 / std::sqrt(static_cast<double>(*depth));
  scores = scaled(scores, static_cast<float>(of.scale.value_or(root)));
  Attended made;
  made.stages[0] = scores;
  if (of.softcap > 0)
    scores = scaled(
        b.elementwise(
            ScalarOp::Tanh,
            b.elementwise(ScalarOp::Div, {scores, b.scalar(type, of.softcap)})),
        of.softcap);
  made.stages[1] = scores;
  scores = made.stages[2] = of.masked(scores);
  Value weights = b.softmax(scores, 3);
  if (of.hasEmptyRows)
    weights = b.select(b.elementwise(ScalarOp::IsNaN, weights),
                       b.scalar(type, 0), weights);
  made.stages[3] = weights;
  made.result = b.matmul(weights, values);
  return made;
}

/// The scale attribute, where it is there and not 0.
ParseResult readScale(NodeReader &node, std::optional<double> &scale) {
  double value;
  if (node.f32("scale", value, 0))
    return failure();
  if (value != 0)
    scale = value;
  return success();
}

//===----------------------------------------------------------------------===//
// Rotary embeddings
//===----------------------------------------------------------------------===//

/// Of x [B, H, S, D] the first 2 R columns turned by angles whose cosines and
/// sines are [B or 1, S, R]: pairs are halves, or neighbours.
Value rotate(TfmBuilder &b, Value x, Value cosine, Value sine,
             bool interleaved) {
  if (!x || !cosine || !sine)
    return {};
  Dims d = b.dims(x), c = b.dims(cosine);
  std::optional<int64_t> width = b.constant(d[3]), turned = b.constant(c[2]);
  if (!width || !turned || 2 * *turned > *width)
    return b.fail("angles " + typeText(cosine.getType()) +
                  " are more than pairs of columns of " +
                  typeText(x.getType()));
  Expr half = c[2], all = b.number(2 * *turned), zero = b.number(0);
  for (Value *angle : {&cosine, &sine})
    *angle = b.reshape(*angle, {c[0], b.number(1), c[1], half});
  Value first = interleaved ? part(b, x, 3, zero, half, 2)
                            : part(b, x, 3, zero, half),
        second = interleaved ? part(b, x, 3, b.number(1), half, 2)
                             : part(b, x, 3, half, half);
  auto mul = [&](Value v, Value w) {
    return b.elementwise(ScalarOp::Mul, {v, w});
  };
  Value left = b.elementwise(ScalarOp::Sub,
                             {mul(first, cosine), mul(second, sine)}),
        right = b.elementwise(ScalarOp::Add,
                              {mul(first, sine), mul(second, cosine)});
  if (!left || !right)
    return {};
  Value turnedX;
  if (interleaved) {
    Dims pairs = b.dims(left);
    pairs.push_back(b.number(1));
    turnedX = b.concat({b.reshape(left, pairs), b.reshape(right, pairs)}, 4);
    turnedX = turnedX ? b.reshape(turnedX, {d[0], d[1], d[2], all}) : Value();
  } else {
    turnedX = b.concat({left, right}, 3);
  }
  if (!turnedX || 2 * *turned == *width)
    return turnedX;
  return b.concat({turnedX, part(b, x, 3, all, b.number(*width - 2 * *turned))},
                  3);
}

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

//===----------------------------------------------------------------------===//
// ONNX's attention
//===----------------------------------------------------------------------===//

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
  of.k = behind(b, pastK, of.k);
  of.v = behind(b, pastV, of.v);
  if (!of.k || !of.v)
    return {};
  node.setOutput(1, of.k);
  node.setOutput(2, of.v);
  Expr queries = b.dims(of.q)[2], keys = b.dims(of.k)[2], one = b.number(1);
  Expr offset = pastK ? b.dims(pastK)[2] : b.number(0);
  if (mask)
    mask = widenMask(b, mask, keys);
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
      scores = b.select(causalPairs(b, queries, keys, offset), scores, lowest);
    return scores;
  };
  of.masked = masked;
  of.hasEmptyRows = mask || lengths;
  Attended made = attend(b, of);
  if (node.wantsOutput(3))
    node.setOutput(3, made.stages[stage]);
  return isPacked ? fromHeads(b, made.result) : made.result;
}

//===----------------------------------------------------------------------===//
// ONNX Runtime's attention
//===----------------------------------------------------------------------===//

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
    of.k = behind(b, half(0), of.k);
    of.v = behind(b, half(1), of.v);
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
  of.k = behind(b, pastK, of.k);
  of.v = behind(b, pastV, of.v);
  node.setOutput(1, of.k);
  node.setOutput(2, of.v);
  Expr offset = pastK ? b.dims(pastK)[2] : b.number(0);
  auto masked = [&](Value scores) {
    return addMasks(b, scores, {mask, scoreBias, fill, isCausal, offset});
  };
  of.masked = masked;
  return fromHeads(b, attend(b, of).result);
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
  of.k = behind(b, pastK, of.k);
  of.v = behind(b, pastV, of.v);
  if (!of.k || !of.v)
    return {};
  node.setOutput(1, of.k);
  node.setOutput(2, of.v);
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
    {"", "Attention", 23, importAttention},
    {"", "RotaryEmbedding", 23, importRotaryEmbedding},
    {"com.microsoft", "Attention", 1, importContribAttention},
    {"com.microsoft", "GroupQueryAttention", 1, importGroupQueryAttention},
    {"com.microsoft", "MultiHeadAttention", 1, importMultiHeadAttention},
    {"com.microsoft", "RotaryEmbedding", 1, importContribRotary},
};

} // namespace

llvm::ArrayRef<OpEntry> attentionOps() { return kOps; }

} // namespace ingot::onnx
