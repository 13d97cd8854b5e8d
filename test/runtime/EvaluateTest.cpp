// What expressions mean, seen through the dims of an output.
#include "test/runtime/Artifacts.h"

#include <functional>

namespace ingot::test {
namespace {

using Make = std::function<uint32_t(Maker &, uint32_t a, uint32_t b)>;

/// Binds an entry with symbols a and b and an output of dim [expression]; the
/// entry has no steps, so any size will do.
ingot_error *evaluate(const Make &make, int64_t a, int64_t b, int64_t *result) {
  Maker m;
  uint32_t ea = m.symbol("a", INT64_MIN), eb = m.symbol("b", INT64_MIN);
  m.input("values", ElementType::I64, {m.constant(2)});
  m.source("a", SourceKind::InputElement, 0, 0);
  m.source("b", SourceKind::InputElement, 0, 1);
  m.output("y", ElementType::U8, {make(m, ea, eb), m.zero});
  Model model(m);
  Session session(model);
  std::vector<int64_t> values = {a, b};
  ingot_tensor input = tensor(values, {2});
  EXPECT_TRUE(ok(ingot_session_set_input(session, "values", &input)));
  if (ingot_error *error = ingot_session_bind(session))
    return error;
  *result = output(session, "y").dims[0];
  return nullptr;
}

int64_t value(const Make &make, int64_t a, int64_t b) {
  // Dims are not negative: shift.
  int64_t result = INT64_MIN;
  EXPECT_TRUE(ok(evaluate(
      [&](Maker &m, uint32_t ea, uint32_t eb) {
        return m.node(ExprOp::Add, make(m, ea, eb), m.constant(1000));
      },
      a, b, &result)));
  return result - 1000;
}

Make binary(ExprOp op) {
  return [op](Maker &m, uint32_t a, uint32_t b) { return m.node(op, a, b); };
}
Make unary(ExprOp op) {
  return [op](Maker &m, uint32_t a, uint32_t) { return m.node(op, a); };
}

TEST(Evaluate, Arithmetic) {
  EXPECT_EQ(value(binary(ExprOp::Add), 3, -5), -2);
  EXPECT_EQ(value(binary(ExprOp::Sub), 3, -5), 8);
  EXPECT_EQ(value(binary(ExprOp::Mul), 3, -5), -15);
  EXPECT_EQ(value(binary(ExprOp::Min), 3, -5), -5);
  EXPECT_EQ(value(binary(ExprOp::Max), 3, -5), 3);
  EXPECT_EQ(value(unary(ExprOp::Abs), -7, 0), 7);
  EXPECT_EQ(value(unary(ExprOp::GeZero), 0, 0), 1);
  EXPECT_EQ(value(unary(ExprOp::GeZero), -1, 0), 0);
  EXPECT_EQ(value(unary(ExprOp::EqZero), 0, 0), 1);
  EXPECT_EQ(value(unary(ExprOp::Not), 2, 0), 0);
  EXPECT_EQ(value(binary(ExprOp::And), 2, 1), 1);
  EXPECT_EQ(value(binary(ExprOp::And), 2, 0), 0);
  EXPECT_EQ(value(binary(ExprOp::Or), 0, 3), 1);
  EXPECT_EQ(value(binary(ExprOp::Or), 0, 0), 0);
}

TEST(Evaluate, Division) {
  const int64_t cases[][5] = {// a, b, floordiv, mod, truncdiv
                              {7, 2, 3, 1, 3},     {-7, 2, -4, 1, -3},
                              {7, -2, -4, -1, -3}, {-7, -2, 3, -1, 3},
                              {6, 2, 3, 0, 3},     {-6, 2, -3, 0, -3},
                              {5, -1, -5, 0, -5}};
  for (auto &c : cases) {
    EXPECT_EQ(value(binary(ExprOp::FloorDiv), c[0], c[1]), c[2]);
    EXPECT_EQ(value(binary(ExprOp::Mod), c[0], c[1]), c[3]);
    EXPECT_EQ(value(binary(ExprOp::TruncDiv), c[0], c[1]), c[4]);
  }
  EXPECT_EQ(value(binary(ExprOp::Mod), INT64_MIN, -1), 0);
}

TEST(Evaluate, Undefined) {
  int64_t result;
  for (ExprOp op : {ExprOp::FloorDiv, ExprOp::Mod, ExprOp::TruncDiv})
    EXPECT_TRUE(fails(evaluate(binary(op), 1, 0, &result), INGOT_ERROR_SHAPE,
                      {"a dim of 'y' divides by zero", "a = 1, b = 0"}));
  for (ExprOp op : {ExprOp::Add, ExprOp::Mul})
    EXPECT_TRUE(fails(evaluate(binary(op), INT64_MAX, 2, &result),
                      INGOT_ERROR_SHAPE, {"does not fit 64 bits", "b = 2"}));
  EXPECT_TRUE(fails(evaluate(binary(ExprOp::Sub), INT64_MIN, 1, &result),
                    INGOT_ERROR_SHAPE, {"does not fit 64 bits"}));
  for (ExprOp op : {ExprOp::FloorDiv, ExprOp::TruncDiv})
    EXPECT_TRUE(fails(evaluate(binary(op), INT64_MIN, -1, &result),
                      INGOT_ERROR_SHAPE, {"does not fit 64 bits"}));
  EXPECT_TRUE(fails(evaluate(unary(ExprOp::Abs), INT64_MIN, 0, &result),
                    INGOT_ERROR_SHAPE, {"does not fit 64 bits"}));
}

// What is not looked at may be undefined.
TEST(Evaluate, GuardedDivision) {
  Make guarded = [](Maker &m, uint32_t a, uint32_t b) {
    return m.node(ExprOp::Select, m.node(ExprOp::EqZero, b), m.constant(-1),
                  m.node(ExprOp::FloorDiv, a, b));
  };
  EXPECT_EQ(value(guarded, 9, 0), -1);
  EXPECT_EQ(value(guarded, 9, 3), 3);
  Make either = [](Maker &m, uint32_t a, uint32_t b) {
    return m.node(ExprOp::Or, m.node(ExprOp::EqZero, b),
                  m.node(ExprOp::FloorDiv, a, b));
  };
  EXPECT_EQ(value(either, 9, 0), 1);
  Make both = [](Maker &m, uint32_t a, uint32_t b) {
    return m.node(ExprOp::And, m.node(ExprOp::FloorDiv, a, b), b);
  };
  EXPECT_EQ(value(both, 9, 0), 0);
}

TEST(Evaluate, SymbolOfAnotherEntry) {
  int64_t result;
  Make unbound = [](Maker &m, uint32_t, uint32_t) { return m.symbol("past"); };
  EXPECT_TRUE(fails(evaluate(unbound, 1, 1, &result), INGOT_ERROR_SHAPE,
                    {"needs a symbol that this entry does not bind"}));
}

TEST(Evaluate, NegativeDim) {
  int64_t result;
  EXPECT_TRUE(fails(evaluate(binary(ExprOp::Sub), 1, 3, &result),
                    INGOT_ERROR_SHAPE, {"a dim of 'y' would be -2", "a = 1"}));
}

} // namespace
} // namespace ingot::test
