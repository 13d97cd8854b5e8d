#include "ir/expr/ExprImpl.h"

#include <algorithm>

namespace ingot {

/// Failed proofs and normal forms that more facts may change.
void ExprPool::Impl::forget() {
  std::erase_if(proofs, [](const auto &entry) { return entry.second != 255; });
  notMemo.clear();
}

void ExprPool::Impl::assume(Expr e) {
  std::vector<Expr> todo{e};
  for (size_t i = 0; i < todo.size() && i < 64; ++i) {
    Expr fact = todo[i];
    if (!fact || constantInt(fact) ||
        std::ranges::find(facts, fact) != facts.end())
      continue;
    facts.push_back(fact);
    forget();
    // Bounds of an atom say something of its operands.
    for (Expr x : reachable(fact, false)) {
      auto split = splitLinear(fact, x);
      if (!split || split->first == zero)
        continue;
      auto [factor, rest] = *split;
      auto follows = [&](Expr value) {
        todo.push_back(add(mul(factor, value), rest));
      };
      bool up = prove(factor), down = prove(neg(factor));
      std::span<const Expr> ops = node(x).operands;
      if (kind(x) == ExprKind::FloorDiv && up && prove(ops[1])) {
        // d * q <= n
        todo.push_back(add(mul(factor, ops[0]), mul(ops[1], rest)));
      } else if ((kind(x) == ExprKind::Min && up) ||
                 (kind(x) == ExprKind::Max && down)) {
        follows(ops[0]);
        follows(ops[1]);
      }
    }
  }
}

void ExprPool::Impl::substitute(Expr symbol, Expr value) {
  assert(kind(symbol) == ExprKind::Symbol && "only symbols can be substituted");
  if (symbol == value)
    return;
  auto reach = reachable(value, true);
  assert(std::ranges::find(reach, symbol) == reach.end() &&
         "a symbol cannot stand for an expression of itself");
  auto map = [&](Expr leaf) -> std::optional<Expr> {
    if (leaf == symbol)
      return value;
    return std::nullopt;
  };
  substitutions[symbol.id] = value;
  forget();
  for (auto &[id, old] : substitutions)
    if (id != symbol.id)
      old = checked(replace(old, map, true, false), ExprType::Int);
  std::vector<Expr> old = std::move(facts);
  facts.clear();
  for (Expr fact : old)
    assume(replace(fact, map, true, false));
  Expr bound = plus(value, -node(symbol).bits);
  if (bound && !prove(bound))
    assume(bound);
}

/// `e` made again from `changed` operands, through the rules.
Expr ExprPool::Impl::rebuild(Expr e, const std::function<Expr(Expr)> &changed) {
  const ExprNode &n = node(e);
  auto op = [&](unsigned i) { return changed(n.operands[i]); };
  std::vector<Expr> all;
  if (n.kind != ExprKind::Poly)
    for (Expr x : n.operands)
      all.push_back(changed(x));
  if (std::ranges::any_of(all, [](Expr x) { return !x; }))
    return {};
  switch (n.kind) {
  case ExprKind::Poly: {
    Expr sum = zero;
    for (const PolyTerm &t : n.terms) {
      Expr product = integer(t.coefficient);
      for (Expr x : t.monomial->atoms)
        product = mul(product, changed(x));
      sum = add(sum, product);
    }
    return sum;
  }
  case ExprKind::FloorDiv:
    return floorDiv(op(0), op(1));
  case ExprKind::Mod:
    return mod(op(0), op(1));
  case ExprKind::TruncDiv:
    return truncDiv(op(0), op(1));
  case ExprKind::Max:
    return maxMin(true, op(0), op(1));
  case ExprKind::Min:
    return maxMin(false, op(0), op(1));
  case ExprKind::Abs:
    return abs(op(0));
  case ExprKind::Sign:
    return sign(op(0));
  case ExprKind::Wrap:
    return wrap(op(0), op(1));
  case ExprKind::BoolToInt:
    return boolToInt(op(0));
  case ExprKind::FloatToInt:
    return floatToInt(op(0));
  case ExprKind::Load:
    return make(n.kind, n.type, all, n.payload);
  case ExprKind::Select:
    return select(op(0), op(1), op(2));
  case ExprKind::Ge:
    return geZero(op(0));
  case ExprKind::Eq:
    return eqZero(op(0));
  case ExprKind::Not:
    return logicalNot(op(0));
  case ExprKind::And:
    return connect(true, all);
  case ExprKind::Or:
    return connect(false, all);
  case ExprKind::Compare:
    return compare(n.op, op(0), op(1));
  case ExprKind::IsNaN:
    return isNaN(op(0));
  case ExprKind::Apply:
    return apply(n.op, n.type, all);
  case ExprKind::IntToFloat:
    return intToFloat(n.type, op(0));
  case ExprKind::FloatCast:
    return floatCast(n.type, op(0));
  case ExprKind::Symbol:
  case ExprKind::Index:
  case ExprKind::BoolConst:
  case ExprKind::FloatConst:
    return e;
  }
  return e;
}

/// Replaces leaves that `map` knows (any node may be offered as one) and makes
/// what is above them anew; with `rebuildAll` also what is unchanged, and
/// substituted symbols.
Expr ExprPool::Impl::replace(
    Expr root, const std::function<std::optional<Expr>(Expr)> &map,
    bool withExtents, bool rebuildAll) {
  std::unordered_map<uint32_t, Expr> made;
  auto changed = [&](Expr e) { return made.at(e.id); };
  for (Expr e : reachable(root, withExtents)) {
    Expr &result = made[e.id];
    const ExprNode &n = node(e);
    if (auto given = map(e)) {
      result = *given;
    } else if (n.kind == ExprKind::Index) {
      Expr extent{n.payload};
      result =
          withExtents && changed(extent) != extent
              ? index(names[static_cast<uint32_t>(n.bits)], changed(extent))
              : e;
    } else if (n.kind == ExprKind::Symbol) {
      auto known = substitutions.find(e.id);
      result = rebuildAll && known != substitutions.end() ? known->second : e;
    } else if (!rebuildAll && std::ranges::all_of(n.operands, [&](Expr x) {
                 return changed(x) == x;
               })) {
      result = e;
    } else {
      result = rebuild(e, changed);
      if (!result)
        return {};
    }
  }
  return made.at(root.id);
}

} // namespace ingot
