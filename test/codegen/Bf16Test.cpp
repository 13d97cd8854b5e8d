// Kernels that read and write bf16, against double over the rounded operands.
#include "test/codegen/PlanKernelHarness.h"

#include <bit>
#include <cmath>
#include <random>

using namespace ingot;
using namespace ingot::test;

namespace {

class Bf16Kernel : public PlanKernel {};
INSTANTIATE_TEST_SUITE_P(Isa, Bf16Kernel, testing::ValuesIn(variants()),
                         [](auto &info) { return info.param.name; });

float widen(uint16_t half) {
  return std::bit_cast<float>(static_cast<uint32_t>(half) << 16);
}
/// To the nearest, ties to even; NaN stays.
uint16_t narrow(float x) {
  uint32_t word = std::bit_cast<uint32_t>(x);
  if (std::isnan(x))
    return static_cast<uint16_t>(word >> 16 | 0x40);
  return static_cast<uint16_t>((word + 0x7fff + (word >> 16 & 1)) >> 16);
}

std::vector<uint16_t> noise(size_t n, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> uniform(-1, 1);
  std::vector<uint16_t> x(n);
  for (uint16_t &v : x)
    v = narrow(uniform(random));
  return x;
}

TEST_P(Bf16Kernel, MapRoundsToNearestEven) {
  Loaded kernel = compile(R"mlir(
    plan.kernel map @k outs [bf16] ins [f32] scalars 0
        params {extents = array<i64: 20>, chunk = 20} {
    ^bb0(%i: i64, %x: tensor<?xf32>):
      %0 = tfm.load %x[%i] : tensor<?xf32> -> f32
      %1 = tfm.convert %0 : f32 to bf16
      tfm.yield %1 : bf16
    })mlir");
  float inf = INFINITY;
  std::vector<float> x{0,
                       -0.f,
                       1,
                       1 + 0x1p-8f,
                       1 + 0x1p-7f,
                       1 + 0x1.8p-7f,
                       -1.00390625f,
                       1 + 0x1.02p-8f,
                       inf,
                       -inf,
                       3.4e38f,
                       3.3895e38f,
                       -3.4e38f,
                       1e-30f,
                       -0x1p-126f,
                       65504,
                       3.14159274f,
                       1e-20f,
                       NAN,
                       -NAN};
  // All that is wrong may be in its low bits.
  x.back() = std::bit_cast<float>(0xff800001u);
  std::vector<uint16_t> out(20);
  kernel.run(0, {pointer(out), pointer(x)});
  for (int i = 0; i < 20; ++i)
    if (std::isnan(x[i]))
      EXPECT_TRUE(std::isnan(widen(out[i]))) << i;
    else
      EXPECT_EQ(out[i], narrow(x[i])) << x[i];
}

TEST_P(Bf16Kernel, MapWidens) {
  Loaded kernel = compile(R"mlir(
    plan.kernel map @k outs [f32] ins [bf16] scalars 0
        params {extents = array<i64: 19>, chunk = 19} {
    ^bb0(%i: i64, %x: tensor<?xbf16>):
      %0 = tfm.load %x[%i] : tensor<?xbf16> -> bf16
      %1 = tfm.convert %0 : bf16 to f32
      tfm.yield %1 : f32
    })mlir");
  std::vector<uint16_t> x = noise(19, 1);
  std::vector<float> out(19);
  kernel.run(0, {pointer(out), pointer(x)});
  for (int i = 0; i < 19; ++i)
    EXPECT_EQ(out[i], widen(x[i]));
}

TEST_P(Bf16Kernel, LinearOfAnyRows) {
  for (const char *type : {"f32", "bf16"}) {
    bool isNarrow = std::string(type) == "bf16";
    std::string convert =
        isNarrow ? "%2 = tfm.convert %1 : f32 to bf16\n tfm.yield %2 : bf16"
                 : "tfm.yield %1 : f32";
    // k is larger than what x86-64-v3 takes at once, and rows lie apart.
    Loaded kernel = compile("plan.kernel linear @k outs [" + std::string(type) +
                            R"mlir(] ins [bf16, bf16, f32] scalars 1
        params {m = -1, n = 100, k = 2070, lda = 2073, rows = 6, panels = 2} {
    ^bb0(%acc: f32, %m: i64, %n: i64, %x: tensor<?xbf16>, %w: tensor<?xbf16>, %b: tensor<?xf32>, %M: i64):
      %0 = tfm.load %b[%n] : tensor<?xf32> -> f32
      %1 = tfm.apply add(%acc, %0) : (f32, f32) -> f32
      )mlir" + convert + "\n}");
    constexpr int64_t kK = 2070, kLda = 2073, kN = 100;
    std::vector<uint16_t> w = noise(kN * kK, 2), packed(3 * kK * 48);
    for (int64_t k = 0; k < kK; ++k)
      for (int64_t n = 0; n < kN; ++n)
        packed[((n / 48 * (kK / 2) + k / 2) * 48 + n % 48) * 2 + k % 2] =
            w[k * kN + n];
    std::vector<float> b(kN, 0.5f);
    for (int64_t m : {1, 2, 5, 8, 13}) {
      std::vector<uint16_t> x = noise(m * kLda, 1), out16(m * kN + 1, 7);
      std::vector<float> out(m * kN + 1, 7);
      kernel.run(0,
                 {isNarrow ? pointer(out16) : pointer(out), pointer(x),
                  pointer(packed), pointer(b), slot(m)},
                 (m + 5) / 6 * 2);
      for (int64_t i = 0; i < m; ++i)
        for (int64_t n = 0; n < kN; ++n) {
          double sum = b[n];
          for (int64_t k = 0; k < kK; ++k)
            sum += double(widen(x[i * kLda + k])) * widen(w[k * kN + n]);
          double got = isNarrow ? widen(out16[i * kN + n]) : out[i * kN + n];
          // Of a rounded sum half a unit of 8 bits.
          ASSERT_NEAR(got, sum, 2e-4 + (isNarrow ? std::fabs(sum) / 256 : 0))
              << m << ": " << i << " " << n;
        }
      EXPECT_EQ(out.back(), 7);
      EXPECT_EQ(out16.back(), 7);
    }
  }
}

/// Tiles end with the rows and with k; nothing past either is read.
TEST_P(Bf16Kernel, LinearOfManyRows) {
  for (int64_t k : {2, 30, 32, 62, 96, 770}) {
    int64_t lda = k + 5;
    constexpr int64_t kN = 56;
    Loaded kernel =
        compile("plan.kernel linear @k outs [f32] ins [bf16, bf16] "
                "scalars 1 params {m = -1, n = 56, k = " +
                std::to_string(k) + ", lda = " + std::to_string(lda) + R"mlir(,
        rows = 128, panels = 1} {
    ^bb0(%acc: f32, %m: i64, %n: i64, %x: tensor<?xbf16>, %w: tensor<?xbf16>, %M: i64):
      tfm.yield %acc : f32
    })mlir");
    std::vector<uint16_t> w = noise(kN * k, 2);
    GuardedPages panels(2 * k * 48 * 2 / 4096 + 1);
    auto *packed = panels.end<uint16_t>() - 2 * k * 48;
    std::fill(packed, panels.end<uint16_t>(), 0);
    for (int64_t i = 0; i < k; ++i)
      for (int64_t n = 0; n < kN; ++n)
        packed[((n / 48 * (k / 2) + i / 2) * 48 + n % 48) * 2 + i % 2] =
            w[i * kN + n];
    for (int64_t m : {4, 5, 15, 16, 17, 31, 32, 33, 47, 48, 100, 128, 133}) {
      std::vector<uint16_t> x = noise(m * lda, 1);
      size_t size = (m - 1) * lda + k;
      GuardedPages pages(size * 2 / 4096 + 1);
      uint16_t *a = pages.end<uint16_t>() - size;
      std::copy_n(x.begin(), size, a);
      std::vector<float> out(m * kN + 1, 7);
      kernel.run(0, {pointer(out), slot(a), slot(packed), slot(m)},
                 (m + 127) / 128 * 2);
      for (int64_t i = 0; i < m; ++i)
        for (int64_t n = 0; n < kN; ++n) {
          double sum = 0;
          for (int64_t j = 0; j < k; ++j)
            sum += double(widen(x[i * lda + j])) * widen(w[j * kN + n]);
          ASSERT_NEAR(out[i * kN + n], sum, 1e-4)
              << k << ", " << m << ": " << i << " " << n;
        }
      EXPECT_EQ(out.back(), 7);
    }
  }
}

/// A norm of rows of 37 with `outs`; the region yields f32, or bf16 if
/// `narrow`.
std::string normText(const std::string &outs, bool narrow,
                     const std::string &params) {
  return "plan.kernel norm @k outs [" + outs + R"mlir(] ins [f32] scalars 1
      params {extents = array<i64: -1, 37>, chunk = 2, epsilon = 1.0e-5 : f64, kind = "layer")mlir" +
         params + R"mlir(} {
    ^bb0(%i: i64, %j: i64, %x: tensor<?xf32>, %m: i64):
      %n = arith.constant 37 : i64
      %0 = tfm.apply mul(%i, %n) : (i64, i64) -> i64
      %1 = tfm.apply add(%0, %j) : (i64, i64) -> i64
      %2 = tfm.load %x[%1] : tensor<?xf32> -> f32
      %3 = tfm.apply add(%2, %2) : (f32, f32) -> f32
      tfm.yield %3 : f32
    }, {
    ^bb0(%v: f32, %i: i64, %j: i64, %x: tensor<?xf32>, %m: i64):
      )mlir" +
         (narrow ? "%0 = tfm.convert %v : f32 to bf16\n tfm.yield %0 : bf16\n}"
                 : "tfm.yield %v : f32\n}");
}

struct NormRow {
  std::vector<float> x;
  std::vector<double> expected;

  explicit NormRow(int64_t m) : x(m * 37), expected(m * 37) {
    std::mt19937 random(3);
    std::uniform_real_distribution<float> uniform(50, 51);
    for (float &v : x)
      v = uniform(random); // in bf16 all would be one number
    for (int64_t i = 0; i < m; ++i) {
      double mean = 0, variance = 0;
      for (int64_t j = 0; j < 37; ++j)
        mean += 2.0 * x[i * 37 + j] / 37;
      for (int64_t j = 0; j < 37; ++j)
        variance += std::pow(2.0 * x[i * 37 + j] - mean, 2) / 37;
      for (int64_t j = 0; j < 37; ++j)
        expected[i * 37 + j] =
            (2.0 * x[i * 37 + j] - mean) / std::sqrt(variance + 1e-5);
    }
  }
};

TEST_P(Bf16Kernel, NormIsRoundedAtTheEnd) {
  Loaded kernel = compile(normText("bf16", true, ""));
  NormRow rows(3);
  std::vector<uint16_t> out(3 * 37);
  kernel.run(0, {pointer(out), pointer(rows.x), slot(int64_t(3))}, 2);
  for (size_t i = 0; i < out.size(); ++i)
    ASSERT_NEAR(widen(out[i]), rows.expected[i],
                1e-4 + std::fabs(rows.expected[i]) / 256);
}

TEST_P(Bf16Kernel, NormStoresARoundedCopy) {
  Loaded kernel = compile(normText("f32, bf16", false, ", copy = true"));
  Loaded both = compile(normText("f32, f32, bf16", false, ", copy = true"));
  NormRow rows(3);
  std::vector<float> out(3 * 37), kept(3 * 37);
  std::vector<uint16_t> copy(3 * 37);
  auto check = [&] {
    for (size_t i = 0; i < out.size(); ++i) {
      ASSERT_NEAR(out[i], rows.expected[i], 1e-4);
      ASSERT_NEAR(widen(copy[i]), out[i], std::fabs(out[i]) / 256);
    }
  };
  kernel.run(
      0, {pointer(out), pointer(copy), pointer(rows.x), slot(int64_t(3))}, 2);
  check();
  std::fill(copy.begin(), copy.end(), 0);
  both.run(0,
           {pointer(out), pointer(kept), pointer(copy), pointer(rows.x),
            slot(int64_t(3))},
           2);
  check();
  for (size_t i = 0; i < kept.size(); ++i)
    ASSERT_EQ(kept[i], 2 * rows.x[i]);
}

} // namespace
