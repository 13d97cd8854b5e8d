#include "ir/expr/ExprImpl.h"

#include <algorithm>

namespace ingot {

bool ExprPool::Impl::inRange(Expr e, Expr extent) {
  return prove(e) && prove(sub(plus(extent, -1), e));
}

/// Splits `a` for a division by the single term `b`: where the terms divisible
/// by a factor of `b` are put aside and the others stay below that factor, they
/// matter only to the remainder. `h*64 + d` over 128 with d < 64 is h over 2.
std::optional<ExprPool::Impl::Packed> ExprPool::Impl::unpack(Expr a, Expr b) {
  if (terms(b).size() != 1)
    return std::nullopt;
  PolyTerm whole = terms(b)[0];
  std::vector<PolyTerm> tried;
  for (const PolyTerm &t : terms(a)) {
    if (t.monomial->atoms.empty())
      continue;
    PolyTerm factor = commonFactor(t, whole);
    if ((factor.monomial->atoms.empty() && factor.coefficient == 1) ||
        std::ranges::find(tried, factor) != tried.end())
      continue;
    if (tried.size() == 4)
      break;
    tried.push_back(factor);
    PolyTerms part, rest;
    for (const PolyTerm &s : terms(a)) {
      const Monomial *m = divideMonomial(s.monomial, factor.monomial);
      int64_t q = m ? s.coefficient / factor.coefficient : 0;
      int64_t r = m ? s.coefficient % factor.coefficient : s.coefficient;
      if (s.monomial->atoms.empty() && r < 0 && m) {
        q -= 1;
        r += factor.coefficient;
      } else if (r && !s.monomial->atoms.empty()) {
        q = 0; // such a term stays whole
        r = s.coefficient;
      }
      if (q)
        part.push_back({m, q});
      if (r)
        rest.push_back({s.monomial, r});
    }
    Packed packed{fromTerms({factor}), fromTerms(part), fromTerms(rest),
                  divideByTerm(b, factor)};
    if (packed.part && packed.rest && prove(packed.divisor) &&
        inRange(packed.rest, packed.factor))
      return packed;
  }
  return std::nullopt;
}

Expr ExprPool::Impl::floorDiv(Expr a, Expr b) {
  if (!a || !b)
    return {};
  auto cb = constantInt(b);
  if (cb == 0) // has no value; evaluation says so
    return make(ExprKind::FloorDiv, ExprType::Int, {a, b});
  if (cb == 1)
    return a;
  if (cb && *cb < 0)
    return floorDiv(neg(a), neg(b));
  // A factor of the denominator is not 0 where the quotient has a value.
  if (!cb) {
    PolyTerm common = commonFactor(content(a), content(b));
    if (a == zero)
      return zero;
    if (common.coefficient > 1 || !common.monomial->atoms.empty())
      return floorDiv(divideByTerm(a, common), divideByTerm(b, common));
  }
  auto [q, r] = divide(a, b);
  if (!q || !r)
    return {};
  if (r == zero || inRange(r, b))
    return q;
  if (prove(complement(r)) && prove(add(b, r))) // -b <= r < 0
    return plus(q, -1);
  if (auto packed = unpack(r, b))
    return add(q, floorDiv(packed->part, packed->divisor));
  if (cb) {
    // Nested floors of one numerator; only under coefficient 1.
    for (Expr x : atoms(r)) {
      if (kind(x) != ExprKind::FloorDiv)
        continue;
      auto inner = constantInt(operand(x, 1));
      auto split = splitLinear(r, x);
      if (!inner || *inner <= 0 || !split || split->first != one)
        continue;
      Expr numerator = add(operand(x, 0), scale(split->second, *inner));
      Expr denominator = scale(b, *inner);
      if (numerator && denominator)
        return add(q, floorDiv(numerator, denominator));
    }
    // One sign: ceilings become floors, so that both spellings are one node.
    if (leadIsNegative(r)) {
      Expr flipped = plus(neg(r), *cb - 1);
      return flipped ? sub(q, floorDiv(flipped, b)) : flipped;
    }
  }
  return add(q, make(ExprKind::FloorDiv, ExprType::Int, {r, b}));
}

Expr ExprPool::Impl::mod(Expr a, Expr b) {
  if (!a || !b)
    return {};
  auto cb = constantInt(b);
  if (cb == 0)
    return make(ExprKind::Mod, ExprType::Int, {a, b});
  if (cb == 1)
    return zero;
  if (cb && *cb < 0)
    return neg(mod(neg(a), neg(b)));
  // A remainder inside by a multiple of b changes nothing.
  for (Expr x : atoms(a)) {
    if (kind(x) != ExprKind::Mod)
      continue;
    auto split = splitLinear(a, x);
    if (!split)
      continue;
    Expr period = mul(split->first, operand(x, 1));
    Expr simpler = add(split->second, mul(split->first, operand(x, 0)));
    if (period && simpler && exactDiv(period, b))
      return mod(simpler, b);
  }
  if (!cb) {
    if (a == zero)
      return zero;
    PolyTerm common = commonFactor(content(a), content(b));
    if (common.coefficient > 1 || !common.monomial->atoms.empty())
      return mul(fromTerms({common}),
                 mod(divideByTerm(a, common), divideByTerm(b, common)));
  }
  Expr r = divide(a, b).remainder;
  if (!r)
    return {};
  if (r == zero || inRange(r, b))
    return r;
  if (prove(complement(r)) && prove(add(b, r)))
    return add(r, b);
  if (auto packed = unpack(r, b))
    return add(mul(packed->factor, mod(packed->part, packed->divisor)),
               packed->rest);
  if (cb && leadIsNegative(r)) // as floorDiv turns it
    if (Expr flipped = plus(neg(r), *cb - 1))
      return sub(integer(*cb - 1), mod(flipped, b));
  return make(ExprKind::Mod, ExprType::Int, {r, b});
}

Expr ExprPool::Impl::truncDiv(Expr a, Expr b) {
  if (!a || !b)
    return {};
  auto ca = constantInt(a), cb = constantInt(b);
  if (cb == 0)
    return make(ExprKind::TruncDiv, ExprType::Int, {a, b});
  if (ca && cb) {
    if (*ca == INT64_MIN && *cb == -1)
      return {};
    return integer(*ca / *cb);
  }
  if (cb && *cb < 0)
    return neg(truncDiv(a, neg(b)));
  if (prove(b)) {
    if (prove(a))
      return floorDiv(a, b);
    if (prove(neg(a)))
      return neg(floorDiv(neg(a), b));
  }
  if (auto exact = exactDiv(a, b))
    return *exact;
  return make(ExprKind::TruncDiv, ExprType::Int, {a, b});
}

Expr ExprPool::Impl::maxMin(bool isMax, Expr a, Expr b) {
  if (!a || !b)
    return {};
  if (prove(sub(a, b)))
    return isMax ? a : b;
  if (prove(sub(b, a)))
    return isMax ? b : a;
  if (order(b, a) < 0)
    std::swap(a, b);
  return make(isMax ? ExprKind::Max : ExprKind::Min, ExprType::Int, {a, b});
}

Expr ExprPool::Impl::abs(Expr a) {
  if (!a || prove(a))
    return a;
  Expr negated = neg(a);
  if (!negated || prove(negated))
    return negated;
  return make(ExprKind::Abs, ExprType::Int, {leadIsNegative(a) ? negated : a});
}

Expr ExprPool::Impl::sign(Expr a) {
  if (!a)
    return {};
  if (auto c = constantInt(a))
    return integer((*c > 0) - (*c < 0));
  Expr positive = plus(a, -1), negative = complement(a);
  if (prove(positive))
    return one;
  if (prove(negative))
    return integer(-1);
  if (prove(a))
    return boolToInt(geZero(positive));
  if (prove(neg(a)))
    return neg(boolToInt(geZero(negative)));
  if (leadIsNegative(a))
    return neg(sign(neg(a)));
  return make(ExprKind::Sign, ExprType::Int, {a});
}

Expr ExprPool::Impl::wrap(Expr i, Expr n) {
  if (!i || !n || prove(i))
    return i && n ? i : Expr{};
  if (prove(complement(i)))
    return add(i, n);
  return make(ExprKind::Wrap, ExprType::Int, {i, n});
}

Expr ExprPool::Impl::boolToInt(Expr c) {
  if (!c)
    return {};
  if (kind(c) == ExprKind::BoolConst)
    return c == trueExpr ? one : zero;
  if (kind(c) == ExprKind::Not)
    return sub(one, boolToInt(operand(c, 0)));
  return make(ExprKind::BoolToInt, ExprType::Int, {c});
}

} // namespace ingot
