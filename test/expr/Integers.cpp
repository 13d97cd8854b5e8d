#include "test/expr/ExprTest.h"

namespace ingot {
namespace {

using ExprIntegers = ExprTest;

TEST_F(ExprIntegers, SumsAndProductsHaveOneForm) {
  Expr a = pool.mul(pool.add(past, sequence), pool.sub(past, sequence));
  Expr b = pool.sub(pool.mul(past, past), pool.mul(sequence, sequence));
  EXPECT_EXPR_EQ(a, b);
  EXPECT_EXPR_EQ(pool.sub(a, a), i(0));
  EXPECT_EXPR_EQ(pool.add(past, i(0)), past);
}

TEST_F(ExprIntegers, FloorDivTakesOutMultiples) {
  Expr n = pool.add(pool.scale(past, 8), sequence);
  EXPECT_EXPR_EQ(pool.floorDiv(n, i(8)),
                 pool.add(past, pool.floorDiv(sequence, i(8))));
  EXPECT_EXPR_EQ(pool.floorDiv(pool.mul(past, sequence), sequence), past);
}

TEST_F(ExprIntegers, FloorDivAndModOfABoundedRemainderVanish) {
  Expr h = pool.index("h", pool.symbol("heads"));
  Expr flat = pool.add(pool.mul(h, sequence), q);
  EXPECT_EXPR_EQ(pool.floorDiv(flat, sequence), h);
  EXPECT_EXPR_EQ(pool.mod(flat, sequence), q);
  EXPECT_EXPR_EQ(pool.floorDiv(pool.sub(q, sequence), sequence), i(-1));
}

TEST_F(ExprIntegers, FloorDivDropsWhatStaysBelowAFactorOfTheDivisor) {
  Expr h = pool.index("h", i(12)), d = pool.index("d", i(64));
  Expr flat = pool.add(pool.scale(h, 64), d);
  EXPECT_EXPR_EQ(pool.floorDiv(flat, i(128)), pool.floorDiv(h, i(2)));
  EXPECT_EXPR_EQ(pool.mod(flat, i(128)),
                 pool.add(pool.scale(pool.mod(h, i(2)), 64), d));
}

TEST_F(ExprIntegers, NestedFloorsAreOneFloor) {
  EXPECT_EXPR_EQ(pool.floorDiv(pool.floorDiv(past, i(2)), i(3)),
                 pool.floorDiv(past, i(6)));
  EXPECT_EXPR_EQ(parse("(past floordiv 2 + 1) floordiv 3"),
                 parse("(past + 2) floordiv 6"));
}

TEST_F(ExprIntegers, CeilingsAreFloors) {
  EXPECT_EXPR_EQ(pool.ceilDiv(past, i(16)), parse("(past + 15) floordiv 16"));
  EXPECT_EXPR_EQ(pool.neg(pool.floorDiv(pool.neg(past), i(16))),
                 pool.ceilDiv(past, i(16)));
}

TEST_F(ExprIntegers, CommonFactorsOfADivisionCancel) {
  Expr b = pool.symbol("batch"), c = pool.symbol("channels");
  EXPECT_EXPR_EQ(pool.floorDiv(pool.product(std::vector{b, sequence, i(6)}),
                               pool.product(std::vector{c, sequence, i(4)})),
                 pool.floorDiv(pool.scale(b, 3), pool.scale(c, 2)));
  EXPECT_EXPR_EQ(pool.floorDiv(pool.scale(past, 4), i(6)),
                 pool.floorDiv(pool.scale(past, 2), i(3)));
}

TEST_F(ExprIntegers, QuotientAndRemainderMakeTheNumberAgain) {
  Expr batch = pool.symbol("batch");
  Expr flat = pool.index("flat", pool.mul(batch, total));
  Expr again = pool.add(pool.mul(pool.floorDiv(flat, total), total),
                        pool.mod(flat, total));
  EXPECT_EXPR_EQ(again, flat);
}

TEST_F(ExprIntegers, RemaindersInsideByAMultipleVanish) {
  EXPECT_EXPR_EQ(pool.mod(pool.mod(past, i(12)), i(4)), pool.mod(past, i(4)));
}

TEST_F(ExprIntegers, TruncDivIsFloorDivWhereSignsAreKnown) {
  EXPECT_EXPR_EQ(pool.truncDiv(past, i(3)), pool.floorDiv(past, i(3)));
  EXPECT_EXPR_EQ(pool.truncDiv(pool.neg(past), i(3)),
                 pool.neg(pool.floorDiv(past, i(3))));
  EXPECT_EQ(pool.kind(pool.truncDiv(mask, i(3))), ExprKind::TruncDiv);
  EXPECT_EXPR_EQ(pool.truncDiv(i(-7), i(2)), i(-3));
}

TEST_F(ExprIntegers, MaxAndMinFoldWhereTheOrderIsKnown) {
  EXPECT_EXPR_EQ(pool.max(past, total), total);
  EXPECT_EXPR_EQ(pool.min(total, past), past);
  EXPECT_EXPR_EQ(pool.max(past, pool.max(sequence, past)),
                 pool.max(sequence, past));
}

TEST_F(ExprIntegers, AbsAndSignFoldWhereTheSignIsKnown) {
  EXPECT_EXPR_EQ(pool.abs(past), past);
  EXPECT_EXPR_EQ(pool.abs(pool.neg(past)), past);
  Expr delta = pool.sub(q, k);
  EXPECT_EXPR_EQ(pool.abs(delta), pool.abs(pool.neg(delta)));
  EXPECT_EXPR_EQ(pool.sign(pool.add(past, i(1))), i(1));
}

TEST_F(ExprIntegers, WrapFoldsWhereTheSignIsKnown) {
  EXPECT_EXPR_EQ(pool.wrap(q, sequence), q);
  EXPECT_EXPR_EQ(pool.wrap(i(-1), sequence), pool.sub(sequence, i(1)));
  EXPECT_EQ(pool.kind(pool.wrap(mask, sequence)), ExprKind::Wrap);
}

TEST_F(ExprIntegers, ConditionsAreTheirOwnSquares) {
  Expr c = pool.boolToInt(causal);
  EXPECT_EXPR_EQ(pool.mul(c, c), c);
}

TEST_F(ExprIntegers, SelectsOfConstantsAreLinearInTheCondition) {
  EXPECT_EXPR_EQ(pool.select(causal, i(5), i(2)),
                 pool.add(i(2), pool.scale(pool.boolToInt(causal), 3)));
}

TEST_F(ExprIntegers, ExactDivisionOfPolynomials) {
  Expr a = pool.mul(pool.add(past, sequence), pool.add(past, i(3)));
  EXPECT_EXPR_EQ(pool.exactDiv(a, total).value(), pool.add(past, i(3)));
  EXPECT_FALSE(pool.exactDiv(pool.add(a, i(1)), total));
  EXPECT_FALSE(pool.exactDiv(a, i(0)));
}

TEST_F(ExprIntegers, SplitLinearFindsFactorAndRest) {
  auto split = pool.splitLinear(parse("3*past*sequence + past - 7"), past);
  ASSERT_TRUE(split);
  EXPECT_EXPR_EQ(split->first, parse("3*sequence + 1"));
  EXPECT_EXPR_EQ(split->second, i(-7));
  EXPECT_FALSE(pool.splitLinear(pool.mul(past, past), past));
}

} // namespace
} // namespace ingot
