// Random expressions against direct evaluation: every normal form must have the
// value of what was asked for, every proven bound must hold, and every text
// must read back as its node.
#include "test/expr/ExprTest.h"
#include "test/expr/Generator.h"

namespace ingot {
namespace {

/// Shards, so that the cases run side by side.
class ExprFuzz : public ::testing::TestWithParam<uint32_t> {};

TEST_P(ExprFuzz, NormalFormsKeepValuesBoundsHoldAndTextsReadBack) {
  constexpr uint32_t kExpressions = 10000, kPerPool = 1000;
  auto pool = std::make_unique<ExprPool>();
  unsigned proven = 0, bad = 0;
  for (uint32_t n = 0; n < kExpressions && bad < 5; ++n) {
    if (n % kPerPool == 0)
      pool = std::make_unique<ExprPool>();
    Generator g(*pool, GetParam() * 1000003u + n);
    if (!g.valid())
      continue;
    Valued v = g.chance(50) ? g.integer(3) : g.boolean(3);
    ASSERT_FALSE(pool->failed());
    ExprEnvironment env = g.environment();
    auto got = pool->evaluate(v.expr, env);
    if (got != v.value) {
      ++bad;
      ADD_FAILURE() << "case " << n << ": " << pool->print(v.expr) << " is "
                    << got.value_or(-999999) << ", not " << v.value << " at "
                    << g.describe();
    }
    bool isInt = pool->type(v.expr) == ExprType::Int;
    if (isInt && pool->proveNonNegative(v.expr)) {
      ++proven;
      if (v.value < 0) {
        ++bad;
        ADD_FAILURE() << "case " << n << ": proved " << pool->print(v.expr)
                      << " >= 0, is " << v.value << " at " << g.describe();
      }
    }
    bool loads = false;
    for (Expr e : pool->reachable(v.expr))
      loads |= pool->kind(e) == ExprKind::Load;
    std::string text = pool->print(v.expr);
    if (loads || text == "...")
      continue;
    auto back = isInt ? pool->parse(text) : pool->parseCondition(text);
    if (back != v.expr) {
      ++bad;
      ADD_FAILURE() << "case " << n << ": " << text << "\nreads back as "
                    << (back ? pool->print(*back) : "nothing");
    }
  }
  EXPECT_GT(proven, kExpressions / 10);
}

TEST_P(ExprFuzz, FactsThatHoldChangeNoValue) {
  constexpr uint32_t kExpressions = 2000;
  unsigned bad = 0;
  for (uint32_t n = 0; n < kExpressions && bad < 5; ++n) {
    ExprPool pool;
    Generator g(pool, 77 + GetParam() * 1000003u + n);
    if (!g.valid())
      continue;
    if (g.chance(40)) { // T is a constant or follows S
      Valued t = g.symbols[2], s = g.symbols[0];
      bool constant = g.chance(50);
      Expr value = constant ? pool.integer(t.value)
                            : pool.add(s.expr, pool.integer(t.value - s.value));
      pool.substitute(t.expr, value);
      g.symbols[2].expr = pool.symbol("T");
    }
    Valued before = g.integer(2);
    for (int64_t facts = g.pick(1, 4); facts-- > 0;) {
      Valued fact = g.integer(2);
      pool.assume(fact.value >= 0 ? fact.expr : pool.neg(fact.expr));
    }
    Expr renewed = pool.replace(before.expr, [](Expr) { return std::nullopt; });
    // An index stands for any number in its range, so also for another index.
    Valued a = g.indices[2], b = {pool.add(a.expr, pool.integer(0)), a.value};
    if (g.symbols[0].value > a.value) {
      int64_t shift = g.symbols[0].value - a.value;
      b = {pool.sub(g.symbols[0].expr, pool.integer(shift)), a.value};
    }
    Expr moved =
        pool.replace(before.expr, [&](Expr leaf) -> std::optional<Expr> {
          if (leaf == a.expr)
            return b.expr;
          return std::nullopt;
        });
    std::vector<Valued> all = {{renewed, before.value}, {moved, before.value}};
    for (int k = 0; k < 4; ++k)
      all.push_back(k % 2 ? g.integer(3) : g.boolean(2));
    ASSERT_FALSE(pool.failed());
    ExprEnvironment env = g.environment();
    for (Valued v : all) {
      auto got = pool.evaluate(v.expr, env);
      bool unsound = pool.type(v.expr) == ExprType::Int && v.value < 0 &&
                     pool.proveNonNegative(v.expr);
      if (got == v.value && !unsound)
        continue;
      ++bad;
      ADD_FAILURE() << "case " << n << ": " << pool.print(v.expr) << " is "
                    << got.value_or(-999999) << ", not " << v.value << " at "
                    << g.describe() << (unsound ? "; proved not negative" : "");
    }
  }
}

// Dims are compared as text between models, passes and files.
TEST_P(ExprFuzz, TextsAreTheSameInEveryPool) {
  unsigned bad = 0;
  for (uint32_t n = 0; n < 2000 && bad < 5; ++n) {
    ExprPool forward, backward;
    for (const char *name : {"T", "P", "S"})
      backward.symbol(name);
    uint32_t seed = 5 + GetParam() * 1000003u + n;
    Generator f(forward, seed), b(backward, seed);
    if (!f.valid())
      continue;
    std::string x = forward.print(f.integer(3).expr);
    std::string y = backward.print(b.integer(3).expr);
    bad += x != y;
    EXPECT_EQ(x, y) << "case " << n;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, ExprFuzz, ::testing::Range(0u, 6u));

} // namespace
} // namespace ingot
