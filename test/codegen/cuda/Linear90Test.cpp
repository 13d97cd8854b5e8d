// linear kernels for Hopper: over TMA and wgmma where that can be, tiles, parts
// of K, and what stays as it was.
#include "test/codegen/cuda/LinearTest.h"

using namespace ingot;
using namespace ingot::test;

namespace {

class CudaLinear90 : public CudaLinearTypes {
protected:
  CudaLinear90() { arch = "sm_90a"; }
  bool usesTma() const {
    return emulator::statistic("loads") + emulator::statistic("multicasts") > 0;
  }
};
INSTANTIATE_TEST_SUITE_P(Main, CudaLinear90,
                         testing::Values(LinearTypes{F16, F32}), nameOfTypes);
INSTANTIATE_TEST_SUITE_P(Rest, CudaLinear90,
                         testing::Values(LinearTypes{BF16, BF16},
                                         LinearTypes{BF16, F32},
                                         LinearTypes{F16, F16},
                                         LinearTypes{BF16, F16}),
                         nameOfTypes);

/// What is chosen, which asks little of the type. CI has each test in one.
class CudaLinear90Choice : public CudaLinear90 {};
INSTANTIATE_TEST_SUITE_P(Main, CudaLinear90Choice,
                         testing::Values(LinearTypes{BF16, BF16}), nameOfTypes);
INSTANTIATE_TEST_SUITE_P(Rest, CudaLinear90Choice,
                         testing::Values(LinearTypes{F16, F32},
                                         LinearTypes{BF16, F32},
                                         LinearTypes{F16, F16},
                                         LinearTypes{BF16, F16}),
                         nameOfTypes);

TEST_P(CudaLinear90, AnyRows) {
  loadLinear(72, 200);
  EXPECT_EQ(printed.choice,
            "few rows up to 16, 8 columns a block; few rows up to 32, 8 "
            "columns a block; wgmma 128x64");
  for (int64_t m : {1, 8, 9, 16, 17, 24, 25, 31, 32})
    checkRows(m, 0, m == 9 || m == 25);
  EXPECT_FALSE(usesTma());
  checkRows(0);
  checkRows(33, 0, true);
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
TEST_P(CudaLinear90Choice, TheTileThatTakesLeast) {
  loadLinear(264, 72, "300");
  EXPECT_EQ(printed.choice, "wgmma 128x64");
  checkRows(300, 0, true, {4, 1, 1});
  loadLinear(1024, 64);
  EXPECT_EQ(printed.choice, "few rows up to 16, 8 columns a block; few rows up "
                            "to 32, 8 columns a block; wgmma 128x64; 128x128; "
                            "128x192");
  struct Case {
    int64_t m;
    unsigned blocks;
    uint64_t tiles;
  };
  // One wave of 64, of 128, of 192 columns.
  for (Case c : {Case{40, 16, 16}, {40, 8, 8}, {130, 16, 16}, {40, 6, 6}}) {
    uint64_t before = emulator::statistic("loads");
    checkRows(c.m, 0, false, {c.blocks, 1, 1});
    EXPECT_EQ(emulator::statistic("loads") - before, 2 * c.tiles)
        << c.m << " rows, " << c.blocks << " blocks";
  }
}

/// Few tiles: K in as many parts as there are blocks for, or fewer; in turns
/// where those are none.
TEST_P(CudaLinear90, Parts) {
  isSplit = true;
  loadLinear(136, 1024);
  EXPECT_EQ(printed.choice, "few rows up to 16, 8 columns a block; few rows up "
                            "to 32, 8 columns a block; wgmma 128x64, K in up "
                            "to 8 parts; 128x64 in turns; 128x96 in turns");
  for (unsigned blocks : {2, 9, 24}) {
    checkRows(40, 0, blocks == 9, {blocks, 1, 1});
    checkRows(130, 8, false, {blocks, 1, 1});
  }
  checkRows(0, 0, false, {24, 1, 1});
  for (int64_t m : {8, 20})
    checkRows(m, 0, false, {24, 1, 1});
  checkRows(33, 3, false, {24, 1, 1}); // not by TMA
}

/// What TMA cannot take: rows at other addresses than multiples of 16, pitches
/// that are none.
TEST_P(CudaLinear90, WithoutTma) {
  loadLinear(72, 200);
  checkRows(65, 3, true);
  for (int64_t m : {5, 12, 20})
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

TEST_P(CudaLinear90Choice, WhatStaysAsItWas) {
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

/// In pairs: whole ones also where there are fewer tiles than blocks, and all
/// else by the same grid.
TEST_F(CudaLinear, InPairsByARecord) {
  arch = "sm_90a";
  type = outType = BF16;
  record = llvm::cantFail(cuda::parseTuningRecord(R"({
    "architecture": "sm_90a", "measured": "made up for this test",
    "linear": [{"type": "bf16", "tiles": [
      [64, 1000, 2000], ["256 in pairs", 4000, 1000]]}]})",
                                                  "test"));
  loadLinear(264, 328);
  EXPECT_EQ(printed.choice, "few rows up to 16, 8 columns a block; few rows up "
                            "to 32, 8 columns a block; wgmma 128x64; 128x256 "
                            "in pairs");
  EXPECT_EQ(printed.cluster, 2u);
  EXPECT_EQ(printed.mostParts % 2, 0);
  auto loads = [] { return emulator::statistic("loads"); };
  checkRows(5, 0, false, {2, 1, 1});
  EXPECT_EQ(loads(), 0u);
  // Four pairs of tiles of six slabs: A of each, and of W a half for both; one
  // wave of tiles of 64.
  checkRows(300, 0, false, {2, 1, 1});
  EXPECT_EQ(loads(), 8u * 6);
  EXPECT_EQ(emulator::statistic("multicasts"), 8u * 6);
  checkRows(33, 0, false, {6, 1, 1});
  EXPECT_EQ(loads(), 8u * 6 + 5 * 6 * 2);
  checkRows(600, 8, true, {4, 1, 1});
  checkRows(65, 3, false, {4, 1, 1}); // not by TMA
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
  EXPECT_EQ(printed.choice, "few rows up to 16, 8 columns a block; few rows up "
                            "to 32, 8 columns a block; wgmma 128x64; 128x128 "
                            "in turns");
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
  for (Case c : {Case{300, 1, 9}, {130, 4, 6}, {33, 5, 5}}) {
    uint64_t before = loads();
    checkRows(c.m, 0, false, {c.blocks, 1, 1});
    EXPECT_EQ(loads() - before, 2 * 6 * c.tiles) << c.m << " rows";
  }
  checkRows(300, 8, true, {2, 1, 1});
  uint64_t before = loads();
  checkRows(65, 3); // not by TMA
  EXPECT_EQ(loads(), before);
}

} // namespace
