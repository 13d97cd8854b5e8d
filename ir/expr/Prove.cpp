//===- Prove.cpp - Is an integer expression never negative? ---------------===//
//
// Takes the outermost atom (operands have smaller ids than their users), bounds
// it away and goes on with what is left, down to symbols, whose polynomial is
// not negative if no coefficient is once they are counted from their lower
// bounds. An index or a remainder is linear, so only the end that the sign of
// its coefficient selects is looked at; that uses exactly that its extent is
// at least 1. Incomplete by design: false means unknown.
//
//===----------------------------------------------------------------------===//
#include "ir/expr/ExprImpl.h"

#include <algorithm>

namespace ingot {

namespace {
constexpr unsigned kMaxLevels = 16;
constexpr unsigned kMaxSteps = 256; // real proofs take under 30
constexpr unsigned kMaxFactChain = 3;
constexpr uint8_t kProven = 255;
} // namespace

bool ExprPool::Impl::prove(Expr e) {
  if (!e)
    return false;
  if (auto c = constantInt(e))
    return *c >= 0;
  if (hasFailed) // nobody wants to know any more
    return false;
  proofSteps = kMaxSteps;
  return proveAt(e, 0);
}

bool ExprPool::Impl::proveAt(Expr e, unsigned depth) {
  if (!e || depth >= kMaxLevels)
    return false;
  if (auto c = constantInt(e))
    return *c >= 0;
  uint8_t left = static_cast<uint8_t>(kMaxLevels - depth);
  if (auto known = proofs.find(e.id); known != proofs.end()) {
    if (known->second == kProven)
      return true;
    if (known->second >= left && factChain == 0)
      return false;
  }
  if (proofSteps == 0)
    return false;
  --proofSteps;
  bool proven = proveStructure(e, depth) || proveByFacts(e, depth);
  if (proven)
    proofs[e.id] = kProven;
  else if (proofSteps && factChain == 0)
    proofs[e.id] = left;
  return proven;
}

int ExprPool::Impl::signAt(Expr e, unsigned depth) {
  return proveAt(e, depth) ? 1 : proveAt(neg(e), depth) ? -1 : 0;
}

bool ExprPool::Impl::proveStructure(Expr e, unsigned depth) {
  std::span<const Expr> all = atoms(e);
  unsigned next = depth + 1;
  for (size_t i = all.size(); i-- > 0;) {
    Expr x = all[i];
    ExprKind k = kind(x);
    if (k == ExprKind::Symbol || k == ExprKind::Load ||
        k == ExprKind::TruncDiv || k == ExprKind::FloatToInt)
      continue;
    auto split = splitLinear(e, x);
    if (!split)
      continue;
    auto [factor, rest] = *split;
    // e with a value, or a bound, in place of x.
    auto with = [&](Expr value) { return add(mul(factor, value), rest); };
    auto holds = [&](Expr value) { return proveAt(with(value), next); };
    int sign = signAt(factor, next);
    std::span<const Expr> ops = node(x).operands;
    switch (k) {
    case ExprKind::Index:
    case ExprKind::BoolToInt: {
      Expr top = k == ExprKind::Index ? plus(Expr{node(x).payload}, -1) : one;
      return (sign < 0 || proveAt(rest, next)) && (sign > 0 || holds(top));
    }
    case ExprKind::Sign: {
      Expr low = proveAt(ops[0], next) ? zero : integer(-1);
      return (sign < 0 || holds(low)) && (sign > 0 || holds(one));
    }
    case ExprKind::Mod: {
      // Where it has a value the divisor is not 0; below it is not negative.
      if (!proveAt(ops[1], next))
        continue;
      bool low = sign < 0 || proveAt(rest, next);
      bool high = sign > 0 || holds(plus(ops[1], -1)) ||
                  (proveAt(ops[0], next) && holds(ops[0]));
      return low && high;
    }
    case ExprKind::FloorDiv: {
      // n - d + 1 <= d * q <= n, again for d > 0.
      Expr n = ops[0], d = ops[1];
      if (sign == 0 || !proveAt(d, next))
        continue;
      if (proveAt(n, next) && (sign > 0 ? proveAt(rest, next) : holds(n)))
        return true;
      // q <= rest is exactly n - d + 1 <= d * rest.
      bool exact = sign > 0 || constantInt(factor) == -1;
      Expr bound = exact ? plus(sub(n, d), 1) : n;
      return proveAt(add(mul(factor, bound), mul(d, rest)), next);
    }
    case ExprKind::Max:
    case ExprKind::Min:
      if (sign != 0 && (sign > 0) == (k == ExprKind::Max))
        return holds(ops[0]) || holds(ops[1]);
      return holds(ops[0]) && holds(ops[1]);
    case ExprKind::Abs:
      if (sign > 0)
        return proveAt(rest, next) || holds(ops[0]) || holds(neg(ops[0]));
      return holds(ops[0]) && holds(neg(ops[0]));
    case ExprKind::Wrap: {
      // The first case has i >= 0.
      bool first = holds(ops[0]) || (sign > 0 && proveAt(rest, next));
      return first && holds(add(ops[0], ops[1]));
    }
    case ExprKind::Select: {
      // In a branch what its condition says holds, too. The negation is made
      // here: logicalNot asks proofs of its own.
      Expr p = kind(ops[0]) == ExprKind::Ge ? operand(ops[0], 0) : Expr{};
      auto branch = [&](Expr value, Expr known) {
        Expr goal = with(value);
        return proveAt(goal, next) ||
               (known && proveAt(sub(goal, known), next));
      };
      return branch(ops[1], p) && branch(ops[2], p ? complement(p) : p);
    }
    default:
      assert(false && "not an integer atom");
    }
  }
  return proveBySigns(e, depth);
}

/// No coefficient is negative once symbols are counted from their lower bounds
/// and every other atom is known not to be negative.
bool ExprPool::Impl::proveBySigns(Expr e, unsigned depth) {
  Expr shifted = zero;
  for (const PolyTerm &t : terms(e)) {
    Expr product = integer(t.coefficient);
    std::span<const Expr> atoms = t.monomial->atoms;
    for (size_t i = 0; i < atoms.size(); ++i) {
      Expr x = atoms[i];
      bool isSymbol = kind(x) == ExprKind::Symbol;
      if (!isSymbol && i + 1 < atoms.size() && atoms[i + 1] == x) {
        product = mul(product, mul(x, x)); // a square
        ++i;
        continue;
      }
      if (!isSymbol && (x == e || !proveAt(x, depth + 1)))
        return false;
      int64_t bound = isSymbol ? node(x).bits : 0;
      product = mul(product, bound ? plus(x, bound) : x);
    }
    shifted = add(shifted, product);
  }
  return shifted && std::ranges::all_of(terms(shifted), [](const PolyTerm &t) {
           return t.coefficient > 0;
         });
}

/// Subtracts a multiple of a fact, chosen so that a term of it cancels.
bool ExprPool::Impl::proveByFacts(Expr e, unsigned depth) {
  if (factChain >= kMaxFactChain)
    return false;
  for (Expr fact : facts) {
    unsigned tries = 0;
    std::vector<Expr> tried;
    for (const PolyTerm &f : terms(fact)) {
      if (f.monomial->atoms.empty())
        continue;
      for (const PolyTerm &t : terms(e)) {
        if ((t.coefficient > 0) != (f.coefficient > 0))
          continue;
        const Monomial *m = divideMonomial(t.monomial, f.monomial);
        if (!m || tries == 4)
          continue;
        if (t.coefficient == INT64_MIN)
          continue;
        int64_t c = std::max<int64_t>(1, t.coefficient / f.coefficient);
        Expr factor = fromTerms({{m, c}});
        if (!factor || std::ranges::find(tried, factor) != tried.end())
          continue;
        tried.push_back(factor);
        ++tries;
        Expr left = sub(e, mul(factor, fact));
        if (!left || !std::ranges::all_of(m->atoms, [&](Expr x) {
              return x != e && proveAt(x, depth + 1);
            }))
          continue;
        ++factChain;
        bool proven = proveAt(left, depth + 1);
        --factChain;
        if (proven)
          return true;
      }
    }
  }
  return false;
}

} // namespace ingot
