#include "test/reference/Tensors.h"

#include <cstring>
#include <random>

namespace ingot::reference {
namespace {

TEST(Rounding, F16TiesToEven) {
  EXPECT_EQ(roundToFloat(F16, 2048), 2048);
  EXPECT_EQ(roundToFloat(F16, 2049), 2048); // between 2048 and 2050
  EXPECT_EQ(roundToFloat(F16, 2051), 2052); // between 2050 and 2052
  EXPECT_EQ(roundToFloat(F16, 2049.0001), 2050);
  EXPECT_EQ(roundToFloat(F16, 65519.99), 65504);
  EXPECT_EQ(roundToFloat(F16, 65520), kInf);
  EXPECT_EQ(roundToFloat(F16, -1e300), -kInf);
}

TEST(Rounding, F16Subnormals) {
  double smallest = std::ldexp(1, -24);
  EXPECT_EQ(roundToFloat(F16, smallest), smallest);
  EXPECT_EQ(roundToFloat(F16, smallest / 2), 0); // tie to even
  EXPECT_EQ(roundToFloat(F16, smallest * 0.75), smallest);
  EXPECT_EQ(roundToFloat(F16, smallest * 1.5), 2 * smallest);
  EXPECT_EQ(roundToFloat(F16, std::numeric_limits<double>::denorm_min()), 0);
  EXPECT_EQ(encodeFloat(F16, std::ldexp(1, -14)), 0x0400u);
  EXPECT_EQ(encodeFloat(F16, std::ldexp(1023.0 / 1024, -14)), 0x03ffu);
  EXPECT_EQ(encodeFloat(F16, -0.0), 0x8000u);
}

TEST(Rounding, BF16TiesToEven) {
  EXPECT_EQ(roundToFloat(BF16, 257), 256);
  EXPECT_EQ(roundToFloat(BF16, 259), 260);
  EXPECT_EQ(encodeFloat(BF16, 1), 0x3f80u);
  EXPECT_EQ(roundToFloat(BF16, 3.4e38), kInf);
  EXPECT_EQ(roundToFloat(BF16, 3.39e38), std::ldexp(255, 120));
}

TEST(Rounding, F8E4M3FNHasNoInfinity) {
  EXPECT_EQ(largestFinite(F8E4M3FN), 448);
  EXPECT_EQ(roundToFloat(F8E4M3FN, 464), 448); // ties to even
  EXPECT_TRUE(std::isnan(roundToFloat(F8E4M3FN, 465)));
  EXPECT_TRUE(std::isnan(roundToFloat(F8E4M3FN, kInf)));
  EXPECT_EQ(roundToFloat(F8E4M3FN, std::ldexp(1, -9)), std::ldexp(1, -9));
  EXPECT_EQ(roundToFloat(F8E4M3FN, 17), 16);
  EXPECT_EQ(roundToFloat(F8E4M3FN, 19), 20);
}

TEST(Rounding, F8E5M2) {
  EXPECT_EQ(largestFinite(F8E5M2), 57344);
  EXPECT_EQ(roundToFloat(F8E5M2, 61439), 57344);
  EXPECT_EQ(roundToFloat(F8E5M2, 61440), kInf);
  EXPECT_EQ(roundToFloat(F8E5M2, 9), 8);
}

TEST(Rounding, EveryCodeReadsBack) {
  for (ElementType type : {F16, BF16, F8E4M3FN, F8E5M2})
    for (uint32_t code = 0; code < 1u << bitWidth(type); ++code) {
      double value = decodeFloat(type, code);
      if (std::isnan(value))
        continue;
      ASSERT_EQ(encodeFloat(type, value), code) << typeName(type);
    }
}

TEST(Rounding, TheGeneralCodeAgreesWithTheMachineOnF32) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 100000; ++i) {
    uint64_t bits = random();
    if (i % 2) // near the range of f32, where rounding is interesting
      bits = (bits & ~(uint64_t(0x7ff) << 52)) |
             (uint64_t(1023 - 152 + bits % 284) << 52);
    double value;
    std::memcpy(&value, &bits, 8);
    float rounded = static_cast<float>(value);
    uint32_t expected;
    std::memcpy(&expected, &rounded, 4);
    if (std::isnan(value))
      continue;
    ASSERT_EQ(encodeFloat(F32, value), expected) << value;
  }
}

TEST(Cast, WholeTensorsToSixteenBitsAsElementByElement) {
  std::mt19937 random(2);
  Tensor x = *Tensor::create(F32, {100000});
  for (int64_t i = 0; i < x.size(); ++i) {
    auto bits = static_cast<uint32_t>(random());
    if (i % 4 == 0) // halves between neighbours
      bits = (bits & 0xffff0000) | 0x8000;
    if (i % 1000 == 1) // infinities and NaN
      bits |= 0x7f800000 | (i % 2000 == 1 ? 0 : 0x400000);
    std::memcpy(x.mutableBytes().data() + 4 * i, &bits, 4);
  }
  for (ElementType type : {F16, BF16}) {
    Tensor y = *cast(x, type), each = *Tensor::create(type, x.shape());
    for (int64_t i = 0; i < x.size(); ++i)
      each.set(i, castScalar(x.get(i), type));
    EXPECT_EQ(
        std::memcmp(y.bytes().data(), each.bytes().data(), y.bytes().size()), 0)
        << typeName(type);
  }
}

TEST(Cast, FloatToIntegerTruncatesAndSaturates) {
  Tensor x = f32({7}, {2.9, -2.9, 1e30, -1e30, kInf, -kInf, kNaN});
  expectTensor(cast(x, I8),
               Tensor::of(I8, {7}, {2, -2, 127, -128, 127, -128, -128}));
  expectTensor(cast(x, U8), Tensor::of(U8, {7}, {2, 0, 255, 0, 255, 0, 0}));
  Result<Tensor> wide = cast(x, I64);
  ASSERT_TRUE(wide);
  EXPECT_EQ(wide->integer(2), INT64_MAX);
  EXPECT_EQ(wide->integer(3), INT64_MIN);
  EXPECT_EQ(wide->integer(6), INT64_MIN);
  Result<Tensor> unsignedWide = cast(f64({2}, {1e30, std::ldexp(1, 63)}), U64);
  EXPECT_EQ(static_cast<uint64_t>(unsignedWide->integer(0)), UINT64_MAX);
  EXPECT_EQ(static_cast<uint64_t>(unsignedWide->integer(1)), uint64_t(1) << 63);
}

TEST(Cast, IntegersNarrowByWrapping) {
  Tensor x = i64({4}, {127, 128, -129, 256});
  expectTensor(cast(x, I8), Tensor::of(I8, {4}, {127, -128, 127, 0}));
  expectTensor(cast(x, U8), Tensor::of(U8, {4}, {127, 128, 127, 0}));
  expectTensor(cast(x, I4), Tensor::of(I4, {4}, {-1, 0, -1, 0}));
  expectTensor(cast(x, U4), Tensor::of(U4, {4}, {15, 0, 15, 0}));
}

TEST(Cast, ToBoolIsNotZero) {
  expectTensor(cast(f32({5}, {0, -0.0, 0.25, kNaN, kInf}), Bool),
               boolean({5}, {0, 0, 1, 1, 1}));
  expectTensor(cast(i64({2}, {256, 0}), Bool), boolean({2}, {1, 0}));
  expectTensor(cast(boolean({2}, {1, 0}), F16), Tensor::of(F16, {2}, {1, 0}));
}

TEST(Cast, EightBitFloatsSaturate) {
  Tensor x = f32({4}, {1000, -kInf, kNaN, 460});
  expectTensor(cast(x, F8E4M3FN),
               Tensor::of(F8E4M3FN, {4}, {448, -448, kNaN, 448}));
  expectTensor(cast(f32({1}, {kInf}), F8E5M2),
               Tensor::of(F8E5M2, {1}, {57344}));
}

TEST(Cast, LargeIntegersRoundOnce) {
  // 2^62 + 2^38 + 1 lies just above the middle of two f32 values. Through a
  // double, which drops the 1, it would be a tie and go down.
  Tensor x = empty(I64, {2});
  x.setInteger(0, (int64_t(1) << 62) + (int64_t(1) << 38) + 1);
  x.setInteger(1, -((int64_t(1) << 62) + (int64_t(1) << 38) + 1));
  double up = std::ldexp(1, 62) + std::ldexp(1, 39);
  expectTensor(cast(x, F32), f32({2}, {up, -up}));
}

TEST(Cast, UnsignedIsNotNegative) {
  Tensor x = empty(U64, {1});
  x.setInteger(0, -1);
  expectTensor(cast(x, F32), f32({1}, {std::ldexp(1, 64)}));
  expectTensor(cast(Tensor::of(U8, {1}, {200}), I64), i64({1}, {200}));
}

TEST(Tensor, FourBitElementsShareABytePairwise) {
  Tensor x = Tensor::of(I4, {3}, {-1, 2, -8});
  ASSERT_EQ(x.bytes().size(), 2u);
  EXPECT_EQ(std::to_integer<int>(x.bytes()[0]), 0x2f);
  EXPECT_EQ(std::to_integer<int>(x.bytes()[1]), 0x08);
  EXPECT_EQ(x.integer(2), -8);
}

TEST(Tensor, BorrowsBytesOfAnyAlignment) {
  alignas(8) std::byte bytes[9] = {};
  float value = 1.5f;
  std::memcpy(bytes + 5, &value, 4);
  Result<Tensor> x = Tensor::borrow(F32, {2}, std::span(bytes).subspan(1));
  expectTensor(x, f32({2}, {0, 1.5}));
  expectError(Tensor::borrow(F32, {3}, std::span(bytes).subspan(1)),
              "needs 12 bytes, got 8");
}

TEST(Tensor, SizesAreChecked) {
  int64_t huge = int64_t(1) << 40;
  expectError(Tensor::create(F32, {huge, huge}), "exceeds 64 bits");
  expectError(Tensor::create(F32, {huge}), "too large");
  expectError(Tensor::create(F32, {2, -1}), "-1 is negative");
  Result<Tensor> none = Tensor::create(F32, {huge, 0, huge});
  ASSERT_TRUE(none) << none.message();
  EXPECT_EQ(none->size(), 0);
}

TEST(Tensor, WalkKeepsOffsets) {
  std::vector<int64_t> offsets;
  for (Walk walk(Shape{2, 3}, {Strides{1, 10}}); !walk.done(); walk.next())
    offsets.push_back(walk.offset(0));
  EXPECT_EQ(offsets, (std::vector<int64_t>{0, 10, 20, 1, 11, 21}));
  Walk scalar(Shape{}, {Strides{}});
  EXPECT_FALSE(scalar.done());
  scalar.next();
  EXPECT_TRUE(scalar.done());
  EXPECT_TRUE(Walk(Shape{2, 0}, {}).done());
}

} // namespace
} // namespace ingot::reference
