// Which kernel and tile the cost model takes for shapes of BERT and GPT-2, and
// that it promises nothing a chip cannot do.
#include "codegen/cuda/Choice.h"
#include "passes/lower/LoweringTarget.h"

#include <gtest/gtest.h>

using namespace ingot::cuda;

namespace {

constexpr LinearKernel kKernels[] = {
    LinearKernel::FewRows, LinearKernel::Tile64, LinearKernel::Tile128};
constexpr int64_t kRows[] = {0,  1,  2,   8,   9,   16,  17,   63,
                             64, 65, 128, 129, 511, 512, 1000, 4096};
struct Weight {
  int64_t n, k;
};
// BERT-base's projections, both halves of its feed-forward, GPT-2's logits, one
// that several widths would share K of, and what no tile fits.
constexpr Weight kWeights[] = {{768, 768},  {2304, 768},  {3072, 768},
                               {768, 3072}, {50257, 768}, {1280, 4096},
                               {64, 64},    {1, 1},       {72, 33}};

LinearProblem problemOf(Weight weight, Math math, int64_t m = -1) {
  unsigned bits = math == Math::Half ? 16 : 32;
  return {m, weight.n, weight.k, math, bits, bits};
}

template <typename Check>
void forAllLinears(Check check) {
  for (Math math : {Math::Half, Math::TF32, Math::F32})
    for (Weight weight : kWeights)
      for (int64_t m : kRows) {
        SCOPED_TRACE(testing::Message()
                     << "math " << int(math) << " m " << m << " n " << weight.n
                     << " k " << weight.k);
        check(problemOf(weight, math), m);
      }
}

TEST(CudaChoice, ReferenceChipHasItsPublishedPeaks) {
  const Chip &chip = referenceChip();
  double perRate = 2 * chip.hertz * double(chip.multiprocessors);
  EXPECT_NEAR(perRate * chip.products16, 312e12, 1e12);
  EXPECT_NEAR(perRate * chip.productsTf32, 156e12, 1e12);
  EXPECT_NEAR(perRate * chip.productsF32, 19.5e12, 0.1e12);
}

TEST(CudaChoice, HopperHasItsPublishedPeaks) {
  const Chip &chip = hopperChip();
  double perRate = 2 * chip.hertz * double(chip.multiprocessors);
  EXPECT_NEAR(perRate * chip.products16, 989.4e12, 1e12);
  EXPECT_NEAR(perRate * chip.productsTf32, 494.7e12, 1e12);
  EXPECT_NEAR(perRate * chip.products8, 1978.9e12, 1e12);
}

TEST(CudaChoice, HopperTiles) {
  forAllLinears([](LinearProblem problem, int64_t m) {
    for (int64_t known : {m, int64_t(-1)}) {
      problem.m = known;
      std::optional<HopperLinear> choice = chooseHopperLinear(problem);
      bool isFor = problem.math != Math::F32 && problem.isWide() &&
                   (known < 0 || known > FewRows::most(problem, hopperChip()));
      ASSERT_EQ(choice.has_value(), isFor);
      if (!choice)
        continue;
      EXPECT_LE(choice->sharedBytes, 227u << 10);
      EXPECT_EQ(std::max(choice->fewTiles, choice->fewWarps) > 0, known < 0);
      EXPECT_EQ(choice->fewTiles > 0, known < 0 && problem.math == Math::Half);
      EXPECT_LE(choice->moreTiles > 0, choice->fewTiles > 0);
      EXPECT_LE(choice->tiles.size(), known < 0 ? kMostHopperTiles : 1);
      int64_t wideInParts = 0; // two of them spill
      for (const HopperTile &tile : choice->tiles) {
        EXPECT_TRUE(
            tile.form == HopperForm::Alone ||
            (tile.form == HopperForm::Turns && problem.math == Math::Half));
        wideInParts += tile.columns > 64 && !tile.parts.empty();
      }
      EXPECT_LE(wideInParts, 1);
      EXPECT_GE(choice->estimate.seconds, choice->estimate.arithmeticSeconds);
      EXPECT_NE(choice->estimate.text("M").find("on an H100"),
                std::string::npos);
    }
  });
}

/// Totals leave no registers for more than 128 columns, and there is nothing in
/// turns; few rows alone need no tile.
TEST(CudaChoice, TilesOfE4m3) {
  for (int64_t m : {-1, 1, 128, 8192}) {
    SCOPED_TRACE(m);
    LinearProblem problem{m, 4096, 4096, Math::E4M3, 8, 16};
    std::optional<HopperLinear> choice = chooseHopperLinear(problem);
    ASSERT_TRUE(choice);
    EXPECT_EQ(choice->fewTiles, m <= 16 ? 4 : 0);
    EXPECT_EQ(choice->moreTiles, 0);
    EXPECT_EQ(choice->fewWarps, 0);
    EXPECT_EQ(choice->tiles.empty(), m == 1);
    EXPECT_LE(choice->sharedBytes, 227u << 10);
    EXPECT_EQ(choice->text() == "few rows, 32 columns a block", m == 1);
    for (const HopperTile &tile : choice->tiles)
      EXPECT_TRUE(tile.columns <= 128 && tile.form == HopperForm::Alone);
    EXPECT_GE(choice->estimate.seconds, choice->estimate.arithmeticSeconds);
    EXPECT_EQ(choice->estimate.limit == "tensor cores", m == 8192);
  }
}

/// The best measured on an H200, or within 5 %.
TEST(CudaChoice, HopperTilesOfBertAndLlama) {
  using Way = std::tuple<int64_t, bool, int64_t>;
  auto wayOf = [](Weight weight, int64_t m, int64_t known) {
    HopperWay way =
        chooseHopperLinear(problemOf(weight, Math::Half, known))->at(m);
    return Way(way.columns, way.form == HopperForm::Turns, way.parts);
  };
  auto at = [&](Weight weight, int64_t m) { return wayOf(weight, m, -1); };
  Weight square{768, 768}, narrow{3072, 768}, deep{768, 3072},
      large{4096, 4096};
  EXPECT_EQ(at(square, 1024), Way(64, false, 1));
  EXPECT_EQ(at(square, 1536), Way(96, true, 1));
  EXPECT_EQ(at(square, 4096), Way(192, false, 1));
  EXPECT_EQ(at(narrow, 256), Way(64, false, 1));
  EXPECT_EQ(at(narrow, 1536), Way(96, true, 1));
  EXPECT_EQ(at(narrow, 4096), Way(192, false, 1));
  EXPECT_EQ(at(deep, 128), Way(96, false, 8));
  EXPECT_EQ(at(deep, 768), Way(64, true, 1));
  EXPECT_EQ(at(deep, 1024), Way(64, true, 1));
  EXPECT_EQ(at(deep, 4096), Way(192, false, 1));
  EXPECT_EQ(wayOf(deep, 384, 384), Way(64, false, 3));
  EXPECT_EQ(wayOf(deep, 2048, 2048), Way(96, true, 1));
  EXPECT_EQ(at(large, 256), Way(64, true, 1));
  EXPECT_EQ(at(large, 512), Way(128, false, 1));
  EXPECT_EQ(at(large, 1024), Way(256, false, 1));
  EXPECT_EQ(at(large, 8192), Way(256, false, 1));
  // Costs of a number of rows are those of the symbol.
  Weight both{1024, 4096};
  for (int64_t m : {33, 512, 1024}) {
    std::optional<HopperLinear> known =
        chooseHopperLinear(problemOf(both, Math::Half, m));
    ASSERT_EQ(known->tiles.size(), 1u);
    EXPECT_EQ(wayOf(both, m, m), at(both, m));
    EXPECT_EQ(known->mostParts() > 1, known->at(m).parts > 1);
    EXPECT_EQ(known->tiles[0].form == HopperForm::Turns, m == 1024);
  }
}

TEST(CudaChoice, NoEstimateIsBelowItsBounds) {
  forAllLinears([](LinearProblem problem, int64_t m) {
    for (LinearKernel kernel : kKernels) {
      Estimate e = estimateLinear(problem, kernel, m);
      EXPECT_GE(e.seconds, e.arithmeticSeconds);
      EXPECT_GE(e.seconds, e.memorySeconds);
      EXPECT_GE(e.seconds, e.wavesSeconds);
      EXPECT_GT(e.memorySeconds, 0);
      EXPECT_FALSE(e.limit.empty());
    }
  });
}

TEST(CudaChoice, MoreRowsTakeNoLess) {
  for (LinearKernel kernel : kKernels) {
    double last = 0;
    forAllLinears([&](LinearProblem problem, int64_t m) {
      double now = estimateLinear(problem, kernel, m).seconds;
      EXPECT_TRUE(m == kRows[0] || now >= last);
      last = now;
    });
  }
}

TEST(CudaChoice, NoOtherKernelIsMuchFaster) {
  forAllLinears([](LinearProblem problem, int64_t m) {
    if (m == 0)
      return; // nothing to do, whoever does it
    bool isAligned = problem.k * problem.bits / 8 % 16 == 0;
    for (int64_t known : {int64_t(-1), m}) {
      problem.m = known;
      LinearChoice choice = chooseLinear(problem);
      LinearKernel taken = choice.kernelAt(m);
      int64_t parts = taken == LinearKernel::FewRows  ? choice.fewWarps
                      : taken == LinearKernel::Tile64 ? choice.partsAt(m)
                                                      : 1;
      double seconds = estimateLinear(problem, taken, m, parts).seconds;
      double slack = known < 0 ? 1.125 : 1;
      if (taken == LinearKernel::FewRows) {
        EXPECT_LE(seconds,
                  estimateLinear(problem, LinearKernel::Tile64, m).seconds);
      } else if (taken == LinearKernel::Tile128) {
        EXPECT_LE(seconds,
                  slack *
                      estimateLinear(problem, LinearKernel::Tile64, m).seconds);
      } else if (known >= 0 && isAligned && problem.n > 64) {
        EXPECT_LE(seconds,
                  estimateLinear(problem, LinearKernel::Tile128, m).seconds);
      }
    }
  });
}

TEST(CudaChoice, TilesOfBert) {
  auto taken = [](Weight weight, int64_t m) {
    return chooseLinear(problemOf(weight, Math::Half, m)).kernelAt(m);
  };
  for (Weight weight :
       {Weight{768, 768}, {2304, 768}, {3072, 768}, {768, 3072}}) {
    SCOPED_TRACE(testing::Message() << "n " << weight.n << " k " << weight.k);
    EXPECT_EQ(taken(weight, 1), LinearKernel::FewRows);
    EXPECT_EQ(taken(weight, 16), LinearKernel::FewRows);
    EXPECT_EQ(taken(weight, 32), LinearKernel::FewRows);
    EXPECT_EQ(taken(weight, 33), LinearKernel::Tile64);
    EXPECT_EQ(taken(weight, 128), LinearKernel::Tile64);
    EXPECT_EQ(taken(weight, 32 * 128), LinearKernel::Tile128);
  }
  EXPECT_EQ(taken({50257, 768}, 128), LinearKernel::Tile128);
}

TEST(CudaChoice, WhatLimits) {
  auto limit = [](Weight weight, int64_t m, Math math) {
    return chooseLinear(problemOf(weight, math, m)).estimate.limit;
  };
  EXPECT_EQ(limit({50257, 768}, 1, Math::Half), "memory");
  EXPECT_EQ(limit({768, 40}, 33, Math::Half), "waves");
  EXPECT_EQ(limit({8192, 8192}, 8192, Math::Half), "tensor cores");
  EXPECT_EQ(limit({8192, 8192}, 8192, Math::F32), "FMA units");
}

TEST(CudaChoice, OnlyWhatMayRunIsThere) {
  // Rows that are a number: one tile.
  LinearChoice one = chooseLinear(problemOf({3072, 768}, Math::Half, 1));
  EXPECT_TRUE(one.few && !one.many);
  EXPECT_EQ(one.text(), "few rows, 32 columns a block");
  // Three steps of 32 columns and 16 rows, 64 bytes each; sums.
  EXPECT_EQ(one.sharedBytes, 8u * (3 * (32 + 16) * 64 + 16 * 32 * 4));
  // Two steps of 32 columns and 32 rows; sums of 16 rows.
  LinearChoice more = chooseLinear(problemOf({3072, 768}, Math::Half, 17));
  EXPECT_TRUE(more.isFewAlone());
  EXPECT_EQ(more.text(), one.text());
  EXPECT_EQ(more.sharedBytes, 8u * (2 * (32 + 32) * 64 + 16 * 32 * 4));
  LinearChoice plain = chooseLinear(problemOf({3072, 768}, Math::F32, 1));
  EXPECT_EQ(plain.text(), "few rows");
  EXPECT_EQ(plain.sharedBytes, 0u);
  LinearChoice few = chooseLinear(problemOf({3072, 768}, Math::Half, 128));
  EXPECT_EQ(few.text(), "64x64");
  EXPECT_EQ(few.sharedBytes, 4u * (64 + 64) * 128);
  LinearChoice many = chooseLinear(problemOf({3072, 768}, Math::Half, 4096));
  EXPECT_EQ(many.text(), "128x128");
  EXPECT_EQ(many.sharedBytes, 3u * (128 + 128) * 128);
  // Rows that are none: estimated for 128.
  LinearChoice any = chooseLinear(problemOf({3072, 768}, Math::Half));
  EXPECT_TRUE(any.few && any.many);
  EXPECT_EQ(any.rows, kTypicalRows);
  EXPECT_EQ(any.text(), "few rows up to 16, 32 columns a block; "
                        "few rows up to 32, 32 columns a block; "
                        "64x64, K in up to 2 parts; 128x128 from M " +
                            std::to_string(any.largeFrom));
  EXPECT_EQ(any.kernelAt(any.largeFrom - 1), LinearKernel::Tile64);
  EXPECT_EQ(any.kernelAt(any.largeFrom), LinearKernel::Tile128);
  // Narrow or unaligned weights have no large tiles.
  for (Weight weight : {Weight{64, 64}, {72, 33}})
    EXPECT_EQ(chooseLinear(problemOf(weight, Math::Half)).largeFrom, 0);
}

AttentionProblem attention(int64_t batch, int64_t queries, int64_t keys,
                           int64_t d, Math math) {
  return {
      batch, 12, queries, keys, 1, d, d, math, math == Math::Half ? 16u : 32u};
}

TEST(CudaChoice, AttentionFitsIntoSharedMemory) {
  for (Math math : {Math::Half, Math::TF32, Math::F32})
    for (int64_t d = 1; d <= 512; ++d) {
      AttentionChoice choice = chooseAttention(attention(1, 128, 128, d, math));
      SCOPED_TRACE(testing::Message() << "math " << int(math) << " d " << d);
      // What one block may have on sm_86, the least of our targets.
      EXPECT_LE(choice.sharedBytes, 99 << 10);
      EXPECT_EQ(choice.threads % 32, 0);
    }
}

TEST(CudaChoice, AttentionTiles) {
  auto text = [](int64_t d, Math math) {
    return chooseAttention(attention(-1, -1, -1, d, math)).text();
  };
  std::string parts = ", keys in up to 9 parts";
  EXPECT_EQ(text(64, Math::Half),
            "64 queries by 64 keys on tensor cores" + parts);
  EXPECT_EQ(text(256, Math::Half),
            "64 queries by 32 keys on tensor cores" + parts);
  EXPECT_EQ(text(128, Math::TF32),
            "64 queries by 32 keys on tensor cores" + parts);
  EXPECT_EQ(text(160, Math::TF32),
            "32 queries by 16 keys on FMA units" + parts);
  EXPECT_EQ(text(64, Math::F32), "64 queries by 64 keys on FMA units" + parts);
}

TEST(CudaChoice, HopperAttention) {
  for (Math math : {Math::Half, Math::TF32, Math::F32})
    for (int64_t d = 1; d <= 512; ++d)
      for (int64_t length : {-1, 1, 2048}) {
        AttentionProblem problem = attention(4, length, length, d, math);
        std::optional<ingot::cuda::HopperAttention> choice =
            chooseHopperAttention(problem);
        SCOPED_TRACE(testing::Message() << "math " << int(math) << " d " << d);
        ASSERT_EQ(choice.has_value(),
                  math == Math::Half && d % 16 == 0 && d >= 32 && d <= 256);
        if (!choice)
          continue;
        EXPECT_LE(choice->sharedBytes, 227u << 10);
        EXPECT_GE(choice->columns, d);
        EXPECT_GE(choice->estimate.seconds, choice->estimate.arithmeticSeconds);
      }
  auto text = [](int64_t d, int64_t dv) {
    AttentionProblem problem = attention(-1, -1, -1, d, Math::Half);
    problem.dv = dv;
    auto choice = chooseHopperAttention(problem);
    return choice ? choice->text() : "";
  };
  std::string parts = ", keys in up to 9 parts",
              two = ", up to 2 tasks a block";
  EXPECT_EQ(text(64, 64), "wgmma, 128 queries by 128 keys" + parts + two);
  EXPECT_EQ(text(192, 128), "wgmma, 128 queries by 96 keys" + parts + two);
  EXPECT_EQ(text(256, 256), "wgmma, 128 queries by 64 keys" + parts + two);
  EXPECT_EQ(text(64, 60), ""); // rows of 120 bytes
}

/// More short tasks than multiprocessors: two a block take half of the waves.
TEST(CudaChoice, TwoShortTasksABlock) {
  auto of = [](int64_t batch, int64_t queries) {
    return *chooseHopperAttention(
        attention(batch, queries, 128, 64, Math::Half));
  };
  EXPECT_EQ(of(100, 64).text(),
            "wgmma, 128 queries by 128 keys, 2 tasks a block");
  EXPECT_EQ(of(100, 65).text(), "wgmma, 128 queries by 128 keys");
  EXPECT_FALSE(of(1, 64).isTwo);
  EXPECT_EQ(of(100, 64).estimate.waves, 5);
  EXPECT_EQ(of(100, 65).estimate.waves, 10);
  EXPECT_LT(of(100, 64).estimate.seconds, of(100, 65).estimate.seconds);
}

/// Heads of a group lie in one tile where their rows then take fewer: keys are
/// read once, and there is room for more parts.
TEST(CudaChoice, HeadsTogether) {
  auto grouped = [](int64_t batch, int64_t queries, int64_t group) {
    AttentionProblem problem = attention(batch, queries, 4096, 128, Math::Half);
    problem.heads = 32, problem.group = group;
    return problem;
  };
  for (int64_t group : {1, 2, 4, 8, 32})
    for (int64_t queries : {1, 16, 17, 64, 100, 128, 1000})
      for (int64_t rows : {64, 128}) {
        AttentionProblem problem = grouped(1, queries, group);
        int64_t alone = 32 * ((queries + rows - 1) / rows);
        EXPECT_EQ(problem.packs(rows), problem.tasks(rows) < alone);
        EXPECT_LE(problem.tasks(rows), alone);
      }
  AttentionChoice one = chooseAttention(grouped(1, 1, 1)),
                  four = chooseAttention(grouped(1, 1, 4));
  EXPECT_EQ(one.text(),
            "64 queries by 64 keys on tensor cores, keys in 3 parts");
  EXPECT_EQ(four.text(), "64 queries by 64 keys on tensor cores, 4 heads a "
                         "tile, keys in 13 parts");
  EXPECT_LT(four.estimate.seconds, one.estimate.seconds / 3);
  auto hopper = chooseHopperAttention(grouped(-1, -1, 8));
  ASSERT_TRUE(hopper);
  EXPECT_EQ(hopper->text(), "wgmma, 128 queries by 128 keys, up to 8 heads a "
                            "tile, keys in up to 22 parts, up to 2 tasks a "
                            "block");
  EXPECT_FALSE(chooseHopperAttention(grouped(1, 128, 4))->packs);
  ingot::ExprPool pool;
  for (int64_t queries : {1, 40, 300})
    EXPECT_EQ(*pool.constantInt(
                  four.tasks(pool, pool.integer(3), pool.integer(queries))),
              grouped(3, queries, 4).tasks(64));
}

TEST(CudaChoice, AttentionEstimates) {
  double last = 0;
  for (int64_t length : {1, 16, 64, 65, 128, 512, 2048}) {
    SCOPED_TRACE(testing::Message() << "length " << length);
    for (Math math : {Math::F32, Math::TF32, Math::Half}) {
      Estimate e =
          chooseAttention(attention(8, length, length, 64, math)).estimate;
      EXPECT_GE(e.seconds, e.arithmeticSeconds);
      EXPECT_GE(e.seconds, e.memorySeconds);
      if (math == Math::Half) {
        EXPECT_GE(e.seconds, last);
        last = e.seconds;
      }
    }
  }
  AttentionChoice any = chooseAttention(attention(-1, -1, -1, 64, Math::Half));
  EXPECT_EQ(any.estimated.batch, 1);
  EXPECT_EQ(any.estimated.queries, kTypicalRows);
  EXPECT_EQ(any.estimated.keys, kTypicalRows);
  // 12 heads of one query: 12 blocks, 63 of whose 64 rows are idle.
  EXPECT_EQ(
      chooseAttention(attention(1, 1, 128, 64, Math::Half)).estimate.limit,
      "waves");
}

/// K in parts: where there are fewer tiles than multiprocessors, never more
/// than fill those, and where it takes less.
TEST(CudaChoice, PartsOfK) {
  forAllLinears([](LinearProblem problem, int64_t m) {
    for (int64_t known : {int64_t(-1), m}) {
      problem.m = known;
      LinearChoice choice = chooseLinear(problem);
      int64_t parts = choice.partsAt(m);
      EXPECT_LE(parts, choice.mostParts);
      if (parts == 1)
        continue;
      EXPECT_GT(m, choice.fewRows);
      EXPECT_EQ(choice.kernelAt(m), LinearKernel::Tile64);
      auto at = [&](int64_t count) {
        return estimateLinear(problem, LinearKernel::Tile64, m, count);
      };
      EXPECT_LE(at(parts).blocks, referenceChip().multiprocessors);
      EXPECT_LE(at(1).blocks, mostSharedTasks());
      EXPECT_LT(at(parts).wavesSeconds, at(1).wavesSeconds);
      // No other number is much better.
      for (int64_t other = 1; other <= parts; ++other)
        EXPECT_LT(at(parts).wavesSeconds, 1.25 * at(other).wavesSeconds);
      ingot::ExprPool pool;
      ingot::Expr rows = pool.integer(m);
      EXPECT_LE(parts * m * problem.n,
                *pool.constantInt(choice.partialSums(pool, rows)));
      EXPECT_GE(*pool.constantInt(choice.blocks(pool, rows)), at(parts).blocks);
    }
  });
  auto text = [](Weight weight, int64_t m, Math math) {
    return chooseLinear(problemOf(weight, math, m)).text();
  };
  EXPECT_EQ(text({768, 3072}, 33, Math::Half), "64x64, K in 8 parts");
  EXPECT_EQ(text({768, 3072}, 64, Math::Half), "64x64, K in 8 parts");
  EXPECT_EQ(text({3072, 768}, 33, Math::Half), "64x64, K in 2 parts");
  EXPECT_EQ(text({50257, 768}, 33, Math::Half), "128x128");
  LinearProblem without = problemOf({768, 3072}, Math::Half, 33);
  without.canSplit = false;
  EXPECT_EQ(chooseLinear(without).text(), "64x64");
  LinearChoice any = chooseLinear(problemOf({768, 3072}, Math::Half));
  EXPECT_EQ(any.text(),
            "few rows up to 16, 8 columns a block; few rows up to 32, 8 "
            "columns a block; 64x64, K in up to 8 parts; 128x128 from M " +
                std::to_string(any.largeFrom));
  EXPECT_EQ(any.partsAt(32), 1);
  EXPECT_EQ(any.partsAt(33), 8);
  EXPECT_EQ(any.partsAt(65), 4);
  EXPECT_EQ(any.partsAt(512), 1);
}

TEST(CudaChoice, WarpsAlongKOfFewRows) {
  auto warps = [](Weight weight, int64_t m) {
    return chooseLinear(problemOf(weight, Math::F32, m)).fewWarps;
  };
  EXPECT_EQ(warps({768, 3072}, 1), 2); // 96 blocks
  EXPECT_EQ(warps({64, 3072}, 1), 8);  // 32
  EXPECT_EQ(warps({64, 64}, 1), 1);    // not a load for each lane
  EXPECT_EQ(warps({50257, 768}, 1), 1);
}

TEST(CudaChoice, PartsOfKeys) {
  auto parts = [](int64_t batch, int64_t queries, int64_t keys, Math math,
                  int64_t d = 64) {
    int64_t known =
        chooseAttention(attention(batch, queries, keys, d, math)).mostParts;
    // At run time no fewer, but parts without a key.
    EXPECT_LE(known, chooseAttention(attention(-1, -1, -1, d, math))
                         .partsAt(batch, queries, keys));
    return known;
  };
  for (Math math : {Math::Half, Math::TF32, Math::F32}) {
    EXPECT_EQ(parts(1, 1, 64, math), 1);
    EXPECT_EQ(parts(1, 1, 1024, math), 8); // two of 16 tiles each
    EXPECT_EQ(parts(1, 4, 4096, math), 8);
    EXPECT_EQ(parts(4, 1, 1024, math), 2); // 48 heads
    EXPECT_EQ(parts(16, 1, 4096, math), 1);
    EXPECT_EQ(parts(1, 1024, 1024, math), 1);
    // To add up many rows takes longer than few keys.
    EXPECT_EQ(parts(1, 128, 128, math), 1);
    EXPECT_EQ(parts(1, 197, 197, math), 1);
    EXPECT_EQ(parts(0, 1, 1024, math), parts(1, 0, 1024, math));
  }
  AttentionProblem decode = attention(1, 1, 4096, 64, Math::Half);
  Estimate shared = chooseAttention(decode).estimate;
  decode.canSplit = false;
  Estimate alone = chooseAttention(decode).estimate;
  EXPECT_EQ(alone.limit, "waves");
  EXPECT_EQ(shared.limit, "memory");
  EXPECT_LT(shared.wavesSeconds, alone.wavesSeconds / 4);
  EXPECT_EQ(chooseAttention(decode).mostParts, 1);
  EXPECT_LE(shared.blocks, referenceChip().multiprocessors);
}

/// Grids of plans for GPUs count what the smallest tiles take.
TEST(CudaChoice, PlansCountTheSameTiles) {
  auto target = ingot::LoweringTarget::cuda(/*besideX86=*/false);
  for (int64_t width : {1, 64, 128, 129, 256, 257, 512})
    EXPECT_EQ(target.attentionRows(width),
              chooseAttention(attention(1, 1, 1, width, Math::F32)).rows);
  ingot::LinearTasks tasks = target.linearTasks(3072);
  Estimate tiles = estimateLinear(problemOf({3072, 768}, Math::Half),
                                  LinearKernel::Tile64, 128);
  EXPECT_EQ(tiles.blocks, 128 / tasks.rows * 3072 / tasks.columns);
  Estimate few = estimateLinear(problemOf({3072, 768}, Math::F32),
                                LinearKernel::FewRows, 1);
  EXPECT_EQ(few.blocks, 3072 / tasks.columnsOfFewRows);
}

} // namespace
