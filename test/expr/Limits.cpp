// What a hostile model can ask for: overflow, depth, width and blow-up end in
// failed(), never in undefined behaviour or hours.
#include "test/expr/ExprTest.h"

#include <random>

namespace ingot {
namespace {

using ExprLimits = ExprTest;

TEST_F(ExprLimits, OverflowFails) {
  EXPECT_FALSE(pool.failed());
  pool.add(i(INT64_MAX), i(1));
  EXPECT_TRUE(pool.failed());
}

TEST_F(ExprLimits, EveryOperationSurvivesExtremeConstants) {
  std::vector<Expr> extremes = {i(INT64_MIN), i(INT64_MIN + 1), i(-1), i(0), i(1), i(INT64_MAX)};
  size_t count = extremes.size();
  for (size_t n = 0; n < count; ++n) {
    extremes.push_back(pool.mul(extremes[n], past));
    extremes.push_back(pool.add(pool.scale(past, 3), extremes[n]));
  }
  for (Expr a : extremes)
    for (Expr b : extremes) {
      for (Expr e : {pool.add(a, b), pool.sub(a, b), pool.mul(a, b), pool.floorDiv(a, b),
                     pool.ceilDiv(a, b), pool.mod(a, b), pool.truncDiv(a, b), pool.max(a, b),
                     pool.min(a, b), pool.wrap(a, b)}) {
        EXPECT_EQ(pool.type(e), ExprType::Int);
        EXPECT_FALSE(text(e).empty());
      }
      for (Expr e : {pool.ge(a, b), pool.lt(a, b), pool.eq(a, b)})
        EXPECT_EQ(pool.type(e), ExprType::Bool);
      pool.abs(a), pool.sign(a), pool.neg(a);
      pool.exactDiv(a, b);
      pool.proveGe(a, b);
      pool.assume(a);
    }
}

TEST_F(ExprLimits, EvaluationOfOverflowAndDivisionByZeroIsNothing) {
  ExprEnvironment env{[](Expr) { return INT64_MAX; }, nullptr};
  EXPECT_FALSE(pool.evaluate(pool.mul(past, past), env));
  EXPECT_FALSE(pool.evaluate(pool.add(past, i(1)), env));
  EXPECT_FALSE(pool.evaluate(pool.floorDiv(past, i(0)), env));
  EXPECT_FALSE(pool.evaluate(pool.mod(past, i(0)), env));
  EXPECT_FALSE(pool.failed());
}

TEST_F(ExprLimits, DeepNestingFailsInsteadOfExhaustingTheStack) {
  Expr e = mask;
  for (int n = 0; n < 5000; ++n)
    e = pool.truncDiv(pool.add(e, i(1)), sequence);
  EXPECT_TRUE(pool.failed());
  EXPECT_LE(pool.depth(e), ExprPool::kMaxDepth);
  text(e);
}

TEST_F(ExprLimits, DepthTellsWhenToStop) {
  Expr e = mask;
  for (int n = 0; n < 5000 && pool.depth(e) < ExprPool::kMaxDepth / 2; ++n)
    e = pool.truncDiv(pool.add(e, i(1)), sequence);
  EXPECT_FALSE(pool.failed());
  ExprEnvironment env{[](Expr) { return 1; },
                      [](uint32_t, std::span<const int64_t>) { return 1.0; }};
  EXPECT_TRUE(pool.evaluate(e, env));
}

TEST_F(ExprLimits, PowersAndWideSumsFail) {
  Expr sum = i(0);
  for (int n = 0; n < 40; ++n)
    sum = pool.add(sum, pool.symbol("s" + std::to_string(n)));
  Expr power = sum;
  for (int n = 0; n < 10; ++n)
    power = pool.mul(power, power);
  EXPECT_TRUE(pool.failed());
  EXPECT_LT(pool.size(), size_t(1) << 20);
}

TEST_F(ExprLimits, SharedGraphsPrintAsDots) {
  Expr e = mask;
  for (uint32_t n = 0; n < 60; ++n)
    e = pool.max(pool.truncDiv(e, sequence), pool.truncDiv(e, past));
  EXPECT_FALSE(pool.failed());
  EXPECT_EQ(text(e), "...");
}

TEST_F(ExprLimits, ManyConditionsStayPolynomial) {
  Expr sum = i(0), f1 = f(0);
  for (uint32_t n = 0; n < 100; ++n) {
    Expr c = pool.ge(load(ExprType::Int, n, {k}), i(n));
    sum = pool.add(sum, pool.scale(pool.boolToInt(c), n + 1));
    f1 = apply(ScalarOp::Add, f1, pool.select(c, f(n), f(0)));
  }
  pool.ge(sum, i(50));
  pool.eq(sum, i(50));
  pool.compare(ScalarOp::Lt, f1, f(3));
  EXPECT_FALSE(pool.failed());
  EXPECT_LT(pool.size(), 20000u);
}

TEST_F(ExprLimits, NestedConnectivesStayPolynomial) {
  Expr e = pool.ge(mask, i(0));
  for (uint32_t n = 1; n < 150; ++n) {
    Expr c = pool.ge(load(ExprType::Int, n, {k}), i(0));
    e = n % 2 ? pool.logicalAnd(e, c) : pool.logicalOr(e, c);
    e = n % 7 ? e : pool.logicalNot(e);
  }
  EXPECT_FALSE(pool.failed());
  EXPECT_LT(pool.size(), 50000u);
}

TEST_F(ExprLimits, HardProofsGiveUp) {
  Expr e = i(-1);
  for (uint32_t n = 0; n < 30; ++n) {
    Expr a = load(ExprType::Int, 2 * n, {k}), b = load(ExprType::Int, 2 * n + 1, {k});
    e = pool.add(e, pool.sub(pool.max(a, b), pool.min(a, b)));
    pool.assume(pool.add(a, pool.scale(b, 2)));
  }
  pool.proveNonNegative(e);
  pool.ge(e, i(0));
  EXPECT_FALSE(pool.failed());
}

TEST_F(ExprLimits, TheParserTakesAnything) {
  std::mt19937 random(7);
  const char *const pieces[] = {"a",   "b",  "past", "1",   "9223372036854775807", "(", ")", "+",
                                "-",   "*",  "//",   "%",   "**", "mod", "floordiv", ",",
                                "max", "min", "abs(", "[",  "]", "'", " ", ">=", "==", "not",
                                "and", "or", "select(", "true", "%q", "0", "\\", "\xc3"};
  unsigned read = 0;
  for (int n = 0; n < 50000; ++n) {
    std::string s;
    for (size_t m = random() % 12; m-- > 0;)
      s += pieces[random() % std::size(pieces)] + std::string(random() % 2, ' ');
    auto e = random() % 2 ? pool.parse(s) : pool.parseCondition(s);
    read += e.has_value();
    ASSERT_FALSE(pool.failed()) << s;
  }
  EXPECT_GT(read, 100u);
  std::string open(60000, '('), minus(60000, '-'), sums = "a", floors = "a", nots;
  for (int n = 0; n < 9000; ++n) {
    sums += "+a" + std::to_string(n);
    floors += "//b";
    nots += "not ";
  }
  std::string calls;
  for (int n = 0; n < 9000; ++n)
    calls += "abs(";
  for (const std::string &s : {open, minus, sums, floors, nots, calls, open + "a", minus + "a",
                               std::string(1 << 20, 'a')})
    EXPECT_FALSE(pool.parse(s));
  EXPECT_FALSE(pool.failed());
}

} // namespace
} // namespace ingot
