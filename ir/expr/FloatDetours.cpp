//===- FloatDetours.cpp - Integers that take a way through floats --------===//
//
// Exporters compute dims and positions in floats: `Ceil(Cast(S) / 2)`, float
// ranges. What is exact comes back as integer arithmetic.
//
//===----------------------------------------------------------------------===//
#include "ir/expr/ExprImpl.h"

#include <algorithm>
#include <cmath>

namespace ingot {

bool ExprPool::Impl::exactIn(ExprType type, Expr i) {
  int64_t limit = integerLimit(type);
  if (prove(sub(integer(limit), i)) && prove(plus(i, limit)))
    return true;
  if (type != ExprType::F32 && type != ExprType::F64)
    return false;
  std::pair<Expr, int64_t> note(i, limit);
  if (std::ranges::find(assumedBelow, note) != assumedBelow.end())
    return true;
  for (const PolyTerm &t : terms(i)) // likely to be larger
    if (t.coefficient >= limit || t.coefficient <= -limit)
      return false;
  constexpr size_t kMaxNotes = 256;
  std::vector<Expr> all = reachable(i, true);
  if (assumedBelow.size() >= kMaxNotes || std::ranges::any_of(all, [&](Expr e) {
        return kind(e) == ExprKind::Load || isFloat(this->type(e));
      }))
    return false; // nobody could check it at bind
  assumedBelow.push_back(note);
  return true;
}

Expr ExprPool::Impl::exactInteger(Expr f) {
  if (auto c = constantFloat(f)) {
    double limit = static_cast<double>(integerLimit(type(f)));
    if (!(std::fabs(*c) < limit) || *c != std::trunc(*c))
      return {};
    return integer(static_cast<int64_t>(*c));
  }
  if (kind(f) == ExprKind::FloatCast) {
    Expr i = exactInteger(operand(f, 0));
    return i && exactIn(type(f), i) ? i : Expr{};
  }
  if (kind(f) != ExprKind::IntToFloat || !exactIn(type(f), operand(f, 0)))
    return {};
  return operand(f, 0);
}

/// n and d where `f` is the float quotient of integers that floats hold: with
/// both below 2^precision, rounding never reaches the next integer.
std::optional<std::pair<Expr, Expr>> ExprPool::Impl::quotient(Expr f) {
  if (kind(f) != ExprKind::Apply)
    return std::nullopt;
  std::span<const Expr> x = node(f).operands;
  if (node(f).op == ScalarOp::Div) {
    Expr n = exactInteger(x[0]), d = exactInteger(x[1]);
    if (n && d && d != zero)
      return std::pair(n, d);
  }
  if (node(f).op == ScalarOp::Mul) {
    Expr n = exactInteger(x[0]);
    auto c = constantFloat(x[1]);
    int exponent = 0;
    // Times 2^-k; other reciprocals are rounded.
    if (n && c && std::frexp(*c, &exponent) == 0.5 && exponent <= 0 &&
        exponent > -30)
      return std::pair(n, integer(int64_t(1) << (1 - exponent)));
  }
  return std::nullopt;
}

Expr ExprPool::Impl::applyToIntegers(ScalarOp op, ExprType type,
                                     std::span<const Expr> x) {
  switch (op) {
  case ScalarOp::Floor:
  case ScalarOp::Ceil:
  case ScalarOp::Round: {
    if (exactInteger(x[0]))
      return x[0];
    auto nd = op == ScalarOp::Round ? std::nullopt : quotient(x[0]);
    if (!nd)
      return {};
    auto [n, d] = *nd;
    return intToFloat(type, op == ScalarOp::Floor ? floorDiv(n, d)
                                                  : neg(floorDiv(neg(n), d)));
  }
  case ScalarOp::Add:
  case ScalarOp::Sub:
  case ScalarOp::Mul: {
    if (kind(x[0]) == ExprKind::FloatConst ? kind(x[1]) != ExprKind::IntToFloat
                                           : kind(x[0]) != ExprKind::IntToFloat)
      return {};
    Expr a = exactInteger(x[0]), b = a ? exactInteger(x[1]) : Expr{};
    if (!a || !b)
      return {};
    Expr i = op == ScalarOp::Add   ? add(a, b)
             : op == ScalarOp::Sub ? sub(a, b)
                                   : mul(a, b);
    return i && exactIn(type, i) ? intToFloat(type, i) : Expr{};
  }
  default:
    return {};
  }
}

Expr ExprPool::Impl::floatToInt(Expr f) {
  if (!f)
    return {};
  if (auto c = constantFloat(f))
    return integer(truncateToInt(*c));
  if (kind(f) == ExprKind::Select && leaves(f) <= kMaxLeaves)
    return mapTree(f, [&](Expr leaf) { return floatToInt(leaf); });
  // Taken for granted in the wide types even for loads: no tensor of the kind
  // that is lifted counts to 2^24.
  if (kind(f) == ExprKind::IntToFloat &&
      (type(f) == ExprType::F32 || type(f) == ExprType::F64)) {
    exactIn(type(f), operand(f, 0));
    return operand(f, 0);
  }
  if (Expr i = exactInteger(f))
    return i;
  if (auto nd = quotient(f))
    return truncDiv(nd->first, nd->second);
  return make(ExprKind::FloatToInt, ExprType::Int, {f});
}

} // namespace ingot
