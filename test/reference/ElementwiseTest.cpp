#include "test/reference/Tensors.h"

namespace ingot::reference {
namespace {

TEST(Elementwise, Broadcasts) {
  expectTensor(
      apply(ScalarOp::Add, f32({2, 1}, {1, 2}), f32({3}, {10, 20, 30})),
      f32({2, 3}, {11, 21, 31, 12, 22, 32}));
  expectTensor(apply(ScalarOp::Mul, f32({}, {3}), f32({2}, {1, 2})),
               f32({2}, {3, 6}));
  expectTensor(apply(ScalarOp::Neg, f32({}, {3})), f32({}, {-3}));
}

TEST(Elementwise, BroadcastsOneAgainstZero) {
  expectTensor(apply(ScalarOp::Add, f32({2, 1}, {1, 2}), empty(F32, {0})),
               empty(F32, {2, 0}));
}

TEST(Elementwise, RefusesWhatDoesNotFit) {
  expectError(apply(ScalarOp::Add, f32({2}, {1, 2}), f32({3}, {1, 2, 3})),
              "[2] and [3] do not broadcast");
  expectError(apply(ScalarOp::Add, f32({1}, {1}), i64({1}, {1})),
              "f32 and i64");
  expectError(apply(ScalarOp::Exp, i64({1}, {1})), "exp is not defined on i64");
  expectError(apply(ScalarOp::Add, boolean({1}, {1}), boolean({1}, {1})),
              "add is not defined on bool");
  expectError(apply(ScalarOp::Add, f32({1}, {1})), "takes 2 operands, got 1");
}

TEST(Elementwise, RoundsOnceToTheResultType) {
  expectTensor(apply(ScalarOp::Add, Tensor::of(F16, {1}, {2048}),
                     Tensor::of(F16, {1}, {1})),
               Tensor::of(F16, {1}, {2048}));
  expectTensor(apply(ScalarOp::Add, Tensor::of(BF16, {1}, {256}),
                     Tensor::of(BF16, {1}, {3})),
               Tensor::of(BF16, {1}, {260}));
  // Stacked masks overflow to -inf in f32, though not in the double between.
  expectTensor(apply(ScalarOp::Add, f32({1}, {-3.4e38}), f32({1}, {-3.4e38})),
               f32({1}, {-kInf}));
}

TEST(Elementwise, IntegersWrap) {
  expectTensor(apply(ScalarOp::Add, Tensor::of(I8, {1}, {127}),
                     Tensor::of(I8, {1}, {1})),
               Tensor::of(I8, {1}, {-128}));
  expectTensor(
      apply(ScalarOp::Sub, Tensor::of(U8, {1}, {0}), Tensor::of(U8, {1}, {1})),
      Tensor::of(U8, {1}, {255}));
  expectTensor(apply(ScalarOp::Div, Tensor::of(I32, {2}, {-2147483648.0, 5}),
                     Tensor::of(I32, {2}, {-1, 0})),
               Tensor::of(I32, {2}, {-2147483648.0, 0}));
}

TEST(Elementwise, DivisionsDifferInTheirRounding) {
  Tensor a = i64({4}, {7, -7, 7, -7}), b = i64({4}, {2, 2, -2, -2});
  expectTensor(apply(ScalarOp::Div, a, b), i64({4}, {3, -3, -3, 3}));
  expectTensor(apply(ScalarOp::FloorDiv, a, b), i64({4}, {3, -4, -4, 3}));
  expectTensor(apply(ScalarOp::Mod, a, b), i64({4}, {1, 1, -1, -1}));
  expectTensor(apply(ScalarOp::Rem, a, b), i64({4}, {1, -1, 1, -1}));
}

TEST(Elementwise, UnsignedSixtyFourBits) {
  Tensor big = empty(U64, {1});
  big.setInteger(0, -2);
  Tensor two = Tensor::of(U64, {1}, {2});
  expectTensor(apply(ScalarOp::Lt, two, big), boolean({1}, {1}));
  expectTensor(apply(ScalarOp::Max, two, big), big);
  Result<Tensor> half = apply(ScalarOp::Div, big, two);
  ASSERT_TRUE(half);
  EXPECT_EQ(half->integer(0), INT64_MAX);
}

TEST(Elementwise, NaN) {
  Tensor x = f32({3}, {kNaN, 1, kNaN}), y = f32({3}, {1, kNaN, kNaN});
  expectTensor(apply(ScalarOp::Max, x, y), f32({3}, {kNaN, kNaN, kNaN}));
  expectTensor(apply(ScalarOp::Lt, x, y), boolean({3}, {0, 0, 0}));
  expectTensor(apply(ScalarOp::Ne, x, y), boolean({3}, {1, 1, 1}));
  expectTensor(apply(ScalarOp::IsNaN, x), boolean({3}, {1, 0, 1}));
  expectTensor(apply(ScalarOp::Sign, f32({4}, {kNaN, -3, 0, kInf})),
               f32({4}, {kNaN, -1, 0, 1}));
}

TEST(Elementwise, HalvesRoundToEven) {
  expectTensor(apply(ScalarOp::Round, f32({4}, {0.5, 1.5, -2.5, 2.6})),
               f32({4}, {0, 2, -2, 3}));
}

TEST(Select, ChoosesWithoutArithmetic) {
  expectTensor(
      select(boolean({2, 1}, {1, 0}), f32({}, {1}), f32({2}, {kNaN, 5})),
      f32({2, 2}, {1, 1, kNaN, 5}));
  expectError(select(i64({1}, {1}), f32({1}, {1}), f32({1}, {1})), "not bool");
  expectError(select(boolean({1}, {1}), f32({1}, {1}), i64({1}, {1})),
              "f32 and i64");
}

} // namespace
} // namespace ingot::reference
