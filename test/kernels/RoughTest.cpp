// rough.cuh against double arithmetic: every bf16 and f16 number, and a fine
// sweep of where the activations bend.
#include "test/emulator/Harness.h"

#include <cmath>

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

} // namespace
} // namespace ingot::emulator
