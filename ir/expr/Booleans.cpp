#include "ir/expr/ExprImpl.h"

#include <algorithm>

namespace ingot {

namespace {
constexpr unsigned kMaxSplits = 4; // case-split atoms of one comparison
constexpr unsigned kMaxSplitNesting = 6;
constexpr size_t kMaxPairwise = 32; // conjuncts compared with each other
} // namespace

/// p >= 0 or p == 0 with the cases of one of its atoms told apart.
std::optional<Expr> ExprPool::Impl::splitCases(ExprKind relation, Expr p) {
  std::span<const Expr> all = atoms(p);
  bool isGe = relation == ExprKind::Ge;
  auto splits = [&](Expr x) {
    ExprKind k = kind(x);
    return k == ExprKind::BoolToInt || k == ExprKind::Select ||
           (isGe &&
            (k == ExprKind::Abs || k == ExprKind::Max || k == ExprKind::Min));
  };
  auto n = std::ranges::count_if(all, splits);
  if (n == 0 || n > kMaxSplits || splitNesting >= kMaxSplitNesting)
    return std::nullopt;
  for (size_t i = all.size(); i-- > 0;) {
    Expr x = all[i];
    if (!splits(x))
      continue;
    auto split = splitLinear(p, x);
    if (!split)
      continue;
    auto [factor, rest] = *split;
    auto with = [&](Expr value) {
      Expr q = add(mul(factor, value), rest);
      return isGe ? geZero(q) : eqZero(q);
    };
    std::span<const Expr> ops = node(x).operands;
    Expr result;
    ++splitNesting;
    if (kind(x) == ExprKind::BoolToInt) {
      result = select(ops[0], with(one), with(zero));
    } else if (kind(x) == ExprKind::Select) {
      result = select(ops[0], with(ops[1]), with(ops[2]));
    } else if (bool up = prove(factor); up || prove(neg(factor))) {
      Expr other = kind(x) == ExprKind::Abs ? neg(ops[0]) : ops[1];
      bool isMax = kind(x) != ExprKind::Min; // |x| is max(x, -x)
      result = connect(up != isMax, {with(ops[0]), with(other)});
    }
    --splitNesting;
    if (result)
      return result;
  }
  return std::nullopt;
}

Expr ExprPool::Impl::geZero(Expr p) {
  if (!p)
    return {};
  if (prove(p))
    return trueExpr;
  if (prove(complement(p)))
    return falseExpr;
  // Divide by the gcd of all but the constant, which rounds down.
  PolyTerm common{monomial({}), 0};
  for (const PolyTerm &t : terms(p))
    if (!t.monomial->atoms.empty())
      common = commonFactor({common.monomial, common.coefficient},
                            {common.monomial, t.coefficient});
  if (common.coefficient > 1) {
    PolyTerms reduced;
    for (const PolyTerm &t : terms(p))
      if (int64_t c = *floorDivInt(t.coefficient, common.coefficient))
        reduced.push_back({t.monomial, c});
    return geZero(fromTerms(reduced));
  }
  if (prove(neg(p)))
    return eqZero(p);
  if (auto cases = splitCases(ExprKind::Ge, p))
    return *cases;
  return make(ExprKind::Ge, ExprType::Bool, {p});
}

Expr ExprPool::Impl::eqZero(Expr p) {
  if (!p)
    return {};
  if (auto c = constantInt(p))
    return boolean(*c == 0);
  PolyTerm common{monomial({}), 0};
  int64_t constant = 0;
  for (const PolyTerm &t : terms(p)) {
    if (t.monomial->atoms.empty())
      constant = t.coefficient;
    else
      common = commonFactor({common.monomial, common.coefficient},
                            {common.monomial, t.coefficient});
  }
  if (constant % common.coefficient != 0)
    return falseExpr;
  if (common.coefficient > 1)
    return eqZero(divideByTerm(p, common));
  if (TermSpan only = terms(p);
      only.size() == 1 && only[0].monomial->atoms.size() > 1) {
    std::vector<Expr> zeros;
    for (Expr x : only[0].monomial->atoms)
      zeros.push_back(eqZero(x));
    return connect(false, zeros);
  }
  Expr negated = neg(p);
  if (prove(plus(p, -1)) || prove(complement(p)))
    return falseExpr;
  if (prove(p) && prove(negated))
    return trueExpr;
  if (auto cases = splitCases(ExprKind::Eq, p))
    return *cases;
  return make(ExprKind::Eq, ExprType::Bool, {leadIsNegative(p) ? negated : p});
}

Expr ExprPool::Impl::logicalNot(Expr c) {
  if (!c)
    return {};
  if (auto known = notMemo.find(c.id); known != notMemo.end())
    return known->second;
  Expr result;
  switch (kind(c)) {
  case ExprKind::BoolConst:
    result = boolean(c == falseExpr);
    break;
  case ExprKind::Not:
    result = operand(c, 0);
    break;
  case ExprKind::Ge:
    result = geZero(complement(operand(c, 0)));
    break;
  case ExprKind::And:
  case ExprKind::Or: {
    std::vector<Expr> list;
    for (Expr x : node(c).operands)
      list.push_back(logicalNot(x));
    result = connect(kind(c) == ExprKind::Or, list);
    break;
  }
  case ExprKind::Select:
    result = select(operand(c, 0), logicalNot(operand(c, 1)),
                    logicalNot(operand(c, 2)));
    break;
  default:
    result = make(ExprKind::Not, ExprType::Bool, {c});
  }
  if (result) {
    notMemo[c.id] = result;
    notMemo.try_emplace(result.id, c);
  }
  return result;
}

/// Whether b surely holds where a does. Looks at integer comparisons only.
bool ExprPool::Impl::implies(Expr a, Expr b, unsigned nesting) {
  if (a == b)
    return true;
  if (nesting) {
    auto any = [&](Expr list, auto &&test) {
      std::span<const Expr> ops = node(list).operands;
      return ops.size() <= kMaxPairwise && std::ranges::any_of(ops, test);
    };
    if (kind(a) == ExprKind::And &&
        any(a, [&](Expr x) { return implies(x, b, nesting - 1); }))
      return true;
    if (kind(b) == ExprKind::Or &&
        any(b, [&](Expr x) { return implies(a, x, nesting - 1); }))
      return true;
  }
  bool isEq = kind(a) == ExprKind::Eq;
  if (!isEq && kind(a) != ExprKind::Ge)
    return false;
  Expr p = operand(a, 0);
  bool differs =
      kind(b) == ExprKind::Not && kind(operand(b, 0)) == ExprKind::Eq;
  if (kind(b) != ExprKind::Ge && !differs)
    return false;
  Expr q = operand(differs ? operand(b, 0) : b, 0);
  // Where a holds, r >= 0 follows if r - p is never negative; p == 0 also
  // allows r + p.
  auto follows = [&](Expr r) {
    return prove(sub(r, p)) || (isEq && prove(add(r, p)));
  };
  if (!differs)
    return follows(q);
  return follows(plus(q, -1)) || follows(complement(q));
}

/// Drops members that say nothing more, and parts of inner or/and lists that
/// the other members decide. Returns true if the whole list is decided (false
/// for `and`, true for `or`).
bool ExprPool::Impl::absorb(bool isAnd, std::vector<Expr> &list) {
  // x makes y superfluous.
  auto covers = [&](Expr x, Expr y) {
    return isAnd ? implies(x, y) : implies(y, x);
  };
  for (size_t i = 0; i < list.size(); ++i)
    for (size_t j = 0; j < list.size(); ++j)
      if (i != j && covers(list[i], list[j])) {
        list.erase(list.begin() + static_cast<ptrdiff_t>(j));
        i -= j < i;
        --j;
      }
  std::vector<Expr> negations;
  for (Expr x : list)
    negations.push_back(logicalNot(x));
  for (size_t i = 0; i < list.size(); ++i)
    for (size_t j = 0; j < list.size(); ++j) {
      if (i == j || !negations[i] || !negations[j])
        continue;
      if (isAnd ? implies(list[i], negations[j])
                : implies(negations[i], list[j]))
        return true;
    }
  ExprKind inner = isAnd ? ExprKind::Or : ExprKind::And;
  for (size_t i = 0; i < list.size(); ++i) {
    if (kind(list[i]) != inner || node(list[i]).operands.size() > kMaxPairwise)
      continue;
    std::vector<Expr> kept;
    for (Expr y : node(list[i]).operands) {
      // In `A and (not A or B)` the part `not A` cannot be what holds.
      Expr ny = logicalNot(y);
      bool dead = ny && std::ranges::any_of(list, [&](Expr z) {
                    return kind(z) != inner && covers(z, ny);
                  });
      if (!dead)
        kept.push_back(y);
    }
    if (kept.size() == node(list[i]).operands.size())
      continue;
    Expr simpler = connect(!isAnd, kept);
    if (simpler)
      list[i] = simpler;
  }
  return false;
}

Expr ExprPool::Impl::connect(bool isAnd, std::vector<Expr> list) {
  ExprKind self = isAnd ? ExprKind::And : ExprKind::Or;
  Expr neutral = boolean(isAnd), decided = boolean(!isAnd);
  for (unsigned round = 0;; ++round) {
    std::vector<Expr> flat;
    for (Expr x : list) {
      if (!x)
        return {};
      if (x == decided)
        return decided;
      if (kind(x) == self)
        flat.insert(flat.end(), node(x).operands.begin(),
                    node(x).operands.end());
      else if (x != neutral)
        flat.push_back(x);
    }
    std::ranges::sort(flat, byOrder());
    flat.erase(std::unique(flat.begin(), flat.end()), flat.end());
    list = flat;
    if (list.size() < 2 || list.size() > kMaxPairwise || round == 4)
      break;
    if (absorb(isAnd, flat))
      return decided;
    // p >= 0 and p <= 0 is p == 0; p > 0 or p < 0 is its negation.
    for (size_t i = 0; i < flat.size(); ++i)
      for (size_t j = i + 1; j < flat.size(); ++j) {
        if (kind(flat[i]) != ExprKind::Ge || kind(flat[j]) != ExprKind::Ge)
          continue;
        Expr sum = add(operand(flat[i], 0), operand(flat[j], 0));
        if (!sum || constantInt(sum) != (isAnd ? 0 : -2))
          continue;
        Expr p = operand(flat[i], 0);
        Expr merged = isAnd ? eqZero(p) : logicalNot(eqZero(plus(p, 1)));
        if (!merged)
          continue;
        flat[i] = merged;
        flat.erase(flat.begin() + static_cast<ptrdiff_t>(j--));
        break;
      }
    if (flat == list)
      break;
    list = flat;
  }
  if (list.empty())
    return neutral;
  if (list.size() == 1)
    return list[0];
  return make(self, ExprType::Bool, list);
}

} // namespace ingot
