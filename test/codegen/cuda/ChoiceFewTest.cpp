// How few rows on tensor cores are cut, and how many of them are few.
#include "codegen/cuda/Choice.h"

#include <gtest/gtest.h>

using namespace ingot::cuda;

namespace {

struct Weight {
  int64_t n, k;
};
constexpr Weight kWeights[] = {{768, 768},   {2304, 768},  {768, 3072},
                               {768, 12288}, {1024, 4096}, {4096, 14336},
                               {50257, 768}, {64, 64},     {1, 1}};

LinearProblem problemOf(int64_t n, int64_t k, int64_t m) {
  return {m, n, k, Math::Half, 16, 16};
}

/// As many tiles of eight columns as have the busiest multiprocessor read the
/// least, with A as one more tile each time, of 32 rows as two. Of an H200
/// those that were fastest.
TEST(CudaChoiceFew, ColumnsOfFewRows) {
  auto tiles = [](int64_t columns, const Chip &chip) {
    return FewRows::of(columns, chip).tiles;
  };
  const Chip &a100 = referenceChip(), &h100 = hopperChip();
  EXPECT_EQ(tiles(768, a100), 1); // 96 blocks
  EXPECT_EQ(tiles(768, h100), 1);
  EXPECT_EQ(tiles(2304, h100), 3);  // 96
  EXPECT_EQ(tiles(3072, a100), 4);  // 96
  EXPECT_EQ(tiles(3072, h100), 3);  // 128
  EXPECT_EQ(tiles(4096, h100), 4);  // 128
  EXPECT_EQ(tiles(4096, a100), 3);  // two each
  EXPECT_EQ(tiles(6144, h100), 3);  // two each
  EXPECT_EQ(tiles(11008, h100), 4); // three; of single tiles eleven
  EXPECT_EQ(tiles(28672, h100), 4);
  EXPECT_EQ(tiles(1, h100), 1);
  for (int64_t columns = 1; columns < 70000; columns += 97) {
    for (int64_t rows : {16, 32}) {
      int64_t most = 0;
      for (const Chip *chip : {&a100, &h100}) {
        FewRows few = FewRows::of(columns, *chip, rows);
        most = std::max(most, few.blocks(columns));
        auto reads = [&](FewRows other) {
          return (other.blocks(columns) + chip->multiprocessors - 1) /
                 chip->multiprocessors * (other.tiles + rows / 16);
        };
        for (int64_t other = 1; other <= 4; ++other)
          EXPECT_LE(reads(few), reads({other, rows}));
        LinearProblem problem = problemOf(columns, 768, rows);
        EXPECT_LE(few.sharedBytes(problem, 8), (chip == &a100 ? 99u : 227u)
                                                   << 10);
        EXPECT_LE(few.sharedBytes(problem, 12), 227u << 10);
      }
      LinearProblem problem = problemOf(columns, 768, rows);
      EXPECT_EQ(FewRows::mostBlocks(problem), most);
    }
  }
}

/// Up to 32 rows stream the weights where tiles would take longer: not where A,
/// which each block reads, is far more than its weights.
TEST(CudaChoiceFew, MoreRows) {
  const Chip &a100 = referenceChip(), &h100 = hopperChip();
  auto tiles = [](Weight weight, const Chip &chip, int64_t m = -1) {
    std::optional<FewRows> more =
        FewRows::ofMore(problemOf(weight.n, weight.k, m), chip);
    return more ? more->tiles : 0;
  };
  for (const Chip *chip : {&a100, &h100}) {
    EXPECT_EQ(tiles({768, 768}, *chip), 1);
    EXPECT_EQ(tiles({768, 3072}, *chip), 1);
    EXPECT_EQ(tiles({4096, 14336}, *chip), chip == &a100 ? 3 : 4);
    EXPECT_EQ(tiles({768, 12288}, *chip), 0);
    // Fewer rows are less of A.
    EXPECT_EQ(tiles({768, 12288}, *chip, 17), 1);
    EXPECT_EQ(tiles({768, 768}, *chip, 16), 0);
    EXPECT_EQ(tiles({768, 768}, *chip, 32), 1);
    EXPECT_EQ(tiles({768, 768}, *chip, 33), 0);
  }
  // One wave of 48 columns, four of 56.
  EXPECT_EQ(tiles({6144, 4096}, h100), 6);
  EXPECT_EQ(tiles({28672, 4096}, h100), 7);
  EXPECT_EQ(tiles({28672, 4096}, a100), 4);
  EXPECT_FALSE(FewRows::ofMore({-1, 768, 768, Math::TF32, 32, 32}, h100));
  EXPECT_FALSE(FewRows::ofMore(problemOf(768, 33, -1), h100));
  EXPECT_FALSE(FewRows::ofMore({-1, 4096, 4096, Math::E4M3, 8, 16}, h100));
  // Plans and stubs agree, whether there is a workspace.
  for (Weight weight : kWeights)
    for (int64_t m : {-1, 17, 24, 32})
      for (const Chip *chip : {&a100, &h100}) {
        LinearProblem problem = problemOf(weight.n, weight.k, m);
        problem.canSplit = false;
        std::optional<FewRows> more = FewRows::ofMore(problem, *chip);
        EXPECT_EQ(more ? more->tiles : 0, tiles(weight, *chip, m));
        // Where M is a number, so does Hopper's choice.
        if (m >= 0 && problem.isWide()) {
          EXPECT_EQ(chooseHopperLinear(problem).has_value(),
                    !FewRows::ofMore(problem, h100));
        }
      }
}

} // namespace
