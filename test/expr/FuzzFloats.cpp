// Random float expressions against direct evaluation in the model's order and
// type. Values that are not finite are passed over (a score times a 0/1 mask is
// simplified for finite scores only), and those that f32 does not count exactly
// (the pool takes dims below for granted and says so in assumedBelow).
#include "test/expr/ExprTest.h"
#include "test/expr/Generator.h"

#include <algorithm>
#include <cmath>

namespace ingot {
namespace {

/// Rounds by searching the list of all f16 values.
double nearestHalf(double value) {
  static const std::vector<double> halves = [] {
    std::vector<double> all;
    for (int e = 0; e < 31; ++e)
      for (int m = 0; m < 1024; ++m)
        all.push_back(e ? std::ldexp(1024 + m, e - 25) : std::ldexp(m, -24));
    all.push_back(65536); // where rounding gives infinity
    return all;
  }();
  double size = std::fabs(value);
  if (!(size < 65536))
    return std::copysign(size > 0 ? INFINITY : size, value);
  size_t above = static_cast<size_t>(
      std::lower_bound(halves.begin(), halves.end(), size) - halves.begin());
  if (halves[above] != size) {
    double down = size - halves[above - 1], up = halves[above] - size;
    if (down < up || (down == up && (above - 1) % 2 == 0))
      --above;
  }
  return std::copysign(halves[above] == 65536 ? INFINITY : halves[above],
                       value);
}

struct ValuedFloat {
  Expr expr;
  double value;
};

class FloatGenerator : public Generator {
public:
  using Generator::Generator;
  bool usual = true;

  double rounded(ExprType type, double value) {
    double r =
        type == ExprType::F16 ? nearestHalf(value) : static_cast<float>(value);
    double size = std::fabs(r);
    usual = usual && (size < 0x1p24 || (size > 1e30 && std::isfinite(r)));
    return r;
  }

  ValuedFloat leaf(ExprType type, int depth) {
    if (chance(40)) {
      const std::vector<double> values = {0, 1,     -1,     0.5, 2,
                                          3, -0.25, -10000, 0.1};
      double c = chance(15) && type == ExprType::F32 ? -3.4e38 : oneOf(values);
      return {pool.floatConst(type, c), rounded(type, c)};
    }
    if (chance(30)) {
      uint32_t tensor = static_cast<uint32_t>(pick(1, 2));
      return {pool.load(type, tensor, {}), rounded(type, scores[tensor])};
    }
    if (chance(30)) {
      Valued c = condition(std::max(depth - 1, 0));
      return {pool.select(c.expr, pool.floatConst(type, 1),
                          pool.floatConst(type, 0)),
              double(c.value)};
    }
    Valued i = integer(std::min(depth, 1));
    return {pool.intToFloat(type, i.expr), rounded(type, double(i.value))};
  }

  ValuedFloat floating(ExprType type, int depth) {
    if (depth == 0 || chance(15))
      return leaf(type, depth);
    int op = static_cast<int>(pick(0, 13));
    ValuedFloat a = floating(type, depth - 1);
    if (op == 0) {
      ExprType other = type == ExprType::F16 ? ExprType::F32 : ExprType::F16;
      a = floating(other, depth - 1);
      return {pool.floatCast(type, a.expr), rounded(type, a.value)};
    }
    const std::pair<ScalarOp, int> kOps[] = {
        {ScalarOp::Neg, 1},  {ScalarOp::Abs, 1}, {ScalarOp::Floor, 1},
        {ScalarOp::Ceil, 1}, {ScalarOp::Add, 2}, {ScalarOp::Sub, 2},
        {ScalarOp::Mul, 2},  {ScalarOp::Div, 2}, {ScalarOp::Max, 2},
        {ScalarOp::Min, 2},  {ScalarOp::Mul, 2}, {ScalarOp::Add, 2}};
    if (op <= 12) {
      auto [scalar, arity] = kOps[op - 1];
      std::vector<Expr> operands = {a.expr};
      std::vector<double> values = {a.value};
      if (arity == 2) {
        ValuedFloat b = floating(type, depth - 1);
        operands.push_back(b.expr);
        values.push_back(b.value);
      }
      return {pool.apply(scalar, type, operands),
              rounded(type, applyFloat(scalar, values))};
    }
    Valued c = condition(depth - 1);
    ValuedFloat b = floating(type, depth - 1);
    return {pool.select(c.expr, a.expr, b.expr), c.value ? a.value : b.value};
  }

  Valued condition(int depth) {
    if (chance(40))
      return boolean(depth);
    ExprType type = chance(70) ? ExprType::F32 : ExprType::F16;
    ValuedFloat a = floating(type, depth),
                b = floating(type, chance(60) ? 0 : depth);
    if (chance(50))
      std::swap(a, b);
    switch (pick(0, 4)) {
    case 0:
      return {pool.compare(ScalarOp::Lt, a.expr, b.expr), a.value < b.value};
    case 1:
      return {pool.compare(ScalarOp::Le, a.expr, b.expr), a.value <= b.value};
    case 2:
      return {pool.compare(ScalarOp::Ne, a.expr, b.expr), a.value != b.value};
    case 3:
      return {pool.isNaN(a.expr), std::isnan(a.value)};
    default:
      return {pool.compare(ScalarOp::Eq, a.expr, b.expr), a.value == b.value};
    }
  }

  double scores[3] = {0, std::ldexp(double(pick(-40, 40)), -3),
                      double(pick(-2, 2))};
};

class ExprFloatFuzz : public ::testing::TestWithParam<uint32_t> {};

TEST_P(ExprFloatFuzz, NormalFormsKeepValues) {
  constexpr uint32_t kExpressions = 10000, kPerPool = 1000;
  auto pool = std::make_unique<ExprPool>();
  unsigned checked = 0, bad = 0;
  for (uint32_t n = 0; n < kExpressions && bad < 5; ++n) {
    if (n % kPerPool == 0)
      pool = std::make_unique<ExprPool>();
    FloatGenerator g(*pool, GetParam() * 1000003u + n);
    if (!g.valid())
      continue;
    ExprEnvironment env = g.environment();
    env.load = [&](uint32_t tensor, std::span<const int64_t>) {
      return tensor == 0 ? double(g.loaded) : g.scores[tensor];
    };
    std::string what;
    bool ok = true;
    Expr e;
    int form = static_cast<int>(g.pick(0, 2));
    if (form == 0) {
      Valued c = g.condition(3);
      e = c.expr;
      auto got = pool->evaluate(e, env);
      ok = got == c.value;
      what = std::to_string(got.value_or(-999)) + ", not " +
             std::to_string(c.value);
    } else if (form == 1) {
      ValuedFloat f = g.floating(ExprType::F32, 2);
      e = pool->floatToInt(f.expr);
      auto got = pool->evaluate(e, env);
      ok = got == static_cast<int64_t>(
                      g.usual && std::fabs(f.value) < 1e9 ? f.value : 0);
      g.usual = g.usual && std::fabs(f.value) < 1e9;
      what = std::to_string(got.value_or(-999)) + ", not " +
             std::to_string(f.value);
    } else {
      ExprType type = g.chance(50) ? ExprType::F32 : ExprType::F16;
      ValuedFloat f = g.floating(type, 3);
      e = f.expr;
      auto got = pool->evaluateFloat(e, env);
      ok = got == f.value;
      what = std::to_string(got.value_or(-999)) + ", not " +
             std::to_string(f.value);
    }
    ASSERT_FALSE(pool->failed());
    if (!g.usual)
      continue;
    ++checked;
    if (!ok) {
      ++bad;
      ADD_FAILURE() << "case " << n << ": " << pool->print(e) << " is " << what
                    << " at " << g.describe() << " scores " << g.scores[1]
                    << " " << g.scores[2];
    }
  }
  EXPECT_GT(checked, kExpressions / 3);
}

INSTANTIATE_TEST_SUITE_P(Seeds, ExprFloatFuzz, ::testing::Range(0u, 4u));

} // namespace
} // namespace ingot
