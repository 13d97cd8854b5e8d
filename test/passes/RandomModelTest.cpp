// Random models before and after fusion. `--seeds=FIRST..LAST` runs others than
// ctest's: `random-fusion-test --seeds=1000..20000`.
#include "test/passes/RandomModel.h"
#include "test/passes/Differential.h"

#include "gtest/gtest.h"

#include <cstring>

namespace ingot::test {
namespace {

SeedRange seeds{1, 150};

/// Size from the seed, so that every seed is one model.
std::string modelOf(uint64_t seed) { return randomModel(seed, 3 + seed % 12); }

TEST(RandomModels, AgreeAfterFusion) {
  unsigned refused = 0, count = 0;
  for (uint64_t seed = seeds.first; seed <= seeds.last; ++seed, ++count) {
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
  return ingot::test::runSeeds(argc, argv, ingot::test::seeds);
}
