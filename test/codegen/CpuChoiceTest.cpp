// How the CPU's products are cut, what the model expects of it, and that it
// promises nothing a machine cannot do.
#include "codegen/cpu/Choice.h"
#include "passes/lower/LoweringTarget.h"

#include <gtest/gtest.h>

using namespace ingot;
using namespace ingot::cpu;

namespace {

constexpr IsaLevel kLevels[] = {IsaLevel::V3, IsaLevel::V4, IsaLevel::V4Bf16,
                                IsaLevel::V4Amx};
constexpr int64_t kRows[] = {0,  1,   2,   5,   16,  32,  33,
                             64, 128, 129, 197, 512, 1024};
struct Weight {
  int64_t n, k;
};
// MiniLM's and BERT-base's projections, GPT-2's logits, what no tile fits.
constexpr Weight kWeights[] = {{384, 384},  {768, 768},   {3072, 768},
                               {768, 3072}, {50257, 768}, {1, 2},
                               {72, 34}};

LinearChoice chosen(const Isa &isa, const LinearProblem &problem) {
  return chooseLinear(isa, problem,
                      LoweringTarget::x86().linearTasks(problem.n).rows, 1);
}

template <typename Check>
void forAllLinears(Check check) {
  for (IsaLevel level : kLevels)
    for (bool isBf16 : {false, true})
      for (Weight weight : kWeights)
        for (int64_t m : kRows) {
          const Isa &isa = isaOf(level);
          SCOPED_TRACE(testing::Message()
                       << isa.name << (isBf16 ? " bf16" : " f32") << " m " << m
                       << " n " << weight.n << " k " << weight.k);
          check(isa, LinearProblem{m, weight.n, weight.k, isBf16, 4});
        }
}

TEST(CpuChoice, ReferenceMachineHasItsPublishedPeaks) {
  const Machine &machine = referenceMachine();
  double cores = double(machine.threads);
  EXPECT_NEAR(2 * machine.hertz * machine.multiplyAdds * 16, 128e9, 1);
  EXPECT_NEAR(2 * machine.hertz * machine.tileProducts, 2048e9, 1);
  EXPECT_NEAR(machine.memoryBytes / cores * 56, 307.2e9, 1);
}

TEST(CpuChoice, QuantizedWeightsAreCutByWholeBlocks) {
  for (auto [block, depth] : std::initializer_list<std::pair<int64_t, int64_t>>{
           {32, 256}, {96, 192}, {250, 250}, {512, 256}, {768, 256}}) {
    LinearProblem problem{1, 3072, 768, /*isBf16=*/true, 4, 4, block};
    for (IsaLevel level : kLevels) {
      const Isa &isa = isaOf(level);
      LinearChoice choice = chosen(isa, problem);
      EXPECT_EQ(choice.quantizedDepth, depth);
      EXPECT_FALSE(choice.onTiles);
      EXPECT_EQ(choice.fewRows, level == IsaLevel::V3 ? 4 : 8);
      EXPECT_NE(choice.text(isa).find(std::to_string(depth) +
                                      " of K dequantized at once"),
                std::string::npos)
          << choice.text(isa);
    }
  }
}

/// A row is bound by memory, which then has 4 or 8 bits for 32.
TEST(CpuChoice, QuantizedWeightsComeSooner) {
  const Isa &isa = isaOf(IsaLevel::V4);
  auto seconds = [&](unsigned bits) {
    LinearProblem problem{1, 4096, 4096, /*isBf16=*/false, 4, bits, 32};
    return estimateLinear(isa, problem, chosen(isa, problem), 1).seconds;
  };
  EXPECT_LT(seconds(8), 0.6 * seconds(0));
  EXPECT_LE(seconds(4), seconds(8));
}

TEST(CpuChoice, NoLinearBeatsTheMachine) {
  const Machine &machine = referenceMachine();
  forAllLinears([&](const Isa &isa, const LinearProblem &problem) {
    LinearChoice choice = chosen(isa, problem);
    Estimate e = estimateLinear(isa, problem, choice, problem.m);
    double products = double(problem.m) * double(problem.n) * double(problem.k);
    double rate = isa.lanes * machine.multiplyAdds;
    if (problem.isBf16 && isa.bf16)
      rate = isa.lanes * 2 * machine.dotProducts16;
    if (choice.onTiles)
      rate = std::max(rate, machine.tileProducts);
    EXPECT_GE(e.seconds * rate * machine.hertz * double(machine.threads) *
                  1.001,
              products);
    EXPECT_GE(e.seconds * machine.memoryBytes * 1.001,
              double(problem.n * problem.k) * (problem.isBf16 ? 2 : 4));
    EXPECT_FALSE(e.limit.empty());
  });
}

TEST(CpuChoice, MoreRowsTakeLonger) {
  for (IsaLevel level : kLevels)
    for (Weight weight : kWeights) {
      double before = 0;
      for (int64_t m : {128, 256, 1024, 4096}) {
        LinearProblem problem{m, weight.n, weight.k, true, 4};
        const Isa &isa = isaOf(level);
        double now =
            estimateLinear(isa, problem, chosen(isa, problem), m).seconds;
        EXPECT_GE(now, before) << isa.name << " " << m;
        before = now;
      }
    }
}

// What was chosen by measurement is what the model would take, up to a tenth.
TEST(CpuChoice, NoRegisterTileShouldBeMuchFaster) {
  forAllLinears([](const Isa &isa, const LinearProblem &problem) {
    if (problem.m < 128)
      return;
    LinearChoice choice = chosen(isa, problem), other = choice;
    double least = 1e9;
    for (int64_t rows = 1; rows <= kMostTileRows; ++rows)
      for (int64_t vectors = 1; vectors <= 6; ++vectors)
        if (isRegisterTile(isa, rows, vectors))
          for (int64_t depth : {0, 192, 384, 768}) {
            other.blocking = {rows, vectors, depth};
            least = std::min(
                least, estimateLinear(isa, problem, other, problem.m).seconds);
          }
    EXPECT_LE(estimateLinear(isa, problem, choice, problem.m).seconds,
              1.1 * least);
  });
}

TEST(CpuChoice, RegisterTiles) {
  const Isa &v3 = isaOf(IsaLevel::V3), &v4 = isaOf(IsaLevel::V4);
  for (auto [rows, vectors] :
       {std::pair<int64_t, int64_t>{6, 2}, {4, 3}, {2, 6}, {8, 1}})
    EXPECT_TRUE(isRegisterTile(v3, rows, vectors)) << rows << "x" << vectors;
  for (auto [rows, vectors] : {std::pair<int64_t, int64_t>{7, 2},
                               {6, 3},
                               {3, 4},
                               {0, 2},
                               {6, 0},
                               {9, 1}})
    EXPECT_FALSE(isRegisterTile(v3, rows, vectors)) << rows << "x" << vectors;
  EXPECT_TRUE(isRegisterTile(v4, 8, 3));
  EXPECT_FALSE(isRegisterTile(v4, 9, 3));
  EXPECT_FALSE(isRegisterTile(v4, 8, 2)); // 32 columns divide no panel
  forAllLinears([](const Isa &isa, const LinearProblem &problem) {
    GemmBlocking blocking = chosen(isa, problem).blocking;
    EXPECT_TRUE(isRegisterTile(isa, blocking.tileRows, blocking.tileVectors));
  });
}

TEST(CpuChoice, LinearText) {
  LinearProblem problem{-1, 768, 3072, false, 4};
  auto text = [&](IsaLevel level) {
    return chosen(isaOf(level), problem).text(isaOf(level));
  };
  EXPECT_EQ(text(IsaLevel::V4),
            "128 rows by 48 columns a task, registers 8x48, sums of 128 rows");
  EXPECT_EQ(text(IsaLevel::V3),
            "128 rows by 48 columns a task, registers 6x16, "
            "K in parts of 384, sums of 128 rows");
  problem.isBf16 = true;
  problem.n = 192;
  EXPECT_EQ(text(IsaLevel::V4Amx), "32 rows by 48 columns a task, AMX 32x48 "
                                   "(vectors up to 4 rows), sums of 32 rows");
}

TEST(CpuChoice, Limits) {
  const Isa &v4 = isaOf(IsaLevel::V4), &amx = isaOf(IsaLevel::V4Amx);
  auto limit = [](const Isa &isa, LinearProblem problem) {
    return estimateLinear(isa, problem, chosen(isa, problem), problem.m)
        .limit.str();
  };
  EXPECT_EQ(limit(v4, {1, 768, 768, false, 4}), "memory");
  EXPECT_EQ(limit(v4, {1024, 768, 768, false, 4}), "products");
  EXPECT_EQ(limit(amx, {1, 3072, 768, true, 4}), "memory");
  EXPECT_EQ(limit(amx, {4096, 768, 3072, true, 4}), "products");
  EXPECT_EQ(limit(v4, {128, 48, 3072, false, 4}), "products");
  EXPECT_EQ(limit(v4, {32, 48, 3072, false, 4}), "waves");
}

TEST(CpuChoice, Attention) {
  auto rows = LoweringTarget::x86().attentionRows(64);
  AttentionProblem problem{-1, 12, -1, -1, 1, 64, 64, true, 2};
  auto text = [&](IsaLevel level) {
    return chooseAttention(isaOf(level), problem, rows).text(isaOf(level));
  };
  EXPECT_EQ(text(IsaLevel::V4Amx),
            "32 queries a task, 32 by 128 keys at once, AMX (vectors up to 16 "
            "queries and keys)");
  EXPECT_EQ(text(IsaLevel::V4),
            "32 queries a task, 16 by 64 keys at once, registers 8x16");
  EXPECT_EQ(text(IsaLevel::V3),
            "32 queries a task, 16 by 64 keys at once, registers 4x16");
  for (int64_t d : {48, 65}) {
    problem.d = d;
    EXPECT_FALSE(
        chooseAttention(isaOf(IsaLevel::V4Amx), problem, rows).onTiles);
  }
  problem.d = 288; // both forms' buffers would be too large
  EXPECT_EQ(chooseAttention(isaOf(IsaLevel::V4Amx), problem, rows).few, 0);
  problem.d = 64;
  AttentionProblem at = assumed(problem);
  EXPECT_EQ(at.batch, 1);
  EXPECT_EQ(at.queries, 128);
  EXPECT_EQ(at.keys, 128);
  double before = 0;
  for (IsaLevel level : {IsaLevel::V4Amx, IsaLevel::V4, IsaLevel::V3}) {
    const Isa &isa = isaOf(level);
    Estimate e = estimateAttention(isa, at, chooseAttention(isa, at, rows));
    EXPECT_GT(e.seconds, before) << isa.name;
    EXPECT_EQ(e.tasks, 48);
    before = e.seconds;
  }
}

} // namespace
