#include "ir/expr/ExprImpl.h"

namespace ingot {

unsigned ExprPool::Impl::leaves(Expr e) const {
  if (kind(e) != ExprKind::Select)
    return 1;
  unsigned n = leaves(operand(e, 1));
  return n > kMaxLeaves ? n : n + leaves(operand(e, 2));
}

bool ExprPool::Impl::constantTree(Expr e) const {
  if (kind(e) != ExprKind::Select)
    return kind(e) == ExprKind::FloatConst;
  return leaves(e) <= kMaxLeaves && constantTree(operand(e, 1)) &&
         constantTree(operand(e, 2));
}

Expr ExprPool::Impl::mapTree(Expr e, const std::function<Expr(Expr)> &change) {
  if (!e || kind(e) != ExprKind::Select)
    return e ? change(e) : e;
  Expr a = mapTree(operand(e, 1), change), b = mapTree(operand(e, 2), change);
  return select(operand(e, 0), a, b);
}

Expr ExprPool::Impl::restrict(Expr e, Expr condition, bool value,
                              unsigned nesting) {
  Expr known = value ? condition : logicalNot(condition);
  if (!e || !known)
    return e;
  // The value that `d` has, if it follows.
  auto decided = [&](Expr d) -> std::optional<bool> {
    if (implies(known, d))
      return true;
    Expr nd = logicalNot(d);
    if (nd && implies(known, nd))
      return false;
    return std::nullopt;
  };
  if (kind(e) == ExprKind::Select) {
    Expr d = operand(e, 0), a = operand(e, 1), b = operand(e, 2);
    if (auto v = decided(d))
      return restrict(*v ? a : b, condition, value, nesting);
    if (nesting == 0)
      return e;
    Expr a2 = restrict(a, condition, value, nesting - 1);
    Expr b2 = restrict(b, condition, value, nesting - 1);
    Expr simpler = a2 == a && b2 == b ? e : select(d, a2, b2);
    return simpler ? simpler : e;
  }
  if (type(e) != ExprType::Int)
    return e;
  std::span<const Expr> all = atoms(e);
  if (all.size() > 8)
    return e;
  for (Expr x : all) {
    if (kind(x) != ExprKind::BoolToInt)
      continue;
    auto v = decided(operand(x, 0));
    auto split = v ? splitLinear(e, x) : std::nullopt;
    if (!split)
      continue;
    Expr simpler = *v ? add(split->first, split->second) : split->second;
    return simpler ? restrict(simpler, condition, value, nesting) : e;
  }
  return e;
}

Expr ExprPool::Impl::underEquality(Expr p, Expr e) {
  // p is x or x - c for an atom x.
  TermSpan all = terms(p);
  const PolyTerm &lead = all.back();
  bool hasConstant = all.size() == 2 && all[0].monomial->atoms.empty();
  if ((all.size() != 1 && !hasConstant) || lead.coefficient != 1 ||
      lead.monomial->atoms.size() != 1)
    return e;
  Expr x = lead.monomial->atoms[0];
  constexpr size_t kMaxNodes = 64;
  if (!containsWithin(e, x, kMaxNodes) ||
      reachable(e, false).size() > kMaxNodes)
    return e;
  Expr value = hasConstant ? neg(integer(all[0].coefficient)) : zero;
  if (!value)
    return e;
  Expr simpler = replace(
      e,
      [&](Expr leaf) -> std::optional<Expr> {
        if (leaf == x)
          return value;
        return std::nullopt;
      },
      false, false);
  return simpler ? simpler : e;
}

Expr ExprPool::Impl::select(Expr c, Expr a, Expr b) {
  if (!c || !a || !b)
    return {};
  assert(type(a) == type(b) && type(c) == ExprType::Bool &&
         "select of mixed types");
  if (kind(c) == ExprKind::BoolConst)
    return c == trueExpr ? a : b;
  if (a == b)
    return a;
  // First, for it makes conditions that may be decided.
  if (kind(c) == ExprKind::Eq)
    a = underEquality(operand(c, 0), a);
  if (kind(c) == ExprKind::Not && kind(operand(c, 0)) == ExprKind::Eq)
    b = underEquality(operand(operand(c, 0), 0), b);
  a = restrict(a, c, true);
  b = restrict(b, c, false);
  if (kind(c) == ExprKind::Compare && node(c).op == ScalarOp::Eq &&
      operand(c, 0) == a && kind(operand(c, 1)) == ExprKind::FloatConst)
    a = operand(c, 1);
  if (a == b)
    return a;
  if (type(a) == ExprType::Bool)
    return selectBool(c, a, b);
  auto ca = constantInt(a), cb = constantInt(b);
  if (ca && cb)
    if (Expr linear = add(b, mul(sub(a, b), boolToInt(c)))) // may leave 64 bits
      return linear;
  if (kind(a) == ExprKind::Select) {
    Expr d = operand(a, 0), x = operand(a, 1), y = operand(a, 2);
    if (y == b)
      return select(logicalAnd(c, d), x, b);
    if (x == b)
      return select(logicalAnd(c, logicalNot(d)), y, b);
  }
  if (kind(b) == ExprKind::Select) {
    Expr d = operand(b, 0), x = operand(b, 1), y = operand(b, 2);
    if (x == a)
      return select(logicalOr(c, d), a, y);
    if (y == a)
      return select(logicalOr(c, logicalNot(d)), a, x);
  }
  // Masks keep the larger of two constants where the condition holds, however
  // the model spelled the condition.
  auto fa = constantFloat(a), fb = constantFloat(b);
  if (fa && fb ? *fa < *fb : kind(c) == ExprKind::Not)
    if (Expr negated = logicalNot(c))
      return make(ExprKind::Select, type(a), {negated, b, a});
  return make(ExprKind::Select, type(a), {c, a, b});
}

Expr ExprPool::Impl::selectBool(Expr c, Expr a, Expr b) {
  Expr nc = logicalNot(c);
  if (!nc)
    return {};
  // What the condition decides of its branches.
  auto simplify = [&](Expr e, Expr known) {
    if (implies(known, e))
      return trueExpr;
    Expr ne = logicalNot(e);
    return ne && implies(known, ne) ? falseExpr : e;
  };
  a = simplify(a, c);
  b = simplify(b, nc);
  if (a == b)
    return a;
  if (a == trueExpr)
    return b == falseExpr ? c : logicalOr(c, b);
  if (a == falseExpr)
    return b == trueExpr ? nc : logicalAnd(nc, b);
  if (b == trueExpr)
    return logicalOr(nc, a);
  if (b == falseExpr)
    return logicalAnd(c, a);
  if (kind(c) == ExprKind::Not)
    return make(ExprKind::Select, ExprType::Bool, {nc, b, a});
  return make(ExprKind::Select, ExprType::Bool, {c, a, b});
}

} // namespace ingot
