#include "ir/lift/LiftRules.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace ingot {

std::optional<Expr> LiftRules::lift(Operation *op, Indices indices) {
  using Result = std::optional<Expr>;
  return llvm::TypeSwitch<Operation *, Result>(op)
      .Case<tfm::ElementwiseOp>([&](auto o) { return elementwise(o, indices); })
      .Case<tfm::SelectOp>([&](auto o) { return select(o, indices); })
      .Case<tfm::CastOp>([&](auto o) {
        return cast(lifter.element(o.getInput(), indices),
                    o.getType().getElementType());
      })
      .Case<tfm::DequantizeOp>(
          [&](auto o) -> Result { return dequantize(o, indices); })
      .Case<tfm::QuantizeOp>([&](auto o) { return quantize(o, indices); })
      .Case<tfm::ReshapeOp>([&](auto o) -> Result {
        return lifter.element(
            o.getInput(), lifter.reindex(shapes.dims(o.getInput()),
                                         shapes.dims(o.getResult()), indices));
      })
      .Case<tfm::TransposeOp>([&](auto o) -> Result {
        llvm::SmallVector<Expr> source(indices.size(), Expr());
        for (auto [axis, from] : llvm::enumerate(o.getPerm()))
          source[from] = indices[axis];
        return lifter.element(o.getInput(), source);
      })
      .Case<tfm::BroadcastOp>([&](auto o) -> Result {
        return broadcastElement(o.getInput(), indices);
      })
      .Case<tfm::SliceOp>([&](auto o) -> Result {
        llvm::SmallVector<Expr> source;
        for (auto [axis, step] : llvm::enumerate(o.getSteps()))
          source.push_back(pool.add(shapes.parse(o.getStarts().text(axis)),
                                    pool.scale(indices[axis], step)));
        return lifter.element(o.getInput(), source);
      })
      .Case<tfm::ConcatOp>([&](auto o) { return concat(o, indices); })
      .Case<tfm::GatherOp>([&](auto o) { return gather(o, indices); })
      .Case<tfm::GatherElementsOp>(
          [&](auto o) { return gatherElements(o, indices); })
      .Case<tfm::GatherNDOp>([&](auto o) { return gatherND(o, indices); })
      .Case<tfm::PadOp>([&](auto o) { return pad(o, indices); })
      .Case<tfm::TileOp>([&](auto o) -> Result {
        llvm::SmallVector<Expr> source;
        ShapeContext::Dims from = shapes.dims(o.getInput()),
                           to = shapes.dims(o.getResult());
        for (size_t i = 0; i < from.size(); ++i)
          source.push_back(from[i] == to[i] ? indices[i]
                                            : pool.mod(indices[i], from[i]));
        return lifter.element(o.getInput(), source);
      })
      .Case<tfm::IotaOp>([&](auto o) -> Result {
        return pool.add(
            shapes.parse(o.getProgression().text(0)),
            pool.mul(indices[0], shapes.parse(o.getProgression().text(1))));
      })
      .Case<tfm::TriluOp>([&](auto o) -> Result {
        Expr row = indices[indices.size() - 2], col = indices.back();
        Expr diagonal = shapes.parse(o.getDiagonal().text(0));
        Expr keep = o.getUpper() ? pool.ge(pool.sub(col, row), diagonal)
                                 : pool.ge(pool.add(row, diagonal), col);
        if (pool.constantBool(keep) == true)
          return lifter.element(o.getInput(), indices);
        Result zero = literal(o.getType().getElementType(), 0);
        if (!zero || pool.constantBool(keep) == false)
          return zero;
        return pool.select(keep, lifter.element(o.getInput(), indices), *zero);
      })
      .Case<tfm::ReduceOp>([&](auto o) { return reduce(o, indices); })
      .Case<tfm::CumSumOp>([&](auto o) { return cumsum(o, indices); })
      .Case<tfm::SymbolicOp>([&](auto o) { return symbolic(o, indices); })
      .Case<tfm::FusedOp>(
          [&](auto o) { return region(o.getBody().front(), indices); })
      .Case<tfm::ConstantOp>([&](auto o) -> Result {
        auto dense = llvm::dyn_cast<DenseElementsAttr>(o.getValue());
        if (!dense)
          return std::nullopt;
        auto type = llvm::cast<RankedTensorType>(o.getResult().getType());
        Type element = type.getElementType();
        // Booleans are packed bits in an attribute, 4-bit numbers a byte each.
        llvm::SmallVector<char> bytes;
        bool isSplat = dense.isSplat();
        if (element.isInteger(1)) {
          for (bool bit : dense.template getValues<bool>())
            bytes.push_back(bit);
          bytes.truncate(isSplat ? 1 : bytes.size());
        } else if (element.getIntOrFloatBitWidth() == 4) {
          for (auto [i, raw] : llvm::enumerate(dense.getRawData()))
            if (i % 2 == 0)
              bytes.push_back(raw & 15);
            else
              bytes.back() |= raw << 4;
        } else {
          bytes.assign(dense.getRawData().begin(), dense.getRawData().end());
        }
        return constant(element, type, bytes, isSplat, indices);
      })
      .Case<tfm::GetWeightOp>([&](auto o) -> Result {
        auto weight = SymbolTable::lookupNearestSymbolFrom<tfm::WeightOp>(
            o, o.getWeightAttr());
        if (!weight || !lifter.weightBytes)
          return std::nullopt;
        llvm::ArrayRef<char> bytes = lifter.weightBytes(weight);
        auto type = llvm::cast<RankedTensorType>(o.getResult().getType());
        return constant(type.getElementType(), type, bytes, false, indices);
      })
      .Default([](Operation *) -> Result { return std::nullopt; });
}

std::optional<Expr> LiftRules::literal(Type element, double value) {
  ExprType type = ElementLifter::exprType(element);
  if (type == ExprType::Bool)
    return pool.boolean(value != 0);
  if (type == ExprType::Int)
    return pool.integer(static_cast<int64_t>(value));
  return pool.floatConst(type, value);
}

std::optional<Expr> LiftRules::elementwise(tfm::ElementwiseOp op,
                                           Indices indices) {
  llvm::SmallVector<Expr> operands;
  for (Value operand : op.getOperands())
    operands.push_back(broadcastElement(operand, indices));
  // f8 arithmetic rounds in a way the pool does not model.
  Type element = llvm::cast<RankedTensorType>(op.getOperands()[0].getType())
                     .getElementType();
  if (llvm::isa<FloatType>(element) && element.getIntOrFloatBitWidth() < 16)
    return std::nullopt;
  ScalarOp kind = op.getOp().getValue();
  std::optional<Expr> result = scalarOp(kind, operands);
  if (result && pool.type(*result) == ExprType::Int && canLeaveRange(kind))
    return wrapped(*result, element);
  return result;
}

namespace {
/// The integers of a type.
struct Range {
  int64_t low, high;
};
Range rangeOf(Type type) {
  unsigned bits = type.getIntOrFloatBitWidth();
  if (type.isUnsignedInteger())
    return {0, bits == 64 ? INT64_MAX
                          : static_cast<int64_t>((uint64_t(1) << bits) - 1)};
  return {INT64_MIN >> (64 - bits), INT64_MAX >> (64 - bits)};
}
} // namespace

bool LiftRules::canLeaveRange(ScalarOp op) {
  switch (op) {
  case ScalarOp::Add:
  case ScalarOp::Sub:
  case ScalarOp::Mul:
  case ScalarOp::Div:
  case ScalarOp::Pow:
  case ScalarOp::Neg:
  case ScalarOp::Abs:
    return true;
  default:
    return false;
  }
}

/// Signed integers of 32 and 64 bits are taken as they are: dims and positions
/// come in them, and a wrap in every expression would hide what these are.
Expr LiftRules::wrapped(Expr value, Type to) {
  unsigned bits = to.getIntOrFloatBitWidth();
  if (bits == 64 || (bits == 32 && !to.isUnsignedInteger()))
    return value;
  auto [low, high] = rangeOf(to);
  if (pool.proveGe(value, pool.integer(low)) &&
      pool.proveGe(pool.integer(high), value))
    return value;
  Expr from = pool.integer(low);
  return pool.add(
      pool.mod(pool.sub(value, from), pool.integer(int64_t(1) << bits)), from);
}

Expr LiftRules::saturated(Expr value, Type to) {
  Expr integer = pool.floatToInt(value);
  auto [low, high] = rangeOf(to);
  // A detour of integers through floats ends as what it was.
  bool isDetour = pool.kind(integer) != ExprKind::FloatToInt;
  if (isDetour && to.getIntOrFloatBitWidth() >= 32)
    return wrapped(integer, to);
  if (high != INT64_MAX)
    integer = pool.min(integer, pool.integer(high));
  return low != INT64_MIN ? pool.max(integer, pool.integer(low)) : integer;
}

std::optional<Expr> LiftRules::scalarOp(ScalarOp op, llvm::ArrayRef<Expr> v) {
  ExprType type = pool.type(v[0]);
  if (type == ExprType::Int)
    return integerOp(op, v);
  if (type == ExprType::Bool) {
    switch (op) {
    case ScalarOp::And:
      return pool.logicalAnd(v[0], v[1]);
    case ScalarOp::Or:
      return pool.logicalOr(v[0], v[1]);
    case ScalarOp::Not:
      return pool.logicalNot(v[0]);
    case ScalarOp::Eq:
      return pool.select(v[0], v[1], pool.logicalNot(v[1]));
    case ScalarOp::Ne:
      return pool.select(v[0], pool.logicalNot(v[1]), v[1]);
    default:
      return std::nullopt;
    }
  }
  switch (op) {
  case ScalarOp::Eq:
  case ScalarOp::Lt:
  case ScalarOp::Le:
    return pool.compare(op, v[0], v[1]);
  case ScalarOp::Ne:
    return pool.logicalNot(pool.compare(ScalarOp::Eq, v[0], v[1]));
  case ScalarOp::IsNaN:
    return pool.isNaN(v[0]);
  default:
    return pool.apply(op, type, {v.data(), v.size()});
  }
}

Expr LiftRules::quotient(Expr result, Expr divisor) {
  bool isDivision = pool.kind(result) == ExprKind::TruncDiv ||
                    pool.kind(result) == ExprKind::FloorDiv;
  bool readsData = llvm::any_of(pool.reachable(divisor), [&](Expr node) {
    return pool.kind(node) == ExprKind::Load;
  });
  if (isDivision || !readsData)
    return result;
  Expr zero = pool.integer(0);
  return pool.select(pool.eq(divisor, zero), zero, result);
}

std::optional<Expr> LiftRules::integerOp(ScalarOp op, llvm::ArrayRef<Expr> v) {
  switch (op) {
  case ScalarOp::Add:
    return pool.add(v[0], v[1]);
  case ScalarOp::Sub:
    return pool.sub(v[0], v[1]);
  case ScalarOp::Mul:
    return pool.mul(v[0], v[1]);
  case ScalarOp::Div:
    return quotient(pool.truncDiv(v[0], v[1]), v[1]);
  case ScalarOp::FloorDiv:
    return quotient(pool.floorDiv(v[0], v[1]), v[1]);
  case ScalarOp::Mod:
    return pool.mod(v[0], v[1]);
  case ScalarOp::Rem:
    if (pool.proveNonNegative(v[0]) && pool.proveNonNegative(v[1]))
      return pool.mod(v[0], v[1]);
    return std::nullopt;
  case ScalarOp::Pow: {
    std::optional<int64_t> exponent = pool.constantInt(v[1]);
    if (!exponent || *exponent < 0 || *exponent > 8)
      return std::nullopt;
    llvm::SmallVector<Expr> factors(*exponent, v[0]);
    return pool.product({factors.data(), factors.size()});
  }
  case ScalarOp::Max:
    return pool.max(v[0], v[1]);
  case ScalarOp::Min:
    return pool.min(v[0], v[1]);
  case ScalarOp::Neg:
    return pool.neg(v[0]);
  case ScalarOp::Abs:
    return pool.abs(v[0]);
  case ScalarOp::Sign:
    return pool.sign(v[0]);
  case ScalarOp::Relu:
    return pool.max(v[0], pool.integer(0));
  case ScalarOp::Eq:
    return pool.eq(v[0], v[1]);
  case ScalarOp::Ne:
    return pool.logicalNot(pool.eq(v[0], v[1]));
  case ScalarOp::Lt:
    return pool.lt(v[0], v[1]);
  case ScalarOp::Le:
    return pool.ge(v[1], v[0]);
  default:
    return std::nullopt;
  }
}

std::optional<Expr> LiftRules::cast(Expr value, Type to) {
  ExprType from = pool.type(value), target = ElementLifter::exprType(to);
  if (target == ExprType::Bool) {
    if (from == ExprType::Bool)
      return value;
    if (from == ExprType::Int)
      return pool.logicalNot(pool.eq(value, pool.integer(0)));
    return pool.logicalNot(
        pool.compare(ScalarOp::Eq, value, pool.floatConst(from, 0)));
  }
  if (target == ExprType::Int) {
    if (from == ExprType::Bool)
      return pool.boolToInt(value);
    return from == ExprType::Int ? wrapped(value, to) : saturated(value, to);
  }
  if (to.getIntOrFloatBitWidth() < 16)
    return std::nullopt;
  if (from == ExprType::Bool)
    return pool.select(value, pool.floatConst(target, 1),
                       pool.floatConst(target, 0));
  return from == ExprType::Int ? pool.intToFloat(target, value)
                               : pool.floatCast(target, value);
}

std::optional<Expr> LiftRules::select(tfm::SelectOp op, Indices indices) {
  Expr condition = broadcastElement(op.getCondition(), indices);
  // Only the chosen side is looked at: the other may index out of its tensor.
  if (std::optional<bool> known = pool.constantBool(condition))
    return broadcastElement(*known ? op.getTrueValue() : op.getFalseValue(),
                            indices);
  return pool.select(condition, broadcastElement(op.getTrueValue(), indices),
                     broadcastElement(op.getFalseValue(), indices));
}

std::optional<Expr> LiftRules::reduce(tfm::ReduceOp op, Indices indices) {
  if (!op.getType().getElementType().isIntOrIndex())
    return std::nullopt;
  ShapeContext::Dims dims = shapes.dims(op.getInput());
  int64_t count = 1;
  for (int64_t axis : op.getAxes()) {
    std::optional<int64_t> extent = pool.constantInt(dims[axis]);
    if (!extent || *extent < 1 || (count *= *extent) > 16)
      return std::nullopt;
  }
  std::optional<Expr> result;
  for (int64_t point = 0; point < count; ++point) {
    llvm::SmallVector<Expr> source;
    int64_t rest = point;
    size_t next = 0;
    for (size_t axis = 0; axis < dims.size(); ++axis) {
      if (!llvm::is_contained(op.getAxes(), static_cast<int64_t>(axis))) {
        source.push_back(indices[next++]);
        continue;
      }
      int64_t extent = *pool.constantInt(dims[axis]);
      source.push_back(pool.integer(rest % extent));
      rest /= extent;
      next += op.getKeepdims();
    }
    Expr value = lifter.element(op.getInput(), source);
    if (!result) {
      result = value;
      continue;
    }
    switch (op.getKind()) {
    case tfm::ReduceKind::Sum:
      result = pool.add(*result, value);
      break;
    case tfm::ReduceKind::Prod:
      result = pool.mul(*result, value);
      break;
    case tfm::ReduceKind::Max:
      result = pool.max(*result, value);
      break;
    case tfm::ReduceKind::Min:
      result = pool.min(*result, value);
      break;
    default:
      return std::nullopt;
    }
  }
  return result;
}

std::optional<Expr> LiftRules::cumsum(tfm::CumSumOp op, Indices indices) {
  Expr element = lifter.element(op.getInput(), indices);
  std::optional<int64_t> value = pool.type(element) == ExprType::Int
                                     ? pool.constantInt(element)
                                     : std::nullopt;
  if (!value || op.getReverse())
    return std::nullopt;
  Expr position =
      pool.add(indices[op.getAxis()], pool.integer(op.getExclusive() ? 0 : 1));
  return pool.scale(position, *value);
}

std::optional<Expr> LiftRules::symbolic(tfm::SymbolicOp op, Indices indices) {
  llvm::SmallVector<Expr> values;
  for (size_t i = 0; i < op.getValues().size(); ++i) {
    std::optional<Expr> value = shapes.parse(op.getValues().text(i));
    if (!value)
      return std::nullopt;
    values.push_back(*value);
  }
  if (indices.empty())
    return values[0];
  auto count = static_cast<int64_t>(values.size());
  if (std::optional<int64_t> at = pool.constantInt(indices[0]))
    return *at >= 0 && *at < count ? std::optional(values[*at]) : std::nullopt;
  if (count == 0)
    return std::nullopt;
  // Positions behind a symbolic start; else one by one.
  Expr step = count > 1 ? pool.sub(values[1], values[0]) : pool.integer(0);
  bool isEven = llvm::all_of(llvm::seq<int64_t>(1, count), [&](int64_t i) {
    return pool.sub(values[i], values[i - 1]) == step;
  });
  if (isEven)
    return pool.add(values[0], pool.mul(indices[0], step));
  Expr result = values.back();
  for (int64_t i = count - 2; i >= 0; --i)
    result =
        pool.select(pool.eq(indices[0], pool.integer(i)), values[i], result);
  return result;
}

std::optional<Expr> LiftRules::unrounded(Block &block,
                                         llvm::ArrayRef<Expr> arguments) {
  auto rounded =
      block.getTerminator()->getOperand(0).getDefiningOp<tfm::ConvertOp>();
  if (!rounded || !llvm::isa<FloatType>(rounded.getType()) ||
      rounded.getType().getIntOrFloatBitWidth() != 8)
    return std::nullopt;
  return value(block, rounded.getInput(), arguments);
}

std::optional<Expr> LiftRules::value(Block &block, Value result,
                                     llvm::ArrayRef<Expr> arguments) {
  llvm::DenseMap<Value, Expr> values;
  for (auto [argument, expr] : llvm::zip_equal(
           block.getArguments().take_front(arguments.size()), arguments))
    values[argument] = expr;
  auto number = [&](arith::ConstantOp op) -> std::optional<Expr> {
    if (auto integer = llvm::dyn_cast<IntegerAttr>(op.getValue()))
      return op.getType().isInteger(1) ? pool.boolean(integer.getInt() != 0)
                                       : pool.integer(integer.getInt());
    return literal(op.getType(),
                   llvm::cast<FloatAttr>(op.getValue()).getValueAsDouble());
  };
  for (Operation &op : block.without_terminator()) {
    if (values.contains(result))
      break;
    llvm::SmallVector<Expr> v;
    for (Value operand : op.getOperands()) {
      if (auto known = values.find(operand); known != values.end())
        v.push_back(known->second);
      else if (auto outside = operand.getDefiningOp<arith::ConstantOp>())
        v.push_back(*number(outside));
    }
    std::optional<Expr> computed =
        llvm::TypeSwitch<Operation *, std::optional<Expr>>(&op)
            .Case<tfm::ApplyOp>(
                [&](auto o) { return scalarOp(o.getOp().getValue(), v); })
            .Case<tfm::ChooseOp>(
                [&](auto) { return pool.select(v[0], v[1], v[2]); })
            .Case<tfm::ConvertOp>(
                [&](auto o) { return cast(v[0], o.getType()); })
            .Case<tfm::CheckIndexOp>(
                [&](auto) { return pool.wrap(v[0], v[1]); })
            .Case<tfm::SymbolOp>(
                [&](auto o) { return shapes.parse(o.getExpr().text(0)); })
            .Case<tfm::LoadOp>(
                [&](auto o) { return lifter.element(o.getTensor(), v); })
            .Case<arith::ConstantOp>([&](auto o) { return number(o); })
            .Default([](Operation *) -> std::optional<Expr> {
              return std::nullopt;
            });
    if (!computed)
      return std::nullopt;
    values[op.getResult(0)] = *computed;
  }
  return values[result];
}

} // namespace ingot
