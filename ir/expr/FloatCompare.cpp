#include "ir/expr/ExprImpl.h"

#include <algorithm>
#include <cmath>

namespace ingot {

namespace {
constexpr double kBeyondInt64 = 1e19;
} // namespace

Expr ExprPool::Impl::compare(ScalarOp op, Expr a, Expr b) {
  if (!a || !b)
    return {};
  if (op == ScalarOp::Ne)
    return logicalNot(compare(ScalarOp::Eq, a, b));
  assert((op == ScalarOp::Eq || op == ScalarOp::Lt || op == ScalarOp::Le) &&
         "not a float comparison");
  auto ca = constantFloat(a), cb = constantFloat(b);
  if (ca && cb) {
    double values[] = {*ca, *cb};
    return boolean(applyFloat(op, values) != 0);
  }
  if ((ca && std::isnan(*ca)) || (cb && std::isnan(*cb)))
    return falseExpr;
  if (constantTree(a) && constantTree(b) &&
      leaves(a) + leaves(b) <= kMaxLeaves) {
    Expr c = operand(kind(a) == ExprKind::Select ? a : b, 0);
    return select(c, compare(op, restrict(a, c, true), restrict(b, c, true)),
                  compare(op, restrict(a, c, false), restrict(b, c, false)));
  }
  if (a == b) {
    if (op == ScalarOp::Lt)
      return falseExpr;
    if (kind(a) == ExprKind::IntToFloat)
      return trueExpr; // never NaN
  }
  if (Expr c = compareIntegers(op, a, b))
    return c;
  if (Expr c = compareSums(op, a, b))
    return c;
  if (op == ScalarOp::Eq && (ca || (!cb && order(b, a) < 0)))
    std::swap(a, b);
  Expr operands[] = {a, b};
  return make(ExprKind::Compare, ExprType::Bool, operands, 0, op);
}

/// Comparisons of float images of integers. Rounding is monotone, so against a
/// constant whose neighbours the type holds the integers compare alike.
Expr ExprPool::Impl::compareIntegers(ScalarOp op, Expr a, Expr b) {
  // The integer below casts, the smallest limit passed, and whether large
  // integers may have become infinite.
  int64_t limit = INT64_MAX;
  bool overflows = false;
  auto image = [&](Expr f) -> Expr {
    for (;; f = operand(f, 0)) {
      if (kind(f) != ExprKind::FloatCast && kind(f) != ExprKind::IntToFloat)
        return {};
      limit = std::min(limit, integerLimit(type(f)));
      overflows |= type(f) == ExprType::F16;
      if (kind(f) == ExprKind::IntToFloat)
        return operand(f, 0);
    }
  };
  auto ca = constantFloat(a), cb = constantFloat(b);
  if (ca || cb) {
    Expr x = image(ca ? b : a);
    if (!x)
      return {};
    double c = ca ? *ca : *cb;
    if (std::fabs(c) > kBeyondInt64 && !overflows)
      return boolean(op != ScalarOp::Eq && (c > 0) == cb.has_value());
    if (!(std::fabs(c) < static_cast<double>(limit)))
      return {};
    Expr low = integer(static_cast<int64_t>(std::floor(c)));
    Expr high = integer(static_cast<int64_t>(std::ceil(c)));
    if (op == ScalarOp::Eq)
      return low == high ? eqZero(sub(x, low)) : falseExpr;
    if (cb) // x < high, x <= low
      return op == ScalarOp::Lt ? geZero(plus(sub(high, x), -1))
                                : geZero(sub(low, x));
    // low < x, high <= x
    return op == ScalarOp::Lt ? geZero(plus(sub(x, low), -1))
                              : geZero(sub(x, high));
  }
  if (!image(a) || !image(b))
    return {};
  Expr x = exactInteger(a), y = x ? exactInteger(b) : Expr{};
  if (!x || !y)
    return {};
  return op == ScalarOp::Eq   ? eqZero(sub(x, y))
         : op == ScalarOp::Lt ? geZero(plus(sub(y, x), -1))
                              : geZero(sub(y, x));
}

/// Comparisons of a sum with a constant.
Expr ExprPool::Impl::compareSums(ScalarOp op, Expr a, Expr b) {
  bool sumFirst = kind(b) == ExprKind::FloatConst;
  Expr sum = sumFirst ? a : b, bound = sumFirst ? b : a;
  if (kind(bound) != ExprKind::FloatConst || kind(sum) != ExprKind::Apply)
    return {};
  bool isAdd = node(sum).op == ScalarOp::Add;
  if (!isAdd && node(sum).op != ScalarOp::Sub)
    return {};
  ExprType t = type(sum);
  double c = *constantFloat(bound);
  auto ordered = [&](Expr s, Expr k) {
    return sumFirst ? compare(op, s, k) : compare(op, k, s);
  };
  Expr x[] = {operand(sum, 0), operand(sum, 1)};
  for (unsigned i : {0u, 1u}) {
    Expr u = x[i], w = x[1 - i];
    if (isAdd && kind(u) == ExprKind::Select && constantTree(u)) {
      // Case by case: a constant far from the bound decides alone.
      auto with = [&](Expr leaf) {
        Expr operands[] = {leaf, w};
        return ordered(apply(ScalarOp::Add, t, operands), bound);
      };
      return select(operand(u, 0), with(operand(u, 1)), with(operand(u, 2)));
    }
    auto k = constantFloat(u);
    if (!k || !std::isfinite(*k))
      continue;
    // An int64 is lost in a constant that is far larger.
    bool integral = kind(w) == ExprKind::IntToFloat && type(w) != ExprType::F16;
    if (integral && std::fabs(*k) > 1e25 && std::fabs(c) < 1e18)
      return ordered(isAdd || i == 0 ? u : floatConst(t, -*k), bound);
    // x - k compares with 0 as x with k: a difference is 0 only between equals.
    if (c != 0)
      continue;
    Expr other = isAdd ? floatConst(t, -*k) : u;
    if (isAdd || i == 1)
      return ordered(w, other);
    return sumFirst ? compare(op, u, w) : compare(op, w, u); // k - x with 0
  }
  return {};
}

Expr ExprPool::Impl::isNaN(Expr f) {
  if (!f)
    return {};
  if (auto c = constantFloat(f))
    return boolean(std::isnan(*c));
  if (kind(f) == ExprKind::IntToFloat)
    return falseExpr;
  if (kind(f) == ExprKind::FloatCast)
    return isNaN(operand(f, 0));
  if (kind(f) == ExprKind::Select && leaves(f) <= kMaxLeaves)
    return mapTree(f, [&](Expr leaf) { return isNaN(leaf); });
  return make(ExprKind::IsNaN, ExprType::Bool, {f});
}

} // namespace ingot
