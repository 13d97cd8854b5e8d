// From a module of plan.kernels to the blobs of an artifact.
#include "test/codegen/PlanKernelHarness.h"

#include "mlir/Parser/Parser.h"

using namespace ingot;
using namespace ingot::test;

namespace {

const char *kModule = R"mlir(
plan.kernel map @map_f32_add outs [f32] ins [f32] scalars 1
    params {extents = array<i64: -1>, chunk = 64} {
^bb0(%i: i64, %x: tensor<?xf32>, %n: i64):
  %0 = tfm.load %x[%i] : tensor<?xf32> -> f32
  %1 = tfm.apply add(%0, %0) : (f32, f32) -> f32
  tfm.yield %1 : f32
}
plan.kernel softmax @softmax_f32 outs [f32] ins [f32] scalars 0
    params {extents = array<i64: 4, 32>, chunk = 4} {
^bb0(%i: i64, %j: i64, %x: tensor<?xf32>):
  %c = arith.constant 32 : i64
  %0 = tfm.apply mul(%i, %c) : (i64, i64) -> i64
  %1 = tfm.apply add(%0, %j) : (i64, i64) -> i64
  %2 = tfm.load %x[%1] : tensor<?xf32> -> f32
  tfm.yield %2 : f32
}
plan.kernel linear @linear_f32 outs [f32] ins [f32, f32] scalars 1
    params {m = -1, n = 96, k = 64, lda = 64, rows = 32, panels = 1} {
^bb0(%acc: f32, %m: i64, %n: i64, %x: tensor<?xf32>, %w: tensor<?xf32>, %M: i64):
  tfm.yield %acc : f32
}
)mlir";

struct Kernels {
  mlir::MLIRContext context{mlir::MLIRContext::Threading::DISABLED};
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::vector<plan::KernelOp> ops;

  Kernels() {
    loadPlanDialects(context);
    module = mlir::parseSourceString<mlir::ModuleOp>(kModule, &context);
    assert(module && "the test's module does not parse");
    llvm::append_range(ops, module->getOps<plan::KernelOp>());
  }
};

TEST(KernelCompiler, EveryLevelHasEveryKernelAndJobsChangeNothing) {
  Kernels kernels;
  cpu::KernelCompilerOptions options;
  auto one = cpu::compilePlanKernels(kernels.ops, options);
  ASSERT_TRUE(mlir::succeeded(one));
  options.jobs = 2;
  Kernels again;
  auto two = cpu::compilePlanKernels(again.ops, options);
  ASSERT_TRUE(mlir::succeeded(two));
  ASSERT_EQ(one->size(), 2u);
  for (size_t level = 0; level < 2; ++level) {
    EXPECT_EQ((*one)[level].level, options.levels[level]);
    EXPECT_EQ((*one)[level].blob.entries.size(), 3u);
    EXPECT_EQ((*one)[level].blob.code, (*two)[level].blob.code);
    EXPECT_EQ((*one)[level].blob.entries, (*two)[level].blob.entries);
    // Side files must be reproducible too: no temporary path in them.
    EXPECT_EQ((*one)[level].blob.elf, (*two)[level].blob.elf);
  }
  EXPECT_NE((*one)[0].blob.code, (*one)[1].blob.code);
}

TEST(KernelCompiler, DumpsEachKernelOfEachLevel) {
  Kernels kernels;
  cpu::KernelCompilerOptions options;
  std::vector<std::string> seen;
  options.dump = [&](plan::KernelOp kernel, cpu::IsaLevel level,
                     const cpu::KernelDump &dump) {
    seen.push_back(kernel.getSymName().str());
    EXPECT_NE(dump.mlir.find("func.func"), std::string::npos);
    EXPECT_NE(dump.llvmIr.find("define"), std::string::npos);
    const char *reg = level == cpu::IsaLevel::V4 ? "zmm" : "ymm";
    EXPECT_NE(dump.assembly.find(reg), std::string::npos) << seen.back();
  };
  ASSERT_TRUE(mlir::succeeded(cpu::compilePlanKernels(kernels.ops, options)));
  EXPECT_EQ(seen.size(), 6u);
}

TEST(KernelCompiler, NoKernelsMakeEmptyBlobs) {
  auto code = cpu::compilePlanKernels({}, {});
  ASSERT_TRUE(mlir::succeeded(code));
  EXPECT_EQ(code->size(), 2u);
  EXPECT_TRUE((*code)[0].blob.code.empty());
}

} // namespace
