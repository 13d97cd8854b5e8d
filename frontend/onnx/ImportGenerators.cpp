//===- ImportGenerators.cpp - Constants, fills and ranges -----------------===//
#include "frontend/onnx/OpTable.h"

using namespace mlir;

namespace ingot::onnx {

namespace {

/// One of the value attributes; strings and sparse tensors are refused as
/// attributes that nobody read.
Value importConstant(NodeReader &node) {
  TfmBuilder &b = node.b;
  MLIRContext *context = b.context();
  Type f32 = Float32Type::get(context), i64 = IntegerType::get(context, 64);
  if (node.has("value")) {
    const TensorRef *tensor;
    if (node.tensor("value", tensor))
      return {};
    return node.scope.constantTensor(*tensor, node.outputName(0));
  }
  if (node.has("value_float")) {
    double value;
    return node.f32("value_float", value) ? Value() : b.scalar(f32, value);
  }
  if (node.has("value_int")) {
    int64_t value;
    if (node.integer("value_int", value))
      return {};
    return b.constant(
        DenseElementsAttr::get(RankedTensorType::get({}, i64), value));
  }
  if (node.has("value_floats")) {
    llvm::SmallVector<double> values;
    if (node.floats("value_floats", values))
      return {};
    llvm::SmallVector<float> list(values.begin(), values.end());
    auto type = RankedTensorType::get(list.size(), f32);
    return b.constant(
        DenseElementsAttr::get(type, llvm::ArrayRef<float>(list)));
  }
  if (node.has("value_ints")) {
    llvm::SmallVector<int64_t> list;
    if (node.ints("value_ints", list))
      return {};
    auto type = RankedTensorType::get(list.size(), i64);
    return b.constant(
        DenseElementsAttr::get(type, llvm::ArrayRef<int64_t>(list)));
  }
  return b.fail("a constant that is neither a tensor nor numbers");
}

Value importConstantOfShape(NodeReader &node) {
  TfmBuilder &b = node.b;
  llvm::SmallVector<Expr> dims;
  if (node.exprs(0, dims))
    return {};
  Type f32 = Float32Type::get(b.context());
  auto value = DenseElementsAttr::get(RankedTensorType::get({}, f32), 0.0f);
  const TensorRef *tensor = nullptr;
  if (node.has("value")) {
    if (node.tensor("value", tensor) ||
        !(value = node.scope.scalarTensor(*tensor)))
      return {};
  }
  for (Expr dim : dims)
    if (!b.requireLe(b.number(0), dim))
      return {};
  return b.full(dims, value);
}

/// start, start + delta, ... below limit. Integers become an iota; of floats
/// the number of elements must be known at bind.
Value importRange(NodeReader &node) {
  TfmBuilder &b = node.b;
  ExprPool &pool = b.pool();
  Value start, limit, delta;
  if (node.input(0, start) || node.input(1, limit) || node.input(2, delta))
    return {};
  Type type = b.element(start);
  Expr zero = b.number(0), one = b.number(1);
  if (!llvm::isa<FloatType>(type)) {
    Expr from, to, by;
    if (node.expr(0, from) || node.expr(1, to) || node.expr(2, by))
      return {};
    if (b.constant(by) == 0 ||
        (!pool.proveGe(by, one) && !pool.proveGe(b.number(-1), by)))
      return b.fail("the sign of delta is not known");
    Expr count = pool.max(pool.ceilDiv(pool.sub(to, from), by), zero);
    return b.iota(from, by, count, type);
  }
  Expr from = node.element(start), to = node.element(limit),
       by = node.element(delta);
  Expr count;
  if (pool.constantFloat(from) == 0.0 && pool.constantFloat(by) == 1.0) {
    ExprType floatType = ElementLifter::exprType(type);
    count = pool.floatToInt(
        pool.apply(ScalarOp::Ceil, floatType, std::span(&to, 1)));
  } else if (auto a = pool.constantFloat(from), z = pool.constantFloat(to),
             d = pool.constantFloat(by);
             a && z && d && std::abs((*z - *a) / *d) < 0x1p53) {
    count = b.number(static_cast<int64_t>(std::ceil((*z - *a) / *d)));
  } else {
    return b.fail(
        "a float Range whose start and delta are not 0 and 1 needs constants");
  }
  if (!node.isKnownAtBind(count))
    return b.fail("the number of elements of a float Range depends on data");
  count = pool.max(count, zero);
  Value index =
      b.cast(b.iota(zero, one, count, IntegerType::get(b.context(), 64)), type);
  Value scaled =
      pool.constantFloat(by) == 1.0
          ? index
          : b.elementwise(ScalarOp::Mul, {index, b.reshape(delta, {})});
  return pool.constantFloat(from) == 0.0
             ? scaled
             : b.elementwise(ScalarOp::Add, {scaled, b.reshape(start, {})});
}

constexpr OpEntry kOps[] = {
    {"", "Constant", 1, importConstant},
    {"", "ConstantOfShape", 9, importConstantOfShape},
    {"", "Range", 11, importRange},
};

} // namespace

llvm::ArrayRef<OpEntry> generatorOps() { return kOps; }

} // namespace ingot::onnx
