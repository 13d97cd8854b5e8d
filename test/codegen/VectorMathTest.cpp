// Every operation of the scalar table in its vector form against double, with
// the bounds that codegen/cpu/VectorMath.h states.
#include "codegen/cpu/VectorMath.h"
#include "codegen/cpu/KernelFunction.h"
#include "test/codegen/KernelHarness.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

using namespace ingot;
using namespace ingot::test;

namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr size_t kChunk = 4096; ///< a multiple of every vector length

/// out[i] = op(x[i], y[i]) for i < n; `y` is a pointer or, with `exponent`,
/// that constant. Element types in memory: i1 as bytes.
cpu::KernelJob opJob(ScalarOp op, const Variant &variant, unsigned inBits,
                     std::optional<double> exponent = {}) {
  auto memory = [](mlir::Builder &b, unsigned bits) -> mlir::Type {
    if (bits == 32)
      return b.getF32Type();
    return b.getIntegerType(bits == 1 ? 8 : bits);
  };
  ScalarClass cls = scalarClass(op);
  bool toBool = cls == ScalarClass::Compare || cls == ScalarClass::Test ||
                cls == ScalarClass::Logic;
  unsigned outBits = toBool ? 1 : inBits;
  return kernelJob(
      std::string(scalarMnemonic(op)), variant,
      [=](mlir::Builder &b) -> std::vector<mlir::Type> {
        auto in = cpu::pointerTo(memory(b, inBits));
        return {in, in, cpu::pointerTo(memory(b, outBits)), b.getI64Type()};
      },
      [=](cpu::Emitter &e, mlir::ValueRange v) {
        e.loop(e.index(0), e.toIndex(v[4]), e.index(e.target.lanes),
               [&](mlir::Value i) {
                 mlir::VectorType in = e.vec(memory(e.b, inBits));
                 mlir::SmallVector<mlir::Value> operands;
                 for (unsigned k = 0; k < scalarArity(op); ++k) {
                   mlir::Value value = k && exponent ? e.constant(in, *exponent)
                                                     : e.load(in, v[1 + k], i);
                   if (inBits == 1)
                     value = cpu::emitCast(e, value, e.b.getI1Type());
                   operands.push_back(value);
                 }
                 mlir::Value result = cpu::emitScalarOp(e, op, operands);
                 if (outBits == 1)
                   result = cpu::emitCast(e, result, e.b.getI8Type());
                 e.store(result, v[3], i);
               });
      });
}

template <typename In, typename Out = In>
void call(Loaded &kernels, std::vector<In> x, std::vector<In> y,
          std::vector<Out> &out) {
  size_t n = x.size(), padded = (n + kChunk - 1) / kChunk * kChunk;
  x.resize(padded);
  y.resize(padded);
  out.resize(padded);
  kernels.run(0, {slot(x.data()), slot(y.data()), slot(out.data()),
                  slot<int64_t>(padded)});
  out.resize(n);
}

/// One unit in the last place of an f32 near `y`.
double ulpOf(double y) {
  int exponent;
  std::frexp(y, &exponent);
  return std::ldexp(1.0, std::max(exponent - 1, -126) - 23);
}

struct Bound {
  ScalarOp op;
  double ulp;                     ///< largest error
  float low = -kInf, high = kInf; ///< where `ulp` is promised
  double absolute = 0;            ///< else |error| <= absolute * |x| + 1e-38
  std::optional<double> exponent = {};
};

std::vector<float> samples() {
  std::vector<float> x{0.f,    -0.f,    kInf,     -kInf,   kNaN,
                       1.f,    -1.f,    0.5f,     1e-45f,  -1e-45f,
                       1e-40f, 3.4e38f, -3.4e38f, 1e30f,   -1e30f,
                       88.73f, 88.72f,  -87.4f,   -103.9f, -104.f};
  // Every 1013th bit pattern (prime), then uniform where functions bend.
  for (uint64_t bits = 0; bits < (uint64_t(1) << 32); bits += 1013) {
    uint32_t pattern = static_cast<uint32_t>(bits);
    float value;
    std::memcpy(&value, &pattern, 4);
    x.push_back(value);
  }
  for (float v = -12; v < 12; v += 1.7e-5f)
    x.push_back(v);
  std::mt19937 random(1);
  std::uniform_real_distribution<float> wide(-1e5f, 1e5f);
  for (int i = 0; i < 1000000; ++i)
    x.push_back(wide(random));
  return x;
}

void checkFloat(const Bound &bound, const Variant &variant,
                const std::vector<float> &x, const std::vector<float> &y) {
  Loaded kernels = Loaded::make({opJob(bound.op, variant, 32, bound.exponent)});
  ASSERT_TRUE(kernels) << kernels.error;
  std::vector<float> out;
  call(kernels, x, y, out);
  double worst = 0, worstAbsolute = 0;
  float at = 0;
  int bad = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    double operands[2] = {x[i], bound.exponent.value_or(y[i])};
    double exact = applyFloat(bound.op, {operands, scalarArity(bound.op)});
    float nearest = static_cast<float>(exact), got = out[i];
    if (got == nearest || (std::isnan(got) && std::isnan(nearest)))
      continue;
    double error = std::fabs(got - exact);
    if (x[i] >= bound.low && x[i] <= bound.high) {
      double ulps = error / ulpOf(exact);
      if (std::isinf(got) && std::fabs(exact) > 3.4028234e38)
        ulps = 0; // rounds to inf or to the largest number
      if (!(ulps <= worst))
        worst = ulps, at = x[i];
      bad += !(ulps <= bound.ulp);
    } else {
      double relative = (error - 1e-38) / std::fabs(x[i]);
      worstAbsolute = std::max(worstAbsolute, relative);
      bad += !(relative <= bound.absolute);
    }
    if (bad == 1)
      ADD_FAILURE() << scalarMnemonic(bound.op) << " " << variant.name << "("
                    << x[i] << ", " << y[i] << ") = " << got << ", not "
                    << exact << ": " << error / ulpOf(exact) << " ulp",
          bad++;
  }
  printf("  %-12s %-6s %6.3f ulp at %g, outside %.2g\n",
         scalarMnemonic(bound.op).data(), variant.name.c_str(), worst, at,
         worstAbsolute);
}

class VectorMath : public testing::TestWithParam<Variant> {
protected:
  void SetUp() override {
    if (!cpu::hostRuns(GetParam().level))
      GTEST_SKIP() << "this CPU lacks " << cpu::isaOf(GetParam().level).name;
  }
};
INSTANTIATE_TEST_SUITE_P(Isa, VectorMath, testing::ValuesIn(variants()),
                         [](auto &info) { return info.param.name; });

TEST_P(VectorMath, UnaryFloat) {
  std::vector<float> x = samples();
  for (const Bound &bound :
       std::vector<Bound>{{ScalarOp::Neg, 0},
                          {ScalarOp::Abs, 0},
                          {ScalarOp::Sign, 0},
                          {ScalarOp::Relu, 0},
                          {ScalarOp::Sqrt, 0.5},
                          {ScalarOp::Rsqrt, 1.5},
                          {ScalarOp::Reciprocal, 0.5},
                          {ScalarOp::Exp, 0.9},
                          {ScalarOp::Log, 0.9},
                          {ScalarOp::Tanh, 1.5},
                          {ScalarOp::Erf, 1.1},
                          {ScalarOp::Sigmoid, 2.2, -87.f},
                          {ScalarOp::Gelu, 3.0, 0.f, kInf, 1.2e-7},
                          {ScalarOp::GeluTanh, 3.0, -1.f, kInf, 2e-7},
                          {ScalarOp::GeluSigmoid, 3.0, -1.f, kInf, 2e-7},
                          {ScalarOp::Silu, 3.0, -1.f, kInf, 2e-7},
                          {ScalarOp::Floor, 0},
                          {ScalarOp::Ceil, 0},
                          {ScalarOp::Round, 0}})
    checkFloat(bound, GetParam(), x, x);
}

TEST_P(VectorMath, GeluRough) {
  Loaded kernels = Loaded::make({kernelJob(
      "gelu", GetParam(),
      [](mlir::Builder &b) -> std::vector<mlir::Type> {
        auto pointer = cpu::pointerTo(b.getF32Type());
        return {pointer, pointer, pointer, b.getI64Type()};
      },
      [](cpu::Emitter &e, mlir::ValueRange v) {
        e.loop(e.index(0), e.toIndex(v[4]), e.index(e.target.lanes),
               [&](mlir::Value i) {
                 cpu::Val x{e, e.load(e.vec(e.f32()), v[1], i)};
                 e.store(cpu::vectorGeluRough(x), v[3], i);
               });
      })});
  ASSERT_TRUE(kernels) << kernels.error;
  std::vector<float> x = samples(), out;
  call(kernels, x, x, out);
  int bad = 0;
  for (size_t i = 0; i < x.size() && bad < 5; ++i) {
    if (std::isnan(x[i]) || x[i] == kInf) {
      EXPECT_TRUE(std::isnan(x[i]) ? std::isnan(out[i]) : out[i] == kInf);
      continue;
    }
    if (x[i] < -100) // some small part of it
      continue;
    double value = x[i];
    double exact = applyFloat(ScalarOp::Gelu, {&value, 1});
    if (std::fabs(out[i] - exact) >
        std::max(std::ldexp(std::fabs(exact), -11), 1e-4))
      ADD_FAILURE() << x[i] << ": " << out[i] << ", not " << exact, ++bad;
  }
}

TEST(VectorMathV4, CompilesWithoutTheCpu) {
  std::vector<cpu::KernelJob> jobs;
  for (size_t op = 0; op <= static_cast<size_t>(ScalarOp::IsNaN); ++op) {
    ScalarClass cls = scalarClass(static_cast<ScalarOp>(op));
    jobs.push_back(opJob(static_cast<ScalarOp>(op), variants().back(),
                         cls == ScalarClass::Logic ? 1 : 32));
  }
  Loaded kernels = Loaded::make(jobs);
  EXPECT_TRUE(kernels) << kernels.error;
}

TEST_P(VectorMath, SinAndCosUpToLargeAngles) {
  std::vector<float> x = samples();
  std::erase_if(x, [](float v) {
    return std::fabs(v) > 0x1p31f && v < kInf && v > -kInf;
  });
  checkFloat({ScalarOp::Sin, 1.5}, GetParam(), x, x);
  checkFloat({ScalarOp::Cos, 1.5}, GetParam(), x, x);
  // Beyond, the value is noise but a value of the function.
  Loaded kernels = Loaded::make({opJob(ScalarOp::Sin, GetParam(), 32)});
  std::vector<float> out;
  std::vector<float> far{1e16f, -3e20f, 3.4e38f, -3.4e38f};
  call(kernels, far, far, out);
  for (float v : out)
    EXPECT_LE(std::fabs(v), 1.f);
}

std::vector<float> pairs(unsigned seed, size_t count) {
  // Magnitudes from all of f32, small integers and specials, mixed.
  const float special[] = {0.f,    -0.f,    1.f,  -1.f,      kInf, -kInf,
                           kNaN,   2.f,     -2.f, 3.f,       0.5f, -0.5f,
                           1e-45f, 3.4e38f, -3.f, 16777216.f};
  std::mt19937 random(seed);
  std::vector<float> x(count);
  for (float &v : x) {
    uint32_t bits = random();
    switch (random() % 4) {
    case 0:
      std::memcpy(&v, &bits, 4);
      break;
    case 1:
      v = special[bits % 16];
      break;
    case 2:
      v = static_cast<int>(bits % 41) - 20;
      break;
    case 3:
      v = static_cast<float>(bits) * 0x1p-28f - 8;
      break;
    }
  }
  return x;
}

TEST_P(VectorMath, BinaryFloat) {
  std::vector<float> x = pairs(1, 2000000), y = pairs(2, 2000000);
  for (const Bound &bound :
       std::vector<Bound>{{ScalarOp::Add, 0.5},
                          {ScalarOp::Sub, 0.5},
                          {ScalarOp::Mul, 0.5},
                          {ScalarOp::Div, 0.5},
                          {ScalarOp::Max, 0},
                          {ScalarOp::Min, 0},
                          {ScalarOp::Pow, 0.51},
                          {ScalarOp::Rem, 0},
                          {ScalarOp::Mod, 0.5},
                          {ScalarOp::Pow, 0.51, -kInf, kInf, 0, 2.0},
                          {ScalarOp::Pow, 1.5, -kInf, kInf, 0, 3.0},
                          {ScalarOp::Pow, 0.51, -kInf, kInf, 0, -1.0}})
    checkFloat(bound, GetParam(), x, y);
  // The reference's floor(a / b) in double is itself off for larger quotients.
  for (size_t i = 0; i < x.size(); ++i)
    if (!(std::fabs(x[i] / y[i]) < 0x1p28f))
      x[i] = y[i];
  checkFloat({ScalarOp::FloorDiv, 0.5}, GetParam(), x, y);
}

TEST_P(VectorMath, FloatToBool) {
  std::vector<float> x = pairs(3, 100000), y = pairs(4, 100000);
  for (size_t i = 0; i < x.size(); i += 3)
    y[i] = x[i];
  for (ScalarOp op : {ScalarOp::Eq, ScalarOp::Ne, ScalarOp::Lt, ScalarOp::Le,
                      ScalarOp::IsNaN}) {
    Loaded kernels = Loaded::make({opJob(op, GetParam(), 32)});
    ASSERT_TRUE(kernels) << kernels.error;
    std::vector<uint8_t> out;
    call(kernels, x, y, out);
    for (size_t i = 0; i < x.size(); ++i) {
      double operands[2] = {x[i], y[i]};
      ASSERT_EQ(out[i], applyFloat(op, {operands, scalarArity(op)}))
          << scalarMnemonic(op) << " " << x[i] << " " << y[i];
    }
  }
}

TEST_P(VectorMath, Integers) {
  const int64_t special[] = {
      0,  1,  -1, 2,       -2,  3, 7, INT64_MIN, INT64_MAX, INT64_MIN + 1,
      62, 63, 64, 1000003, -64, 10};
  std::mt19937_64 random(5);
  std::vector<int64_t> x(20000), y(20000);
  for (auto *v : {&x, &y})
    for (int64_t &value : *v) {
      uint64_t bits = random();
      value = bits % 3 == 0   ? special[bits / 3 % 16]
              : bits % 3 == 1 ? static_cast<int64_t>(bits)
                              : static_cast<int64_t>(bits % 201) - 100;
    }
  for (ScalarOp op :
       {ScalarOp::Add, ScalarOp::Sub, ScalarOp::Mul, ScalarOp::Div,
        ScalarOp::FloorDiv, ScalarOp::Mod, ScalarOp::Rem, ScalarOp::Pow,
        ScalarOp::Max, ScalarOp::Min, ScalarOp::Neg, ScalarOp::Abs,
        ScalarOp::Sign, ScalarOp::Relu, ScalarOp::Eq, ScalarOp::Ne,
        ScalarOp::Lt, ScalarOp::Le}) {
    Loaded kernels = Loaded::make({opJob(op, GetParam(), 64)});
    ASSERT_TRUE(kernels) << kernels.error;
    auto check = [&](auto out) {
      call(kernels, x, y, out);
      for (size_t i = 0; i < x.size(); ++i) {
        int64_t operands[2] = {x[i], y[i]};
        ASSERT_EQ(static_cast<int64_t>(out[i]),
                  applyInteger(op, {operands, scalarArity(op)}))
            << scalarMnemonic(op) << " " << x[i] << " " << y[i];
      }
    };
    if (scalarClass(op) == ScalarClass::Compare)
      check(std::vector<uint8_t>());
    else
      check(std::vector<int64_t>());
  }
}

TEST_P(VectorMath, Booleans) {
  std::vector<uint8_t> x{0, 0, 1, 1}, y{0, 1, 0, 1}, out;
  for (ScalarOp op : {ScalarOp::And, ScalarOp::Or, ScalarOp::Not, ScalarOp::Eq,
                      ScalarOp::Ne, ScalarOp::Lt, ScalarOp::Le}) {
    Loaded kernels = Loaded::make({opJob(op, GetParam(), 1)});
    ASSERT_TRUE(kernels) << kernels.error;
    call(kernels, x, y, out);
    for (size_t i = 0; i < 4; ++i) {
      int64_t operands[2] = {x[i], y[i]};
      EXPECT_EQ(out[i], applyInteger(op, {operands, scalarArity(op)}))
          << scalarMnemonic(op) << " " << +x[i] << " " << +y[i];
    }
  }
}

template <typename To>
void checkSaturation(const Variant &variant, unsigned bits) {
  Loaded kernels = Loaded::make({kernelJob(
      "convert", variant,
      [=](mlir::Builder &b) -> std::vector<mlir::Type> {
        return {cpu::pointerTo(b.getF32Type()),
                cpu::pointerTo(b.getIntegerType(bits))};
      },
      [=](cpu::Emitter &e, mlir::ValueRange v) {
        mlir::Type to = e.b.getIntegerType(bits);
        e.loop(e.index(0), e.index(16), e.index(e.target.lanes),
               [&](mlir::Value i) {
                 mlir::Value x = e.load(e.vec(e.f32()), v[1], i);
                 e.store(cpu::emitCast(e, x, to), v[2], i);
               });
      })});
  ASSERT_TRUE(kernels) << kernels.error;
  float x[16] = {0,       -0.f,   1.9f,         -1.9f,         kNaN,
                 kInf,    -kInf,  1e30f,        -1e30f,        127.f,
                 128.f,   -129.f, 2147483648.f, -2147483648.f, 9.3e18f,
                 -9.3e18f};
  To out[16];
  kernels.run(0, {slot(&x[0]), slot(&out[0])});
  for (int i = 0; i < 16; ++i) {
    double low = std::numeric_limits<To>::min();
    double high = std::numeric_limits<To>::max();
    To expected = std::isnan(x[i]) ? std::numeric_limits<To>::min()
                  : x[i] >= high   ? std::numeric_limits<To>::max()
                  : x[i] <= low    ? std::numeric_limits<To>::min()
                                   : static_cast<To>(x[i]);
    EXPECT_EQ(out[i], expected) << x[i] << " to i" << bits;
  }
}

TEST_P(VectorMath, FloatToIntegerSaturates) {
  checkSaturation<int64_t>(GetParam(), 64);
  checkSaturation<int32_t>(GetParam(), 32);
  checkSaturation<int8_t>(GetParam(), 8);
}

} // namespace
