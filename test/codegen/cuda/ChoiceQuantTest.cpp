// What is chosen for linears with quantized weights fits, and is what the
// kernel counts.
#include "codegen/cuda/ChoiceQuant.h"
#include "test/emulator/Harness.h"

#include "llvm/Support/raw_ostream.h"

#include <gtest/gtest.h>
#include <set>

using namespace ingot::cuda;

namespace {

class CudaChoiceQuantStub : public ingot::emulator::EmulatorTest {};

constexpr int64_t kSmall = 99 << 10, kHopper = 224 << 10;

template <typename Check>
void forAll(Check check) {
  for (unsigned bits : {4u, 8u})
    for (int64_t block : {16, 32, 64, 128, 1 << 20})
      for (bool zeros : {false, true})
        for (auto [n, k] : {std::pair<int64_t, int64_t>{4096, 4096},
                            {28672, 4096},
                            {1, 8},
                            {1024, 4104},
                            {77, 300}})
          for (int64_t m : {-1, 0, 1, 8, 9, 16, 17, 100, 4096})
            for (bool isHopper : {false, true}) {
              QuantProblem problem{m, n, k, bits, block, zeros, 32, 16};
              SCOPED_TRACE(testing::Message()
                           << bits << " bits, block " << block << ", " << m
                           << "x" << n << "x" << k);
              check(problem, isHopper ? hopperChip() : referenceChip(),
                    isHopper ? kHopper : kSmall);
            }
}

TEST(CudaChoiceQuant, Fits) {
  forAll([](const QuantProblem &problem, const Chip &chip, int64_t bytes) {
    ASSERT_TRUE(problem.isPossible());
    QuantChoice choice = chooseQuant(problem, chip, bytes);
    EXPECT_LE(choice.sharedBytes, bytes);
    EXPECT_EQ(choice.few.has_value(),
              problem.k % 8 == 0 && problem.m <= kFewTensorRows);
    EXPECT_EQ(choice.many.has_value(),
              problem.k % 8 == 0 &&
                  (problem.m < 0 || problem.m > kFewTensorRows));
    for (const auto &tile : {choice.few, choice.many}) {
      if (!tile)
        continue;
      EXPECT_GE(tile->stages(problem, bytes), 2);
      EXPECT_LE(tile->sharedBytes(problem, bytes), choice.sharedBytes);
    }
    EXPECT_GE(choice.estimate.seconds, choice.estimate.memorySeconds);
    EXPECT_GE(choice.estimate.seconds, choice.estimate.arithmeticSeconds);
  });
}

/// Stages and bytes of each tile, asserted where the kernel is compiled.
TEST_F(CudaChoiceQuantStub, IsAsTheKernelCounts) {
  std::set<std::string> lines;
  forAll([&](const QuantProblem &problem, const Chip &chip, int64_t bytes) {
    QuantChoice choice = chooseQuant(problem, chip, bytes);
    for (const auto &tile : {choice.few, choice.many})
      if (tile) {
        std::string line;
        llvm::raw_string_ostream os(line);
        os << "static_assert(QuantConfig<bf16, QuantFormat<"
           << (problem.bits == 4 ? "QuantI4" : "QuantI8") << ", float, "
           << problem.hasZeros << ", " << problem.k << ", " << problem.block
           << ">, " << tile->tiles << ", " << tile->units << ", "
           << tile->rowTiles << ", " << 8 / tile->side << ", " << tile->side
           << ", " << bytes
           << ">::SHARED == " << tile->sharedBytes(problem, bytes) << ");\n";
        lines.insert(line);
      }
  });
  std::string text = "#include \"linear_quant.cuh\"\n";
  for (const std::string &line : lines)
    text += line;
  text += "KERNEL(32, 1) nothing() {}\nEXPORT_KERNEL(nothing)\n";
  ingot::emulator::Stub stub(text);
}

TEST(CudaChoiceQuant, BlocksThatUnitsDoNotFit) {
  QuantProblem problem{1, 64, 4096, 4, 48, false, 32, 16};
  EXPECT_FALSE(problem.isPossible());
  problem.block = 8;
  EXPECT_FALSE(problem.isPossible());
  problem.block = 96;
  EXPECT_FALSE(problem.isPossible()); // 64 of k a unit
  problem.bits = 8;
  EXPECT_TRUE(problem.isPossible()); // 32
}

/// Blocks are as many as multiprocessors, or columns as many as keep memory
/// busy.
TEST(CudaChoiceQuant, ProductsOfLlama) {
  auto choose = [](int64_t m, int64_t n, int64_t k, unsigned bits,
                   bool isHopper) {
    return chooseQuant({m, n, k, bits, 128, false, 32, 16},
                       isHopper ? hopperChip() : referenceChip(),
                       isHopper ? kHopper : kSmall)
        .text();
  };
  EXPECT_EQ(choose(-1, 4096, 4096, 4, false),
            "few rows up to 16, 32 columns a block; 64x128");
  EXPECT_EQ(choose(1, 28672, 4096, 4, false), "few rows, 64 columns a block");
  EXPECT_EQ(choose(-1, 4096, 4096, 4, true),
            "few rows up to 16, 32 columns a block; 64x64");
  EXPECT_EQ(choose(-1, 28672, 4096, 8, true),
            "few rows up to 16, 64 columns a block; 64x64");
  EXPECT_EQ(choose(1, 4096, 14336, 8, true), "few rows, 32 columns a block");
  EXPECT_EQ(choose(64, 4096, 14336, 8, true), "64x64");
  EXPECT_EQ(choose(2, 64, 77, 8, true), "element by element");
}

} // namespace
