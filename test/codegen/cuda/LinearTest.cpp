// linear kernels: few and many rows, sizes beside the tiles', alignment,
// epilogues, types.
#include "test/codegen/cuda/KernelTest.h"

#include <cmath>

using namespace ingot;
using namespace ingot::test;

namespace {

class CudaLinear : public CudaKernel {
protected:
  int64_t n = 0, k = 0;
  /// Of A, W and the residual; of the result.
  ElementType type = ElementType::F32, outType = ElementType::F32;
  bool isTf32 = false;
  /// Whether blocks may share K, and in how many parts they do.
  bool isSplit = false;
  int64_t parts = 3;

  /// gelu(A W + bias) + residual, the residual where m is odd only.
  void loadLinear(int64_t columns, int64_t depth,
                  const std::string &rows = "-1") {
    n = columns, k = depth;
    std::string t = nameOf(type), out = nameOf(outType);
    std::string flat = ": tensor<?x" + t + ">";
    std::string scalars = isSplit ? "3" : "2",
                splits = isSplit ? ", splits = -3" : "",
                more = isSplit ? ", %parts: i64" : "";
    load("plan.kernel linear @k outs [" + out + "] ins [" + t + ", " + t +
         ", f32, " + t + "] scalars " + scalars + " params {m = " + rows +
         ", n = " + std::to_string(n) + ", k = " + std::to_string(k) +
         (isTf32 ? ", math = \"tf32\"" : "") + splits +
         R"mlir(, lda = -2, rows = 6, panels = 2} {
    ^bb0(%acc: f32, %m: i64, %n: i64, %x)mlir" +
         flat + ", %w" + flat + ", %b: tensor<?xf32>, %r" + flat +
         ", %M: i64, %l: i64" + more + R"mlir():
      %N = arith.constant )mlir" +
         std::to_string(n) + R"mlir( : i64
      %one = arith.constant 1 : i64
      %two = arith.constant 2 : i64
      %zero = arith.constant 0.0 : f32
      %0 = tfm.load %b[%n] : tensor<?xf32> -> f32
      %1 = tfm.apply add(%acc, %0) : (f32, f32) -> f32
      %2 = tfm.apply gelu(%1) : (f32) -> f32
      %h = tfm.apply floordiv(%m, %two) : (i64, i64) -> i64
      %3 = tfm.apply mul(%h, %N) : (i64, i64) -> i64
      %4 = tfm.apply add(%3, %n) : (i64, i64) -> i64
      %stored = tfm.load %r[%4] )mlir" +
         flat + " -> " + t + "\n%5 = tfm.convert %stored : " + t +
         R"mlir( to f32
      %p = tfm.apply mod(%m, %two) : (i64, i64) -> i64
      %odd = tfm.apply eq(%p, %one) : (i64, i64) -> i1
      %6 = tfm.choose %odd, %5, %zero : f32
      %7 = tfm.apply add(%2, %6) : (f32, f32) -> f32
      %8 = tfm.convert %7 : f32 to )mlir" +
         out + "\ntfm.yield %8 : " + out + "\n}");
  }

  /// Sums in f32, operands of tf32 rounded or cut to 11 bits, results once to
  /// their type (that may take them to the other neighbour than the
  /// reference's).
  Tolerance tolerance() const {
    double sums = std::sqrt(static_cast<double>(k));
    return {(2e-6 + (isTf32 ? 0x1p-10 : 0)) * sums,
            2e-6 + 2 * roundingOf(outType)};
  }

  void checkRows(int64_t m, int64_t pad = 0, bool allModes = false,
                 emulator::Grid grid = {3, 1, 1}) {
    SCOPED_TRACE(testing::Message()
                 << "m " << m << " n " << n << " k " << k << " pad " << pad);
    int64_t lda = k + pad;
    std::vector<Tensor> inputs{noise(m * lda, 1, 1, type),
                               noise(n * k, 2, 1, type), noise(n, 3),
                               noise(m / 2 * n, 4, 1, type)};
    std::vector<int64_t> scalars{m, lda};
    if (isSplit)
      scalars.push_back(parts);
    if (allModes)
      checkInAllModes(inputs, scalars, tolerance(), grid);
    else
      check(inputs, scalars, tolerance(), grid);
  }
};

TEST_F(CudaLinear, RowsThatAreANumber) {
  loadLinear(24, 64, "4");
  EXPECT_EQ(printed.sharedBytes, 0u);
  EXPECT_FALSE(printed.isPersistent);
  checkRows(4);
  loadLinear(24, 64, "20");
  checkRows(20);
}

struct LinearTypes {
  ElementType type, outType;
  bool isTf32 = false, isSplit = false;
};
constexpr ElementType F32 = ElementType::F32, BF16 = ElementType::BF16,
                      F16 = ElementType::F16;

std::string nameOfTypes(const testing::TestParamInfo<LinearTypes> &info) {
  return (info.param.isTf32 ? "tf32" : nameOf(info.param.type)) + "_to_" +
         nameOf(info.param.outType) + (info.param.isSplit ? "_split" : "");
}

class CudaLinearTypes : public CudaLinear,
                        public testing::WithParamInterface<LinearTypes> {
protected:
  CudaLinearTypes() {
    type = GetParam().type, outType = GetParam().outType;
    isTf32 = GetParam().isTf32, isSplit = GetParam().isSplit;
  }
};
INSTANTIATE_TEST_SUITE_P(Main, CudaLinearTypes,
                         testing::Values(LinearTypes{F32, F32},
                                         LinearTypes{F32, BF16, true, true},
                                         LinearTypes{BF16, BF16},
                                         LinearTypes{F16, F32, false, true}),
                         nameOfTypes);
INSTANTIATE_TEST_SUITE_P(
    Rest, CudaLinearTypes,
    testing::Values(LinearTypes{F32, BF16}, LinearTypes{F32, F32, true},
                    LinearTypes{F32, BF16, true}, LinearTypes{BF16, F32},
                    LinearTypes{F16, F32}, LinearTypes{F16, F16},
                    LinearTypes{BF16, F16}, LinearTypes{F32, F32, false, true},
                    LinearTypes{BF16, BF16, false, true}),
    nameOfTypes);

TEST_P(CudaLinearTypes, FewRows) {
  loadLinear(40, 600);
  for (int64_t m : {0, 1, 7, 8, 9, 16})
    checkRows(m);
  checkRows(2, 0, false, {1, 2, 1});
  checkRows(3, 8);
  for (int64_t m : {3, 12})
    checkRows(m, 1); // rows at odd addresses
  checkRows(5, 0, true, {1, 1, 1});
  checkRows(13, 0, true, {2, 1, 1});
  loadLinear(33, 7);
  checkRows(5);
}

/// Alone; parts of K that are whole steps, end within one, and have nothing.
TEST_P(CudaLinearTypes, FewRowsAlone) {
  if (isSplit)
    return;
  bool isHalf = type != F32;
  for (auto [n, k] : {std::pair<int64_t, int64_t>{70, 768}, {8, 8}, {41, 1000}})
    for (int64_t m : {1, 8, 16}) {
      loadLinear(n, k, std::to_string(m));
      EXPECT_EQ(printed.choice.find("few rows") == 0, m <= (isHalf ? 16 : 8));
      checkRows(m, 0, m == 16, {2, 1, 1});
      checkRows(m, 1, false, {2, 1, 1});
    }
}

/// Operands of 16 bits come in 16 bytes, single elements are the residual's.
TEST_P(CudaLinearTypes, WidthsOfFewRows) {
  if (type == F32)
    return;
  loadLinear(64, 512);
  auto reads = [&](int64_t m, std::initializer_list<const char *> names) {
    auto count = [&] {
      uint64_t sum = 0;
      for (const char *name : names)
        sum += emulator::statistic(name);
      return sum;
    };
    uint64_t before = count();
    checkRows(m);
    return count() - before;
  };
  for (int64_t m : {1, 16}) {
    EXPECT_GE(reads(m, {"loads16"}), (64u + m) * 512 * 2 / 16);
    EXPECT_LE(reads(m, {"loads1", "loads2"}), 64u * m);
  }
}

TEST_P(CudaLinearTypes, ManyRows) {
  loadLinear(72, 200);
  checkRows(17, 0, true);
  checkRows(70, 8, false, {1, 1, 1});
  checkRows(65, 3);   // A by elements
  loadLinear(50, 72); // columns in ones
  checkRows(64);
  loadLinear(72, 33); // W by elements
  checkRows(67, 0, true, {2, 1, 1});
  loadLinear(1, 1);
  checkRows(1);
  checkRows(100);
}

/// As many parts as tiles would have slabs, more, and one.
TEST_P(CudaLinearTypes, Parts) {
  if (!isSplit)
    return;
  loadLinear(72, 520);
  for (int64_t count : {1, 2, 5, 17, 40}) {
    parts = count;
    checkRows(33, 0, count == 5, {7, 1, 1});
    checkRows(130, 3, false, {7, 1, 1});
  }
  // Few rows share nothing.
  checkRows(8);
}

TEST_P(CudaLinearTypes, LargeTiles) {
  if (type == ElementType::F32 && !isTf32) {
    // Beside small ones, but for thousands of rows: alone.
    loadLinear(128 * 32 - 4, 8, "383");
    EXPECT_EQ(printed.choice, "128x128");
    checkRows(383, 0, false, {5, 1, 1});
    return;
  }
  loadLinear(128 * 32 - 4, 8);
  EXPECT_EQ(printed.choice,
            type == F32 ? "few rows up to 8; 64x64; 128x128 from M 65"
                        : "few rows up to 16, 24 columns a block; 64x64; "
                          "128x128 from M 65");
  checkRows(65, 0, false, {5, 1, 1}); // what a pack for GPUs carries
  checkRows(128 * 2 + 1, 0, false, {5, 1, 1});
}

/// The same for Hopper, over TMA and wgmma where that can be.
class CudaLinear90 : public CudaLinearTypes {
protected:
  CudaLinear90() { arch = "sm_90a"; }
  bool usesTma() const {
    return emulator::statistic("loads") + emulator::statistic("multicasts") > 0;
  }
};
INSTANTIATE_TEST_SUITE_P(Main, CudaLinear90,
                         testing::Values(LinearTypes{BF16, BF16},
                                         LinearTypes{F16, F32}),
                         nameOfTypes);
INSTANTIATE_TEST_SUITE_P(Rest, CudaLinear90,
                         testing::Values(LinearTypes{BF16, F32},
                                         LinearTypes{F16, F16},
                                         LinearTypes{BF16, F16}),
                         nameOfTypes);

TEST_P(CudaLinear90, AnyRows) {
  loadLinear(72, 200);
  EXPECT_EQ(printed.choice,
            "few rows up to 16, 8 columns a block; wgmma 128x64");
  for (int64_t m : {1, 8, 9, 16})
    checkRows(m, 0, m == 9);
  EXPECT_FALSE(usesTma());
  checkRows(0);
  checkRows(17, 0, true);
  EXPECT_TRUE(usesTma());
  checkRows(130, 8, true);
  checkRows(300, 0, false, {5, 1, 1});
  loadLinear(50, 72); // no rows of 16 bytes to store
  checkRows(64, 0, true);
  loadLinear(33, 72); // columns in ones
  checkRows(64);
}

/// Of the tiles there are, that whose waves take least. Each loads its rows
/// and columns once, so that loads tell which one it was.
TEST_P(CudaLinear90, TheTileThatTakesLeast) {
  loadLinear(264, 72, "300");
  EXPECT_EQ(printed.choice, "wgmma 128x64");
  checkRows(300, 0, true, {4, 1, 1});
  loadLinear(1024, 64);
  EXPECT_EQ(printed.choice, "few rows up to 16, 8 columns a block; wgmma "
                            "128x64; 128x128; 128x256");
  struct Case {
    int64_t m;
    unsigned blocks;
    uint64_t tiles;
  };
  // One wave of 64, of 128, of 256 columns.
  for (Case c : {Case{20, 16, 16}, {20, 8, 8}, {130, 16, 16}, {20, 4, 4}}) {
    uint64_t before = emulator::statistic("loads");
    checkRows(c.m, 0, false, {c.blocks, 1, 1});
    EXPECT_EQ(emulator::statistic("loads") - before, 2 * c.tiles)
        << c.m << " rows, " << c.blocks << " blocks";
  }
}

/// Few tiles: K in as many parts as there are blocks for, or fewer.
TEST_P(CudaLinear90, Parts) {
  isSplit = true;
  loadLinear(136, 1024);
  EXPECT_EQ(printed.choice, "few rows up to 16, 8 columns a block; wgmma "
                            "128x64, K in up to 8 parts; 128x96");
  for (unsigned blocks : {2, 9, 24}) {
    checkRows(20, 0, blocks == 9, {blocks, 1, 1});
    checkRows(130, 8, false, {blocks, 1, 1});
  }
  checkRows(0, 0, false, {24, 1, 1});
  checkRows(8, 0, false, {24, 1, 1});
  checkRows(33, 3, false, {24, 1, 1}); // not by TMA
}

/// What TMA cannot take: rows at other addresses than multiples of 16, pitches
/// that are none.
TEST_P(CudaLinear90, WithoutTma) {
  loadLinear(72, 200);
  checkRows(65, 3, true);
  for (int64_t m : {5, 12})
    checkRows(m, 1);
  for (size_t buffer : {0, 1, 2}) {
    shifts.assign(buffer + 1, 0);
    shifts[buffer] = 8;
    checkRows(70);
    checkRows(7);
  }
  // Nor pairs of the bias.
  shifts = {0, 0, 0, 4};
  checkRows(70);
  EXPECT_FALSE(usesTma());
}

TEST_P(CudaLinear90, WhatStaysAsItWas) {
  loadLinear(72, 33);
  EXPECT_EQ(printed.choice, "few rows up to 8; 64x64");
  EXPECT_TRUE(printed.maps.empty());
  for (int64_t m : {0, 5, 30})
    checkRows(m);
  loadLinear(72, 64, "8");
  EXPECT_EQ(printed.choice, "few rows, 8 columns a block");
  EXPECT_TRUE(printed.maps.empty());
  checkRows(8, 0, true);
  checkRows(8, 1);
}

/// f32 through tf32 goes by TMA too, few rows of it by FMA units.
TEST_F(CudaLinear, Tf32OnHopper) {
  arch = "sm_90a";
  isTf32 = true;
  auto loads = [] { return emulator::statistic("loads"); };
  loadLinear(72, 512);
  EXPECT_EQ(printed.choice, "few rows up to 8, 4 warps along K; wgmma 128x64");
  for (int64_t m : {1, 8})
    checkRows(m, 0, m == 8);
  checkRows(5, 3);
  EXPECT_EQ(loads(), 0u);
  checkRows(0);
  checkRows(9, 0, true);
  EXPECT_GT(loads(), 0u);
  checkRows(130, 4);
  uint64_t before = loads();
  checkRows(65, 3, true); // not by TMA
  shifts = {4};
  checkRows(70);
  shifts = {};
  EXPECT_EQ(loads(), before);
  loadLinear(50, 36);
  checkRows(64, 0, true);
  isSplit = true;
  loadLinear(136, 512);
  EXPECT_EQ(printed.choice, "few rows up to 8, 4 warps along K; wgmma "
                            "128x64, K in up to 8 parts; 128x96");
  for (unsigned blocks : {2, 9, 24})
    checkRows(130, 0, blocks == 9, {blocks, 1, 1});
  // Rows that are no multiples of 16 bytes stay as they were.
  isSplit = false;
  loadLinear(72, 33);
  EXPECT_TRUE(printed.maps.empty());
  checkRows(30);
}

/// In turns where a record says so: of the tiles that it names the one whose
/// waves take least, of which loads tell.
TEST_F(CudaLinear, InTurnsByARecord) {
  arch = "sm_90a";
  type = outType = BF16;
  record = llvm::cantFail(cuda::parseTuningRecord(R"({
    "architecture": "sm_90a", "measured": "made up for this test",
    "linear": [{"type": "bf16", "tiles": [
      [64, 1000, 2000], ["128 in turns", 4000, 1000]]}]})",
                                                  "test"));
  loadLinear(264, 328);
  EXPECT_EQ(printed.choice, "few rows up to 16, 8 columns a block; wgmma "
                            "128x64; 128x128 in turns");
  EXPECT_EQ(printed.record, "sm_90a, linear[0]");
  auto loads = [] { return emulator::statistic("loads"); };
  checkRows(5);
  EXPECT_EQ(loads(), 0u);
  struct Case {
    int64_t m;
    unsigned blocks;
    uint64_t tiles;
  };
  // Nine tiles, six of 128 columns; one wave of 64.
  for (Case c : {Case{300, 1, 9}, {130, 4, 6}, {17, 5, 5}}) {
    uint64_t before = loads();
    checkRows(c.m, 0, false, {c.blocks, 1, 1});
    EXPECT_EQ(loads() - before, 2 * 6 * c.tiles) << c.m << " rows";
  }
  checkRows(300, 8, true, {2, 1, 1});
  uint64_t before = loads();
  checkRows(65, 3); // not by TMA
  EXPECT_EQ(loads(), before);
}

/// All ways of reading in an epilogue: rows of the residual `pitch` apart, a
/// number a row, a table with two others between its elements, a mask that
/// is not read in the first 8 columns, and an index that is looked up.
std::string readsText(const std::string &t, const std::string &out) {
  return "plan.kernel linear @k outs [" + out + "] ins [" + t + ", " + t +
         ", " + t + R"mlir(, f32, f32, i1, i64] scalars 2
      params {m = -1, n = 76, k = 64, lda = 64, rows = 6, panels = 2} {
    ^bb0(%acc: f32, %m: i64, %n: i64, %x: tensor<?x)mlir" +
         t + ">, %w: tensor<?x" + t + ">, %r: tensor<?x" + t +
         R"mlir(>, %s: tensor<?xf32>, %t: tensor<?xf32>, %k: tensor<?xi1>, %i: tensor<?xi64>, %M: i64, %pitch: i64):
      %three = arith.constant 3 : i64
      %eight = arith.constant 8 : i64
      %yes = arith.constant true
      %0 = tfm.apply mul(%m, %pitch) : (i64, i64) -> i64
      %1 = tfm.apply add(%0, %n) : (i64, i64) -> i64
      %2 = tfm.load %r[%1] : tensor<?x)mlir" +
         t + "> -> " + t + "\n%3 = tfm.convert %2 : " + t +
         R"mlir( to f32
      %4 = tfm.load %s[%m] : tensor<?xf32> -> f32
      %5 = tfm.apply mul(%n, %three) : (i64, i64) -> i64
      %6 = tfm.load %t[%5] : tensor<?xf32> -> f32
      %7 = tfm.apply lt(%n, %eight) : (i64, i64) -> i1
      %8 = tfm.apply sub(%n, %eight) : (i64, i64) -> i64
      %9 = tfm.load %k[%8] : tensor<?xi1> -> i1
      %10 = tfm.choose %7, %yes, %9 : i1
      %11 = tfm.load %i[%n] : tensor<?xi64> -> i64
      %12 = tfm.check_index %11, %eight
      %13 = tfm.load %s[%12] : tensor<?xf32> -> f32
      %14 = tfm.apply add(%acc, %3) : (f32, f32) -> f32
      %15 = tfm.apply mul(%14, %4) : (f32, f32) -> f32
      %16 = tfm.apply add(%15, %6) : (f32, f32) -> f32
      %17 = tfm.choose %10, %16, %13 : f32
      %18 = tfm.apply silu(%17) : (f32) -> f32
      %19 = tfm.convert %18 : f32 to )mlir" +
         out + "\ntfm.yield %19 : " + out + "\n}";
}

TEST_P(CudaLinearTypes, WhatEpiloguesRead) {
  if (isTf32 || isSplit)
    return;
  for (const char *target : {"sm_80", "sm_90a"}) {
    SCOPED_TRACE(target);
    arch = target;
    n = 76, k = 64;
    load(readsText(nameOf(type), nameOf(outType)));
    std::vector<int64_t> mask, index;
    for (int64_t i = 0; i < n; ++i) {
      if (i < n - 8)
        mask.push_back(i % 5 > 0);
      index.push_back(i * 7 % 8);
    }
    for (auto [m, pitch] : {std::pair<int64_t, int64_t>{20, 76},
                            {130, 80},
                            {9, 77},
                            {9, 78},
                            {5, 76}})
      checkInAllModes({noise(m * k, 1, 1, type), noise(n * k, 2, 1, type),
                       noise(m * pitch, 4, 1, type),
                       noise(std::max<int64_t>(m, 8), 5), noise(3 * n, 6),
                       integers(ElementType::Bool, mask),
                       integers(ElementType::I64, index)},
                      {m, pitch}, tolerance());
  }
}

/// 0 * inf and what a NaN meets stay in their rows and columns.
TEST_P(CudaLinearTypes, ValuesThatAreNotFinite) {
  loadLinear(24, 40);
  for (int64_t m : {3, 13, 30}) {
    Tensor a = noise(m * k, 1, 1, type), w = noise(n * k, 2, 1, type);
    a.setNumber(k + 5, INFINITY);
    a.setNumber(2 * k + 39, NAN);
    w.setNumber(4 * k + 5, 0);
    w.setNumber(7 * k + 1, -INFINITY);
    std::vector<int64_t> scalars{m, k};
    if (isSplit)
      scalars.push_back(parts);
    check({a, w, noise(n, 3), noise(m / 2 * n, 4, 1, type)}, scalars,
          tolerance());
  }
}

} // namespace
