// The matrix product against double, over odd shapes;
// INGOT_TEST_TIME=1 prints its speed.
#include "codegen/cpu/Gemm.h"
#include "codegen/cpu/KernelFunction.h"
#include "codegen/cpu/VectorMath.h"
#include "test/codegen/KernelHarness.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <random>

using namespace ingot;
using namespace ingot::test;

namespace {

struct Shape {
  int64_t m, n, k;
  int64_t taskRows, taskPanels;
  bool staticN;
};

/// out = gelu(A B + bias[n]), or the bare product.
cpu::KernelJob gemmJob(const Variant &variant, const Shape &shape, bool gelu,
                       std::optional<cpu::GemmBlocking> tile = {}) {
  return kernelJob(
      "gemm", variant,
      [](mlir::Builder &b) {
        std::vector<mlir::Type> types(4, cpu::pointerTo(b.getF32Type()));
        types.push_back(b.getI64Type());
        return types;
      },
      [=](cpu::Emitter &e, mlir::ValueRange v) {
        auto number = [&](int64_t value, bool known) -> mlir::Value {
          if (known)
            return e.index(value);
          // Hidden from folding behind the task number, which is never
          // negative.
          mlir::Value zero = e.min(v[0], e.index(0));
          return e.add(zero, e.index(value));
        };
        cpu::GemmOperands operands;
        operands.a = v[1];
        operands.b = v[2];
        operands.out = v[4];
        operands.k = operands.lda = e.index(shape.k);
        operands.n = operands.ldo = number(shape.n, shape.staticN);
        operands.m = e.toIndex(v[5]);
        cpu::LinearChoice choice = cpu::chooseLinear(
            e.target, {shape.m, shape.n, shape.k, /*isBf16=*/false, 4},
            shape.taskRows, shape.taskPanels);
        choice.blocking = tile.value_or(choice.blocking);
        cpu::emitGemm(
            e, operands, v[0], choice,
            [&](mlir::Value acc, mlir::Value, mlir::Value column,
                mlir::Value mask) -> mlir::Value {
              if (!gelu)
                return acc;
              cpu::Val bias{e, e.load(e.vec(e.f32()), v[3], column, mask)};
              mlir::Value sum = cpu::Val(e, acc) + bias;
              return cpu::emitScalarOp(e, ScalarOp::Gelu, sum);
            });
      });
}

struct Data {
  std::vector<float> a, b, packed, bias, out;

  explicit Data(const Shape &s) {
    std::mt19937 random(1);
    std::uniform_real_distribution<float> uniform(-1, 1);
    int64_t panels = (s.n + 47) / 48;
    a.resize(s.m * s.k);
    b.resize(s.k * s.n);
    bias.resize(s.n);
    for (auto *v : {&a, &b, &bias})
      for (float &x : *v)
        x = uniform(random);
    packed.assign(panels * s.k * 48 + 16, 0);
    for (int64_t k = 0; k < s.k; ++k)
      for (int64_t n = 0; n < s.n; ++n)
        packed[(n / 48 * s.k + k) * 48 + n % 48] = b[k * s.n + n];
    // Canaries: nothing may be written past the end of a row block.
    out.assign(s.m * s.n + 64, -77.f);
  }
  std::vector<uint64_t> args() {
    // 64-byte aligned panels, as in an artifact.
    float *aligned = packed.data();
    while (reinterpret_cast<uintptr_t>(aligned) % 64)
      ++aligned;
    if (aligned != packed.data())
      std::memmove(aligned, packed.data(),
                   (packed.size() - 16) * sizeof(float));
    return {slot(a.data()), slot(aligned), slot(bias.data()), slot(out.data()),
            slot(int64_t(out.size() - 64) / int64_t(bias.size()))};
  }
};

int64_t gridOf(const Shape &s) {
  int64_t panels = (s.n + 47) / 48;
  return (s.m + s.taskRows - 1) / s.taskRows *
         ((panels + s.taskPanels - 1) / s.taskPanels);
}

class Gemm : public testing::TestWithParam<Variant> {
protected:
  void SetUp() override {
    if (!cpu::hostRuns(GetParam().level))
      GTEST_SKIP() << "this CPU lacks " << cpu::isaOf(GetParam().level).name;
  }

  void check(const Shape &s, bool gelu,
             std::optional<cpu::GemmBlocking> tile = {}) {
    Loaded kernels = Loaded::make({gemmJob(GetParam(), s, gelu, tile)});
    ASSERT_TRUE(kernels) << kernels.error;
    check(kernels, s, gelu);
  }
  void check(Loaded &kernels, const Shape &s, bool gelu) {
    SCOPED_TRACE(testing::Message() << s.m << "x" << s.n << "x" << s.k);
    Data data(s);
    kernels.run(0, data.args(), gridOf(s));
    double worst = 0;
    for (int64_t m = 0; m < s.m; ++m)
      for (int64_t n = 0; n < s.n; ++n) {
        double sum = 0;
        for (int64_t k = 0; k < s.k; ++k)
          sum += double(data.a[m * s.k + k]) * data.b[k * s.n + n];
        if (gelu) {
          double x = sum + data.bias[n];
          sum = applyFloat(ScalarOp::Gelu, {&x, 1});
        }
        worst = std::max(worst, std::fabs(sum - data.out[m * s.n + n]));
      }
    // k products of size < 1, each sum rounded: far below k * 2^-24 in
    // practice.
    EXPECT_LT(worst, 1e-7 * (s.k + 16));
    for (size_t i = s.m * s.n; i < data.out.size(); ++i)
      ASSERT_EQ(data.out[i], -77.f) << "written past the end";
  }
};
INSTANTIATE_TEST_SUITE_P(Isa, Gemm, testing::ValuesIn(variants()),
                         [](auto &info) { return info.param.name; });

TEST_P(Gemm, EveryRowTail) {
  Shape shape{1, 96, 33, 8, 1, true};
  Loaded kernels = Loaded::make({gemmJob(GetParam(), shape, false)});
  ASSERT_TRUE(kernels) << kernels.error;
  for (; shape.m <= 17; ++shape.m)
    check(kernels, shape, false);
}

TEST(GemmV4, CompilesWithoutTheCpu) {
  Loaded kernels = Loaded::make(
      {gemmJob(variants().back(), {9, 100, 96, 8, 1, false}, true)});
  EXPECT_TRUE(kernels) << kernels.error;
}

TEST_P(Gemm, ColumnTails) {
  for (int64_t n : {1, 7, 8, 16, 17, 40, 47, 49, 100})
    for (bool known : {true, false})
      check({9, n, 20, 16, 2, known}, true);
}

TEST_P(Gemm, EmptyK) { check({5, 50, 0, 8, 1, true}, false); }

TEST_P(Gemm, WholeBlock) { check({128, 768, 256, 32, 4, true}, true); }

TEST_P(Gemm, MoreRowsThanAChunk) { check({270, 96, 16, 300, 2, true}, true); }

TEST_P(Gemm, KInParts) {
  check({20, 60, 768, 16, 2, true}, true);
  check({7, 48, 1100, 16, 2, true}, false);
  check({20, 60, 1536, 16, 2, true}, true);
}

// Whatever a tuning record says, a sum adds up in one order.
TEST_P(Gemm, EveryBlockingHasTheSameBits) {
  Shape shape{29, 100, 75, 16, 2, true};
  Data data(shape);
  auto args = data.args();
  Loaded chosen = Loaded::make({gemmJob(GetParam(), shape, true)});
  ASSERT_TRUE(chosen) << chosen.error;
  chosen.run(0, args, gridOf(shape));
  const std::vector<float> expected = data.out;
  for (int64_t rows : {1, 4, 5, 6, 8})
    for (int64_t vectors : {1, 2, 3, 6})
      for (int64_t depth : {0, 24}) {
        if (!cpu::isRegisterTile(GetParam().emitted, rows, vectors))
          continue;
        SCOPED_TRACE(testing::Message()
                     << rows << "x" << vectors << " by " << depth);
        Loaded kernel = Loaded::make({gemmJob(
            GetParam(), shape, true, cpu::GemmBlocking{rows, vectors, depth})});
        ASSERT_TRUE(kernel) << kernel.error;
        std::fill(data.out.begin(), data.out.end(), -77.f);
        kernel.run(0, args, gridOf(shape));
        ASSERT_EQ(data.out, expected);
      }
}

TEST_P(Gemm, Time) {
  if (!getenv("INGOT_TEST_TIME"))
    GTEST_SKIP() << "set INGOT_TEST_TIME=1";
  for (Shape s :
       {Shape{128, 768, 768, 128, 16, true},
        Shape{128, 3072, 768, 128, 64, true},
        Shape{128, 768, 3072, 128, 16, true},
        Shape{1024, 768, 768, 128, 16, true}, Shape{2, 768, 768, 128, 16, true},
        Shape{1, 768, 768, 128, 16, true}})
    for (bool gelu : {false, true}) {
      Loaded kernels = Loaded::make({gemmJob(GetParam(), s, gelu)});
      ASSERT_TRUE(kernels) << kernels.error;
      Data data(s);
      auto args = data.args();
      double best = 1e9;
      for (int i = 0; i < 60; ++i) {
        auto start = std::chrono::steady_clock::now();
        kernels.run(0, args, gridOf(s));
        std::chrono::duration<double> d =
            std::chrono::steady_clock::now() - start;
        best = std::min(best, d.count());
      }
      printf("%-6s %4ldx%4ldx%4ld %-5s %8.1f us %6.1f GF/s\n",
             GetParam().name.c_str(), s.m, s.n, s.k, gelu ? "gelu" : "bare",
             best * 1e6, 2.0 * s.m * s.n * s.k / best * 1e-9);
    }
}

} // namespace
