#include "codegen/cpu/Strand.h"

#include "codegen/cpu/VectorMath.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"

#include <numeric>

using namespace mlir;

namespace ingot::cpu {

std::optional<int64_t> constantOf(Value scalar) {
  APInt value;
  if (scalar && matchPattern(scalar, m_ConstantInt(&value)))
    return value.getSExtValue();
  return std::nullopt;
}

Strand uniform(Emitter &e, Value value, int64_t divisor) {
  if (value.getType().isIndex())
    value = e.toI64(value);
  if (value.getType() == e.i64())
    if (std::optional<int64_t> constant = constantOf(value))
      divisor = *constant;
  return {value, {}, divisor};
}

Strand consecutive(Emitter &e, Value first, int64_t divisor) {
  Strand strand = uniform(e, first, divisor);
  strand.step = e.integer(e.i64(), 1);
  return strand;
}

/// 0, 1, ... in the lanes.
static Value iota(Emitter &e, Type element) {
  SmallVector<Attribute> numbers;
  for (unsigned lane = 0; lane < e.target.lanes; ++lane)
    numbers.push_back(e.b.getIntegerAttr(element, lane));
  auto attr = DenseElementsAttr::get(e.vec(element), numbers);
  return arith::ConstantOp::create(e.b, e.loc, attr);
}

Value lanesOf(Emitter &e, const Strand &strand) {
  if (strand.isVector())
    return strand.value;
  Val first{e, e.broadcast(strand.value, e.target.lanes)};
  if (!strand.step)
    return first;
  Val step{e, e.broadcast(strand.step, e.target.lanes)};
  return first + step * Val(e, iota(e, e.i64()));
}

namespace {
bool isScalar(const Strand &strand) { return !strand.isVector(); }

/// The step, or a zero.
Val stepOf(Emitter &e, const Strand &strand) {
  return {e, strand.step ? strand.step : e.integer(e.i64(), 0)};
}

Strand withStep(Val value, Val step, int64_t divisor) {
  Strand result = uniform(*value.e, value, divisor);
  if (constantOf(step.v) != 0)
    result.step = step;
  return result;
}

/// Sums and products of integers that are not vectors stay scalars.
std::optional<Strand> affine(Emitter &e, ScalarOp op,
                             llvm::ArrayRef<Strand> operands) {
  const Strand &x = operands[0];
  if (op == ScalarOp::Neg)
    return withStep(-Val(e, x.value), -stepOf(e, x), x.divisor);
  if (operands.size() != 2)
    return std::nullopt;
  const Strand &y = operands[1];
  Val a{e, x.value}, b{e, y.value};
  switch (op) {
  case ScalarOp::Add:
    return withStep(a + b, stepOf(e, x) + stepOf(e, y),
                    std::gcd(x.divisor, y.divisor));
  case ScalarOp::Sub:
    return withStep(a - b, stepOf(e, x) - stepOf(e, y),
                    std::gcd(x.divisor, y.divisor));
  case ScalarOp::Mul:
    if (x.step && y.step)
      return std::nullopt;
    return withStep(a * b, x.step ? stepOf(e, x) * b : stepOf(e, y) * a,
                    x.divisor * y.divisor);
  case ScalarOp::FloorDiv:
  case ScalarOp::Mod: {
    // first .. first + lanes - 1 lie between two multiples of the divisor: one
    // quotient, consecutive rests. This is how a joint index is taken apart.
    int64_t lanes = e.target.lanes;
    std::optional<int64_t> divisor = constantOf(y.value);
    if (!x.step || y.step || constantOf(x.step) != 1 || !divisor ||
        *divisor <= 0 || *divisor % lanes || x.divisor % lanes)
      return std::nullopt;
    Value first = emitScalarOp(e, op, {x.value, y.value});
    if (op == ScalarOp::FloorDiv)
      return uniform(e, first);
    return consecutive(e, first, lanes);
  }
  default:
    return std::nullopt;
  }
}

/// i1 lanes that are set below lane `bound`, an i64 of any value.
Value lanesBelow(Emitter &e, Val bound) {
  Val lanes{e, e.integer(e.i64(), e.target.lanes)}, zero = lanes.k(0);
  Val clamped = maxFirst(zero, minFirst(lanes, bound));
  return e.tailMask(e.target.lanes, e.toIndex(clamped));
}

/// Comparing consecutive integers with a uniform one is a mask of lanes, with
/// no vectors of i64.
std::optional<Strand> compareAffine(Emitter &e, ScalarOp op, const Strand &x,
                                    const Strand &y) {
  Val difference = Val(e, x.value) - Val(e, y.value);
  std::optional<int64_t> step = constantOf(stepOf(e, x) - stepOf(e, y));
  if (step != 1 && step != -1)
    return std::nullopt;
  Val one = difference.k(1);
  auto negate = [&](Value mask) {
    return Val(e, mask) ^ Val(e, e.integer(mask.getType(), 1));
  };
  auto strand = [](Value mask) { return Strand{mask, {}, 1}; };
  switch (op) {
  case ScalarOp::Lt: // difference + step * l < 0
    return strand(step == 1 ? lanesBelow(e, -difference)
                            : negate(lanesBelow(e, difference + one)).v);
  case ScalarOp::Le:
    return strand(step == 1 ? lanesBelow(e, one - difference)
                            : negate(lanesBelow(e, difference)).v);
  case ScalarOp::Eq:
  case ScalarOp::Ne: {
    Val lane = step == 1 ? -difference : difference;
    Val equal = Val(e, lanesBelow(e, lane + one)) & negate(lanesBelow(e, lane));
    return strand(op == ScalarOp::Eq ? equal.v : negate(equal).v);
  }
  default:
    return std::nullopt;
  }
}
} // namespace

Strand applyStrands(Emitter &e, ScalarOp op, llvm::ArrayRef<Strand> operands) {
  bool scalars = llvm::all_of(operands, isScalar);
  if (scalars && operands[0].element() == e.i64()) {
    bool steps =
        llvm::any_of(operands, [](const Strand &s) { return !!s.step; });
    if (scalarClass(op) != ScalarClass::Compare) {
      if (std::optional<Strand> result = affine(e, op, operands))
        return *result;
    } else if (steps) {
      if (auto result = compareAffine(e, op, operands[0], operands[1]))
        return *result;
    }
  }
  bool uniforms =
      llvm::all_of(operands, [](const Strand &s) { return s.isUniform(); });
  SmallVector<Value> values;
  for (const Strand &operand : operands)
    values.push_back(uniforms ? operand.value : lanesOf(e, operand));
  Value result = emitScalarOp(e, op, values);
  return uniforms ? uniform(e, result) : Strand{result, {}, 1};
}

Strand convertStrand(Emitter &e, const Strand &strand, Type element) {
  if (strand.element() == element)
    return strand;
  if (strand.isUniform())
    return uniform(e, emitCast(e, strand.value, element));
  return {emitCast(e, lanesOf(e, strand), element), {}, 1};
}

Strand chooseStrand(Emitter &e, const Strand &condition, const Strand &yes,
                    const Strand &no) {
  auto pick = [&](Value c, Value a, Value b) -> Value {
    return e.b.createOrFold<arith::SelectOp>(e.loc, c, a, b);
  };
  if (condition.isUniform() && isScalar(yes) && isScalar(no)) {
    Strand result = uniform(e, pick(condition.value, yes.value, no.value),
                            std::gcd(yes.divisor, no.divisor));
    if (yes.step || no.step)
      result =
          withStep({e, result.value},
                   {e, pick(condition.value, stepOf(e, yes), stepOf(e, no))},
                   result.divisor);
    return result;
  }
  return {pick(condition.value, lanesOf(e, yes), lanesOf(e, no)), {}, 1};
}

} // namespace ingot::cpu
