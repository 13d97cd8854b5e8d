#include "test/expr/ExprTest.h"

namespace ingot {
namespace {

using ExprBooleans = ExprTest;

TEST_F(ExprBooleans, GeIsConstantWhereProven) {
  EXPECT_EXPR_EQ(pool.ge(q, i(0)), pool.boolean(true));
  EXPECT_EXPR_EQ(pool.lt(q, sequence), pool.boolean(true));
  EXPECT_EXPR_EQ(pool.ge(q, sequence), pool.boolean(false));
}

TEST_F(ExprBooleans, GeIsDividedByTheGcdRoundingDown) {
  EXPECT_EXPR_EQ(condition("4*past >= 6*sequence + 3"),
                 condition("2*past >= 3*sequence + 2"));
}

TEST_F(ExprBooleans, GeThatCanOnlyBeEqualIsEq) {
  EXPECT_EXPR_EQ(pool.ge(i(0), past), pool.eq(past, i(0)));
  EXPECT_EXPR_EQ(pool.ge(q, pool.sub(sequence, i(1))),
                 pool.eq(q, pool.sub(sequence, i(1))));
}

TEST_F(ExprBooleans, NotOfGeIsGeAndBack) {
  Expr no = pool.logicalNot(causal);
  EXPECT_EQ(pool.kind(no), ExprKind::Ge);
  EXPECT_EXPR_EQ(pool.logicalNot(no), causal);
  EXPECT_EXPR_EQ(no, pool.lt(pool.add(past, q), k));
}

TEST_F(ExprBooleans, AWindowByAbsIsTwoBounds) {
  Expr delta = pool.sub(pool.add(past, q), k);
  EXPECT_EXPR_EQ(
      pool.ge(i(8), pool.abs(delta)),
      pool.logicalAnd(pool.ge(i(8), delta), pool.ge(i(8), pool.neg(delta))));
  EXPECT_EXPR_EQ(
      pool.lt(i(8), pool.abs(delta)),
      pool.logicalOr(pool.lt(i(8), delta), pool.lt(i(8), pool.neg(delta))));
}

TEST_F(ExprBooleans, BoundsByMinAndMaxAreSeveralBounds) {
  Expr n = pool.symbol("n");
  EXPECT_EXPR_EQ(pool.lt(k, pool.min(total, n)), pool.lt(k, n));
  EXPECT_EXPR_EQ(pool.lt(k, pool.max(past, n)),
                 pool.logicalOr(pool.lt(k, past), pool.lt(k, n)));
}

TEST_F(ExprBooleans, ComparisonsOfCasesAreCasesOfComparisons) {
  Expr chosen = pool.select(causal, mask, i(0));
  EXPECT_EXPR_EQ(pool.eq(chosen, i(1)),
                 pool.logicalAnd(causal, pool.eq(mask, i(1))));
  EXPECT_EXPR_EQ(pool.ge(pool.boolToInt(causal), i(1)), causal);
  EXPECT_EXPR_EQ(pool.eq(pool.boolToInt(causal), i(0)),
                 pool.logicalNot(causal));
}

TEST_F(ExprBooleans, EqOfAProductIsAnOr) {
  Expr other = load(ExprType::Int, 0, {q});
  EXPECT_EXPR_EQ(pool.eq(pool.mul(mask, other), i(0)),
                 pool.logicalOr(pool.eq(mask, i(0)), pool.eq(other, i(0))));
}

TEST_F(ExprBooleans, EqHasOneSignAndNoCommonFactor) {
  EXPECT_EXPR_EQ(pool.eq(mask, past), pool.eq(past, mask));
  EXPECT_EXPR_EQ(pool.eq(pool.scale(mask, -3), pool.scale(past, -3)),
                 pool.eq(mask, past));
  EXPECT_EXPR_EQ(condition("2*past == 2*sequence + 1"), pool.boolean(false));
  EXPECT_EXPR_EQ(pool.eq(sequence, i(-1)), pool.boolean(false));
}

TEST_F(ExprBooleans, ImpliedBoundsAreDropped) {
  Expr wide = pool.ge(pool.add(pool.add(past, q), i(1)), k);
  EXPECT_EXPR_EQ(pool.logicalAnd(causal, wide), causal);
  EXPECT_EXPR_EQ(pool.logicalOr(causal, wide), wide);
  EXPECT_EXPR_EQ(pool.logicalAnd(pool.eq(mask, i(1)), pool.ge(mask, i(0))),
                 pool.eq(mask, i(1)));
  EXPECT_EXPR_EQ(pool.logicalAnd(pool.eq(mask, i(1)),
                                 pool.logicalNot(pool.eq(mask, i(0)))),
                 pool.eq(mask, i(1)));
}

TEST_F(ExprBooleans, ContradictionsAreFalseAndCoversTrue) {
  Expr padding = load(ExprType::Bool, 1, {k});
  EXPECT_EXPR_EQ(pool.logicalAnd(padding, pool.logicalNot(padding)),
                 pool.boolean(false));
  EXPECT_EXPR_EQ(pool.logicalOr(padding, pool.logicalNot(padding)),
                 pool.boolean(true));
  EXPECT_EXPR_EQ(
      pool.logicalAnd(causal, pool.lt(pool.add(past, q), pool.sub(k, i(3)))),
      pool.boolean(false));
  EXPECT_EXPR_EQ(pool.logicalOr(pool.ge(mask, i(0)), pool.lt(mask, i(2))),
                 pool.boolean(true));
}

TEST_F(ExprBooleans, BothBoundsAreEquality) {
  EXPECT_EXPR_EQ(pool.logicalAnd(pool.ge(mask, i(3)), pool.ge(i(3), mask)),
                 pool.eq(mask, i(3)));
  EXPECT_EXPR_EQ(pool.logicalOr(pool.lt(mask, i(3)), pool.lt(i(3), mask)),
                 pool.logicalNot(pool.eq(mask, i(3))));
}

TEST_F(ExprBooleans, PartsDecidedByOtherMembersVanish) {
  Expr padding = load(ExprType::Bool, 1, {k});
  Expr a = causal, b = padding;
  EXPECT_EXPR_EQ(pool.logicalAnd(a, pool.logicalOr(pool.logicalNot(a), b)),
                 pool.logicalAnd(a, b));
  EXPECT_EXPR_EQ(pool.logicalOr(a, pool.logicalAnd(pool.logicalNot(a), b)),
                 pool.logicalOr(a, b));
  EXPECT_EXPR_EQ(pool.logicalAnd(a, pool.logicalOr(a, b)), a);
  EXPECT_EXPR_EQ(pool.logicalOr(a, pool.logicalAnd(a, b)), a);
}

TEST_F(ExprBooleans, AndIsFlatSortedAndFreeOfDuplicates) {
  Expr x = load(ExprType::Bool, 1, {k}), y = load(ExprType::Bool, 2, {k}),
       z = load(ExprType::Bool, 3, {k});
  Expr a = pool.logicalAnd(x, pool.logicalAnd(y, z));
  EXPECT_EXPR_EQ(a,
                 pool.logicalAnd(pool.logicalAnd(z, x), pool.logicalAnd(y, x)));
  EXPECT_EQ(pool.operands(a).size(), 3u);
  EXPECT_EXPR_EQ(pool.logicalNot(pool.logicalNot(a)), a);
  EXPECT_EQ(pool.kind(pool.logicalNot(a)), ExprKind::Or);
}

TEST_F(ExprBooleans, BooleanSelectsAreConnectives) {
  Expr x = load(ExprType::Bool, 1, {k});
  EXPECT_EXPR_EQ(pool.select(causal, pool.boolean(true), pool.boolean(false)),
                 causal);
  EXPECT_EXPR_EQ(pool.select(causal, x, pool.boolean(false)),
                 pool.logicalAnd(causal, x));
  EXPECT_EXPR_EQ(pool.select(causal, pool.boolean(true), x),
                 pool.logicalOr(causal, x));
}

TEST_F(ExprBooleans, BranchesKnowTheirCondition) {
  Expr x = load(ExprType::Int, 1, {k}), y = load(ExprType::Int, 2, {k});
  Expr wide = pool.ge(pool.add(pool.add(past, q), i(1)), k);
  EXPECT_EXPR_EQ(pool.select(causal, pool.select(wide, x, y), y),
                 pool.select(causal, x, y));
  EXPECT_EXPR_EQ(
      pool.select(causal, pool.select(pool.logicalNot(causal), x, y), x),
      pool.select(causal, y, x));
  EXPECT_EXPR_EQ(pool.select(pool.eq(mask, i(3)), pool.add(mask, x), y),
                 pool.select(pool.eq(mask, i(3)), pool.add(x, i(3)), y));
}

TEST_F(ExprBooleans, NestedSelectsOfSharedValuesJoin) {
  Expr c = load(ExprType::Bool, 3, {k});
  Expr x = load(ExprType::Int, 1, {k}), y = load(ExprType::Int, 2, {k});
  EXPECT_EXPR_EQ(pool.select(causal, pool.select(c, x, y), y),
                 pool.select(pool.logicalAnd(causal, c), x, y));
  EXPECT_EXPR_EQ(pool.select(causal, x, pool.select(c, x, y)),
                 pool.select(pool.logicalOr(causal, c), x, y));
}

} // namespace
} // namespace ingot
