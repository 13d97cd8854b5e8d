//===- Floats.cpp - Float operations in the model's order and type --------===//
//
// Results stay bit-exact: nothing is reassociated, and an identity is used only
// where rounding cannot tell (negative zeros are zeros, as scores cannot tell).
// The one exception is noted where it is made: a score times a 0/1 mask.
//
//===----------------------------------------------------------------------===//
#include "ir/expr/ExprImpl.h"

#include <algorithm>
#include <cmath>

namespace ingot {

namespace {
struct Format {
  int precision;   // bits with the leading one
  int minExponent; // of the smallest normal number
  double largest;
};
Format formatOf(ExprType type) {
  switch (type) {
  case ExprType::F16:
    return {11, -14, 65504.0};
  case ExprType::BF16:
    return {8, -126, 0x1.fep127};
  case ExprType::F32:
    return {24, -126, 0x1.fffffep127};
  default:
    return {53, -1022, 0};
  }
}
} // namespace

double roundTo(ExprType type, double value) {
  if (type == ExprType::F64 || !std::isfinite(value) || value == 0)
    return value;
  if (type == ExprType::F32)
    return static_cast<float>(value);
  Format f = formatOf(type);
  int exponent = std::max(std::ilogb(value), f.minExponent);
  double quantum = std::ldexp(1.0, exponent - (f.precision - 1));
  double rounded = std::nearbyint(value / quantum) * quantum;
  return std::fabs(rounded) > f.largest ? std::copysign(INFINITY, value)
                                        : rounded;
}

int64_t integerLimit(ExprType type) {
  return int64_t(1) << formatOf(type).precision;
}

int64_t truncateToInt(double value) {
  if (value >= 0x1p63)
    return INT64_MAX;
  return value > -0x1p63 ? static_cast<int64_t>(value) : INT64_MIN; // NaN, too
}

Expr ExprPool::Impl::floatConst(ExprType type, double value) {
  value = roundTo(type, value);
  if (value == 0)
    value = 0; // one zero
  if (std::isnan(value))
    value = NAN; // one NaN
  return intern({.kind = ExprKind::FloatConst,
                 .type = type,
                 .bits = std::bit_cast<int64_t>(value)});
}

std::optional<double> ExprPool::Impl::constantFloat(Expr e) const {
  if (kind(e) != ExprKind::FloatConst)
    return std::nullopt;
  return std::bit_cast<double>(node(e).bits);
}

Expr ExprPool::Impl::applyIdentity(ScalarOp op, std::span<const Expr> x) {
  if (x.size() != 2)
    return {};
  auto is = [&](unsigned i, double value) {
    return constantFloat(x[i]) == value;
  };
  switch (op) {
  case ScalarOp::Add:
    return is(1, 0) ? x[0] : is(0, 0) ? x[1] : Expr{};
  case ScalarOp::Sub:
    return is(1, 0) ? x[0] : Expr{};
  case ScalarOp::Mul:
    return is(1, 1) ? x[0] : is(0, 1) ? x[1] : Expr{};
  case ScalarOp::Div:
  case ScalarOp::Pow:
    return is(1, 1) ? x[0] : Expr{};
  case ScalarOp::Max:
  case ScalarOp::Min:
    return x[0] == x[1] ? x[0] : Expr{};
  default:
    return {};
  }
}

Expr ExprPool::Impl::applyToTrees(ScalarOp op, ExprType type,
                                  std::span<const Expr> x) {
  unsigned total = 0, trees = 0;
  bool constant = true;
  Expr condition;
  for (Expr e : x) {
    total += leaves(e);
    constant = constant && constantTree(e);
    if (kind(e) != ExprKind::Select)
      continue;
    ++trees;
    if (!condition)
      condition = operand(e, 0);
  }
  if (!condition || total > kMaxLeaves)
    return {};
  std::vector<Expr> yes, no;
  for (Expr e : x) {
    yes.push_back(restrict(e, condition, true));
    no.push_back(restrict(e, condition, false));
  }
  auto allConstant = [&](const std::vector<Expr> &list) {
    return std::ranges::all_of(list, [&](Expr e) { return constantTree(e); });
  };
  // Two selects of one condition join where that costs no second operation.
  if (constant ||
      (trees == x.size() && trees > 1 &&
       yes != std::vector(x.begin(), x.end()) &&
       (allConstant(yes) || allConstant(no)) &&
       leaves(yes[0]) + leaves(yes[1]) + leaves(no[0]) + leaves(no[1]) == 4))
    return select(condition, apply(op, type, yes), apply(op, type, no));
  if (op != ScalarOp::Mul)
    return {};
  // s * mask with a mask of zeros and ones: for finite s only, but a score that
  // is not finite has lost its row with and without this.
  for (unsigned i : {0u, 1u}) {
    Expr tree = x[i], other = x[1 - i];
    if (kind(tree) != ExprKind::Select || !constantTree(tree))
      continue;
    bool mask = true;
    Expr masked = mapTree(tree, [&](Expr leaf) {
      mask = mask && (constantFloat(leaf) == 0 || constantFloat(leaf) == 1);
      return constantFloat(leaf) == 0 ? leaf : other;
    });
    if (mask)
      return masked;
  }
  return {};
}

Expr ExprPool::Impl::apply(ScalarOp op, ExprType type,
                           std::span<const Expr> x) {
  std::vector<double> values;
  for (Expr e : x) {
    if (!e)
      return {};
    assert(isFloat(this->type(e)) && "apply takes floats");
    if (auto c = constantFloat(e))
      values.push_back(*c);
  }
  if (values.size() == x.size())
    return floatConst(type, applyFloat(op, values));
  std::vector<Expr> kept(x.begin(), x.end());
  bool oneType =
      std::ranges::all_of(kept, [&](Expr e) { return this->type(e) == type; });
  if (oneType) {
    if (Expr e = applyIdentity(op, kept))
      return e;
    if (Expr e = applyToTrees(op, type, kept))
      return e;
    if (Expr e = applyToIntegers(op, type, kept))
      return e;
  }
  return make(ExprKind::Apply, type, kept, 0, op);
}

Expr ExprPool::Impl::intToFloat(ExprType type, Expr i) {
  if (!i)
    return {};
  if (auto c = constantInt(i))
    return floatConst(type, type == ExprType::F32 ? static_cast<float>(*c)
                                                  : static_cast<double>(*c));
  if (kind(i) == ExprKind::Select && leaves(i) <= kMaxLeaves)
    return mapTree(i, [&](Expr leaf) { return intToFloat(type, leaf); });
  std::span<const Expr> all = atoms(i);
  if (all.size() <= 3 && std::ranges::all_of(all, [&](Expr x) {
        return kind(x) == ExprKind::BoolToInt;
      })) {
    Expr x = all.back();
    auto split = splitLinear(i, x);
    Expr both = split ? add(split->first, split->second) : Expr{};
    if (both)
      return select(operand(x, 0), intToFloat(type, both),
                    intToFloat(type, split->second));
  }
  return make(ExprKind::IntToFloat, type, {i});
}

Expr ExprPool::Impl::floatCast(ExprType to, Expr f) {
  if (!f || type(f) == to)
    return f;
  if (auto c = constantFloat(f))
    return floatConst(to, *c);
  if (kind(f) == ExprKind::Select && constantTree(f))
    return mapTree(f, [&](Expr leaf) { return floatCast(to, leaf); });
  if (kind(f) == ExprKind::FloatCast) {
    // A cast that widened lost nothing.
    ExprType middle = type(f), from = type(operand(f, 0));
    bool widened = middle == ExprType::F64 ||
                   (middle == ExprType::F32 && from != ExprType::F64);
    if (widened)
      return floatCast(to, operand(f, 0));
  }
  if (kind(f) == ExprKind::IntToFloat && exactIn(type(f), operand(f, 0)))
    return intToFloat(to, operand(f, 0));
  return make(ExprKind::FloatCast, to, {f});
}

} // namespace ingot
