//===- ImportHeads.cpp - What importers of attention build with -----------===//
#include "frontend/onnx/ImportHeads.h"

#include <cmath>

using namespace mlir;

namespace ingot::onnx {

using Dims = TfmBuilder::Dims;

Type i64(TfmBuilder &b) { return IntegerType::get(b.context(), 64); }

Value part(TfmBuilder &b, Value v, int64_t axis, Expr start, Expr size,
           int64_t step) {
  if (!v)
    return {};
  Dims starts(b.rank(v), b.number(0)), sizes = b.dims(v);
  llvm::SmallVector<int64_t> steps(b.rank(v), 1);
  starts[axis] = start;
  sizes[axis] = size;
  steps[axis] = step;
  return b.slice(v, starts, steps, sizes);
}

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

Value fromHeads(TfmBuilder &b, Value v) {
  if (!v)
    return {};
  Dims dims = b.dims(v);
  return b.reshape(b.transpose(v, {0, 2, 1, 3}),
                   {dims[0], dims[2], b.product({dims[1], dims[3]})});
}

/// [B, G, T, D] to [B, heads, T, D], each head `heads` / G times in a row.
static Value repeatHeads(TfmBuilder &b, Value v, Expr heads) {
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

Value causalPairs(TfmBuilder &b, Expr queries, Expr keys, Expr offset) {
  Value rows = b.iota(offset, b.number(1), queries, i64(b));
  Value columns = b.iota(b.number(0), b.number(1), keys, i64(b));
  return b.elementwise(ScalarOp::Le, {b.reshape(columns, {b.number(1), keys}),
                                      b.reshape(rows, {queries, b.number(1)})});
}

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

std::optional<Expr> keepPast(NodeReader &node, Scores &of, Value pastK,
                             Value pastV) {
  TfmBuilder &b = node.b;
  if (pastK && of.k)
    of.k = b.concat({pastK, of.k}, 2);
  if (pastV && of.v)
    of.v = b.concat({pastV, of.v}, 2);
  if (!of.k || !of.v)
    return std::nullopt;
  node.setOutput(1, of.k);
  node.setOutput(2, of.v);
  return pastK ? b.dims(pastK)[2] : b.number(0);
}

ParseResult readScale(NodeReader &node, std::optional<double> &scale) {
  double value;
  if (node.f32("scale", value, 0))
    return failure();
  if (value != 0)
    scale = value;
  return success();
}

Value rotate(TfmBuilder &b, Value x, Value cosine, Value sine,
             bool interleaved) {
  if (!x || !cosine || !sine)
    return {};
  if (b.rank(cosine) != 3 || b.rank(sine) != 3)
    return b.fail("cos and sin are " + typeText(cosine.getType()) + " and " +
                  typeText(sine.getType()) +
                  " where [batch, sequence, half] is wanted of both");
  Expr same;
  for (int64_t i = 0; i < 3; ++i)
    if (!b.unify(b.dims(cosine)[i], b.dims(sine)[i], same))
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

} // namespace ingot::onnx
