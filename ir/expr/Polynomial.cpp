#include "ir/expr/ExprImpl.h"

#include <algorithm>
#include <numeric>

namespace ingot {

namespace {
/// Degree first, then atoms: compatible with multiplication, as long division
/// needs it.
bool before(const Monomial *a, const Monomial *b) {
  if (a->atoms.size() != b->atoms.size())
    return a->atoms.size() < b->atoms.size();
  return std::ranges::lexicographical_compare(a->atoms, b->atoms);
}

uint64_t magnitude(int64_t v) {
  return v < 0 ? 0 - static_cast<uint64_t>(v) : static_cast<uint64_t>(v);
}

/// The gcd as a positive int64_t; 1 where it does not fit.
int64_t gcdOf(int64_t a, int64_t b) {
  uint64_t g = std::gcd(magnitude(a), magnitude(b));
  return g > static_cast<uint64_t>(INT64_MAX) ? 1 : static_cast<int64_t>(g);
}

/// a + factor * b on sorted terms; false on overflow.
bool mergeTerms(TermSpan a, TermSpan b, int64_t factor, PolyTerms &out) {
  out.reserve(a.size() + b.size());
  size_t i = 0, j = 0;
  while (i < a.size() || j < b.size()) {
    if (j == b.size() ||
        (i < a.size() && a[i].monomial != b[j].monomial &&
         before(a[i].monomial, b[j].monomial))) {
      out.push_back(a[i++]);
      continue;
    }
    PolyTerm t = b[j];
    if (__builtin_mul_overflow(t.coefficient, factor, &t.coefficient))
      return false;
    if (i < a.size() && a[i].monomial == b[j].monomial)
      if (__builtin_add_overflow(t.coefficient, a[i++].coefficient, &t.coefficient))
        return false;
    ++j;
    if (t.coefficient)
      out.push_back(t);
  }
  return true;
}
} // namespace

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
  return intern({.kind = ExprKind::Poly, .type = ExprType::Int, .terms = terms});
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
                         std::back_inserter(atoms));
      // Conditions count once: their 0 and 1 are their own squares.
      atoms.erase(std::unique(atoms.begin(), atoms.end(),
                              [&](Expr x, Expr y) {
                                return x == y && kind(x) == ExprKind::BoolToInt;
                              }),
                  atoms.end());
      PolyTerm product{nullptr, 0};
      if (atoms.size() > kMaxDegree ||
          __builtin_mul_overflow(s.coefficient, t.coefficient, &product.coefficient))
        return {};
      product.monomial = monomial(atoms);
      all.push_back(product);
    }
  std::ranges::stable_sort(all, [](const PolyTerm &x, const PolyTerm &y) {
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
      if (kind(q) != ExprKind::FloorDiv || operand(q, 0) != n || operand(q, 1) != d)
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

std::optional<std::pair<Expr, Expr>> ExprPool::Impl::splitLinear(Expr e, Expr atom) {
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
    std::vector<Expr> others(t.monomial->atoms.begin(), t.monomial->atoms.end());
    others.erase(std::ranges::find(others, atom));
    factor.push_back({monomial(others), t.coefficient});
  }
  std::ranges::sort(factor, [](const PolyTerm &x, const PolyTerm &y) {
    return before(x.monomial, y.monomial);
  });
  Expr k = fromTerms(factor), r = fromTerms(rest);
  if (!k || !r)
    return std::nullopt;
  return std::pair(k, r);
}

const Monomial *ExprPool::Impl::divideMonomial(const Monomial *over,
                                               const Monomial *under) {
  if (!std::ranges::includes(over->atoms, under->atoms))
    return nullptr;
  std::vector<Expr> rest;
  std::ranges::set_difference(over->atoms, under->atoms, std::back_inserter(rest));
  return monomial(rest);
}

PolyTerm ExprPool::Impl::commonFactor(PolyTerm a, PolyTerm b) {
  std::vector<Expr> shared;
  std::ranges::set_intersection(a.monomial->atoms, b.monomial->atoms,
                                std::back_inserter(shared));
  return {monomial(shared), gcdOf(a.coefficient, b.coefficient)};
}

PolyTerm ExprPool::Impl::content(Expr e) {
  TermSpan all = terms(e);
  if (all.empty())
    return {monomial({}), 0};
  PolyTerm common = commonFactor(all[0], all[0]);
  for (const PolyTerm &t : all.subspan(1))
    common = commonFactor(common, t);
  return common;
}

/// Every term of `e` must be divisible.
Expr ExprPool::Impl::divideByTerm(Expr e, PolyTerm by) {
  PolyTerms out;
  for (const PolyTerm &t : terms(e)) {
    const Monomial *m = divideMonomial(t.monomial, by.monomial);
    assert(m && t.coefficient % by.coefficient == 0 && "division is not exact");
    out.push_back({m, t.coefficient / by.coefficient});
  }
  return fromTerms(out); // the order survives division by one monomial
}

ExprPool::Impl::Division ExprPool::Impl::longDivide(Expr a, Expr b) {
  PolyTerm lead = terms(b).back();
  Expr quotient = zero, rest = a, remainder = zero;
  // Conditions are their own squares, so the degree need not fall: count steps.
  for (unsigned step = 0; step < 64 && rest && !terms(rest).empty(); ++step) {
    PolyTerm top = terms(rest).back();
    const Monomial *m = divideMonomial(top.monomial, lead.monomial);
    bool divides = lead.coefficient == -1 ? top.coefficient != INT64_MIN
                                          : top.coefficient % lead.coefficient == 0;
    if (m && divides) {
      Expr q = fromTerms({{m, top.coefficient / lead.coefficient}});
      quotient = add(quotient, q);
      rest = sub(rest, mul(q, b));
    } else {
      Expr t = fromTerms({top});
      remainder = add(remainder, t);
      rest = sub(rest, t);
    }
  }
  return {quotient, add(remainder, rest)};
}

std::optional<Expr> ExprPool::Impl::exactDiv(Expr a, Expr b) {
  if (b == zero)
    return std::nullopt;
  if (TermSpan only = terms(b); only.size() == 1) {
    int64_t c = only[0].coefficient;
    PolyTerms out;
    for (const PolyTerm &t : terms(a)) {
      const Monomial *m = divideMonomial(t.monomial, only[0].monomial);
      if (!m || (c == -1 ? t.coefficient == INT64_MIN : t.coefficient % c != 0))
        return std::nullopt;
      out.push_back({m, t.coefficient / c});
    }
    return fromTerms(out);
  }
  Division d = longDivide(a, b);
  if (!d.quotient || d.remainder != zero)
    return std::nullopt;
  return d.quotient;
}

ExprPool::Impl::Division ExprPool::Impl::divide(Expr a, Expr b) {
  if (auto c = constantInt(b)) {
    assert(*c > 1 && "the caller turns signs");
    PolyTerms quotient, remainder;
    for (const PolyTerm &t : terms(a)) {
      int64_t q = t.coefficient / *c, r = t.coefficient % *c;
      if (t.monomial->atoms.empty() && r < 0) {
        q -= 1;
        r += *c;
      }
      if (q)
        quotient.push_back({t.monomial, q});
      if (r)
        remainder.push_back({t.monomial, r});
    }
    return {fromTerms(quotient), fromTerms(remainder)};
  }
  Division best = longDivide(a, b);
  auto better = [&](const Division &d) {
    return d.quotient && d.remainder &&
           (!best.quotient || !best.remainder ||
            terms(d.remainder).size() < terms(best.remainder).size());
  };
  // Any term of b can lead; one pass with each.
  TermSpan leads = terms(b);
  for (const PolyTerm &lead : leads.last(std::min<size_t>(leads.size(), 4))) {
    if (lead.monomial->atoms.empty() || best.remainder == zero)
      continue;
    PolyTerms out;
    for (const PolyTerm &t : terms(a))
      if (const Monomial *m = divideMonomial(t.monomial, lead.monomial);
          m && lead.coefficient != -1 && t.coefficient % lead.coefficient == 0)
        out.push_back({m, t.coefficient / lead.coefficient});
    Expr q = fromTerms(out);
    Division d{q, sub(a, mul(q, b))};
    if (better(d))
      best = d;
  }
  if (!best.quotient || !best.remainder)
    return {zero, a};
  return best;
}

} // namespace ingot
