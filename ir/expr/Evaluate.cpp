#include "ir/expr/ExprImpl.h"

#include <algorithm>
#include <cmath>

namespace ingot {

namespace {
/// Evaluates one expression; recursion is bounded by ExprPool::kMaxDepth.
class Evaluator {
public:
  Evaluator(const ExprPool::Impl &pool, const ExprEnvironment &env)
      : pool(pool), env(env) {}

  std::optional<int64_t> integer(Expr e) {
    if (auto it = integers.find(e.id); it != integers.end())
      return it->second;
    auto value = computeInteger(e);
    integers.emplace(e.id, value);
    return value;
  }

  std::optional<double> floating(Expr e) {
    if (auto it = floats.find(e.id); it != floats.end())
      return it->second;
    auto value = computeFloat(e);
    if (value)
      value = roundTo(pool.type(e), *value);
    floats.emplace(e.id, value);
    return value;
  }

private:
  std::optional<int64_t> poly(TermSpan terms) {
    int64_t sum = 0;
    for (const PolyTerm &t : terms) {
      int64_t product = t.coefficient;
      for (Expr x : t.monomial->atoms) {
        auto v = integer(x);
        if (!v || __builtin_mul_overflow(product, *v, &product))
          return std::nullopt;
      }
      if (__builtin_add_overflow(sum, product, &sum))
        return std::nullopt;
    }
    return sum;
  }

  std::optional<double> load(const ExprNode &n) {
    std::vector<int64_t> indices;
    for (Expr i : n.operands) {
      auto v = integer(i);
      if (!v)
        return std::nullopt;
      indices.push_back(*v);
    }
    return env.load(n.payload, indices);
  }

  /// and/or: what has no load first, for it may guard the loads' indices.
  std::optional<int64_t> connect(const ExprNode &n, bool decides) {
    bool unknown = false;
    for (bool loads : {false, true})
      for (Expr x : n.operands) {
        if (pool.node(x).hasLoad != loads)
          continue;
        auto v = integer(x);
        if (v && (*v != 0) == decides)
          return decides;
        unknown |= !v;
      }
    if (unknown)
      return std::nullopt;
    return !decides;
  }

  std::optional<int64_t> computeInteger(Expr e) {
    const ExprNode &n = pool.node(e);
    auto op = [&](unsigned i) { return integer(n.operands[i]); };
    switch (n.kind) {
    case ExprKind::Poly:
      return poly(n.terms);
    case ExprKind::Symbol:
    case ExprKind::Index:
      return env.leaf(e);
    case ExprKind::BoolConst:
      return n.payload;
    case ExprKind::And:
      return connect(n, false);
    case ExprKind::Or:
      return connect(n, true);
    case ExprKind::Select: {
      auto c = op(0);
      return !c ? c : *c ? op(1) : op(2);
    }
    case ExprKind::Load: {
      auto v = load(n);
      if (!v)
        return std::nullopt;
      return n.type == ExprType::Bool ? *v != 0 : truncateToInt(*v);
    }
    case ExprKind::FloatToInt: {
      auto v = floating(n.operands[0]);
      if (!v)
        return std::nullopt;
      return truncateToInt(*v);
    }
    case ExprKind::IsNaN: {
      auto v = floating(n.operands[0]);
      if (!v)
        return std::nullopt;
      return std::isnan(*v);
    }
    case ExprKind::Compare: {
      auto a = floating(n.operands[0]), b = floating(n.operands[1]);
      if (!a || !b)
        return std::nullopt;
      double values[] = {*a, *b};
      return applyFloat(n.op, values) != 0;
    }
    default:
      break;
    }
    auto a = op(0), b = n.operands.size() > 1 ? op(1) : a;
    if (!a || !b)
      return std::nullopt;
    switch (n.kind) {
    case ExprKind::Ge:
      return *a >= 0;
    case ExprKind::Eq:
      return *a == 0;
    case ExprKind::Not:
      return *a == 0;
    case ExprKind::BoolToInt:
      return *a;
    case ExprKind::Sign:
      return (*a > 0) - (*a < 0);
    case ExprKind::Max:
      return std::max(*a, *b);
    case ExprKind::Min:
      return std::min(*a, *b);
    case ExprKind::FloorDiv:
      return floorDivInt(*a, *b);
    case ExprKind::Mod: {
      if (*b == 0)
        return std::nullopt;
      if (*b == -1)
        return 0;
      int64_t r = *a % *b;
      return r != 0 && (r < 0) != (*b < 0) ? r + *b : r;
    }
    case ExprKind::TruncDiv:
      if (*b == 0 || (*a == INT64_MIN && *b == -1))
        return std::nullopt;
      return *a / *b;
    case ExprKind::Abs:
      if (*a == INT64_MIN)
        return std::nullopt;
      return *a < 0 ? -*a : *a;
    case ExprKind::Wrap: {
      int64_t r = *a;
      if (*a < 0 && __builtin_add_overflow(*a, *b, &r))
        return std::nullopt;
      return r;
    }
    default:
      break;
    }
    assert(false && "not an integer or boolean expression");
    return std::nullopt;
  }

  std::optional<double> computeFloat(Expr e) {
    const ExprNode &n = pool.node(e);
    switch (n.kind) {
    case ExprKind::FloatConst:
      return pool.constantFloat(e);
    case ExprKind::Load:
      return load(n);
    case ExprKind::FloatCast:
      return floating(n.operands[0]);
    case ExprKind::IntToFloat: {
      auto v = integer(n.operands[0]);
      if (!v)
        return std::nullopt;
      // From 64 bits to f32 in one rounding.
      return n.type == ExprType::F32 ? static_cast<float>(*v)
                                     : static_cast<double>(*v);
    }
    case ExprKind::Select: {
      auto c = integer(n.operands[0]);
      if (!c)
        return std::nullopt;
      return floating(n.operands[*c ? 1 : 2]);
    }
    case ExprKind::Apply: {
      std::vector<double> values;
      for (Expr x : n.operands) {
        auto v = floating(x);
        if (!v)
          return std::nullopt;
        values.push_back(*v);
      }
      return applyFloat(n.op, values);
    }
    default:
      break;
    }
    assert(false && "not a float expression");
    return std::nullopt;
  }

  const ExprPool::Impl &pool;
  const ExprEnvironment &env;
  std::unordered_map<uint32_t, std::optional<int64_t>> integers;
  std::unordered_map<uint32_t, std::optional<double>> floats;
};
} // namespace

std::optional<int64_t> ExprPool::evaluate(Expr e,
                                          const ExprEnvironment &env) const {
  return Evaluator(*impl, env).integer(e);
}

std::optional<double>
ExprPool::evaluateFloat(Expr e, const ExprEnvironment &env) const {
  return Evaluator(*impl, env).floating(e);
}

} // namespace ingot
