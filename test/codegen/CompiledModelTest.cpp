// Random models compiled and run against the reference.
// `compiled-model-test --seeds=FIRST..LAST` runs others than ctest's.
#include "test/codegen/CompiledModel.h"
#include "test/passes/AttentionModel.h"
#include "test/passes/RandomModel.h"

#include "gtest/gtest.h"

namespace ingot::test {
namespace {

SeedRange seeds{1, 12};

/// Compiled for `level`, on every binding and style of inputs.
void compareCompiled(const std::string &model, cpu::IsaLevel level,
                     double tolerance) {
  SCOPED_TRACE(model);
  Subject subject(model);
  // A random model may contradict itself.
  if (!subject)
    return;
  ASSERT_TRUE(cpu::hostRuns(level));
  mlir::OwningOpRef<mlir::ModuleOp> fused = subject.fuse();
  ASSERT_TRUE(fused) << subject.diagnostics;
  CompiledModel compiled(subject, *fused, level);
  ASSERT_TRUE(compiled) << compiled.error << print(*fused);
  forEachInputs(subject, [&](const std::vector<reference::Tensor> &inputs) {
    auto expected = subject.run(*subject.module, inputs);
    auto got = compiled.run(inputs);
    ASSERT_EQ(mlir::succeeded(expected), got.has_value())
        << subject.diagnostics << compiled.error << print(*fused);
    if (!got)
      return;
    expectClose(*expected, *got, tolerance);
    if (testing::Test::HasFatalFailure())
      ADD_FAILURE() << print(*fused);
  });
}

cpu::IsaLevel bestLevel() {
  return cpu::hostRuns(cpu::IsaLevel::V4) ? cpu::IsaLevel::V4
                                          : cpu::IsaLevel::V3;
}

TEST(CompiledModels, RandomOnesAgreeWithTheReference) {
  for (uint64_t seed = seeds.first; seed <= seeds.last && !HasFatalFailure();
       ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    compareCompiled(randomModel(seed, 3 + seed % 12, RoundsAs::Compiled),
                    seed % 2 ? bestLevel() : cpu::IsaLevel::V3, 1e-3);
  }
}

class CompiledMasks : public testing::TestWithParam<DifferentialCase> {};
TEST_P(CompiledMasks, AgreeWithTheReference) {
  for (cpu::IsaLevel level : {cpu::IsaLevel::V3, cpu::IsaLevel::V4})
    if (cpu::hostRuns(level) && !HasFatalFailure())
      compareCompiled(GetParam().model, level,
                      std::max(GetParam().tolerance, 1e-4));
}
INSTANTIATE_TEST_SUITE_P(Attention, CompiledMasks,
                         testing::ValuesIn(attentionMasks()),
                         [](const auto &info) { return info.param.name; });

} // namespace
} // namespace ingot::test

int main(int argc, char **argv) {
  return ingot::test::runSeeds(argc, argv, ingot::test::seeds);
}
