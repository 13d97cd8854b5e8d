#include "ir/expr/ExprImpl.h"

#include <algorithm>

namespace ingot {

bool ExprPool::Impl::before(const Monomial *a, const Monomial *b) const {
  if (a->atoms.size() != b->atoms.size())
    return a->atoms.size() < b->atoms.size();
  auto [x, y] = std::ranges::mismatch(a->atoms, b->atoms);
  return x != a->atoms.end() && order(*x, *y) < 0;
}

/// a + factor * b on sorted terms; false on overflow.
bool ExprPool::Impl::mergeTerms(TermSpan a, TermSpan b, int64_t factor,
                                PolyTerms &out) const {
  out.reserve(a.size() + b.size());
  size_t i = 0, j = 0;
  while (i < a.size() || j < b.size()) {
    if (j == b.size() || (i < a.size() && a[i].monomial != b[j].monomial &&
                          before(a[i].monomial, b[j].monomial))) {
      out.push_back(a[i++]);
      continue;
    }
    PolyTerm t = b[j];
    if (__builtin_mul_overflow(t.coefficient, factor, &t.coefficient))
      return false;
    if (i < a.size() && a[i].monomial == b[j].monomial)
      if (__builtin_add_overflow(t.coefficient, a[i++].coefficient,
                                 &t.coefficient))
        return false;
    ++j;
    if (t.coefficient)
      out.push_back(t);
  }
  return true;
}

std::optional<int64_t> floorDivInt(int64_t a, int64_t b) {
  if (b == 0 || (a == INT64_MIN && b == -1))
    return std::nullopt;
  return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

Expr ExprPool::Impl::integer(int64_t value) {
  PolyTerms terms;
  if (value)
    terms.push_back({monomial({}), value});
  return fromTerms(terms);
}

Expr ExprPool::Impl::fromTerms(const PolyTerms &terms) {
  if (terms.size() == 1 && terms[0].coefficient == 1 &&
      terms[0].monomial->atoms.size() == 1)
    return terms[0].monomial->atoms[0];
  if (terms.size() > kMaxTerms)
    return {};
  return intern(
      {.kind = ExprKind::Poly, .type = ExprType::Int, .terms = terms});
}

std::optional<int64_t> ExprPool::Impl::constantInt(Expr e) const {
  const ExprNode &n = node(e);
  if (n.type != ExprType::Int || n.terms.size() > 1)
    return std::nullopt;
  if (n.terms.empty())
    return 0;
  if (!n.terms[0].monomial->atoms.empty())
    return std::nullopt;
  return n.terms[0].coefficient;
}

Expr ExprPool::Impl::combine(Expr a, Expr b, int64_t factor) {
  if (!a || !b)
    return {};
  PolyTerms sum;
  if (!mergeTerms(terms(a), terms(b), factor, sum))
    return {};
  return recombine(fromTerms(sum));
}

Expr ExprPool::Impl::scale(Expr a, int64_t factor) {
  return combine(zero, a, factor);
}

Expr ExprPool::Impl::mul(Expr a, Expr b) {
  if (!a || !b)
    return {};
  if (auto c = constantInt(a))
    return scale(b, *c);
  if (auto c = constantInt(b))
    return scale(a, *c);
  if (terms(a).size() * terms(b).size() > 4 * kMaxTerms)
    return {};
  PolyTerms all;
  std::vector<Expr> atoms;
  for (const PolyTerm &s : terms(a))
    for (const PolyTerm &t : terms(b)) {
      atoms.clear();
      std::ranges::merge(s.monomial->atoms, t.monomial->atoms,
                         std::back_inserter(atoms), byOrder());
      // Conditions count once: their 0 and 1 are their own squares.
      atoms.erase(std::unique(atoms.begin(), atoms.end(),
                              [&](Expr x, Expr y) {
                                return x == y && kind(x) == ExprKind::BoolToInt;
                              }),
                  atoms.end());
      PolyTerm product{nullptr, 0};
      if (atoms.size() > kMaxDegree ||
          __builtin_mul_overflow(s.coefficient, t.coefficient,
                                 &product.coefficient))
        return {};
      product.monomial = monomial(atoms);
      all.push_back(product);
    }
  std::ranges::stable_sort(all, [&](const PolyTerm &x, const PolyTerm &y) {
    return before(x.monomial, y.monomial);
  });
  PolyTerms sum;
  for (const PolyTerm &t : all) {
    if (!sum.empty() && sum.back().monomial == t.monomial) {
      if (__builtin_add_overflow(sum.back().coefficient, t.coefficient,
                                 &sum.back().coefficient))
        return {};
    } else {
      if (!sum.empty() && !sum.back().coefficient)
        sum.pop_back();
      sum.push_back(t);
    }
  }
  if (!sum.empty() && !sum.back().coefficient)
    sum.pop_back();
  return recombine(fromTerms(sum));
}

Expr ExprPool::Impl::recombine(Expr e) {
  if (!e || !node(e).hasMod)
    return e;
  for (Expr m : node(e).operands) {
    if (kind(m) != ExprKind::Mod)
      continue;
    Expr n = operand(m, 0), d = operand(m, 1);
    for (Expr q : node(e).operands) {
      if (kind(q) != ExprKind::FloorDiv || operand(q, 0) != n ||
          operand(q, 1) != d)
        continue;
      auto split = splitLinear(e, m);
      if (!split)
        continue;
      // e + k * (n - m - d * q) is e; taken where it is shorter.
      Expr shorter = add(split->second, mul(split->first, sub(n, mul(d, q))));
      if (shorter && terms(shorter).size() < terms(e).size())
        return shorter;
    }
  }
  return e;
}

std::optional<std::pair<Expr, Expr>> ExprPool::Impl::splitLinear(Expr e,
                                                                 Expr atom) {
  if (!e)
    return std::nullopt;
  PolyTerms factor, rest;
  for (const PolyTerm &t : terms(e)) {
    auto n = std::ranges::count(t.monomial->atoms, atom);
    if (n > 1)
      return std::nullopt;
    if (n == 0) {
      rest.push_back(t);
      continue;
    }
    std::vector<Expr> others(t.monomial->atoms.begin(),
                             t.monomial->atoms.end());
    others.erase(std::ranges::find(others, atom));
    factor.push_back({monomial(others), t.coefficient});
  }
  Expr k = fromTerms(factor), r = fromTerms(rest);
  if (!k || !r)
    return std::nullopt;
  return std::pair(k, r);
}

} // namespace ingot
