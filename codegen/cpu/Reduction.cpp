#include "codegen/cpu/Reduction.h"

#include "codegen/cpu/VectorMath.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;

namespace ingot::cpu {

std::optional<ReductionKind> reductionKindOf(llvm::StringRef name) {
  return llvm::StringSwitch<std::optional<ReductionKind>>(name)
      .Case("sum", ReductionKind::Sum)
      .Case("mean", ReductionKind::Mean)
      .Case("max", ReductionKind::Max)
      .Case("min", ReductionKind::Min)
      .Case("prod", ReductionKind::Prod)
      .Case("l2", ReductionKind::L2)
      .Default(std::nullopt);
}

Value Reduction::identity(Type type) {
  Type element = getElementTypeOrSelf(type);
  bool isMax = kind == ReductionKind::Max;
  switch (kind) {
  case ReductionKind::Sum:
  case ReductionKind::Mean:
  case ReductionKind::L2:
    return e.constant(type, 0);
  case ReductionKind::Prod:
    return e.constant(type, 1);
  case ReductionKind::Max:
  case ReductionKind::Min:
    break;
  }
  double inf = std::numeric_limits<double>::infinity();
  if (isa<FloatType>(element))
    return e.constant(type, isMax ? -inf : inf);
  if (element.isInteger(1))
    return e.integer(type, isMax ? 0 : 1);
  unsigned bits = result.getIntOrFloatBitWidth();
  int64_t low = result.isUnsignedInteger() ? 0 : INT64_MIN >> (64 - bits);
  int64_t high = result.isUnsignedInteger() && bits < 64
                     ? (int64_t(1) << bits) - 1
                     : INT64_MAX >> (64 - bits);
  return e.integer(type, isMax ? low : high);
}

Value Reduction::combine(Value acc, Value x) {
  Val value{e, x};
  if (kind == ReductionKind::L2) {
    if (value.isFloat())
      return fma(value, value, {e, acc});
    return Val(e, acc) + value * value;
  }
  return merge(acc, x);
}

Value Reduction::combineProduct(Value acc, Value a, Value b) {
  assert(kind == ReductionKind::Sum && "only sums take products");
  return fma({e, a}, {e, b}, {e, acc});
}

Value Reduction::merge(Value a, Value b) {
  ScalarOp op = ScalarOp::Add;
  if (kind == ReductionKind::Prod)
    op = ScalarOp::Mul;
  if (kind == ReductionKind::Max)
    op = ScalarOp::Max;
  if (kind == ReductionKind::Min)
    op = ScalarOp::Min;
  return emitScalarOp(e, op, {a, b});
}

Value Reduction::across(Value vector) {
  // Halves: log2(lanes) steps, and max keeps its NaN rule.
  int64_t width = cast<VectorType>(vector.getType()).getNumElements();
  for (; width > 1; width /= 2) {
    auto half = [&](int64_t from) -> Value {
      return vector::ExtractStridedSliceOp::create(
          e.b, e.loc, vector, ArrayRef<int64_t>{from},
          ArrayRef<int64_t>{width / 2}, ArrayRef<int64_t>{1});
    };
    vector = merge(half(0), half(width / 2));
  }
  return vector::ExtractOp::create(e.b, e.loc, vector, ArrayRef<int64_t>{0});
}

Value Reduction::finish(Value acc, Value count) {
  Val value{e, acc};
  if (kind == ReductionKind::L2) {
    if (value.isFloat())
      return sqrt(value);
    Val root = sqrt(Val(e, emitCast(e, acc, value.as(e.b.getF64Type()))));
    return emitCast(e, root, e.i64());
  }
  if (kind != ReductionKind::Mean)
    return acc;
  Value n = e.toI64(count);
  if (auto vector = dyn_cast<VectorType>(acc.getType()))
    n = e.broadcast(n, vector.getNumElements());
  if (value.isFloat())
    n = emitCast(e, n, e.f32());
  return emitScalarOp(e, ScalarOp::Div, {acc, n});
}

} // namespace ingot::cpu
