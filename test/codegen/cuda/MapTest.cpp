// map kernels: shapes, grids, conditions, index checks.
#include "test/codegen/cuda/KernelTest.h"

using namespace ingot;
using namespace ingot::test;

namespace {

class CudaMap : public CudaKernel {};

TEST_F(CudaMap, ShapesAndGrids) {
  // A transpose of the last two axes, with a row added.
  load(R"mlir(
    plan.kernel map @k outs [f32] ins [f32, f32] scalars 3
        params {extents = array<i64: -1, -2, -3>, chunk = 64} {
    ^bb0(%i: i64, %j: i64, %k: i64, %x: tensor<?xf32>, %y: tensor<?xf32>, %a: i64, %b: i64, %c: i64):
      %0 = tfm.apply mul(%i, %c) : (i64, i64) -> i64
      %1 = tfm.apply add(%0, %k) : (i64, i64) -> i64
      %2 = tfm.apply mul(%1, %b) : (i64, i64) -> i64
      %3 = tfm.apply add(%2, %j) : (i64, i64) -> i64
      %4 = tfm.load %x[%3] : tensor<?xf32> -> f32
      %5 = tfm.load %y[%k] : tensor<?xf32> -> f32
      %6 = tfm.apply add(%4, %5) : (f32, f32) -> f32
      tfm.yield %6 : f32
    })mlir");
  for (auto [a, b, c] : {std::array<int64_t, 3>{1, 1, 1},
                         {2, 3, 5},
                         {3, 33, 17},
                         {1, 1, 1024},
                         {2, 1, 1025},
                         {7, 1, 300},
                         {0, 3, 4},
                         {3, 0, 4},
                         {3, 4, 0}})
    for (emulator::Grid grid :
         {emulator::Grid{1, 1, 1}, {2, 1, 1}, {1, 2, 3}, {40, 1, 1}}) {
      SCOPED_TRACE(testing::Message() << a << "x" << b << "x" << c << " on "
                                      << grid.x << "," << grid.y);
      check({noise(a * b * c), noise(c, 2)}, {a, b, c}, {0, 0}, grid);
    }
}

TEST_F(CudaMap, ConcatReadsOnlyWhatItChooses) {
  load(R"mlir(
    plan.kernel map @k outs [f32] ins [f32, f32] scalars 2
        params {extents = array<i64: -1>, chunk = 64} {
    ^bb0(%i: i64, %a: tensor<?xf32>, %b: tensor<?xf32>, %n: i64, %na: i64):
      %in = tfm.apply lt(%i, %na) : (i64, i64) -> i1
      %0 = tfm.load %a[%i] : tensor<?xf32> -> f32
      %o = tfm.apply sub(%i, %na) : (i64, i64) -> i64
      %1 = tfm.load %b[%o] : tensor<?xf32> -> f32
      %e = tfm.apply exp(%1) : (f32) -> f32
      %2 = tfm.choose %in, %0, %e : f32
      tfm.yield %2 : f32
    })mlir");
  for (auto [na, nb] :
       {std::pair<int64_t, int64_t>{5, 20}, {0, 9}, {20, 0}, {1023, 2}, {0, 0}})
    check({noise(na), noise(nb)}, {na + nb, na});
}

/// Three tables that one condition and a second under it choose from; two
/// chosen by the same condition in different places.
TEST_F(CudaMap, NestedAndRepeatedConditions) {
  load(R"mlir(
    plan.kernel map @k outs [f32] ins [f32, f32, f32] scalars 2
        params {extents = array<i64: -1>, chunk = 64} {
    ^bb0(%i: i64, %a: tensor<?xf32>, %b: tensor<?xf32>, %c: tensor<?xf32>, %n: i64, %m: i64):
      %two = arith.constant 2 : i64
      %mm = tfm.apply mul(%m, %two) : (i64, i64) -> i64
      %first = tfm.apply lt(%i, %m) : (i64, i64) -> i1
      %second = tfm.apply lt(%i, %mm) : (i64, i64) -> i1
      %x = tfm.load %a[%i] : tensor<?xf32> -> f32
      %i1 = tfm.apply sub(%i, %m) : (i64, i64) -> i64
      %y = tfm.load %b[%i1] : tensor<?xf32> -> f32
      %i2 = tfm.apply sub(%i, %mm) : (i64, i64) -> i64
      %z = tfm.load %c[%i2] : tensor<?xf32> -> f32
      %yz = tfm.choose %second, %y, %z : f32
      %xyz = tfm.choose %first, %x, %yz : f32
      %nx = tfm.apply neg(%x) : (f32) -> f32
      %again = tfm.choose %first, %nx, %xyz : f32
      %sum = tfm.apply add(%xyz, %again) : (f32, f32) -> f32
      tfm.yield %sum : f32
    })mlir");
  for (int64_t m : {0, 1, 37})
    check({noise(m), noise(m, 2), noise(m, 3)}, {3 * m, m});
}

TEST_F(CudaMap, IndexOutsideIsReported) {
  load(R"mlir(
    plan.kernel map @k outs [f32] ins [i64, f32] scalars 2
        params {extents = array<i64: -1, 4>, chunk = 64} {
    ^bb0(%i: i64, %j: i64, %ids: tensor<?xi64>, %w: tensor<?xf32>, %n: i64, %v: i64):
      %four = arith.constant 4 : i64
      %id = tfm.load %ids[%i] : tensor<?xi64> -> i64
      %row = tfm.check_index %id, %v
      %at = tfm.apply mul(%row, %four) : (i64, i64) -> i64
      %k = tfm.apply add(%at, %j) : (i64, i64) -> i64
      %y = tfm.load %w[%k] : tensor<?xf32> -> f32
      tfm.yield %y : f32
    })mlir");
  int64_t v = 9;
  Tensor w = noise(v * 4);
  check({integers(ElementType::I64, {0, 8, -1, -9, 3}), w}, {5, v});
  EXPECT_EQ(expected[0].number(8), w.number(32)) << "-1 is the last";
  // The reference has no value for these; where they stand row 0 is taken.
  auto bad = [&](int64_t index) {
    unsigned count = 0;
    noValue = &count;
    std::vector<Tensor> got =
        run({integers(ElementType::I64, {3, 2, index, 1}), w}, {4, v});
    EXPECT_EQ(count, 4u);
    EXPECT_EQ(status, (std::vector<int64_t>{1, index, v, 77}));
    EXPECT_EQ(got[0].number(4), w.number(8));
    EXPECT_EQ(got[0].number(8), w.number(0));
  };
  bad(9);
  bad(-10);
  bad(INT64_MIN);
  bad(INT64_MAX);
  // Several: one of them, and what it says belongs together.
  std::vector<int64_t> many(600, 100);
  many[5] = 3;
  run({integers(ElementType::I64, many), w}, {600, v});
  EXPECT_EQ(status, (std::vector<int64_t>{1, 100, v, 77}));
}

TEST_F(CudaMap, RankZero) {
  load(R"mlir(
    plan.kernel map @k outs [i64] ins [i64] scalars 1
        params {extents = array<i64>, chunk = 1} {
    ^bb0(%x: tensor<?xi64>, %s: i64):
      %zero = arith.constant 0 : i64
      %0 = tfm.load %x[%zero] : tensor<?xi64> -> i64
      %1 = tfm.apply mul(%0, %s) : (i64, i64) -> i64
      tfm.yield %1 : i64
    })mlir");
  check({integers(ElementType::I64, {-6})}, {7});
}

/// Rows of f32 rounded to 8 bits: all results, bit by bit, where eight lie
/// together and where they do not; what is stored by eight, read by four.
class CudaFloat8 : public CudaKernel,
                   public testing::WithParamInterface<ElementType> {
protected:
  /// The first `columns` (s1 where it is -2) of rows of s2.
  static std::string text(ElementType type, const std::string &columns) {
    std::string name(reference::typeName(type));
    return "plan.kernel map @k outs [" + name +
           "] ins [f32] scalars 3 params {extents = array<i64: -1, " + columns +
           R"mlir(>, chunk = 1} {
    ^bb0(%i: i64, %j: i64, %x: tensor<?xf32>, %m: i64, %n: i64, %s: i64):
      %0 = tfm.apply mul(%i, %s) : (i64, i64) -> i64
      %1 = tfm.apply add(%0, %j) : (i64, i64) -> i64
      %2 = tfm.load %x[%1] : tensor<?xf32> -> f32
      %3 = tfm.convert %2 : f32 to )mlir" +
           name + "\n      tfm.yield %3 : " + name + "\n    }";
  }
  void checkBits(int64_t m, int64_t n, int64_t s) {
    std::vector<float> special = {
        0.f,      -0.f,     NAN,      -NAN,    INFINITY, -INFINITY,
        448.f,    464.f,    -1e9f,    1e-45f,  -1e-30f,  0x1p-10f,
        0x3p-10f, -0x1p-9f, 0x1p-17f, 57344.f, 6e4f,     61440.f,
        -65536.f, 17.f,     19.f,     3e38f};
    Tensor x = noise(m * s, 3, 30);
    for (int64_t i = 0; i < x.size(); i += 2)
      x.setNumber(i, special[i / 2 % special.size()]);
    std::vector<Tensor> got = check({x}, {m, n, s}, {0, 0});
    for (int64_t i = 0; i < m * n; ++i) {
      double number = x.number(i / n * s + i % n);
      auto bits = static_cast<uint8_t>(got[0].bytes()[i]);
      EXPECT_EQ(bits == 0x7f, std::isnan(number)) << number;
      EXPECT_EQ(bits >> 7, !std::isnan(number) && std::signbit(number))
          << number;
    }
  }
};
INSTANTIATE_TEST_SUITE_P(Main, CudaFloat8,
                         testing::Values(ElementType::F8E4M3FN,
                                         ElementType::F8E5M2),
                         [](const auto &info) {
                           return std::string(reference::typeName(info.param));
                         });

TEST_P(CudaFloat8, RowsAndTails) {
  load(text(GetParam(), "-2"));
  for (auto [m, n, s] : {std::array<int64_t, 3>{3, 64, 128},
                         {5, 8, 8},
                         {3, 37, 37},
                         {2, 36, 40},
                         {1, 1, 1},
                         {2, 520, 528},
                         {0, 8, 8}})
    checkBits(m, n, s);
  shifts = {4, 0};
  checkBits(3, 64, 128);
  shifts = {0, 4};
  checkBits(3, 64, 128);
}

TEST_P(CudaFloat8, MovesEightAtOnce) {
  load(text(GetParam(), "64"));
  emulator::control("stats reset");
  checkBits(6, 64, 96);
  std::istringstream lines(emulator::control("stats"));
  std::string name;
  for (int64_t count; lines >> name >> count;)
    if (name.starts_with("loads1") || name.starts_with("loads2") ||
        name.starts_with("loads4") || name.starts_with("loads8")) {
      EXPECT_EQ(count, name == "loads16" ? 6 * 64 / 4 : 0) << name;
    } else if (name.starts_with("stores1") || name.starts_with("stores2") ||
               name.starts_with("stores4") || name.starts_with("stores8")) {
      EXPECT_EQ(count, name == "stores8" ? 6 * 64 / 8 : 0) << name;
    }
}

} // namespace
