// reduce, softmax, norm and linear kernels against double.
#include "test/codegen/PlanKernelHarness.h"

#include <cmath>
#include <numeric>
#include <random>

using namespace ingot;
using namespace ingot::test;

namespace {

class RowKernel : public PlanKernel {};
INSTANTIATE_TEST_SUITE_P(Isa, RowKernel, testing::ValuesIn(variants()),
                         [](auto &info) { return info.param.name; });

std::vector<float> noise(size_t n, unsigned seed = 1) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> uniform(-1, 1);
  std::vector<float> x(n);
  for (float &v : x)
    v = uniform(random);
  return x;
}

/// A reduction of [m, k, n] over the middle axis (axis = 1) or the last (2).
std::string reduceText(const std::string &kind, int axis,
                       const std::string &type = "f32",
                       const std::string &params = "") {
  std::string scalar = type == "f32" ? "f32" : type == "i1" ? "i1" : "i64";
  std::string out = kind.starts_with("arg") ? "i64" : type;
  std::string tensor = "tensor<?x" + type + ">";
  std::string indices =
      axis == 1 ? "%i: i64, %j: i64, %r: i64" : "%i: i64, %r: i64, %j: i64";
  std::string extents = axis == 1 ? "-1, -3>, reduce_extents = array<i64: -2>"
                                  : "-1, -2>, reduce_extents = array<i64: -3>";
  return "plan.kernel reduce @k outs [" + out + "] ins [" + type +
         "] scalars 3 params {extents = array<i64: " + extents + ", kind = \"" +
         kind + "\", chunk = 2" + params + "} {\n^bb0(" + indices +
         ", %x: " + tensor + R"mlir(, %m: i64, %k: i64, %n: i64):
      %0 = tfm.apply mul(%i, %k) : (i64, i64) -> i64
      %1 = tfm.apply add(%0, %r) : (i64, i64) -> i64
      %2 = tfm.apply mul(%1, %n) : (i64, i64) -> i64
      %3 = tfm.apply add(%2, %j) : (i64, i64) -> i64
      %4 = tfm.load %x[%3] : )mlir" +
         tensor + " -> " + scalar + "\n tfm.yield %4 : " + scalar + "\n}";
}

/// The elements that output (i, o) of `reduceText` reduces.
template <typename T>
std::vector<T> reducedBy(const std::vector<T> &x, int axis, int64_t k,
                         int64_t n, int64_t i, int64_t o) {
  std::vector<T> values;
  for (int64_t r = 0; r < (axis == 1 ? k : n); ++r)
    values.push_back(axis == 1 ? x[(i * k + r) * n + o]
                               : x[(i * k + o) * n + r]);
  return values;
}

TEST_P(RowKernel, ReduceFloats) {
  for (const char *kind : {"sum", "mean", "max", "min", "prod", "l2"})
    for (int axis : {1, 2}) {
      Loaded kernel = compile(reduceText(kind, axis));
      for (auto [m, k, n] :
           {std::array<int64_t, 3>{3, 5, 37}, {1, 40, 16}, {2, 1, 1}}) {
        // As x[i][r][j] for the middle axis; the text's names follow the
        // memory.
        std::vector<float> x = noise(m * k * n);
        int64_t outs = axis == 1 ? n : k;
        std::vector<float> out(m * outs + 1, -7);
        kernel.run(0, {pointer(out), pointer(x), slot(m), slot(k), slot(n)},
                   (m + 1) / 2);
        for (int64_t i = 0; i < m; ++i)
          for (int64_t o = 0; o < outs; ++o) {
            std::vector<float> v = reducedBy(x, axis, k, n, i, o);
            double expected = std::string(kind) == "prod" ? 1 : 0;
            for (float e : v) {
              if (std::string(kind) == "prod")
                expected *= e;
              else
                expected += std::string(kind) == "l2" ? double(e) * e : e;
            }
            if (std::string(kind) == "mean")
              expected /= static_cast<double>(v.size());
            if (std::string(kind) == "l2")
              expected = std::sqrt(expected);
            if (std::string(kind) == "max")
              expected = *std::max_element(v.begin(), v.end());
            if (std::string(kind) == "min")
              expected = *std::min_element(v.begin(), v.end());
            ASSERT_NEAR(out[i * outs + o], expected, 3e-6) << kind << axis;
          }
        EXPECT_EQ(out.back(), -7);
      }
    }
}

TEST_P(RowKernel, ReduceKeepsNaNAndEmpties) {
  for (int axis : {1, 2}) {
    Loaded max = compile(reduceText("max", axis));
    std::vector<float> x(2 * 20 * 20, 1.f), out(40);
    x[3] = NAN;
    std::vector<uint64_t> args{pointer(out), pointer(x), slot<int64_t>(2),
                               slot<int64_t>(20), slot<int64_t>(20)};
    max.run(0, args);
    EXPECT_TRUE(std::isnan(out[axis == 1 ? 3 : 0]));
    EXPECT_EQ(out[7], 1.f);
    // Nothing to reduce.
    args[axis == 1 ? 3 : 4] = slot<int64_t>(0);
    max.run(0, args);
    EXPECT_EQ(out[0], -INFINITY);
    Loaded mean = compile(reduceText("mean", axis));
    mean.run(0, args);
    EXPECT_TRUE(std::isnan(out[0]));
  }
}

TEST_P(RowKernel, ReduceIntegersAndBooleans) {
  int64_t m = 2, k = 9, n = 21;
  std::vector<int32_t> x(m * k * n);
  std::vector<uint8_t> b(m * k * n);
  for (size_t i = 0; i < x.size(); ++i)
    x[i] = static_cast<int>(i * 2654435761u >> 4) - 100000000,
    b[i] = i % 11 == 3;
  for (int axis : {1, 2}) {
    int64_t outs = axis == 1 ? n : k;
    std::vector<int32_t> sum(m * outs), least(m * outs), mean(m * outs);
    std::vector<uint8_t> any(m * outs);
    auto run = [&](const char *kind, const char *type, uint64_t out,
                   uint64_t in) {
      compile(reduceText(kind, axis, type))
          .run(0, {out, in, slot(m), slot(k), slot(n)});
    };
    run("sum", "i32", pointer(sum), pointer(x));
    run("min", "i32", pointer(least), pointer(x));
    run("mean", "i32", pointer(mean), pointer(x));
    run("max", "i1", pointer(any), pointer(b));
    for (int64_t i = 0; i < m; ++i)
      for (int64_t o = 0; o < outs; ++o) {
        std::vector<int32_t> v = reducedBy(x, axis, k, n, i, o);
        std::vector<uint8_t> w = reducedBy(b, axis, k, n, i, o);
        int64_t s = std::accumulate(v.begin(), v.end(), int64_t(0));
        ASSERT_EQ(sum[i * outs + o], static_cast<int32_t>(s));
        ASSERT_EQ(mean[i * outs + o], s / static_cast<int64_t>(v.size()));
        ASSERT_EQ(least[i * outs + o], *std::min_element(v.begin(), v.end()));
        ASSERT_EQ(any[i * outs + o], *std::max_element(w.begin(), w.end()));
      }
    // The lowest of i32, not of the i64 it is computed in.
    n = axis == 2 ? 0 : n, k = axis == 1 ? 0 : k;
    run("max", "i32", pointer(least), pointer(x));
    EXPECT_EQ(least[0], INT32_MIN);
    k = 9, n = 21;
  }
}

TEST_P(RowKernel, ArgMaxFirstAndLast) {
  for (int axis : {1, 2})
    for (bool last : {false, true}) {
      Loaded kernel = compile(reduceText(
          "argmax", axis, "f32", last ? ", last = true" : ", last = false"));
      int64_t m = 2, k = 7, n = 7;
      std::vector<float> x(m * k * n);
      for (size_t i = 0; i < x.size(); ++i)
        x[i] = static_cast<float>(i * 5 % 4);
      x[10] = NAN, x[24] = NAN;
      std::vector<int64_t> out(14);
      kernel.run(0, {pointer(out), pointer(x), slot(m), slot(k), slot(n)});
      for (int64_t i = 0; i < m; ++i)
        for (int64_t o = 0; o < 7; ++o) {
          std::vector<float> v = reducedBy(x, axis, k, n, i, o);
          int64_t best = 0;
          for (int64_t r = 1; r < 7; ++r) {
            bool better =
                std::isnan(v[r]) ? !std::isnan(v[best]) : v[r] > v[best];
            bool equal =
                v[r] == v[best] || (std::isnan(v[r]) && std::isnan(v[best]));
            if (better || (equal && last))
              best = r;
          }
          ASSERT_EQ(out[i * 7 + o], best) << axis << last;
        }
    }
}

/// [b, m, k] x [b, k, n], or with the second operand as [b, n, k].
std::string matmulText(bool transposed) {
  return std::string(R"mlir(
    plan.kernel reduce @k outs [f32] ins [f32, f32] scalars 3
        params {extents = array<i64: 2, -1, -2>, reduce_extents = array<i64: -3>, kind = "sum", chunk = 5} {
    ^bb0(%b: i64, %i: i64, %j: i64, %r: i64, %x: tensor<?xf32>, %y: tensor<?xf32>, %m: i64, %n: i64, %k: i64):
      %0 = tfm.apply mul(%b, %m) : (i64, i64) -> i64
      %1 = tfm.apply add(%0, %i) : (i64, i64) -> i64
      %2 = tfm.apply mul(%1, %k) : (i64, i64) -> i64
      %3 = tfm.apply add(%2, %r) : (i64, i64) -> i64
      %4 = tfm.load %x[%3] : tensor<?xf32> -> f32
)mlir") +
         (transposed ? R"mlir(
      %5 = tfm.apply mul(%b, %n) : (i64, i64) -> i64
      %6 = tfm.apply add(%5, %j) : (i64, i64) -> i64
      %7 = tfm.apply mul(%6, %k) : (i64, i64) -> i64
      %8 = tfm.apply add(%7, %r) : (i64, i64) -> i64
)mlir"
                     : R"mlir(
      %5 = tfm.apply mul(%b, %k) : (i64, i64) -> i64
      %6 = tfm.apply add(%5, %r) : (i64, i64) -> i64
      %7 = tfm.apply mul(%6, %n) : (i64, i64) -> i64
      %8 = tfm.apply add(%7, %j) : (i64, i64) -> i64
)mlir") + R"mlir(
      %9 = tfm.load %y[%8] : tensor<?xf32> -> f32
      %10 = tfm.apply mul(%4, %9) : (f32, f32) -> f32
      tfm.yield %10 : f32
    }, {
    ^bb0(%acc: f32, %b: i64, %i: i64, %j: i64, %x: tensor<?xf32>, %y: tensor<?xf32>, %m: i64, %n: i64, %k: i64):
      %f = tfm.convert %j : i64 to f32
      %0 = tfm.apply add(%acc, %f) : (f32, f32) -> f32
      tfm.yield %0 : f32
    })mlir";
}

TEST_P(RowKernel, ReduceAsMatrixProductWithFinalize) {
  for (bool transposed : {false, true}) {
    Loaded kernel = compile(matmulText(transposed));
    for (auto [m, n, k] :
         {std::array<int64_t, 3>{7, 37, 19}, {1, 5, 64}, {12, 70, 33}}) {
      std::vector<float> x = noise(2 * m * k), y = noise(2 * n * k, 2),
                         out(2 * m * n + 1, -7);
      kernel.run(
          0, {pointer(out), pointer(x), pointer(y), slot(m), slot(n), slot(k)},
          (2 * m + 4) / 5);
      for (int64_t b = 0; b < 2; ++b)
        for (int64_t i = 0; i < m; ++i)
          for (int64_t j = 0; j < n; ++j) {
            double sum = j;
            for (int64_t r = 0; r < k; ++r)
              sum += double(x[(b * m + i) * k + r]) *
                     (transposed ? y[(b * n + j) * k + r]
                                 : y[(b * k + r) * n + j]);
            ASSERT_NEAR(out[(b * m + i) * n + j], sum, 1e-5) << transposed;
          }
      EXPECT_EQ(out.back(), -7);
    }
  }
}

TEST_P(RowKernel, ReduceOverTwoAxesToOneElement) {
  Loaded kernel = compile(R"mlir(
    plan.kernel reduce @k outs [f32] ins [f32] scalars 1
        params {extents = array<i64: 1>, reduce_extents = array<i64: 3, -1>, kind = "sum", chunk = 64} {
    ^bb0(%z: i64, %i: i64, %j: i64, %x: tensor<?xf32>, %n: i64):
      %0 = tfm.apply mul(%i, %n) : (i64, i64) -> i64
      %1 = tfm.apply add(%0, %j) : (i64, i64) -> i64
      %2 = tfm.load %x[%1] : tensor<?xf32> -> f32
      tfm.yield %2 : f32
    })mlir");
  int64_t n = 45;
  std::vector<float> x = noise(3 * n), out(1);
  kernel.run(0, {pointer(out), pointer(x), slot(n)});
  EXPECT_NEAR(out[0], std::accumulate(x.begin(), x.end(), 0.0), 1e-5);
}

TEST_P(RowKernel, SoftmaxWithMaskAndEpilogue) {
  Loaded kernel = compile(R"mlir(
    plan.kernel softmax @k outs [f32] ins [f32, i1] scalars 1
        params {extents = array<i64: 4, -1>, chunk = 3} {
    ^bb0(%i: i64, %j: i64, %x: tensor<?xf32>, %keep: tensor<?xi1>, %n: i64):
      %inf = arith.constant 0xFF800000 : f32
      %0 = tfm.apply mul(%i, %n) : (i64, i64) -> i64
      %1 = tfm.apply add(%0, %j) : (i64, i64) -> i64
      %2 = tfm.load %x[%1] : tensor<?xf32> -> f32
      %3 = tfm.load %keep[%j] : tensor<?xi1> -> i1
      %4 = tfm.choose %3, %2, %inf : f32
      tfm.yield %4 : f32
    }, {
    ^bb0(%p: f32, %i: i64, %j: i64, %x: tensor<?xf32>, %keep: tensor<?xi1>, %n: i64):
      %two = arith.constant 2.0 : f32
      %0 = tfm.apply mul(%p, %two) : (f32, f32) -> f32
      tfm.yield %0 : f32
    })mlir");
  for (int64_t n : {1, 8, 30, 64}) {
    std::vector<float> x = noise(4 * n), out(4 * n + 1, -7);
    for (float &v : x)
      v *= 30;
    std::vector<uint8_t> keep(n);
    for (int64_t j = 0; j < n; ++j)
      keep[j] = j % 3 == 0;
    kernel.run(0, {pointer(out), pointer(x), pointer(keep), slot(n)}, 2);
    for (int64_t i = 0; i < 4; ++i) {
      double sum = 0;
      for (int64_t j = 0; j < n; ++j)
        sum += keep[j] ? std::exp(double(x[i * n + j])) : 0;
      for (int64_t j = 0; j < n; ++j)
        ASSERT_NEAR(out[i * n + j],
                    keep[j] ? 2 * std::exp(double(x[i * n + j])) / sum : 0,
                    1e-6);
    }
    EXPECT_EQ(out.back(), -7);
    // A row that keeps nothing.
    std::fill(keep.begin(), keep.end(), 0);
    kernel.run(0, {pointer(out), pointer(x), pointer(keep), slot(n)}, 2);
    EXPECT_TRUE(std::isnan(out[0]));
  }
}

TEST_P(RowKernel, NormWithResidualSumAndEpilogue) {
  for (bool layer : {true, false}) {
    Loaded kernel = compile(std::string(R"mlir(
    plan.kernel norm @k outs [f32, f32] ins [f32, f32, f32, f32] scalars 2
        params {extents = array<i64: -1, -2>, chunk = 2, epsilon = 1.0e-5 : f64, kind = ")mlir") +
                            (layer ? "layer" : "rms") + R"mlir("} {
    ^bb0(%i: i64, %j: i64, %x: tensor<?xf32>, %r: tensor<?xf32>, %w: tensor<?xf32>, %b: tensor<?xf32>, %m: i64, %n: i64):
      %0 = tfm.apply mul(%i, %n) : (i64, i64) -> i64
      %1 = tfm.apply add(%0, %j) : (i64, i64) -> i64
      %2 = tfm.load %x[%1] : tensor<?xf32> -> f32
      %3 = tfm.load %r[%1] : tensor<?xf32> -> f32
      %4 = tfm.apply add(%2, %3) : (f32, f32) -> f32
      tfm.yield %4 : f32
    }, {
    ^bb0(%v: f32, %i: i64, %j: i64, %x: tensor<?xf32>, %r: tensor<?xf32>, %w: tensor<?xf32>, %b: tensor<?xf32>, %m: i64, %n: i64):
      %0 = tfm.load %w[%j] : tensor<?xf32> -> f32
      %1 = tfm.load %b[%j] : tensor<?xf32> -> f32
      %2 = tfm.apply mul(%v, %0) : (f32, f32) -> f32
      %3 = tfm.apply add(%2, %1) : (f32, f32) -> f32
      tfm.yield %3 : f32
    })mlir");
    for (int64_t n : {1, 16, 37, 384}) {
      int64_t m = 3;
      std::vector<float> x = noise(m * n), r = noise(m * n, 2), w = noise(n, 3),
                         b = noise(n, 4), out(m * n), sum(m * n);
      for (float &v : x)
        v += 100; // a mean much larger than the deviation
      kernel.run(0,
                 {pointer(out), pointer(sum), pointer(x), pointer(r),
                  pointer(w), pointer(b), slot(m), slot(n)},
                 2);
      for (int64_t i = 0; i < m; ++i) {
        double mean = 0, variance = 0;
        for (int64_t j = 0; j < n; ++j) {
          float s = x[i * n + j] + r[i * n + j];
          ASSERT_EQ(sum[i * n + j], s);
          mean += layer ? double(s) / n : 0;
        }
        for (int64_t j = 0; j < n; ++j)
          variance += (sum[i * n + j] - mean) * (sum[i * n + j] - mean) / n;
        for (int64_t j = 0; j < n; ++j)
          ASSERT_NEAR(out[i * n + j],
                      (sum[i * n + j] - mean) / std::sqrt(variance + 1e-5) *
                              w[j] +
                          b[j],
                      5e-5)
              << layer << " " << n;
      }
    }
  }
}

TEST_P(RowKernel, LinearWithBiasGeluAndResidual) {
  Loaded kernel = compile(R"mlir(
    plan.kernel linear @k outs [f32] ins [f32, f32, f32, f32] scalars 1
        params {m = -1, n = 100, k = 40, lda = 44, rows = 6, panels = 2} {
    ^bb0(%acc: f32, %m: i64, %n: i64, %x: tensor<?xf32>, %w: tensor<?xf32>, %b: tensor<?xf32>, %r: tensor<?xf32>, %M: i64):
      %c100 = arith.constant 100 : i64
      %0 = tfm.load %b[%n] : tensor<?xf32> -> f32
      %1 = tfm.apply add(%acc, %0) : (f32, f32) -> f32
      %2 = tfm.apply gelu(%1) : (f32) -> f32
      %3 = tfm.apply mul(%m, %c100) : (i64, i64) -> i64
      %4 = tfm.apply add(%3, %n) : (i64, i64) -> i64
      %5 = tfm.load %r[%4] : tensor<?xf32> -> f32
      %6 = tfm.apply add(%2, %5) : (f32, f32) -> f32
      tfm.yield %6 : f32
    })mlir");
  for (int64_t m : {1, 5, 13}) {
    std::vector<float> x = noise(m * 44), w = noise(100 * 40, 2),
                       b = noise(100, 3), r = noise(m * 100, 4),
                       packed(3 * 40 * 48), out(m * 100 + 1, -7);
    for (int64_t k = 0; k < 40; ++k)
      for (int64_t n = 0; n < 100; ++n)
        packed[(n / 48 * 40 + k) * 48 + n % 48] = w[k * 100 + n];
    kernel.run(0,
               {pointer(out), pointer(x), pointer(packed), pointer(b),
                pointer(r), slot(m)},
               (m + 5) / 6 * 2);
    for (int64_t i = 0; i < m; ++i)
      for (int64_t n = 0; n < 100; ++n) {
        double sum = b[n];
        for (int64_t k = 0; k < 40; ++k)
          sum += double(x[i * 44 + k]) * w[k * 100 + n];
        ASSERT_NEAR(out[i * 100 + n],
                    applyFloat(ScalarOp::Gelu, {&sum, 1}) + r[i * 100 + n],
                    1e-5);
      }
    EXPECT_EQ(out.back(), -7);
  }
}

} // namespace
