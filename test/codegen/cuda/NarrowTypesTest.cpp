// bf16 and f16 in memory of all families but linear and attention: loaded and
// converted, computed in f32, rounded once where stored.
#include "test/codegen/cuda/KernelTest.h"

#include <cmath>
#include <regex>

using namespace ingot;
using namespace ingot::test;

namespace {

struct NarrowType {
  ElementType type;
  emulator::Cases cases = emulator::Cases::All;
};

class CudaNarrowTypes : public CudaKernel,
                        public testing::WithParamInterface<NarrowType> {
protected:
  ElementType type = GetParam().type;
  /// One rounding of the result, to the other neighbour where what was rounded
  /// is a little off.
  Tolerance tolerance{1e-6, 1e-6 + 2 * roundingOf(type)};

  /// A kernel in whose text `half` stands for the type.
  void loadTyped(const std::string &text) {
    load(std::regex_replace(text, std::regex("half"), nameOf(type)));
  }
  Tensor narrow(int64_t size, unsigned seed = 1) {
    return noise(size, seed, 1, type);
  }
};
auto nameOfType = [](const testing::TestParamInfo<NarrowType> &info) {
  return nameOf(info.param.type);
};
INSTANTIATE_TEST_SUITE_P(Main, CudaNarrowTypes,
                         testing::Values(NarrowType{ElementType::BF16}),
                         nameOfType);
INSTANTIATE_TEST_SUITE_P(Rest, CudaNarrowTypes,
                         testing::Values(NarrowType{ElementType::F16}),
                         nameOfType);

/// Rows of several lengths: CI has few.
class CudaNarrowRows : public CudaNarrowTypes {};
INSTANTIATE_TEST_SUITE_P(Main, CudaNarrowRows,
                         testing::Values(NarrowType{ElementType::BF16,
                                                    emulator::Cases::Few}),
                         nameOfType);
INSTANTIATE_TEST_SUITE_P(Rest, CudaNarrowRows,
                         testing::Values(NarrowType{ElementType::BF16,
                                                    emulator::Cases::Others},
                                         NarrowType{ElementType::F16}),
                         nameOfType);

/// An init launch: panels of 48 columns of f32 become rows of the type.
TEST_P(CudaNarrowTypes, WeightsAreUnpacked) {
  loadTyped(R"mlir(
    plan.kernel map @k outs [half] ins [f32] scalars 0
        params {extents = array<i64: 70, 37>, chunk = 64} {
    ^bb0(%n: i64, %k: i64, %w: tensor<?xf32>):
      %width = arith.constant 48 : i64
      %depth = arith.constant 37 : i64
      %p = tfm.apply floordiv(%n, %width) : (i64, i64) -> i64
      %0 = tfm.apply mul(%p, %depth) : (i64, i64) -> i64
      %1 = tfm.apply add(%0, %k) : (i64, i64) -> i64
      %2 = tfm.apply mul(%1, %width) : (i64, i64) -> i64
      %3 = tfm.apply mod(%n, %width) : (i64, i64) -> i64
      %4 = tfm.apply add(%2, %3) : (i64, i64) -> i64
      %5 = tfm.load %w[%4] : tensor<?xf32> -> f32
      %6 = tfm.convert %5 : f32 to half
      tfm.yield %6 : half
    })mlir");
  check({noise(2 * 37 * 48)}, {}, {0, 0});
}

/// Ties to even, overflow to infinity, subnormals, NaN, the sign of 0.
TEST_P(CudaNarrowTypes, Rounding) {
  const char *text = R"mlir(
    plan.kernel map @k outs [TO] ins [FROM] scalars 1
        params {extents = array<i64: -1>, chunk = 64} {
    ^bb0(%i: i64, %x: tensor<?xFROM>, %n: i64):
      %0 = tfm.load %x[%i] : tensor<?xFROM> -> FROM
      %1 = tfm.convert %0 : FROM to TO
      tfm.yield %1 : TO
    })mlir";
  auto loadBetween = [&](const char *from, const char *to) {
    std::string both(text);
    loadTyped(
        std::regex_replace(std::regex_replace(both, std::regex("FROM"), from),
                           std::regex("TO"), to));
  };
  std::vector<float> values{0,          -0.f,    1,         NAN,       INFINITY,
                            -INFINITY,  65504,   65519.99f, 65520,     -1e6f,
                            3.3895e38f, 3.4e38f, 1e-41f,    -9.2e-41f, 2.9e-8f,
                            3.1e-8f,    6.1e-5f};
  for (int i = 0; i < 64; ++i) // around 1, by halves of a half unit
    values.push_back(1 + static_cast<float>(i * roundingOf(type) / 2));
  auto n = static_cast<int64_t>(values.size());
  loadBetween("f32", "half");
  check({floats(values)}, {n}, {0, 0});
  loadBetween("half", "f32");
  check({floats(values, type)}, {n}, {0, 0});
}

TEST_P(CudaNarrowTypes, ReduceAddsInF32) {
  for (bool middle : {false, true}) {
    SCOPED_TRACE(middle);
    loadTyped(std::string(R"mlir(
    plan.kernel reduce @k outs [half] ins [half] scalars 3
        params {extents = array<i64: -1, )mlir") +
              (middle ? "-3>, reduce_extents = array<i64: -2>"
                      : "-2>, reduce_extents = array<i64: -3>") +
              R"mlir(, kind = "mean", chunk = 2} {
    ^bb0(%i: i64, )mlir" +
              (middle ? "%j: i64, %r: i64" : "%r: i64, %j: i64") +
              R"mlir(, %x: tensor<?xhalf>, %m: i64, %k: i64, %n: i64):
      %0 = tfm.apply mul(%i, %k) : (i64, i64) -> i64
      %1 = tfm.apply add(%0, %r) : (i64, i64) -> i64
      %2 = tfm.apply mul(%1, %n) : (i64, i64) -> i64
      %3 = tfm.apply add(%2, %j) : (i64, i64) -> i64
      %4 = tfm.load %x[%3] : tensor<?xhalf> -> half
      %5 = tfm.convert %4 : half to f32
      tfm.yield %5 : f32
    }, {
    ^bb0(%acc: f32, %i: i64, %j: i64, %x: tensor<?xhalf>, %m: i64, %k: i64, %n: i64):
      %0 = tfm.convert %acc : f32 to half
      tfm.yield %0 : half
    })mlir");
    // A sum in the type would stop to grow.
    for (auto [m, k, n] : {std::array<int64_t, 3>{2, 600, 3},
                           {1, 3, 1000},
                           {1, 1, 1},
                           {2, 0, 3},
                           {3, 5, 0}}) {
      Tensor x = narrow(m * k * n);
      for (int64_t i = 0; i < x.size(); ++i)
        x.setNumber(i, x.number(i) + 2);
      check({x}, {m, k, n}, tolerance);
    }
  }
}

TEST_P(CudaNarrowTypes, Scan) {
  loadTyped(R"mlir(
    plan.kernel scan @k outs [half] ins [half] scalars 2
        params {extents = array<i64: -1, -2>, axis = 1, chunk = 4} {
    ^bb0(%i: i64, %j: i64, %x: tensor<?xhalf>, %m: i64, %n: i64):
      %0 = tfm.apply mul(%i, %n) : (i64, i64) -> i64
      %1 = tfm.apply add(%0, %j) : (i64, i64) -> i64
      %2 = tfm.load %x[%1] : tensor<?xhalf> -> half
      tfm.yield %2 : half
    })mlir");
  for (auto [m, n] : {std::pair<int64_t, int64_t>{3, 500}, {1, 1}, {2, 0}})
    check({narrow(m * n)}, {m, n}, tolerance);
}

TEST_P(CudaNarrowRows, Softmax) {
  for (int64_t known :
       emulator::casesOf<int64_t>(GetParam().cases, {300, -2}, {37, 9000})) {
    loadTyped("plan.kernel softmax @k outs [half] ins [half] scalars 2 params "
              "{extents = array<i64: -1, " +
              std::to_string(known) + R"mlir(>, chunk = 3} {
    ^bb0(%i: i64, %j: i64, %x: tensor<?xhalf>, %m: i64, %n: i64):
      %0 = tfm.apply mul(%i, %n) : (i64, i64) -> i64
      %1 = tfm.apply add(%0, %j) : (i64, i64) -> i64
      %2 = tfm.load %x[%1] : tensor<?xhalf> -> half
      %3 = tfm.convert %2 : half to f32
      tfm.yield %3 : f32
    }, {
    ^bb0(%p: f32, %i: i64, %j: i64, %x: tensor<?xhalf>, %m: i64, %n: i64):
      %0 = tfm.convert %p : f32 to half
      tfm.yield %0 : half
    })mlir");
    int64_t n = known > 0 ? known : 70;
    checkInAllModes({noise(3 * n, 1, 20, type)}, {3, n}, tolerance, {2, 1, 1});
  }
}

/// The result twice, in f32 and rounded.
TEST_P(CudaNarrowRows, NormOfWhichACopyIsRounded) {
  constexpr const char *two = "f32, half", *three = "f32, f32, half";
  for (auto [known, outs] : emulator::casesOf<std::pair<int64_t, const char *>>(
           GetParam().cases, {{37, two}, {-2, three}},
           {{37, three}, {768, two}, {768, three}, {-2, two}})) {
    std::string text =
        R"mlir(
    plan.kernel norm @k outs [OUTS] ins [f32] scalars 2
        params {extents = array<i64: -1, )mlir" +
        std::to_string(known) +
        R"mlir(>, chunk = 2, copy = true, epsilon = 1.0e-5 : f64, kind = "layer"} {
    ^bb0(%i: i64, %j: i64, %x: tensor<?xf32>, %m: i64, %n: i64):
      %0 = tfm.apply mul(%i, %n) : (i64, i64) -> i64
      %1 = tfm.apply add(%0, %j) : (i64, i64) -> i64
      %2 = tfm.load %x[%1] : tensor<?xf32> -> f32
      tfm.yield %2 : f32
    }, {
    ^bb0(%y: f32, %i: i64, %j: i64, %x: tensor<?xf32>, %m: i64, %n: i64):
      tfm.yield %y : f32
    })mlir";
    loadTyped(std::regex_replace(text, std::regex("OUTS"), outs));
    int64_t n = known > 0 ? known : 70;
    checkInAllModes({noise(6 * n, 3)}, {6, n}, {5e-5, 2 * tolerance.relative},
                    {2, 1, 1});
  }
}

/// What is normalized is what is kept, from registers: it is not read again.
/// The reference rounds what region 1 gets as well, to the type kept.
TEST_P(CudaNarrowRows, NormOfARowThatIsKept) {
  for (auto [known, kept] : emulator::casesOf<std::pair<int64_t, const char *>>(
           GetParam().cases, {{37, "half"}, {9000, "half"}},
           {{300, "f32"},
            {37, "f32"},
            {300, "half"},
            {9000, "f32"},
            {-2, "half"},
            {-2, "f32"}})) {
    const char *kind = known == 300 ? "rms" : "layer";
    std::string text = R"mlir(
    plan.kernel norm @k outs [half, KEPT] ins [half, half, f32] scalars 2
        params {extents = array<i64: -1, )mlir" +
                       std::to_string(known) +
                       ">, chunk = 2, epsilon = 1.0e-5 : f64, kind = \"" +
                       kind + R"mlir("} {
    ^bb0(%i: i64, %j: i64, %x: tensor<?xhalf>, %r: tensor<?xhalf>, %w: tensor<?xf32>, %m: i64, %n: i64):
      %0 = tfm.apply mul(%i, %n) : (i64, i64) -> i64
      %1 = tfm.apply add(%0, %j) : (i64, i64) -> i64
      %2 = tfm.load %x[%1] : tensor<?xhalf> -> half
      %3 = tfm.convert %2 : half to f32
      %4 = tfm.load %r[%1] : tensor<?xhalf> -> half
      %5 = tfm.convert %4 : half to f32
      %6 = tfm.apply add(%3, %5) : (f32, f32) -> f32
      %7 = tfm.convert %6 : f32 to KEPT
      tfm.yield %7 : KEPT
    }, {
    ^bb0(%y: KEPT, %i: i64, %j: i64, %x: tensor<?xhalf>, %r: tensor<?xhalf>, %w: tensor<?xf32>, %m: i64, %n: i64):
      %v = tfm.convert %y : KEPT to f32
      %0 = tfm.load %w[%j] : tensor<?xf32> -> f32
      %1 = tfm.apply mul(%v, %0) : (f32, f32) -> f32
      %2 = tfm.convert %1 : f32 to half
      tfm.yield %2 : half
    })mlir";
    loadTyped(std::regex_replace(text, std::regex("KEPT"), kept));
    int64_t n = known > 0 ? known : 70, m = n > 1000 ? 1 : 6;
    Tensor x = narrow(m * n);
    for (int64_t i = 0; i < m * n; ++i) // a mean beyond the deviation
      x.setNumber(i, x.number(i) + 100);
    checkInAllModes({x, narrow(m * n, 2), noise(n, 3)}, {m, n},
                    {5e-5, 2 * tolerance.relative}, {2, 1, 1});
  }
}

} // namespace
