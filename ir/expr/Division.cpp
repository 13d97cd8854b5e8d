#include "ir/expr/ExprImpl.h"

#include <algorithm>
#include <numeric>

namespace ingot {

namespace {
uint64_t magnitude(int64_t v) {
  return v < 0 ? 0 - static_cast<uint64_t>(v) : static_cast<uint64_t>(v);
}

/// The gcd as a positive int64_t; 1 where it does not fit.
int64_t gcdOf(int64_t a, int64_t b) {
  uint64_t g = std::gcd(magnitude(a), magnitude(b));
  return g > static_cast<uint64_t>(INT64_MAX) ? 1 : static_cast<int64_t>(g);
}
} // namespace

const Monomial *ExprPool::Impl::divideMonomial(const Monomial *over,
                                               const Monomial *under) {
  if (!std::ranges::includes(over->atoms, under->atoms, byOrder()))
    return nullptr;
  std::vector<Expr> rest;
  std::ranges::set_difference(over->atoms, under->atoms,
                              std::back_inserter(rest), byOrder());
  return monomial(rest);
}

PolyTerm ExprPool::Impl::commonFactor(PolyTerm a, PolyTerm b) {
  std::vector<Expr> shared;
  std::ranges::set_intersection(a.monomial->atoms, b.monomial->atoms,
                                std::back_inserter(shared), byOrder());
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
    bool divides = lead.coefficient == -1
                       ? top.coefficient != INT64_MIN
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
