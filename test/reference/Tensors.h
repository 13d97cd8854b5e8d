// Short ways to write tensors and to compare with them.
#pragma once

#include "ir/reference/Ops.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace ingot::reference {

using enum ElementType;
constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

inline Tensor f32(Shape shape, std::initializer_list<double> values) {
  return Tensor::of(F32, std::move(shape), values);
}
inline Tensor f64(Shape shape, std::initializer_list<double> values) {
  return Tensor::of(F64, std::move(shape), values);
}
inline Tensor i64(Shape shape, std::initializer_list<double> values) {
  return Tensor::of(I64, std::move(shape), values);
}
inline Tensor boolean(Shape shape, std::initializer_list<double> values) {
  return Tensor::of(Bool, std::move(shape), values);
}
inline Tensor empty(ElementType type, Shape shape) {
  return std::move(*Tensor::create(type, std::move(shape)));
}

template <typename... T>
Result<Tensor> apply(ScalarOp op, const T &...operands) {
  const Tensor list[] = {operands...};
  return elementwise(op, list);
}

/// Same type, shape and elements; NaN equals NaN.
inline void expectTensor(const Result<Tensor> &got, const Tensor &expected) {
  ASSERT_TRUE(got) << got.message();
  EXPECT_EQ(typeName(got->type()), typeName(expected.type()));
  ASSERT_EQ(got->shape(), expected.shape());
  for (int64_t i = 0; i < expected.size(); ++i) {
    if (isFloat(expected.type()) && std::isnan(expected.number(i)))
      EXPECT_TRUE(std::isnan(got->number(i))) << "element " << i;
    else
      EXPECT_EQ(got->number(i), expected.number(i)) << "element " << i;
  }
}
inline void expectNear(const Result<Tensor> &got, const Tensor &expected,
                       double tolerance) {
  ASSERT_TRUE(got) << got.message();
  ASSERT_EQ(got->shape(), expected.shape());
  for (int64_t i = 0; i < expected.size(); ++i)
    EXPECT_NEAR(got->number(i), expected.number(i), tolerance)
        << "element " << i;
}
template <typename T>
void expectError(const Result<T> &got, const char *part) {
  ASSERT_FALSE(got);
  EXPECT_NE(got.message().find(part), std::string::npos) << got.message();
}

} // namespace ingot::reference
