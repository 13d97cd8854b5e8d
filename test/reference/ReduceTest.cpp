#include "test/reference/Tensors.h"

namespace ingot::reference {
namespace {

Result<Tensor> over(ReduceKind kind, const Tensor &x, std::vector<int64_t> axes,
                    bool keepDims = false) {
  return reduce(kind, x, axes, keepDims);
}

TEST(Softmax, AlongAnAxis) {
  double e = std::exp(1.0);
  expectNear(softmax(f64({2, 2}, {0, 1, 1, 1}), 1),
             f64({2, 2}, {1 / (1 + e), e / (1 + e), 0.5, 0.5}), 1e-15);
  expectNear(softmax(f64({2, 2}, {0, 1, 1, 1}), 0),
             f64({2, 2}, {1 / (1 + e), 0.5, e / (1 + e), 0.5}), 1e-15);
  expectNear(softmax(f64({2}, {1000, 1000}), -1), f64({2}, {0.5, 0.5}), 0);
}

TEST(Softmax, RowsOfInfinityAndNaN) {
  expectTensor(softmax(f32({2, 2}, {-kInf, -kInf, -kInf, 3}), 1),
               f32({2, 2}, {kNaN, kNaN, 0, 1}));
  expectTensor(softmax(f32({2}, {kNaN, 1}), 0), f32({2}, {kNaN, kNaN}));
  expectTensor(softmax(empty(F32, {2, 0}), 1), empty(F32, {2, 0}));
}

TEST(Softmax, Refuses) {
  expectError(softmax(f32({1}, {0}), 1), "axis 1 is out of range for rank 1");
  expectError(softmax(f32({}, {0}), 0), "axis 0 is out of range for rank 0");
  expectError(softmax(i64({1}, {0}), 0), "softmax of i64");
}

TEST(Reduce, Kinds) {
  Tensor x = f32({2, 2}, {3, -4, 1, 2});
  expectTensor(over(ReduceKind::Sum, x, {1}), f32({2}, {-1, 3}));
  expectTensor(over(ReduceKind::Sum, x, {0}, true), f32({1, 2}, {4, -2}));
  expectTensor(over(ReduceKind::Mean, x, {0, 1}), f32({}, {0.5}));
  expectTensor(over(ReduceKind::Max, x, {-1}), f32({2}, {3, 2}));
  expectTensor(over(ReduceKind::Min, x, {1}), f32({2}, {-4, 1}));
  expectTensor(over(ReduceKind::Prod, x, {1}), f32({2}, {-12, 2}));
  expectTensor(over(ReduceKind::L2, x, {1}), f32({2}, {5, std::sqrt(5)}));
  expectTensor(over(ReduceKind::Sum, x, {}), x);
}

TEST(Reduce, MiddleAxis) {
  Tensor x = f32({2, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8});
  expectTensor(over(ReduceKind::Sum, x, {1}), f32({2, 2}, {4, 6, 12, 14}));
  expectTensor(over(ReduceKind::Sum, x, {0, 2}), f32({2}, {14, 22}));
}

TEST(Reduce, OfNothingIsTheIdentity) {
  Tensor x = empty(F32, {2, 0});
  expectTensor(over(ReduceKind::Sum, x, {1}), f32({2}, {0, 0}));
  expectTensor(over(ReduceKind::Prod, x, {1}), f32({2}, {1, 1}));
  expectTensor(over(ReduceKind::Max, x, {1}), f32({2}, {-kInf, -kInf}));
  expectTensor(over(ReduceKind::Min, x, {1}), f32({2}, {kInf, kInf}));
  expectTensor(over(ReduceKind::Mean, x, {1}), f32({2}, {kNaN, kNaN}));
  expectTensor(over(ReduceKind::L2, x, {1}), f32({2}, {0, 0}));
  Tensor i = empty(I32, {0});
  expectTensor(over(ReduceKind::Max, i, {0}),
               Tensor::of(I32, {}, {-2147483648.0}));
  expectTensor(over(ReduceKind::Min, i, {0}),
               Tensor::of(I32, {}, {2147483647}));
  expectTensor(over(ReduceKind::Mean, i, {0}), Tensor::of(I32, {}, {0}));
  expectTensor(over(ReduceKind::Min, empty(Bool, {0}), {0}), boolean({}, {1}));
  expectTensor(over(ReduceKind::Sum, x, {0}), empty(F32, {0}));
}

TEST(Reduce, IntegersAreExact) {
  expectTensor(over(ReduceKind::Mean, i64({2}, {-3, 0}), {0}), i64({}, {-1}));
  expectTensor(over(ReduceKind::Sum, Tensor::of(I8, {2}, {127, 1}), {0}),
               Tensor::of(I8, {}, {-128}));
  Tensor big = empty(I64, {2});
  big.setInteger(0, INT64_MAX);
  big.setInteger(1, -1);
  EXPECT_EQ(over(ReduceKind::Sum, big, {0})->integer(0), INT64_MAX - 1);
  EXPECT_EQ(over(ReduceKind::Max, big, {0})->integer(0), INT64_MAX);
}

TEST(Reduce, NaNWinsAndBoolsAreOrAndAnd) {
  expectTensor(over(ReduceKind::Max, f32({3}, {1, kNaN, 2}), {0}),
               f32({}, {kNaN}));
  expectTensor(over(ReduceKind::Min, f32({3}, {1, kNaN, 2}), {0}),
               f32({}, {kNaN}));
  expectTensor(over(ReduceKind::Max, boolean({2}, {0, 1}), {0}),
               boolean({}, {1}));
  expectTensor(over(ReduceKind::Min, boolean({2}, {0, 1}), {0}),
               boolean({}, {0}));
  expectError(over(ReduceKind::Sum, boolean({1}, {1}), {0}), "bool");
  expectError(over(ReduceKind::Sum, f32({1}, {1}), {1}), "axis 1");
}

TEST(ArgMax, FirstLastAndAxes) {
  Tensor x = f32({2, 3}, {1, 5, 5, 7, 0, 7});
  expectTensor(argMax(x, 1, false, false), i64({2}, {1, 0}));
  expectTensor(argMax(x, 1, true, true), i64({2, 1}, {2, 2}));
  expectTensor(argMin(x, -1, false, false), i64({2}, {0, 1}));
  expectTensor(argMin(x, 0, false, false), i64({3}, {0, 1, 0}));
}

TEST(ArgMax, NaNIsExtreme) {
  Tensor x = f32({4}, {1, kNaN, 9, kNaN});
  expectTensor(argMax(x, 0, false, false), i64({}, {1}));
  expectTensor(argMin(x, 0, false, false), i64({}, {1}));
  expectTensor(argMax(x, 0, false, true), i64({}, {3}));
}

TEST(ArgMax, EmptyAxis) {
  expectError(argMax(empty(F32, {2, 0}), 1, false, false),
              "no largest or smallest");
  expectTensor(argMax(empty(F32, {0, 2}), 1, false, false), empty(I64, {0}));
  expectError(argMax(f32({}, {1}), 0, false, false), "axis 0");
}

TEST(CumSum, Directions) {
  Tensor x = f32({3}, {1, 2, 3});
  expectTensor(cumsum(x, 0, false, false), f32({3}, {1, 3, 6}));
  expectTensor(cumsum(x, 0, true, false), f32({3}, {0, 1, 3}));
  expectTensor(cumsum(x, 0, false, true), f32({3}, {6, 5, 3}));
  expectTensor(cumsum(x, 0, true, true), f32({3}, {5, 3, 0}));
  expectTensor(cumsum(i64({2, 2}, {1, 2, 3, 4}), -2, false, false),
               i64({2, 2}, {1, 2, 4, 6}));
  expectTensor(cumsum(empty(F32, {0, 3}), 0, false, false), empty(F32, {0, 3}));
}

TEST(CumSum, RoundsEachSumOnce) {
  expectTensor(cumsum(Tensor::of(F16, {3}, {2048, 1, 1}), 0, false, false),
               Tensor::of(F16, {3}, {2048, 2048, 2050}));
}

TEST(NonZero, CoordinatesInOrder) {
  Result<std::vector<Tensor>> found = nonzero(i64({2, 3}, {0, 5, 0, -1, 0, 2}));
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 2u);
  expectTensor((*found)[0], i64({3}, {0, 1, 1}));
  expectTensor((*found)[1], i64({3}, {1, 0, 2}));
  found = nonzero(Tensor::of(Bool, {3}, {0, 0, 1}));
  ASSERT_TRUE(found);
  expectTensor((*found)[0], i64({1}, {2}));
}

TEST(NonZero, OfNothing) {
  Result<std::vector<Tensor>> found = nonzero(empty(I64, {0, 4}));
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 2u);
  expectTensor((*found)[1], empty(I64, {0}));
  expectError(nonzero(f32({1}, {1})), "coordinates of f32");
  expectError(nonzero(i64({}, {1})), "of shape []");
}

} // namespace
} // namespace ingot::reference
