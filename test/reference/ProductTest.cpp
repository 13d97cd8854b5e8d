#include "test/reference/Tensors.h"

namespace ingot::reference {
namespace {

TEST(MatMul, Matrices) {
  expectTensor(
      matmul(f32({2, 3}, {1, 2, 3, 4, 5, 6}), f32({3, 2}, {1, 0, 0, 1, 1, 1})),
      f32({2, 2}, {4, 5, 10, 11}));
}

TEST(MatMul, VectorsAreRowsAndColumns) {
  Tensor m = f32({2, 2}, {1, 2, 3, 4}), v = f32({2}, {5, 6});
  expectTensor(matmul(v, m), f32({2}, {23, 34}));
  expectTensor(matmul(m, v), f32({2}, {17, 39}));
  expectTensor(matmul(v, v), f32({}, {61}));
  expectError(matmul(f32({}, {1}), v), "scalar");
}

TEST(MatMul, BatchDimsBroadcast) {
  // a [2, 1, 1, 2], b [3, 2, 1]
  expectTensor(matmul(f32({2, 1, 1, 2}, {1, 2, 3, 4}),
                      f32({3, 2, 1}, {1, 0, 0, 1, 1, 1})),
               f32({2, 3, 1, 1}, {1, 2, 3, 3, 4, 7}));
  expectError(matmul(empty(F32, {2, 1, 1}), empty(F32, {3, 1, 1})),
              "do not broadcast");
}

TEST(MatMul, EmptySums) {
  expectTensor(matmul(empty(F32, {2, 0}), empty(F32, {0, 2})),
               f32({2, 2}, {0, 0, 0, 0}));
  expectTensor(matmul(empty(F32, {0, 2}), empty(F32, {2, 3})),
               empty(F32, {0, 3}));
}

TEST(MatMul, IntegersAreExactAndWrap) {
  expectTensor(matmul(Tensor::of(I32, {1, 2}, {65536, 1}),
                      Tensor::of(I32, {2, 1}, {65536, 7})),
               Tensor::of(I32, {1, 1}, {7}));
  int64_t big = (int64_t(1) << 53) + 1; // no double
  Tensor a = empty(I64, {1, 1});
  a.setInteger(0, big);
  Result<Tensor> product = matmul(a, i64({1, 1}, {1}));
  ASSERT_TRUE(product);
  EXPECT_EQ(product->integer(0), big);
}

TEST(MatMul, HalfPrecisionSumsInDouble) {
  // In f16 2048 + 1 stays 2048; the sum is only rounded at its end.
  expectTensor(matmul(Tensor::of(F16, {1, 3}, {2048, 1, 1}),
                      Tensor::of(F16, {3, 1}, {1, 1, 1})),
               Tensor::of(F16, {1, 1}, {2050}));
}

TEST(MatMul, RefusesOtherInnerDimsAndTypes) {
  expectError(matmul(empty(F32, {2, 3}), empty(F32, {2, 3})),
              "3 columns against 2 rows");
  expectError(matmul(empty(F32, {2, 2}), empty(F16, {2, 2})), "f32 and f16");
}

TEST(Linear, BiasThenEpilogueThenResidual) {
  Tensor x = f32({1, 2, 2}, {1, 2, -3, 4}), w = f32({2, 2}, {1, 0, 0, 1});
  Tensor bias = f32({2}, {10, -10}),
         residual = f32({1, 2, 2}, {100, 100, 100, 100});
  Epilogue relu = [](double value, std::span<const int64_t>) -> Result<Scalar> {
    return Scalar::ofFloat(F32, value > 0 ? value : 0);
  };
  expectTensor(linear(x, w, &bias, relu, &residual),
               f32({1, 2, 2}, {111, 100, 107, 100}));
  expectTensor(linear(x, w, nullptr, {}, nullptr),
               f32({1, 2, 2}, {1, 2, -3, 4}));
}

TEST(Linear, EpilogueSeesItsIndexAndMayFail) {
  Tensor x = f32({2, 1}, {1, 1}), w = f32({1, 2}, {0, 0});
  Epilogue index = [](double, std::span<const int64_t> at) -> Result<Scalar> {
    return Scalar::ofFloat(F32, static_cast<double>(10 * at[0] + at[1]));
  };
  expectTensor(linear(x, w, nullptr, index, nullptr),
               f32({2, 2}, {0, 1, 10, 11}));
  Epilogue fails = [](double, std::span<const int64_t>) -> Result<Scalar> {
    return Error{"no value"};
  };
  expectError(linear(x, w, nullptr, fails, nullptr), "no value");
}

TEST(Linear, RefusesWhatDoesNotFit) {
  Tensor x = f32({1, 2}, {1, 2}), w = f32({2, 1}, {1, 1}),
         two = f32({2}, {1, 1});
  expectError(linear(x, empty(F32, {3, 1}), nullptr, {}, nullptr),
              "weight [3, 1]");
  expectError(linear(x, w, &two, {}, nullptr), "bias of shape [2]");
  expectError(linear(x, w, nullptr, {}, &two), "residual of shape [2]");
}

ConvOptions plain(size_t axes) {
  ConvOptions options;
  options.strides = options.dilations = std::vector<int64_t>(axes, 1);
  options.padsBegin = options.padsEnd = std::vector<int64_t>(axes, 0);
  return options;
}

TEST(Conv, OneAxis) {
  Tensor x = f32({1, 1, 5}, {1, 2, 3, 4, 5}), w = f32({1, 1, 3}, {1, 0, -1});
  Tensor bias = f32({1}, {10});
  expectTensor(conv(x, w, nullptr, plain(1)), f32({1, 1, 3}, {-2, -2, -2}));
  expectTensor(conv(x, w, &bias, plain(1)), f32({1, 1, 3}, {8, 8, 8}));
}

TEST(Conv, StridesDilationsPads) {
  Tensor x = f32({1, 1, 5}, {1, 2, 3, 4, 5}), w = f32({1, 1, 2}, {1, 10});
  ConvOptions options = plain(1);
  options.strides = {2};
  options.dilations = {2};
  options.padsBegin = {1};
  options.padsEnd = {2};
  // Padded to 0 1 2 3 4 5 0 0; taps two apart, windows two apart.
  expectTensor(conv(x, w, nullptr, options), f32({1, 1, 3}, {20, 42, 4}));
}

TEST(Conv, Groups) {
  Tensor x = f32({1, 2, 1, 2}, {1, 2, 3, 4}),
         w = f32({4, 1, 1, 1}, {1, 10, 100, 1000});
  ConvOptions options = plain(2);
  options.groups = 2;
  expectTensor(conv(x, w, nullptr, options),
               f32({1, 4, 1, 2}, {1, 2, 10, 20, 300, 400, 3000, 4000}));
}

TEST(Conv, RefusesWhatDoesNotFit) {
  Tensor x = empty(F32, {1, 2, 3});
  expectError(conv(x, empty(F32, {1, 3, 1}), nullptr, plain(1)), "channels");
  expectError(conv(x, empty(F32, {1, 2, 4}), nullptr, plain(1)),
              "spatial axis 0");
  expectError(conv(x, empty(F32, {1, 2, 1}), nullptr, plain(2)),
              "do not agree");
  ConvOptions options = plain(1);
  options.dilations = {INT64_MAX};
  expectError(conv(x, empty(F32, {1, 2, 3}), nullptr, options),
              "spatial axis 0");
  expectTensor(
      conv(empty(F32, {0, 2, 3}), empty(F32, {1, 2, 1}), nullptr, plain(1)),
      empty(F32, {0, 1, 3}));
}

} // namespace
} // namespace ingot::reference
