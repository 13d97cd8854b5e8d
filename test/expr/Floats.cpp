#include "test/expr/ExprTest.h"

#include <cmath>

namespace ingot {
namespace {

constexpr double kLowest = -3.4028234663852886e38;

class ExprFloats : public ExprTest {
protected:
  Expr keep(double fill = kLowest) {
    return pool.select(causal, f(0), f(fill));
  }
  Expr score = load(ExprType::F32, 7, {q, k});
};

TEST_F(ExprFloats, ConstantsAreRoundedToTheirType) {
  EXPECT_EQ(pool.constantFloat(f(0.1)), static_cast<double>(0.1f));
  EXPECT_EQ(pool.constantFloat(f(0.1, ExprType::F16)), 0.0999755859375);
  EXPECT_EQ(pool.constantFloat(f(0.1, ExprType::BF16)), 0.10009765625);
  EXPECT_EQ(pool.constantFloat(f(70000, ExprType::F16)), INFINITY);
  EXPECT_EQ(pool.constantFloat(f(65519, ExprType::F16)), 65504);
  EXPECT_EQ(pool.constantFloat(f(65520, ExprType::F16)), INFINITY);
  EXPECT_EQ(pool.constantFloat(f(0x1p-24, ExprType::F16)), 0x1p-24);
  EXPECT_EQ(pool.constantFloat(f(0x1.8p-24, ExprType::F16)),
            0x1p-23); // tie to even
  EXPECT_EQ(pool.constantFloat(f(0x1p-25, ExprType::F16)), 0);
  EXPECT_EQ(pool.constantFloat(f(1e39)), INFINITY);
  EXPECT_NE(f(1), f(1, ExprType::F16));
}

TEST_F(ExprFloats, ThereIsOneZeroAndOneNaN) {
  EXPECT_EXPR_EQ(f(-0.0), f(0));
  EXPECT_EXPR_EQ(f(NAN), f(-NAN));
  EXPECT_EXPR_EQ(apply(ScalarOp::Mul, f(-1), f(0)), f(0));
}

TEST_F(ExprFloats, ConstantsFoldInTheirType) {
  EXPECT_EXPR_EQ(apply(ScalarOp::Add, f(0.1), f(0.2)), f(0.1f + 0.2f));
  EXPECT_EXPR_EQ(apply(ScalarOp::Div, f(1, ExprType::F16), f(3, ExprType::F16)),
                 f(1.0 / 3, ExprType::F16));
  EXPECT_EXPR_EQ(pool.floatToInt(apply(ScalarOp::Sqrt,
                                       pool.intToFloat(ExprType::F32, i(64)))),
                 i(8));
}

TEST_F(ExprFloats, OnlyExactIdentitiesFold) {
  EXPECT_EXPR_EQ(apply(ScalarOp::Add, score, f(0)), score);
  EXPECT_EXPR_EQ(apply(ScalarOp::Add, f(-0.0), score), score);
  EXPECT_EXPR_EQ(apply(ScalarOp::Sub, score, f(0)), score);
  EXPECT_EXPR_EQ(apply(ScalarOp::Mul, f(1), score), score);
  EXPECT_EXPR_EQ(apply(ScalarOp::Div, score, f(1)), score);
  EXPECT_EXPR_EQ(apply(ScalarOp::Pow, score, f(1)), score);
  for (Expr e :
       {apply(ScalarOp::Mul, score, f(0)), apply(ScalarOp::Sub, score, score),
        apply(ScalarOp::Div, score, score),
        apply(ScalarOp::Add, apply(ScalarOp::Add, score, f(1)), f(2))})
    EXPECT_EQ(pool.kind(e), ExprKind::Apply);
}

TEST_F(ExprFloats, OperationsArePushedThroughTreesOfConstants) {
  Expr ones = pool.select(causal, f(1), f(0));
  EXPECT_EXPR_EQ(
      apply(ScalarOp::Mul, apply(ScalarOp::Sub, f(1), ones), f(kLowest)),
      keep());
  Expr padding = pool.select(pool.eq(mask, i(0)), f(kLowest), f(0));
  Expr both = apply(ScalarOp::Min, keep(), padding);
  EXPECT_EXPR_EQ(
      both,
      pool.select(pool.logicalAnd(causal, pool.logicalNot(pool.eq(mask, i(0)))),
                  f(0), f(kLowest)));
}

TEST_F(ExprFloats, TreesOfManyLeavesStay) {
  Expr sum = f(0);
  for (uint32_t t = 0; t < 6; ++t)
    sum = apply(ScalarOp::Add, sum,
                pool.select(load(ExprType::Bool, t, {k}), f(1),
                            f(std::ldexp(1.0, -int(t)))));
  EXPECT_EQ(pool.kind(sum), ExprKind::Apply);
  EXPECT_FALSE(pool.failed());
}

TEST_F(ExprFloats, MasksKeepTheLargerConstantWhereTheConditionHolds) {
  EXPECT_EXPR_EQ(pool.select(pool.logicalNot(causal), f(kLowest), f(0)),
                 keep());
}

TEST_F(ExprFloats, ComparisonsOfTreesAreConditions) {
  EXPECT_EXPR_EQ(pool.compare(ScalarOp::Eq, keep(), f(0)), causal);
  EXPECT_EXPR_EQ(pool.compare(ScalarOp::Lt, keep(), f(0)),
                 pool.logicalNot(causal));
  EXPECT_EXPR_EQ(pool.compare(ScalarOp::Le, keep(), f(1)), pool.boolean(true));
}

TEST_F(ExprFloats, CastsOfTreesAreTrees) {
  EXPECT_EXPR_EQ(
      pool.floatCast(ExprType::F16, keep()),
      pool.select(causal, f(0, ExprType::F16), f(-INFINITY, ExprType::F16)));
  EXPECT_EXPR_EQ(pool.floatToInt(pool.select(causal, f(1), f(0))),
                 pool.boolToInt(causal));
  EXPECT_EXPR_EQ(pool.intToFloat(ExprType::F32, pool.boolToInt(causal)),
                 pool.select(causal, f(1), f(0)));
}

TEST_F(ExprFloats, AScoreTimesAMaskIsASelect) {
  // s*m - (1-m)*K
  Expr ones = pool.select(causal, f(1), f(0));
  Expr kept = apply(ScalarOp::Mul, score, ones);
  Expr filled = apply(ScalarOp::Mul, apply(ScalarOp::Sub, f(1), ones), f(1e10));
  EXPECT_EXPR_EQ(apply(ScalarOp::Sub, kept, filled),
                 pool.select(causal, score, f(-1e10)));
}

TEST_F(ExprFloats, MaskedFillOfAnInvertedMask) {
  // where(bool(1 - m), -inf, 1 - m) of an integer mask m
  Expr inverted =
      apply(ScalarOp::Sub, f(1), pool.intToFloat(ExprType::F32, mask));
  Expr masked = pool.logicalNot(pool.compare(ScalarOp::Eq, inverted, f(0)));
  EXPECT_EXPR_EQ(masked, pool.logicalNot(pool.eq(mask, i(1))));
  EXPECT_EXPR_EQ(pool.select(masked, f(-INFINITY), inverted),
                 pool.select(pool.eq(mask, i(1)), f(0), f(-INFINITY)));
}

TEST_F(ExprFloats, AMaskOfUnknownIntegersIsNotZeroOrOne) {
  Expr inverted =
      apply(ScalarOp::Sub, f(1), pool.intToFloat(ExprType::F32, mask));
  Expr bias = apply(ScalarOp::Mul, inverted, f(-10000));
  EXPECT_EQ(text(bias), "mul(sub(1, f32(t0[%k])), -10000)");
}

TEST_F(ExprFloats, AHugeConstantPlusAnIntegerIsNotZero) {
  Expr m = pool.intToFloat(ExprType::F32, mask);
  EXPECT_EXPR_EQ(
      pool.compare(ScalarOp::Eq, apply(ScalarOp::Add, keep(), m), f(0)),
      pool.logicalAnd(causal, pool.eq(mask, i(0))));
  EXPECT_EXPR_EQ(
      pool.compare(ScalarOp::Eq, f(0), apply(ScalarOp::Add, m, f(kLowest))),
      pool.boolean(false));
  // 1e10 could meet an integer.
  EXPECT_NE(pool.compare(ScalarOp::Eq, apply(ScalarOp::Add, m, f(1e10)), f(0)),
            pool.boolean(false));
}

TEST_F(ExprFloats, ComparisonsOfFloatImagesAreIntegerComparisons) {
  Expr m = pool.intToFloat(ExprType::F32, mask);
  EXPECT_EXPR_EQ(pool.compare(ScalarOp::Eq, m, f(3)), pool.eq(mask, i(3)));
  EXPECT_EXPR_EQ(pool.compare(ScalarOp::Lt, m, f(3)), pool.lt(mask, i(3)));
  EXPECT_EXPR_EQ(pool.compare(ScalarOp::Le, m, f(2.5)), pool.lt(mask, i(3)));
  EXPECT_EXPR_EQ(pool.compare(ScalarOp::Lt, f(2.5), m), pool.ge(mask, i(3)));
  EXPECT_EXPR_EQ(pool.compare(ScalarOp::Eq, m, f(2.5)), pool.boolean(false));
  EXPECT_EXPR_EQ(pool.compare(ScalarOp::Lt, m, f(INFINITY)),
                 pool.boolean(true));
  EXPECT_EXPR_EQ(pool.compare(ScalarOp::Le, f(NAN), m), pool.boolean(false));
  EXPECT_EXPR_EQ(pool.compare(ScalarOp::Lt, pool.intToFloat(ExprType::F32, q),
                              pool.intToFloat(ExprType::F32, k)),
                 pool.lt(q, k));
}

TEST_F(ExprFloats, NoIntegerComparisonWhereTheFloatRounds) {
  Expr m = pool.intToFloat(ExprType::F32, mask),
       h = pool.intToFloat(ExprType::F16, mask);
  auto stays = [&](Expr a, Expr b) {
    return pool.kind(pool.compare(ScalarOp::Eq, a, b)) == ExprKind::Compare;
  };
  EXPECT_TRUE(stays(m, f(16777216)));
  EXPECT_FALSE(stays(m, f(16777215)));
  EXPECT_TRUE(stays(h, f(2048, ExprType::F16)));
  EXPECT_FALSE(stays(h, f(2047, ExprType::F16)));
  EXPECT_TRUE(stays(h, f(INFINITY, ExprType::F16))); // 70000 is infinite in f16
  EXPECT_TRUE(stays(h, pool.intToFloat(ExprType::F16, k)));
}

TEST_F(ExprFloats, DetoursThroughFloatsVanish) {
  Expr s = pool.intToFloat(ExprType::F32, sequence);
  EXPECT_EXPR_EQ(pool.floatToInt(s), sequence);
  Expr quarter = apply(ScalarOp::Div, s, f(4));
  EXPECT_EXPR_EQ(pool.floatToInt(apply(ScalarOp::Floor, quarter)),
                 parse("sequence // 4"));
  EXPECT_EXPR_EQ(pool.floatToInt(apply(ScalarOp::Ceil, quarter)),
                 parse("sequence ceildiv 4"));
  EXPECT_EXPR_EQ(pool.floatToInt(quarter), parse("sequence // 4"));
  EXPECT_EXPR_EQ(
      pool.floatToInt(apply(ScalarOp::Floor, apply(ScalarOp::Mul, s, f(0.5)))),
      parse("sequence // 2"));
  EXPECT_EQ(pool.kind(pool.floatToInt(apply(ScalarOp::Mul, s, f(1.0 / 3)))),
            ExprKind::FloatToInt);
  EXPECT_EQ(pool.kind(pool.floatToInt(apply(ScalarOp::Mul, s, f(0x1p-100)))),
            ExprKind::FloatToInt);
  Expr t = pool.intToFloat(ExprType::F32, total);
  EXPECT_EXPR_EQ(
      pool.floatToInt(apply(ScalarOp::Ceil, apply(ScalarOp::Div, t, s))),
      pool.ceilDiv(total, sequence));
}

TEST_F(ExprFloats, FloatRangesAreIntegers) {
  Expr start = pool.intToFloat(ExprType::F32, past),
       j = pool.intToFloat(ExprType::F32, q);
  EXPECT_EXPR_EQ(apply(ScalarOp::Add, start, apply(ScalarOp::Mul, j, f(1))),
                 pool.intToFloat(ExprType::F32, pool.add(past, q)));
  bool noted = false;
  for (auto [e, limit] : pool.assumedBelow())
    noted |= e == pool.add(past, q) && limit == int64_t(1) << 24;
  EXPECT_TRUE(noted);
}

TEST_F(ExprFloats, NarrowTypesHoldOnlyWhatIsProvenSmall) {
  Expr s = pool.intToFloat(ExprType::F16, sequence);
  EXPECT_EQ(pool.kind(pool.floatToInt(s)), ExprKind::FloatToInt);
  Expr h = pool.index("h", i(12));
  EXPECT_EXPR_EQ(pool.floatToInt(pool.intToFloat(ExprType::F16, h)), h);
}

TEST_F(ExprFloats, CastsThatWidenedLostNothing) {
  Expr x = load(ExprType::F16, 8, {k});
  Expr wide = pool.floatCast(ExprType::F32, x);
  EXPECT_EXPR_EQ(pool.floatCast(ExprType::F16, wide), x);
  EXPECT_EXPR_EQ(pool.floatCast(ExprType::F64, wide),
                 pool.floatCast(ExprType::F64, x));
  Expr narrow = pool.floatCast(ExprType::F16, score);
  EXPECT_EQ(pool.kind(pool.floatCast(ExprType::F32, narrow)),
            ExprKind::FloatCast);
}

TEST_F(ExprFloats, EqualToAConstantIsTheConstant) {
  Expr c = pool.compare(ScalarOp::Eq, score, f(0));
  EXPECT_EXPR_EQ(pool.select(c, score, f(-1)), pool.select(c, f(0), f(-1)));
}

TEST_F(ExprFloats, NaNIsKeptApart) {
  EXPECT_EXPR_EQ(pool.isNaN(f(NAN)), pool.boolean(true));
  EXPECT_EXPR_EQ(pool.isNaN(keep()), pool.boolean(false));
  EXPECT_EQ(pool.kind(pool.isNaN(score)), ExprKind::IsNaN);
  EXPECT_EQ(pool.kind(pool.compare(ScalarOp::Eq, score, score)),
            ExprKind::Compare);
  EXPECT_EXPR_EQ(pool.compare(ScalarOp::Lt, score, score), pool.boolean(false));
  EXPECT_EXPR_EQ(pool.floatToInt(f(NAN)), i(INT64_MIN));
  EXPECT_EXPR_EQ(pool.floatToInt(f(1e30)), i(INT64_MAX));
}

TEST_F(ExprFloats, EvaluationRoundsEveryStepAndIsLazy) {
  Expr h = load(ExprType::F16, 9, {});
  Expr sum = apply(ScalarOp::Add, apply(ScalarOp::Add, h, f(1, ExprType::F16)),
                   f(1, ExprType::F16));
  ExprEnvironment env{
      [](Expr) { return 3; },
      [](uint32_t, std::span<const int64_t>) { return 2048.0; }};
  EXPECT_EQ(pool.evaluateFloat(sum, env), 2048.0); // 2049 rounds to even, twice
  unsigned loads = 0;
  env.load = [&](uint32_t, std::span<const int64_t>) { return ++loads, 1.0; };
  Expr lazy = pool.select(pool.ge(past, i(5)), score, f(-1));
  EXPECT_EQ(pool.evaluateFloat(lazy, env), -1.0);
  Expr guarded =
      pool.logicalAnd(load(ExprType::Bool, 1, {k}), pool.ge(past, i(5)));
  EXPECT_EQ(pool.evaluate(guarded, env), 0);
  EXPECT_EQ(loads, 0u);
}

} // namespace
} // namespace ingot
