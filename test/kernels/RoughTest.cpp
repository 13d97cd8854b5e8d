// rough.cuh against double arithmetic: every bf16 and f16 number, and a fine
// sweep of where the activations bend.
#include "test/emulator/Harness.h"

#include <cmath>
#include <random>

namespace ingot::emulator {
namespace {

const char *const text = R"(
#include "ops.cuh"
KERNEL(256, 1) widen(float *x) {
  int i = bid_x() * 256 + tid();
  x[2 * i] = to_f32(f16{(u16)i});
  x[2 * i + 1] = to_f32(bf16{(u16)i});
}
EXPORT_KERNEL(widen)
KERNEL(256, 1) rough(float *y, const float *x, int n) {
  for (int i = bid_x() * 256 + tid(); i < n; i += 256 * grid_x()) {
    y[5 * i] = Rough::gelu(x[i]);
    y[5 * i + 1] = Rough::gelu_tanh(x[i]);
    y[5 * i + 2] = Rough::gelu_sigmoid(x[i]);
    y[5 * i + 3] = Rough::silu(x[i]);
    y[5 * i + 4] = Rough::sigmoid(x[i]);
  }
}
EXPORT_KERNEL(rough)
template <class T>
DEV u32 bytes(float x) {
  return from_f32<T>(x).bits;
}
KERNEL(256, 1) quotients(u32 *y, const float *x, const float *b, int n) {
  for (int i = bid_x() * 256 + tid(); i < n; i += 256 * grid_x()) {
    float rough = Rough::div(x[i], b[i]), exact = x[i] / b[i];
    y[i] = bytes<e4m3>(rough) | bytes<e5m2>(rough) << 8 |
           bytes<e4m3>(exact) << 16 | bytes<e5m2>(exact) << 24;
  }
}
EXPORT_KERNEL(quotients)
)";

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double gelu(double x) { return 0.5 * x * std::erfc(-x * M_SQRT1_2); }
double geluTanh(double x) {
  return x * sigmoid(2 * 0.79788456080286535588 * (x + 0.044715 * x * x * x));
}
double geluSigmoid(double x) { return x * sigmoid(1.702 * x); }
double silu(double x) { return x * sigmoid(x); }

struct Activation {
  const char *name;
  double (*exact)(double);
  double relative, absolute;
};
// Of sigmoid and what it multiplies: where it has less than the least normal
// number, nothing is left.
const Activation activations[] = {{"gelu", gelu, std::exp2(-15.5), 3e-11},
                                  {"gelu_tanh", geluTanh, 0x1p-16, 2e-36},
                                  {"gelu_sigmoid", geluSigmoid, 0x1p-16, 2e-36},
                                  {"silu", silu, 0x1p-16, 2e-36},
                                  {"sigmoid", sigmoid, 0x1p-16, 2e-38}};

class RoughTest : public EmulatorTest {};

TEST_F(RoughTest, Errors) {
  Stub stub(text);
  DeviceArray<float> halves(2 * 65536);
  ASSERT_EQ(stub.launch("widen", {256}, 256, 0, halves), cu::success);
  std::vector<float> x = halves.get();
  for (int i = -14 * 8192; i <= 14 * 8192; ++i)
    x.push_back(static_cast<float>(i) / 8192);
  DeviceArray<float> in(x), out(5 * x.size());
  ASSERT_EQ(
      stub.launch("rough", {16}, 256, 0, out, in, static_cast<int>(x.size())),
      cu::success)
      << control("report");
  std::vector<float> y = out.get();
  for (int a = 0; a < 5; ++a) {
    const Activation &f = activations[a];
    double worst = 0;
    int bad = 0;
    for (size_t i = 0; i < x.size(); ++i) {
      double want = f.exact(x[i]), got = y[5 * i + a];
      double error = std::fabs(got - want);
      bool right =
          std::isnan(want) ? std::isnan(got)
          : std::isinf(want)
              ? got == want
              : error <= std::fmax(f.relative * std::fabs(want), f.absolute);
      if (!right && ++bad <= 5)
        ADD_FAILURE() << f.name << "(" << x[i] << ") = " << got << ", not "
                      << want;
      if (std::isfinite(want) && std::fabs(want) > 2 * f.absolute / f.relative)
        worst = std::fmax(worst, error / std::fabs(want));
    }
    printf("%s: 2^%.2f of the value\n", f.name, std::log2(worst));
  }
}

// Beside each number that rounds to two bytes alike, and at both ends.
TEST_F(RoughTest, QuotientsOf8Bits) {
  std::mt19937 random(1);
  std::vector<float> x, b;
  auto add = [&](float number, float divisor) {
    x.push_back(number);
    b.push_back(divisor);
  };
  for (int i = 0; i < 4000; ++i) {
    float divisor = std::ldexp(1 + float(random() % (1 << 23)) * 0x1p-23f,
                               int(random() % 121) - 60);
    if (i % 4)
      divisor = std::ldexp(divisor, -std::ilogb(divisor) - i % 12);
    for (int j = 0; j < 8; ++j) {
      float middle =
                std::ldexp(float(random() % 32 + 1), int(random() % 30) - 18),
            number = middle * divisor;
      for (int steps = int(random() % 4); steps > 0; --steps)
        number = std::nextafter(number, j % 2 ? 0.f : 1e9f);
      add(i % 2 ? number : -number, j % 3 ? divisor : -divisor);
    }
  }
  for (float divisor : {0x1.8p-60f, 0.3f, -7.f, 0x1.cp59f})
    for (float number : {0.f, -0.f, NAN, INFINITY, -INFINITY, 3e38f, -3e38f,
                         1e-45f, -1e-45f, 1e-38f, -1e-30f, 0x1p-18f})
      add(number, divisor);
  DeviceArray<float> in(x), by(b);
  DeviceArray<unsigned> out(x.size());
  Stub stub(text);
  ASSERT_EQ(stub.launch("quotients", {16}, 256, 0, out, in, by,
                        static_cast<int>(x.size())),
            cu::success)
      << control("report");
  std::vector<unsigned> got = out.get();
  for (size_t i = 0; i < got.size(); ++i)
    ASSERT_EQ(got[i] & 0xffff, got[i] >> 16) << x[i] << " / " << b[i];
}

} // namespace
} // namespace ingot::emulator
