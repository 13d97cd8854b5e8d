// Random models before and after fusion. `--seeds=FIRST..LAST` runs others than
// ctest's: `random-fusion-test --seeds=1000..20000`.
#include "test/passes/RandomModel.h"
#include "test/passes/Differential.h"

#include "gtest/gtest.h"

#include <cstdio>
#include <cstring>

namespace ingot::test {
namespace {

uint64_t firstSeed = 1, lastSeed = 150;

/// Size from the seed, so that every seed is one model.
std::string modelOf(uint64_t seed) { return randomModel(seed, 3 + seed % 12); }

TEST(RandomModels, AgreeAfterFusion) {
  unsigned refused = 0, count = 0;
  for (uint64_t seed = firstSeed; seed <= lastSeed; ++seed, ++count) {
    std::string model = modelOf(seed);
    SCOPED_TRACE("seed " + std::to_string(seed) + "\n" + model);
    Subject subject(model);
    // What it makes of dims may contradict itself.
    if (!subject) {
      ++refused;
      continue;
    }
    mlir::OwningOpRef<mlir::ModuleOp> fused = subject.fuse();
    ASSERT_TRUE(fused) << subject.diagnostics << print(*subject.module);
    std::string text = print(*fused);
    ASSERT_TRUE(subject.lower(*fused)) << subject.diagnostics << text;
    compareRuns(subject, *fused, text, 1e-4);
    if (HasFatalFailure())
      return;
  }
  EXPECT_LE(refused, count / 4) << "of " << count;
}

} // namespace
} // namespace ingot::test

int main(int argc, char **argv) {
  testing::InitGoogleTest(&argc, argv);
  unsigned long long first, last;
  for (int i = 1; i < argc; ++i)
    if (std::sscanf(argv[i], "--seeds=%llu..%llu", &first, &last) == 2) {
      ingot::test::firstSeed = first;
      ingot::test::lastSeed = last;
    }
  return RUN_ALL_TESTS();
}
