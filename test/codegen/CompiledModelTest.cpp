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

/// A weight [rows, columns] of `type`: pseudo-random integers below 16.
std::string weightOf(const std::string &name, int64_t rows, int64_t columns,
                     const std::string &type) {
  std::string count = std::to_string(rows * columns),
              shape =
                  std::to_string(rows) + "x" + std::to_string(columns) + "x";
  auto binary = [&](const std::string &result, const std::string &op,
                    const std::string &operands) {
    return "  " + result + " = tfm.elementwise " + op + "(" + operands +
           ") : (tensor<" + count + "xi64>, tensor<i64>) -> tensor<" + count +
           "xi64>\n";
  };
  return "tfm.weight @" + name + " : tensor<" + shape + type +
         "> recipe {\n"
         "  %0 = tfm.iota <7, 1> : tensor<" +
         count +
         "xi64>\n"
         "  %f = tfm.constant dense<7919> : tensor<i64>\n"
         "  %d = tfm.constant dense<37> : tensor<i64>\n"
         "  %g = tfm.constant dense<16> : tensor<i64>\n" +
         binary("%1", "mul", "%0, %f") + binary("%2", "div", "%1, %d") +
         binary("%3", "mod", "%2, %g") + "  %4 = tfm.cast %3 : tensor<" +
         count + "xi64> -> tensor<" + count + "x" + type +
         ">\n"
         "  %5 = tfm.reshape %4 : tensor<" +
         count + "x" + type + "> -> tensor<" + shape + type +
         ">\n"
         "  tfm.yield %5 : tensor<" +
         shape + type + ">\n}\n";
}

/// 4 bits in blocks with zeros; 8 bits that are transposed, a scale a column;
/// two side by side; one whose block no kernel takes, and one of f8.
TEST(CompiledModels, QuantizedWeights) {
  std::string model =
      weightOf("a", 70, 96, "ui4") + weightOf("as", 3, 96, "f32") +
      weightOf("az", 3, 96, "ui4") + weightOf("b", 50, 96, "i8") +
      weightOf("bs", 1, 50, "f32") + weightOf("c", 96, 50, "i4") +
      weightOf("cs", 6, 50, "f16") + weightOf("d", 96, 18, "i4") +
      weightOf("ds", 6, 18, "f16") + weightOf("e", 50, 20, "i8") +
      weightOf("es", 10, 20, "f32") + weightOf("f", 20, 49, "f8E4M3FN") +
      R"mlir(
    func.func @main(%x: tensor<?x70xf32, #tfm.dims<n, 70>> {tfm.name = "x"}) -> (tensor<?x49xf32, #tfm.dims<n, 49>> {tfm.name = "y"}, tensor<?x18xf32, #tfm.dims<n, 18>> {tfm.name = "z"}) attributes {tfm.symbols = [#tfm.symbol<"n", 0, -1, 0, 0>]} {
      %small = tfm.constant dense<1.0e-04> : tensor<f32>
      %tiny = tfm.constant dense<1.0e-06> : tensor<f32>
      %a = tfm.get_weight @a : tensor<70x96xui4>
      %as = tfm.get_weight @as : tensor<3x96xf32>
      %az = tfm.get_weight @az : tensor<3x96xui4>
      %0 = tfm.dequantize %a scale %as zero %az {axis = 0 : i64, block = 32 : i64} : (tensor<70x96xui4>, tensor<3x96xf32>, tensor<3x96xui4>) -> tensor<70x96xf32>
      %1 = tfm.matmul %x, %0 : (tensor<?x70xf32, #tfm.dims<n, 70>>, tensor<70x96xf32>) -> tensor<?x96xf32, #tfm.dims<n, 96>>
      %2 = tfm.elementwise mul(%1, %small) : (tensor<?x96xf32, #tfm.dims<n, 96>>, tensor<f32>) -> tensor<?x96xf32, #tfm.dims<n, 96>>
      %3 = tfm.elementwise tanh(%2) : (tensor<?x96xf32, #tfm.dims<n, 96>>) -> tensor<?x96xf32, #tfm.dims<n, 96>>
      %b = tfm.get_weight @b : tensor<50x96xi8>
      %bs1 = tfm.get_weight @bs : tensor<1x50xf32>
      %bs = tfm.reshape %bs1 : tensor<1x50xf32> -> tensor<50xf32>
      %4 = tfm.dequantize %b scale %bs {axis = 0 : i64} : (tensor<50x96xi8>, tensor<50xf32>) -> tensor<50x96xf32>
      %5 = tfm.transpose %4 perm [1, 0] : tensor<50x96xf32> -> tensor<96x50xf32>
      %6 = tfm.matmul %3, %5 : (tensor<?x96xf32, #tfm.dims<n, 96>>, tensor<96x50xf32>) -> tensor<?x50xf32, #tfm.dims<n, 50>>
      %c = tfm.get_weight @c : tensor<96x50xi4>
      %cs = tfm.get_weight @cs : tensor<6x50xf16>
      %7 = tfm.dequantize %c scale %cs {axis = 0 : i64, block = 16 : i64} : (tensor<96x50xi4>, tensor<6x50xf16>) -> tensor<96x50xf32>
      %8 = tfm.matmul %3, %7 : (tensor<?x96xf32, #tfm.dims<n, 96>>, tensor<96x50xf32>) -> tensor<?x50xf32, #tfm.dims<n, 50>>
      %d = tfm.get_weight @d : tensor<96x18xi4>
      %ds = tfm.get_weight @ds : tensor<6x18xf16>
      %9 = tfm.dequantize %d scale %ds {axis = 0 : i64, block = 16 : i64} : (tensor<96x18xi4>, tensor<6x18xf16>) -> tensor<96x18xf32>
      %10 = tfm.matmul %3, %9 : (tensor<?x96xf32, #tfm.dims<n, 96>>, tensor<96x18xf32>) -> tensor<?x18xf32, #tfm.dims<n, 18>>
      %z = tfm.elementwise tanh(%10) : (tensor<?x18xf32, #tfm.dims<n, 18>>) -> tensor<?x18xf32, #tfm.dims<n, 18>>
      %11 = tfm.elementwise mul(%6, %8) : (tensor<?x50xf32, #tfm.dims<n, 50>>, tensor<?x50xf32, #tfm.dims<n, 50>>) -> tensor<?x50xf32, #tfm.dims<n, 50>>
      %12 = tfm.elementwise mul(%11, %tiny) : (tensor<?x50xf32, #tfm.dims<n, 50>>, tensor<f32>) -> tensor<?x50xf32, #tfm.dims<n, 50>>
      %13 = tfm.elementwise tanh(%12) : (tensor<?x50xf32, #tfm.dims<n, 50>>) -> tensor<?x50xf32, #tfm.dims<n, 50>>
      %e = tfm.get_weight @e : tensor<50x20xi8>
      %es = tfm.get_weight @es : tensor<10x20xf32>
      %14 = tfm.dequantize %e scale %es {axis = 0 : i64, block = 5 : i64} : (tensor<50x20xi8>, tensor<10x20xf32>) -> tensor<50x20xf32>
      %15 = tfm.matmul %13, %14 : (tensor<?x50xf32, #tfm.dims<n, 50>>, tensor<50x20xf32>) -> tensor<?x20xf32, #tfm.dims<n, 20>>
      %f = tfm.get_weight @f : tensor<20x49xf8E4M3FN>
      %16 = tfm.dequantize %f scale %small : (tensor<20x49xf8E4M3FN>, tensor<f32>) -> tensor<20x49xf32>
      %17 = tfm.matmul %15, %16 : (tensor<?x20xf32, #tfm.dims<n, 20>>, tensor<20x49xf32>) -> tensor<?x49xf32, #tfm.dims<n, 49>>
      return %17, %z : tensor<?x49xf32, #tfm.dims<n, 49>>, tensor<?x18xf32, #tfm.dims<n, 18>>
    })mlir";
  Subject subject(model);
  ASSERT_TRUE(subject) << subject.diagnostics;
  mlir::OwningOpRef<mlir::ModuleOp> fused = subject.fuse();
  ASSERT_TRUE(fused) << subject.diagnostics;
  unsigned quantized = 0;
  fused->walk([&](tfm::LinearOp linear) { quantized += linear.isQuantized(); });
  // Two of the same input are one.
  EXPECT_EQ(quantized, 5u) << print(*fused);
  for (cpu::IsaLevel level : {cpu::IsaLevel::V3, cpu::IsaLevel::V4})
    if (cpu::hostRuns(level) && !HasFatalFailure())
      compareCompiled(model, level, 1e-4);
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
