#include "test/expr/ExprTest.h"

namespace ingot {
namespace {

using ExprText = ExprTest;

TEST_F(ExprText, SumsAreSortedByTextWithTheConstantLast) {
  EXPECT_EQ(text(pool.add(sequence, past)), "past + sequence");
  EXPECT_EQ(text(pool.scale(pool.symbol("batch"), 4)), "4*batch");
  Expr height = pool.symbol("height");
  EXPECT_EQ(text(pool.add(pool.floorDiv(pool.sub(height, i(1)), i(8)), i(1))),
            "(height + 7) floordiv 8");
  EXPECT_EQ(text(pool.sub(i(3), past)), "3 - past");
  EXPECT_EQ(text(pool.neg(past)), "-past");
  EXPECT_EQ(text(pool.neg(pool.floorDiv(past, i(2)))), "-(past floordiv 2)");
  EXPECT_EQ(text(i(0)), "0");
  EXPECT_EQ(text(i(INT64_MIN)), "-9223372036854775808");
}

TEST_F(ExprText, RelationsHaveNoMinus) {
  EXPECT_EQ(text(causal), "%q + past >= %k");
  EXPECT_EQ(text(pool.eq(q, i(3))), "%q == 3");
  EXPECT_EQ(text(pool.logicalNot(pool.eq(q, k))), "%k != %q");
}

TEST_F(ExprText, NamesThatAreNoIdentifiersAreQuoted) {
  for (const char *name :
       {"past_sequence_length", "input_ids.d0", "s16", "_x", "Max"})
    EXPECT_EQ(text(pool.symbol(name)), name);
  for (const char *name : {"batch size", "9lives", "mod", "it's", "back\\slash",
                           "", "a-b", "größe", "attention_mask::dim_1"}) {
    Expr e = pool.symbol(name);
    EXPECT_EQ(text(e)[0], '\'');
    EXPECT_EXPR_EQ(parse(text(e)), e);
  }
}

TEST_F(ExprText, ReadsWhatExportersWrite) {
  EXPECT_EXPR_EQ(parse("past + sequence"), total);
  EXPECT_EXPR_EQ(parse(" sequence+past "), total);
  Expr s = pool.symbol("samples");
  Expr conv = pool.add(
      pool.floorDiv(pool.sub(pool.floorDiv(s, i(10)), i(3)), i(2)), i(1));
  EXPECT_EXPR_EQ(parse("((samples//10) - 3)//2 + 1"), conv);
  EXPECT_EXPR_EQ(parse("(samples floordiv 10 - 3) floordiv 2 + 1"), conv);
  EXPECT_EXPR_EQ(parse("samples ceildiv 4"), pool.ceilDiv(s, i(4)));
  EXPECT_EXPR_EQ(parse("samples mod 4"), pool.mod(s, i(4)));
  EXPECT_EXPR_EQ(parse("samples % 4"), pool.mod(s, i(4)));
  EXPECT_EXPR_EQ(parse("max(past, sequence)"), pool.max(past, sequence));
  EXPECT_EXPR_EQ(parse("min(past, 8)"), pool.min(past, i(8)));
  EXPECT_EXPR_EQ(parse("past**2 - -1"), pool.add(pool.mul(past, past), i(1)));
  EXPECT_EXPR_EQ(parse("-past*2"), pool.scale(past, -2));
  EXPECT_EXPR_EQ(parse("past - sequence - 1"),
                 pool.sub(pool.sub(past, sequence), i(1)));
}

TEST_F(ExprText, ReadsConditions) {
  EXPECT_EXPR_EQ(condition("past + %q >= %k"), causal);
  EXPECT_EXPR_EQ(condition("not (%k <= past + %q)"), pool.logicalNot(causal));
  EXPECT_FALSE(pool.parse("past >= 1"));
  EXPECT_FALSE(pool.parseCondition("past"));
}

TEST_F(ExprText, GarbageIsNothingAndLeavesNoSymbols) {
  size_t size = pool.size();
  for (const char *bad : {"",
                          " ",
                          "+",
                          "a +",
                          "a b",
                          "(a",
                          "a)",
                          "a ** b",
                          "a ** 9",
                          "2x",
                          "1.5",
                          "1e5",
                          "a,b",
                          "max(a)",
                          "max a",
                          "max(a, b, c)",
                          "f(a)",
                          "%nosuch",
                          "%",
                          "%q[",
                          "%q[]",
                          "'a",
                          "'a\\",
                          "a >= b >= c",
                          "a and b",
                          "select(a, b, c)",
                          "99999999999999999999",
                          "a // ",
                          "mod",
                          "a mod",
                          "not a",
                          "\xff\xfe",
                          "unk__0?",
                          "a = b",
                          "-"})
    EXPECT_FALSE(pool.parse(bad)) << bad;
  EXPECT_FALSE(pool.parse(std::string_view("a\0b", 3)));
  EXPECT_EQ(pool.size(), size);
  EXPECT_FALSE(pool.failed());
}

TEST_F(ExprText, TextThatLeaves64BitsIsNothingAndDoesNotFailThePool) {
  EXPECT_FALSE(pool.parse("9223372036854775807 + 1"));
  EXPECT_FALSE(pool.parse("4611686018427387904*past*4"));
  EXPECT_FALSE(pool.failed());
  EXPECT_TRUE(pool.parse("-9223372036854775808"));
}

// Dims are compared as text between models, passes and files.
TEST_F(ExprText, TextDoesNotDependOnTheOrderInWhichSymbolsWereMade) {
  for (const char *any :
       {"a + b - c", "a*b - c*a", "abs(a - b)", "abs(3 - a)",
        "abs(a*b - c - 1)", "max(a, max(b - c, c))", "min(a, 4) - min(b, 4)",
        "sign(a - b)", "(a - b) truncdiv (c - a)", "(a + b) floordiv (c - 1)",
        "int(a == b)", "int(a != b + c)", "int(a == 3 and not b == c)",
        "select(a == b or c > a, a - b, c)", "select(a >= b, a, b + 1)",
        "wrap(a - b, c)"}) {
    ExprPool forward, backward;
    for (const char *name : {"a", "b", "c"})
      forward.symbol(name);
    for (const char *name : {"c", "b", "a"})
      backward.symbol(name);
    auto x = forward.parse(any), y = backward.parse(any);
    ASSERT_TRUE(x && y) << any;
    EXPECT_EQ(forward.print(*x), backward.print(*y)) << any;
  }
}

TEST_F(ExprText, LoadsAndFloatsRead) {
  Expr x = load(ExprType::F32, 3, {q, k});
  Expr masked = pool.select(causal, f(0), f(-3.4028234663852886e38));
  EXPECT_EQ(
      text(apply(ScalarOp::Add, apply(ScalarOp::Mul, x, f(0.25)), masked)),
      "add(mul(t3[%q, %k], 0.25), select(%q + past >= %k, 0, -3.4028235e+38))");
  EXPECT_EQ(
      pool.print(x, [](uint32_t t) { return "scores" + std::to_string(t); }),
      "scores3[%q, %k]");
  EXPECT_EQ(text(pool.intToFloat(ExprType::F16, mask)), "f16(t0[%k])");
}

} // namespace
} // namespace ingot
