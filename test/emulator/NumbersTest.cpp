// Conversions of emulated.cuh against double arithmetic, over every 16-bit
// pattern and the borders of rounding.
#include "Harness.h"

#include <cmath>
#include <cstdint>
#include <random>

namespace ingot::emulator {
namespace {

const char *const text = R"(
#include "vocabulary.cuh"
KERNEL(256, 1) widen(float *f, float *b) {
  int i = bid_x() * 256 + tid();
  f[i] = to_f32(f16{(u16)i});
  b[i] = to_f32(bf16{(u16)i});
}
EXPORT_KERNEL(widen)
KERNEL(256, 1) narrow(u16 *f, u16 *b, u32 *t, const float *x, int n) {
  for (int i = bid_x() * 256 + tid(); i < n; i += 256 * grid_x()) {
    f[i] = to_f16(x[i]).bits;
    b[i] = (u16)(pack_bf16(0.f, x[i]) >> 16);
    t[i] = to_tf32(x[i]);
  }
}
EXPORT_KERNEL(narrow)
KERNEL(256, 1) narrow8(u32 *e4, u32 *e5, const float *x, int n) {
  for (int i = bid_x() * 256 + tid(); i < n; i += 256 * grid_x()) {
    e4[i] = pack_e4m3(x[i], x[n - 1 - i]) | float8_bits<3>(x[i]) << 16;
    e5[i] = pack_e5m2(x[i], x[n - 1 - i]) | float8_bits<2>(x[i]) << 16;
  }
}
EXPORT_KERNEL(narrow8)
KERNEL(256, 1) fma2_test(u32 *f, u32 *b, const u32 *x, int n) {
  for (int i = bid_x() * 256 + tid(); i < n; i += 256 * grid_x()) {
    f[i] = fma2<f16>(x[6 * i], x[6 * i + 1], x[6 * i + 2]);
    b[i] = fma2<bf16>(x[6 * i + 3], x[6 * i + 4], x[6 * i + 5]);
  }
}
EXPORT_KERNEL(fma2_test)
)";

class NumbersTest : public EmulatorTest {};

// IEEE formats by their definition: `bits` of exponent with `bias`, `fraction`
// bits.
double value(uint32_t pattern, int bits, int fraction) {
  int bias = (1 << (bits - 1)) - 1,
      exponent = pattern >> fraction & ((1 << bits) - 1);
  double mantissa = pattern & ((1u << fraction) - 1),
         sign = pattern >> (bits + fraction) ? -1 : 1;
  if (exponent == (1 << bits) - 1)
    return mantissa ? NAN : sign * INFINITY;
  if (!exponent)
    return sign * std::ldexp(mantissa, 1 - bias - fraction);
  return sign *
         std::ldexp(mantissa + (1 << fraction), exponent - bias - fraction);
}

TEST_F(NumbersTest, EverySixteenBitPatternWidens) {
  Stub stub(text);
  DeviceArray<float> f(65536), b(65536);
  ASSERT_EQ(stub.launch("widen", {256}, 256, 0, f, b), cu::success)
      << control("report");
  std::vector<float> fs = f.get(), bs = b.get();
  for (uint32_t i = 0; i < 65536; ++i) {
    double wantF = value(i, 5, 10), wantB = value(i, 8, 7);
    EXPECT_TRUE(fs[i] == wantF || (std::isnan(fs[i]) && std::isnan(wantF)))
        << i;
    EXPECT_TRUE(bs[i] == wantB || (std::isnan(bs[i]) && std::isnan(wantB)))
        << i;
  }
}

// No other number is nearer, and of two as near the even one.
bool check(double x, uint32_t got, int bits, int fraction) {
  double mine = value(got, bits, fraction);
  if (std::isnan(x))
    return std::isnan(mine);
  double largest = value((((1u << bits) - 1) << fraction) - 1, bits, fraction);
  double step =
      std::ldexp(1.0, (1 << (bits - 1)) - 1 - fraction); // of the largest
  if (std::isinf(mine))
    return std::fabs(x) >= largest + step / 2 && (mine > 0) == (x > 0);
  if (std::signbit(mine) != std::signbit(x))
    return false;
  double error = std::fabs(mine - x);
  bool even = !(got & 1);
  for (uint32_t other : {got + 1, got - 1}) {
    double there =
        value(other & ((1u << (bits + fraction + 1)) - 1), bits, fraction);
    if (std::isnan(there) || std::isinf(there))
      continue;
    double otherError = std::fabs(there - x);
    if (otherError < error || (otherError == error && !even &&
                               std::signbit(there) == std::signbit(mine)))
      return false;
  }
  return true;
}

TEST_F(NumbersTest, NarrowingRoundsToNearest) {
  std::vector<float> x = {0.f,    -0.f,       1.f,        INFINITY, -INFINITY,
                          NAN,    65504.f,    65519.996f, 65520.f,  -1e30f,
                          3e38f,  3.4e38f,    5.96e-8f,   2.98e-8f, 2.99e-8f,
                          1e-45f, 6.1035e-5f, 6.0975e-5f};
  std::mt19937 generator(1);
  auto random = [&] { return static_cast<uint32_t>(generator()); };
  // Neighbours of halves between two f16 and two bf16 numbers, and any bits.
  for (int i = 0; i < 20000; ++i) {
    uint32_t halves[] = {(random() & ~0x1fffu) | 0x1000,
                         (random() & 0xffff0000) | 0x8000};
    for (uint32_t h : halves)
      for (uint32_t near : {h - 1, h, h + 1, random()})
        x.push_back(__builtin_bit_cast(float, near));
    x.push_back(
        std::ldexp(static_cast<float>(random() % 4096), -26)); // f16 subnormals
  }
  Stub stub(text);
  DeviceArray<float> in(x);
  DeviceArray<uint16_t> f(x.size()), b(x.size());
  DeviceArray<uint32_t> t(x.size());
  ASSERT_EQ(stub.launch("narrow", {4}, 256, 0, f, b, t, in,
                        static_cast<int>(x.size())),
            cu::success)
      << control("report");
  std::vector<uint16_t> fs = f.get(), bs = b.get();
  std::vector<uint32_t> ts = t.get();
  for (size_t i = 0; i < x.size(); ++i) {
    EXPECT_TRUE(check(x[i], fs[i], 5, 10)) << x[i] << " f16 " << fs[i];
    EXPECT_TRUE(check(x[i], bs[i], 8, 7)) << x[i] << " bf16 " << bs[i];
    // tf32: halves away from zero, and the low 13 bits are zero.
    float back = __builtin_bit_cast(float, ts[i]);
    if (std::isfinite(x[i]) && std::fabs(x[i]) < 3e38f) {
      EXPECT_EQ(ts[i] & 0x1fff, 0u);
      EXPECT_LE(
          std::fabs(double(back) - x[i]),
          std::ldexp(1.0,
                     std::max(std::ilogb(x[i] ? x[i] : 1e-38f), -126) - 11));
    }
  }
}

// "cvt.rn.satfinite": the nearest, ties to even; beyond the largest finite
// number that, also of infinities; of NaN 0x7f. The second number is the upper
// byte. In integers it is the same byte.
TEST_F(NumbersTest, NarrowingToEightBitsSaturates) {
  std::vector<float> x = {
      0.f,     -0.f,   NAN,     INFINITY, -INFINITY, 448.f,
      463.99f, 464.f,  -465.f,  57344.f,  61440.f,   -61441.f,
      3.4e38f, 1e-45f, -1e-45f, 0x1p-10f, -0x1p-10f, 0x1.000002p-10f,
      0x1p-17f};
  // All numbers of 16 bits of f32, and what is a little less and more: halves
  // between two numbers of either format are among them.
  for (uint32_t high = 0; high < 65536; ++high)
    for (uint32_t low : {0u, 1u, 0xffffu})
      x.push_back(__builtin_bit_cast(float, high << 16 | low));
  Stub stub(text);
  DeviceArray<float> in(x);
  DeviceArray<uint32_t> e4(x.size()), e5(x.size());
  ASSERT_EQ(stub.launch("narrow8", {4}, 256, 0, e4, e5, in,
                        static_cast<int>(x.size())),
            cu::success)
      << control("report");
  // As IEEE formats; the highest exponent of e4m3 has numbers up to 448.
  auto number = [](uint32_t code, int bits, int mantissa) {
    int bias = (1 << (bits - 1)) - 1, exponent = int(code >> mantissa);
    double fraction = code & ((1u << mantissa) - 1);
    return exponent ? std::ldexp(fraction + (1 << mantissa),
                                 exponent - bias - mantissa)
                    : std::ldexp(fraction, 1 - bias - mantissa);
  };
  auto expected = [&](float x, int bits, int mantissa, uint32_t largest) {
    if (std::isnan(x))
      return 0x7fu;
    double size = std::fabs(static_cast<double>(x));
    uint32_t code = 0;
    while (code < largest && number(code + 1, bits, mantissa) <= size)
      ++code;
    if (code < largest) {
      double below = size - number(code, bits, mantissa),
             above = number(code + 1, bits, mantissa) - size;
      code += above < below || (above == below && code % 2);
    }
    return code | (std::signbit(x) ? 0x80u : 0u);
  };
  std::vector<uint32_t> e4s = e4.get(), e5s = e5.get();
  for (size_t i = 0; i < x.size(); ++i) {
    uint32_t want4 = expected(x[i], 4, 3, 0x7e),
             want5 = expected(x[i], 5, 2, 0x7b);
    size_t other = x.size() - 1 - i;
    EXPECT_EQ(e4s[i] & 0xff, want4) << x[i];
    EXPECT_EQ(e4s[i] >> 16, want4) << x[i];
    EXPECT_EQ(e4s[other] >> 8 & 0xff, want4) << x[i];
    EXPECT_EQ(e5s[i] & 0xff, want5) << x[i];
    EXPECT_EQ(e5s[i] >> 16, want5) << x[i];
    EXPECT_EQ(e5s[other] >> 8 & 0xff, want5) << x[i];
  }
}

// Of numbers whose products and sums a double holds; many sums are halves
// between two results.
TEST_F(NumbersTest, ProductsAndSumsRoundOnce) {
  std::mt19937 random(2);
  auto number = [&](int fraction, uint32_t least, uint32_t exponents) {
    return (static_cast<uint32_t>(random()) & 1) << 15 |
           (least + static_cast<uint32_t>(random()) % exponents) << fraction |
           (static_cast<uint32_t>(random()) & ((1u << fraction) - 1));
  };
  std::vector<uint32_t> x;
  for (int i = 0; i < 30000; ++i)
    x.push_back(i % 6 < 3 ? number(10, 8, 12) | number(10, 8, 12) << 16
                          : number(7, 120, 14) | number(7, 120, 14) << 16);
  Stub stub(text);
  DeviceArray<uint32_t> in(x), f(x.size() / 6), b(x.size() / 6);
  ASSERT_EQ(stub.launch("fma2_test", {2}, 256, 0, f, b, in,
                        static_cast<int>(x.size() / 6)),
            cu::success)
      << control("report");
  std::vector<uint32_t> fs = f.get(), bs = b.get();
  for (size_t i = 0; i < fs.size(); ++i)
    for (int shift : {0, 16}) {
      auto at = [&](size_t j, int bits, int fraction) {
        return value(x[6 * i + j] >> shift & 0xffff, bits, fraction);
      };
      EXPECT_TRUE(check(at(0, 5, 10) * at(1, 5, 10) + at(2, 5, 10),
                        fs[i] >> shift & 0xffff, 5, 10))
          << i;
      EXPECT_TRUE(check(at(3, 8, 7) * at(4, 8, 7) + at(5, 8, 7),
                        bs[i] >> shift & 0xffff, 8, 7))
          << i;
    }
}

} // namespace
} // namespace ingot::emulator
