// Fixture of the expression tests: a pool with the dims and indices of an
// attention site, and short ways to write.
#pragma once

#include "ir/expr/Expr.h"

#include <gtest/gtest.h>

namespace ingot {

class ExprTest : public ::testing::Test {
protected:
  Expr i(int64_t value) { return pool.integer(value); }
  Expr f(double value, ExprType type = ExprType::F32) {
    return pool.floatConst(type, value);
  }
  Expr parse(std::string_view text) {
    auto e = pool.parse(text);
    EXPECT_TRUE(e) << text;
    return e ? *e : pool.integer(-12345);
  }
  Expr condition(std::string_view text) {
    auto e = pool.parseCondition(text);
    EXPECT_TRUE(e) << text;
    return e ? *e : pool.boolean(false);
  }
  Expr apply(ScalarOp op, Expr a) {
    Expr operands[] = {a};
    return pool.apply(op, pool.type(a), operands);
  }
  Expr apply(ScalarOp op, Expr a, Expr b) {
    Expr operands[] = {a, b};
    return pool.apply(op, pool.type(a), operands);
  }
  Expr load(ExprType type, uint32_t tensor,
            std::initializer_list<Expr> indices = {}) {
    return pool.load(type, tensor, std::span(indices.begin(), indices.size()));
  }
  std::string text(Expr e) { return pool.print(e); }

  ExprPool pool;
  Expr past = pool.symbol("past");
  Expr sequence = pool.symbol("sequence");
  Expr total = pool.add(past, sequence);
  Expr q = pool.index("q", sequence);
  Expr k = pool.index("k", total);
  /// k <= past + q, the causal condition.
  Expr causal = pool.ge(pool.add(past, q), k);
  Expr mask = load(ExprType::Int, 0, {k});
};

/// Names a printed form in failures rather than an id.
#define EXPECT_EXPR_EQ(a, b)                                                   \
  do {                                                                         \
    Expr x_ = (a), y_ = (b);                                                   \
    EXPECT_EQ(x_, y_) << pool.print(x_) << "\nand\n" << pool.print(y_);        \
  } while (false)

} // namespace ingot
