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

TEST(ExprExtremes, EveryOperationSurvivesExtremeConstants) {
  using Operation = std::function<Expr(ExprPool &, Expr, Expr)>;
  const Operation operations[] = {
      [](ExprPool &p, Expr a, Expr b) { return p.add(a, b); },
      [](ExprPool &p, Expr a, Expr b) { return p.sub(a, b); },
      [](ExprPool &p, Expr a, Expr b) { return p.mul(a, b); },
      [](ExprPool &p, Expr a, Expr b) { return p.floorDiv(a, b); },
      [](ExprPool &p, Expr a, Expr b) { return p.ceilDiv(a, b); },
      [](ExprPool &p, Expr a, Expr b) { return p.mod(a, b); },
      [](ExprPool &p, Expr a, Expr b) { return p.truncDiv(a, b); },
      [](ExprPool &p, Expr a, Expr b) { return p.max(a, b); },
      [](ExprPool &p, Expr a, Expr b) { return p.min(a, b); },
      [](ExprPool &p, Expr a, Expr b) { return p.wrap(a, b); },
      [](ExprPool &p, Expr a, Expr b) { return p.ge(a, b); },
      [](ExprPool &p, Expr a, Expr b) { return p.lt(a, b); },
      [](ExprPool &p, Expr a, Expr b) { return p.eq(a, b); },
      [](ExprPool &p, Expr a, Expr b) { return p.exactDiv(a, b).value_or(a); },
      [](ExprPool &p, Expr a, Expr b) {
        return p.select(p.ge(a, p.integer(0)), a, b);
      },
      [](ExprPool &p, Expr a, Expr) { return p.abs(a); },
      [](ExprPool &p, Expr a, Expr) { return p.sign(a); },
      [](ExprPool &p, Expr a, Expr) { return p.neg(a); },
      [](ExprPool &p, Expr a, Expr b) {
        p.assume(a);
        p.assume(p.floorDiv(b, p.integer(3)));
        return p.boolean(p.proveGe(a, b));
      },
  };
  constexpr int64_t kExtremes[] = {INT64_MIN, INT64_MIN + 1, -2, -1, 0, 1,
                                   3,         INT64_MAX};
  for (const Operation &op : operations)
    for (int64_t x : kExtremes)
      for (int64_t y : kExtremes)
        for (int form = 0; form < 16; ++form) {
          ExprPool pool; // anew: a failed pool asks no proofs
          Expr n = pool.symbol("n"), t = pool.load(ExprType::Int, 0, {});
          auto make = [&](int64_t c, int f) {
            Expr e = pool.integer(c);
            return f == 0   ? e
                   : f == 1 ? pool.mul(e, n)
                   : f == 2 ? pool.add(pool.scale(n, 3), e)
                            : pool.add(pool.mul(t, n), e);
          };
          Expr e = op(pool, make(x, form % 4), make(y, form / 4));
          EXPECT_FALSE(pool.print(e).empty());
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
    Expr a = load(ExprType::Int, 2 * n, {k}),
         b = load(ExprType::Int, 2 * n + 1, {k});
    e = pool.add(e, pool.sub(pool.max(a, b), pool.min(a, b)));
    pool.assume(pool.add(a, pool.scale(b, 2)));
  }
  pool.proveNonNegative(e);
  pool.ge(e, i(0));
  EXPECT_FALSE(pool.failed());
}

TEST_F(ExprLimits, TheParserTakesAnything) {
  std::mt19937 random(7);
  const char *const pieces[] = {
      "a",   "b",   "past", "1",       "9223372036854775807",
      "(",   ")",   "+",    "-",       "*",
      "//",  "%",   "**",   "mod",     "floordiv",
      ",",   "max", "min",  "abs(",    "[",
      "]",   "'",   " ",    ">=",      "==",
      "not", "and", "or",   "select(", "true",
      "%q",  "0",   "\\",   "\xc3"};
  unsigned read = 0;
  for (int n = 0; n < 50000; ++n) {
    std::string s;
    for (size_t m = random() % 12; m-- > 0;)
      s +=
          pieces[random() % std::size(pieces)] + std::string(random() % 2, ' ');
    auto e = random() % 2 ? pool.parse(s) : pool.parseCondition(s);
    read += e.has_value();
    ASSERT_FALSE(pool.failed()) << s;
  }
  EXPECT_GT(read, 100u);
  std::string open(60000, '('), minus(60000, '-'), sums = "a", floors = "a",
                                                   nots;
  for (int n = 0; n < 9000; ++n) {
    sums += "+a" + std::to_string(n);
    floors += "//b";
    nots += "not ";
  }
  std::string calls;
  for (int n = 0; n < 9000; ++n)
    calls += "abs(";
  for (const std::string &s :
       {open, minus, sums, floors, nots, calls, open + "a", minus + "a",
        std::string(1 << 20, 'a')})
    EXPECT_FALSE(pool.parse(s));
  EXPECT_FALSE(pool.failed());
}

} // namespace
} // namespace ingot
