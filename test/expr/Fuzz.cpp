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
                    << got.value_or(-999999) << ", not " << v.value << " at " << g.describe();
    }
    bool isInt = pool->type(v.expr) == ExprType::Int;
    if (isInt && pool->proveNonNegative(v.expr)) {
      ++proven;
      if (v.value < 0) {
        ++bad;
        ADD_FAILURE() << "case " << n << ": proved " << pool->print(v.expr) << " >= 0, is "
                      << v.value << " at " << g.describe();
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

INSTANTIATE_TEST_SUITE_P(Seeds, ExprFuzz, ::testing::Range(0u, 6u));

} // namespace
} // namespace ingot
