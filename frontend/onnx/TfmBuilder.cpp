#include "frontend/onnx/TfmBuilder.h"

using namespace mlir;

namespace ingot::onnx {

std::string typeText(Type type) {
  auto tensor = llvm::dyn_cast<RankedTensorType>(type);
  if (tensor)
    return typeText(tensor.getElementType()) + "[" +
           llvm::join(tfm::dimTexts(tensor), ", ") + "]";
  if (type.isInteger(1))
    return "bool";
  if (type.isBF16())
    return "bfloat16";
  if (llvm::isa<Float8E4M3FNType>(type))
    return "float8e4m3fn";
  if (llvm::isa<Float8E5M2Type>(type))
    return "float8e5m2";
  return (llvm::isa<FloatType>(type) ? "float"
          : type.isUnsignedInteger() ? "uint"
                                     : "int") +
         std::to_string(type.getIntOrFloatBitWidth());
}

void TfmBuilder::startNode(Location newLoc, std::string newWhy) {
  loc = newLoc;
  why = std::move(newWhy);
  firstReason.clear();
}

Value TfmBuilder::fail(const llvm::Twine &reason) {
  if (firstReason.empty())
    firstReason = reason.str();
  return {};
}

bool TfmBuilder::missing(llvm::ArrayRef<Value> operands) {
  return llvm::any_of(operands, [](Value v) { return !v; });
}

bool TfmBuilder::unify(Expr a, Expr b, Expr &result) {
  std::optional<Expr> dim = shapes.unify(a, b, why);
  if (dim)
    result = *dim;
  else
    fail(shapes.error());
  return dim.has_value();
}

bool TfmBuilder::requireLe(Expr a, Expr b) {
  if (shapes.requireLe(a, b, why))
    return true;
  fail(shapes.error());
  return false;
}

bool TfmBuilder::broadcastDims(llvm::ArrayRef<Expr> a, llvm::ArrayRef<Expr> b,
                               Dims &result) {
  std::optional<Dims> dims = shapes.broadcast(a, b, why);
  if (dims)
    result = std::move(*dims);
  else
    fail(shapes.error());
  return dims.has_value();
}

bool TfmBuilder::isFloats(Value v, llvm::StringRef what) {
  if (llvm::isa<FloatType>(element(v)))
    return true;
  fail(what + " of " + typeText(element(v)) + " elements");
  return false;
}

bool TfmBuilder::isIntegers(Value v, llvm::StringRef what) {
  if (element(v).isInteger() && !element(v).isInteger(1))
    return true;
  fail(what + " of " + typeText(element(v)) + " elements");
  return false;
}

bool TfmBuilder::isNumbers(Value v, llvm::StringRef what) {
  if (!element(v).isInteger(1))
    return true;
  fail(what + " of bool elements");
  return false;
}

Value TfmBuilder::spelled(Value v, llvm::ArrayRef<Expr> want) {
  Dims have = dims(v);
  bool same = true;
  for (size_t i = 0; i < have.size(); ++i) {
    Expr other = want[want.size() - have.size() + i];
    if (constant(have[i]) != 1 && have[i] != other) {
      have[i] = other;
      same = false;
    }
  }
  return same ? v : reshape(v, have);
}

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

Value TfmBuilder::constant(DenseElementsAttr value) {
  return constant(value, loc);
}

Value TfmBuilder::constant(DenseElementsAttr value, Location at) {
  return tfm::ConstantOp::create(ops, at, value.getType(), value);
}

static DenseElementsAttr scalarAttr(Type element, double value) {
  auto type = RankedTensorType::get({}, element);
  if (llvm::isa<FloatType>(element))
    return DenseElementsAttr::get(type, FloatAttr::get(element, value));
  return DenseElementsAttr::get(
      type, IntegerAttr::get(element, static_cast<int64_t>(value)));
}

Value TfmBuilder::scalar(Type element, double value) {
  return constant(scalarAttr(element, value));
}

Value TfmBuilder::full(llvm::ArrayRef<Expr> to, DenseElementsAttr value) {
  RankedTensorType type = tensor(to, value.getElementType());
  // A splat that counts its elements must be able to.
  std::optional<int64_t> count = constant(product(to));
  if (type.hasStaticShape() && count && !pool().failed())
    return constant(
        DenseElementsAttr::get(type, value.getValues<Attribute>()[0]));
  return broadcast(constant(value), to);
}

Value TfmBuilder::symbolic(llvm::ArrayRef<Expr> values, Type element,
                           bool isScalar) {
  llvm::SmallVector<int64_t, 1> shape;
  if (!isScalar)
    shape.push_back(values.size());
  auto type = RankedTensorType::get(shape, element);
  llvm::SmallVector<llvm::APInt> numbers;
  for (Expr value : values)
    if (std::optional<int64_t> n = constant(value))
      numbers.emplace_back(element.getIntOrFloatBitWidth(), *n,
                           /*isSigned=*/true,
                           /*implicitTrunc=*/true);
  if (numbers.size() == values.size())
    return constant(DenseElementsAttr::get(type, numbers));
  return tfm::SymbolicOp::create(ops, loc, type, attr(values));
}

Value TfmBuilder::iota(Expr start, Expr step, Expr count, Type element) {
  return tfm::IotaOp::create(ops, loc, tensor(count, element),
                             attr({start, step}));
}

Value TfmBuilder::getWeight(llvm::StringRef symbol, RankedTensorType type,
                            Location at) {
  return tfm::GetWeightOp::create(ops, at, type, symbol);
}

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

static bool accepts(ScalarClass cls, Type element) {
  bool isFloat = llvm::isa<FloatType>(element), isBool = element.isInteger(1);
  switch (cls) {
  case ScalarClass::Arith:
    return !isBool;
  case ScalarClass::Float:
  case ScalarClass::Test:
    return isFloat;
  case ScalarClass::Compare:
    return true;
  case ScalarClass::Logic:
    return isBool;
  }
  return false;
}

Value TfmBuilder::elementwise(ScalarOp op, llvm::ArrayRef<Value> operands) {
  if (missing(operands))
    return {};
  assert(operands.size() == scalarArity(op) && "wrong number of operands");
  Type from = element(operands[0]);
  for (Value operand : operands.drop_front())
    if (element(operand) != from)
      return fail("operands are " + typeText(operands[0].getType()) + " and " +
                  typeText(operand.getType()));
  ScalarClass cls = scalarClass(op);
  if (!accepts(cls, from)) {
    std::string_view name = scalarMnemonic(op);
    return fail(llvm::StringRef(name.data(), name.size()) + " of " +
                typeText(from) + " elements");
  }
  Dims to = dims(operands[0]);
  for (Value operand : operands.drop_front())
    if (!broadcastDims(to, dims(operand), to))
      return {};
  llvm::SmallVector<Value> sources;
  for (Value operand : operands)
    sources.push_back(spelled(operand, to));
  bool toBool = cls == ScalarClass::Compare || cls == ScalarClass::Test;
  return tfm::ElementwiseOp::create(
      ops, loc, tensor(to, toBool ? ops.getI1Type() : from),
      tfm::ScalarOpAttr::get(ops.getContext(), op), sources);
}

Value TfmBuilder::select(Value condition, Value ifTrue, Value ifFalse) {
  if (missing({condition, ifTrue, ifFalse}))
    return {};
  if (element(ifTrue) != element(ifFalse))
    return fail("the values are " + typeText(ifTrue.getType()) + " and " +
                typeText(ifFalse.getType()));
  if (!element(condition).isInteger(1))
    return fail("the condition is " + typeText(condition.getType()) +
                ", not bool");
  Dims to;
  if (!broadcastDims(dims(condition), dims(ifTrue), to) ||
      !broadcastDims(to, dims(ifFalse), to))
    return {};
  return tfm::SelectOp::create(ops, loc, tensor(to, element(ifTrue)),
                               spelled(condition, to), spelled(ifTrue, to),
                               spelled(ifFalse, to));
}

Value TfmBuilder::cast(Value v, Type to) {
  if (!v || element(v) == to)
    return v;
  return tfm::CastOp::create(ops, loc, tensor(dims(v), to), v);
}

Value TfmBuilder::product(Value x, Value y) {
  if (missing({x, y}))
    return {};
  Dims dx = dims(x), dy = dims(y);
  if (dx.empty() || dy.empty())
    return fail("MatMul of a scalar");
  bool row = dx.size() == 1, column = dy.size() == 1;
  if (row)
    x = reshape(x, {number(1), dx[0]});
  if (column)
    y = reshape(y, {dy[0], number(1)});
  Value result = matmul(x, y);
  if (!result || (!row && !column))
    return result;
  Dims to = dims(result);
  if (column)
    to.pop_back();
  if (row)
    to.erase(to.end() - (column ? 1 : 2));
  return reshape(result, to);
}

Value TfmBuilder::matmul(Value lhs, Value rhs) {
  if (missing({lhs, rhs}) || !isNumbers(lhs, "matrix product"))
    return {};
  if (element(lhs) != element(rhs))
    return fail("operands are " + typeText(lhs.getType()) + " and " +
                typeText(rhs.getType()));
  Dims a = dims(lhs), b = dims(rhs), batch;
  assert(a.size() >= 2 && b.size() >= 2 &&
         "rank-1 operands are reshaped by the caller");
  Expr k;
  llvm::ArrayRef<Expr> batchA = llvm::ArrayRef<Expr>(a).drop_back(2);
  llvm::ArrayRef<Expr> batchB = llvm::ArrayRef<Expr>(b).drop_back(2);
  if (!unify(a.back(), b[b.size() - 2], k) ||
      !broadcastDims(batchA, batchB, batch))
    return {};
  auto matrix = [&](Expr m, Expr n) {
    Dims result = batch;
    result.push_back(m);
    result.push_back(n);
    return result;
  };
  Expr m = a[a.size() - 2], n = b.back();
  // A dim of 1 is what `spelled` leaves alone, but k must be the same in both.
  if (constant(k) == 1 &&
      (constant(a.back()) != 1 || constant(b[b.size() - 2]) != 1)) {
    a.back() = b[b.size() - 2] = k;
    lhs = reshape(lhs, a);
    rhs = reshape(rhs, b);
  }
  return tfm::MatmulOp::create(ops, loc, tensor(matrix(m, n), element(lhs)),
                               spelled(lhs, matrix(m, k)),
                               spelled(rhs, matrix(k, n)));
}

Value TfmBuilder::softmax(Value v, int64_t axis) {
  if (!v || !isFloats(v, "softmax"))
    return {};
  return tfm::SoftmaxOp::create(ops, loc, v.getType(), v, axis);
}

Value TfmBuilder::reduce(tfm::ReduceKind kind, Value v,
                         llvm::ArrayRef<int64_t> axes, bool keepdims) {
  if (!v || !isNumbers(v, "reduction"))
    return {};
  Dims to;
  for (auto [axis, dim] : llvm::enumerate(dims(v)))
    if (!llvm::is_contained(axes, static_cast<int64_t>(axis)))
      to.push_back(dim);
    else if (keepdims)
      to.push_back(number(1));
  return tfm::ReduceOp::create(ops, loc, tensor(to, element(v)), kind, v, axes,
                               keepdims);
}

Value TfmBuilder::argReduce(tfm::ReduceKind kind, Value v, int64_t axis,
                            bool keepdims, bool last) {
  if (!v || !isNumbers(v, "index of the extremum"))
    return {};
  Dims to = dims(v);
  if (keepdims)
    to[axis] = number(1);
  else
    to.erase(to.begin() + axis);
  return tfm::ArgReduceOp::create(ops, loc, tensor(to, ops.getI64Type()), kind,
                                  v, axis, keepdims, last);
}

Value TfmBuilder::cumsum(Value v, int64_t axis, bool exclusive, bool reverse) {
  if (!v || !isNumbers(v, "running sum"))
    return {};
  return tfm::CumSumOp::create(ops, loc, v.getType(), v, axis, exclusive,
                               reverse);
}

Value TfmBuilder::norm(tfm::NormKind kind, Value v, Value scale, Value bias,
                       int64_t axis, double epsilon) {
  if (!v || !isFloats(v, "normalization"))
    return {};
  Dims have = dims(v), to;
  for (Value *parameter : {&scale, &bias}) {
    if (!*parameter)
      continue;
    if (element(*parameter) != element(v))
      return fail("operands are " + typeText(v.getType()) + " and " +
                  typeText(parameter->getType()));
    if (!broadcastDims(have, dims(*parameter), to))
      return {};
    if (to != have)
      return fail(typeText(parameter->getType()) + " does not broadcast to " +
                  typeText(v.getType()));
    *parameter = spelled(*parameter, have);
  }
  return tfm::NormOp::create(ops, loc, v.getType(), Type(), kind, v, Value(),
                             scale, bias, axis, llvm::APFloat(epsilon))
      .getResult();
}

Value TfmBuilder::conv(Value v, Value weight, Value bias,
                       const Window &window) {
  if (missing({v, weight}) || !isFloats(v, "convolution"))
    return {};
  for (Value other : {weight, bias})
    if (other && element(other) != element(v))
      return fail("operands are " + typeText(v.getType()) + " and " +
                  typeText(other.getType()));
  Dims in = dims(v), w = dims(weight);
  if (in.size() != w.size() || in.size() < 3)
    return fail("ranks of input " + typeText(v.getType()) + " and weight " +
                typeText(weight.getType()) + " do not fit");
  Expr channels;
  if (!unify(in[1], pool().scale(w[1], window.group), channels))
    return {};
  Dims want = in;
  want[1] = channels;
  v = spelled(v, want);
  Dims to{in[0], w[0]};
  size_t spatial = in.size() - 2;
  for (size_t i = 0; i < spatial; ++i) {
    Expr kernel = pool().add(
        pool().scale(pool().sub(w[2 + i], number(1)), window.dilations[i]),
        number(1));
    Expr padded = pool().add(in[2 + i],
                             number(window.pads[i] + window.pads[i + spatial]));
    Expr steps =
        pool().floorDiv(pool().sub(padded, kernel), number(window.strides[i]));
    to.push_back(pool().add(steps, number(1)));
    if (!requireLe(number(1), to.back()))
      return {};
  }
  if (bias) {
    Expr outputs;
    if (rank(bias) != 1 || !unify(w[0], dims(bias)[0], outputs))
      return fail("bias " + typeText(bias.getType()) + " does not fit weight " +
                  typeText(weight.getType()));
  }
  return tfm::ConvOp::create(ops, loc, tensor(to, element(v)), v, weight, bias,
                             window.strides, window.pads, window.dilations,
                             window.group);
}

//===----------------------------------------------------------------------===//
// Moves
//===----------------------------------------------------------------------===//

Value TfmBuilder::reshape(Value v, llvm::ArrayRef<Expr> to) {
  if (!v)
    return {};
  RankedTensorType result = tensor(to, element(v));
  return result == v.getType()
             ? v
             : tfm::ReshapeOp::create(ops, loc, result, v).getResult();
}

Value TfmBuilder::transpose(Value v, llvm::ArrayRef<int64_t> perm) {
  if (!v)
    return {};
  Dims from = dims(v), to;
  bool isIdentity = true;
  for (auto [axis, source] : llvm::enumerate(perm)) {
    to.push_back(from[source]);
    isIdentity &= static_cast<int64_t>(axis) == source;
  }
  if (isIdentity)
    return v;
  return tfm::TransposeOp::create(ops, loc, tensor(to, element(v)), v, perm);
}

Value TfmBuilder::broadcast(Value v, llvm::ArrayRef<Expr> to) {
  if (!v)
    return {};
  v = spelled(v, to);
  RankedTensorType result = tensor(to, element(v));
  return result == v.getType()
             ? v
             : tfm::BroadcastOp::create(ops, loc, result, v).getResult();
}

Value TfmBuilder::slice(Value v, llvm::ArrayRef<Expr> starts,
                        llvm::ArrayRef<int64_t> steps,
                        llvm::ArrayRef<Expr> sizes) {
  if (!v)
    return {};
  RankedTensorType result = tensor(sizes, element(v));
  // As long as the operand and forwards: the operand.
  if (result == v.getType() &&
      llvm::all_of(steps, [](int64_t s) { return s == 1; }))
    return v;
  return tfm::SliceOp::create(ops, loc, result, v, attr(starts), steps);
}

Value TfmBuilder::concat(llvm::ArrayRef<Value> parts, int64_t axis) {
  if (missing(parts))
    return {};
  Dims to = dims(parts[0]);
  for (Value part : parts.drop_front()) {
    if (type(part).getRank() != static_cast<int64_t>(to.size()) ||
        element(part) != element(parts[0]))
      return fail("operands are " + typeText(parts[0].getType()) + " and " +
                  typeText(part.getType()));
    for (auto [i, dim] : llvm::enumerate(dims(part)))
      if (static_cast<int64_t>(i) == axis)
        to[i] = pool().add(to[i], dim);
      else if (!unify(to[i], dim, to[i]))
        return {};
  }
  llvm::SmallVector<Value> sources;
  for (Value part : parts) {
    Dims have = dims(part), want = to;
    want[axis] = have[axis];
    // Not `spelled`: here a dim of 1 is no broadcast.
    if (constant(have[axis]) != 0)
      sources.push_back(have == want ? part : reshape(part, want));
  }
  if (sources.empty())
    return parts[0];
  if (sources.size() == 1)
    return sources[0];
  return tfm::ConcatOp::create(ops, loc, tensor(to, element(parts[0])), sources,
                               axis);
}

Value TfmBuilder::gather(Value v, Value indices, int64_t axis) {
  if (missing({v, indices}) || !isIntegers(indices, "indices"))
    return {};
  Dims from = dims(v), at = dims(indices);
  Dims to(from.begin(), from.begin() + axis);
  to.append(at.begin(), at.end());
  to.append(from.begin() + axis + 1, from.end());
  return tfm::GatherOp::create(ops, loc, tensor(to, element(v)), v, indices,
                               axis);
}

Value TfmBuilder::gatherElements(Value v, Value indices, int64_t axis) {
  if (missing({v, indices}) || !isIntegers(indices, "indices"))
    return {};
  if (rank(v) != rank(indices))
    return fail("ranks of " + typeText(v.getType()) + " and " +
                typeText(indices.getType()) + " differ");
  return tfm::GatherElementsOp::create(
      ops, loc, tensor(dims(indices), element(v)), v, indices, axis);
}

Value TfmBuilder::gatherND(Value v, Value indices, int64_t batchDims) {
  if (missing({v, indices}) || !isIntegers(indices, "indices"))
    return {};
  Dims from = dims(v), at = dims(indices);
  std::optional<int64_t> tuple =
      at.empty() ? std::nullopt : constant(at.back());
  int64_t rankV = from.size(), rankAt = at.size();
  if (!tuple || *tuple < 1 || batchDims < 0 || batchDims >= rankAt ||
      batchDims + *tuple > rankV)
    return fail("indices " + typeText(indices.getType()) + " do not fit " +
                typeText(v.getType()));
  for (int64_t i = 0; i < batchDims; ++i)
    if (!unify(from[i], at[i], at[i]))
      return {};
  Dims wantV = from;
  std::copy_n(at.begin(), batchDims, wantV.begin());
  Dims to(at.begin(), at.end() - 1);
  to.append(from.begin() + batchDims + *tuple, from.end());
  return tfm::GatherNDOp::create(ops, loc, tensor(to, element(v)),
                                 reshape(v, wantV), reshape(indices, at),
                                 batchDims);
}

Value TfmBuilder::pad(Value v, Value value, tfm::PadMode mode,
                      llvm::ArrayRef<Expr> low, llvm::ArrayRef<Expr> high) {
  if (!v)
    return {};
  Dims to;
  bool isIdentity = true;
  for (auto [dim, l, h] : llvm::zip_equal(dims(v), low, high)) {
    to.push_back(pool().add(dim, pool().add(l, h)));
    isIdentity &= constant(l) == 0 && constant(h) == 0;
    if (!requireLe(number(0), to.back()))
      return {};
  }
  if (isIdentity)
    return v;
  return tfm::PadOp::create(ops, loc, tensor(to, element(v)), v, value, mode,
                            attr(low), attr(high));
}

Value TfmBuilder::tile(Value v, llvm::ArrayRef<Expr> repeats) {
  if (!v)
    return {};
  Dims to;
  for (auto [dim, n] : llvm::zip_equal(dims(v), repeats))
    to.push_back(pool().mul(dim, n));
  RankedTensorType result = tensor(to, element(v));
  return result == v.getType()
             ? v
             : tfm::TileOp::create(ops, loc, result, v).getResult();
}

Value TfmBuilder::trilu(Value v, Expr diagonal, bool upper) {
  if (!v)
    return {};
  return tfm::TriluOp::create(ops, loc, v.getType(), v, attr(diagonal), upper);
}

} // namespace ingot::onnx
