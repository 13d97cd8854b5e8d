#include "test/expr/ExprTest.h"

namespace ingot {
namespace {

class ExprFacts : public ExprTest {
protected:
  bool proves(Expr a, Expr b) { return pool.proveGe(a, b); }
  Expr one = pool.integer(1);
};

TEST_F(ExprFacts, QuotientsOfAnIndexStayBelowTheirNumber) {
  Expr n = pool.index("patch", i(196));
  EXPECT_TRUE(pool.proveGe(i(13), pool.floorDiv(n, i(14))));
  EXPECT_FALSE(pool.proveGe(i(12), pool.floorDiv(n, i(14))));
  // Twice the quotient is bounded less tightly.
  EXPECT_TRUE(pool.proveGe(i(28), pool.scale(pool.floorDiv(n, i(14)), 2)));
}

TEST_F(ExprFacts, SymbolsCountFromTheirLowerBounds) {
  EXPECT_TRUE(proves(past, i(0)));
  EXPECT_FALSE(proves(past, one));
  Expr n = pool.symbol("n", 3);
  EXPECT_TRUE(proves(pool.mul(n, n), i(9)));
  EXPECT_FALSE(proves(n, i(4)));
  Expr m = pool.symbol("m", -2);
  EXPECT_TRUE(proves(m, i(-2)));
  EXPECT_FALSE(proves(m, i(-1)));
}

TEST_F(ExprFacts, AnIndexIsTestedAtTheEndItsCoefficientSelects) {
  EXPECT_TRUE(proves(q, i(0)));
  EXPECT_TRUE(proves(pool.sub(sequence, one), q));
  EXPECT_FALSE(proves(pool.sub(sequence, i(2)), q));
  Expr h = pool.index("h", pool.symbol("heads"));
  Expr flat = pool.add(pool.mul(h, sequence), q);
  EXPECT_TRUE(
      proves(pool.sub(pool.mul(pool.symbol("heads"), sequence), one), flat));
}

TEST_F(ExprFacts, QuotientsAreBoundedByTheirNumerators) {
  Expr half = pool.floorDiv(past, i(2));
  EXPECT_TRUE(proves(past, pool.scale(half, 2)));
  EXPECT_TRUE(proves(pool.add(pool.scale(half, 2), one), past));
  EXPECT_FALSE(proves(pool.scale(half, 2), past));
  EXPECT_TRUE(proves(past, half));
}

TEST_F(ExprFacts, RemaindersStayBelowTheirDivisor) {
  Expr r = pool.mod(past, i(7));
  EXPECT_TRUE(proves(r, i(0)));
  EXPECT_TRUE(proves(i(6), r));
  EXPECT_FALSE(proves(i(5), r));
  EXPECT_TRUE(proves(past, r));
}

TEST_F(ExprFacts, MaxNeedsOneSideAndMinBoth) {
  Expr n = pool.symbol("n");
  EXPECT_TRUE(proves(pool.max(n, past), past));
  EXPECT_TRUE(proves(n, pool.min(n, past)));
  EXPECT_TRUE(proves(total, pool.min(n, past)));
  EXPECT_FALSE(proves(pool.min(n, past), past));
}

TEST_F(ExprFacts, SelectsNeedBothBranchesEachUnderItsCondition) {
  // Where the index of a concatenation lands in its second part.
  Expr inside = pool.select(pool.lt(k, past), k, pool.sub(k, past));
  EXPECT_TRUE(proves(inside, i(0)));
  EXPECT_FALSE(proves(inside, one));
  Expr b = pool.boolToInt(causal);
  EXPECT_TRUE(proves(b, i(0)));
  EXPECT_TRUE(proves(one, b));
}

TEST_F(ExprFacts, SquaresAndAbsAreNotNegative) {
  EXPECT_TRUE(proves(pool.mul(mask, mask), i(0)));
  EXPECT_TRUE(proves(pool.abs(mask), mask));
  EXPECT_TRUE(proves(pool.abs(mask), pool.neg(mask)));
  EXPECT_FALSE(proves(mask, i(0)));
}

TEST_F(ExprFacts, AssumedFactsServeScaledAndChained) {
  Expr a = pool.symbol("a"), b = pool.symbol("b"), c = pool.symbol("c");
  EXPECT_FALSE(proves(b, a)); // and this answer is not kept
  pool.assume(pool.sub(b, a));
  EXPECT_TRUE(proves(b, a));
  EXPECT_TRUE(proves(pool.scale(b, 3), pool.scale(a, 3)));
  EXPECT_TRUE(proves(pool.mul(b, past), pool.mul(a, past)));
  EXPECT_FALSE(proves(c, a));
  pool.assume(pool.sub(c, b));
  EXPECT_TRUE(proves(c, a));
}

TEST_F(ExprFacts, FactsAboutQuotientsAndMinimaReachTheirOperands) {
  Expr height = pool.symbol("height"), n = pool.symbol("n");
  pool.assume(pool.sub(pool.floorDiv(height, i(8)), i(2)));
  EXPECT_TRUE(proves(height, i(16)));
  pool.assume(pool.sub(pool.min(n, past), sequence));
  EXPECT_TRUE(proves(n, sequence));
  EXPECT_TRUE(proves(past, sequence));
}

TEST_F(ExprFacts, NormalFormsUseTheFactsThatHoldWhenTheyAreMade) {
  Expr n = pool.symbol("n");
  Expr before = pool.min(sequence, n);
  pool.assume(pool.sub(n, sequence));
  EXPECT_EXPR_EQ(pool.min(sequence, n), sequence);
  EXPECT_EXPR_EQ(pool.replace(before, [](Expr) { return std::nullopt; }),
                 sequence);
}

TEST_F(ExprFacts, ASubstitutedSymbolIsItsValueFromThenOn) {
  Expr t = pool.symbol("total");
  Expr before = pool.add(t, one);
  pool.substitute(t, total);
  EXPECT_EXPR_EQ(pool.symbol("total"), total);
  EXPECT_EXPR_EQ(parse("total - past"), sequence);
  EXPECT_EXPR_EQ(pool.add(t, one), before);
  EXPECT_EXPR_EQ(pool.replace(before, [](Expr) { return std::nullopt; }),
                 pool.add(total, one));
}

TEST_F(ExprFacts, SubstitutionsChainAndRewriteFacts) {
  Expr a = pool.symbol("a"), b = pool.symbol("b"), c = pool.symbol("c", 4);
  pool.assume(pool.sub(a, i(10)));
  pool.substitute(a, pool.add(b, one));
  EXPECT_TRUE(proves(b, i(9)));
  pool.substitute(b, pool.scale(sequence, 2));
  EXPECT_EXPR_EQ(pool.symbol("a"), parse("2*sequence + 1"));
  // The bound of a symbol binds what it stands for.
  pool.substitute(c, past);
  EXPECT_TRUE(proves(past, i(4)));
}

TEST_F(ExprFacts, ReplaceReachesOperandsAndExtents) {
  auto bind = [&](Expr leaf) -> std::optional<Expr> {
    if (leaf == sequence)
      return i(1);
    return std::nullopt;
  };
  // One query: no key lies in its future.
  EXPECT_EXPR_EQ(pool.replace(causal, bind), pool.boolean(true));
  Expr moved = pool.replace(causal, [&](Expr leaf) -> std::optional<Expr> {
    if (leaf == k)
      return pool.add(q, i(2));
    return std::nullopt;
  });
  EXPECT_EXPR_EQ(moved, pool.ge(past, i(2)));
}

TEST_F(ExprFacts, LookingFindsIndicesAndLeaves) {
  EXPECT_EQ(pool.indices(causal), (std::vector{q, k}));
  EXPECT_TRUE(pool.contains(causal, past));
  EXPECT_FALSE(pool.contains(causal, sequence)); // only in an extent
  auto all = pool.reachable(causal, true);
  EXPECT_TRUE(std::find(all.begin(), all.end(), sequence) != all.end());
}

} // namespace
} // namespace ingot
