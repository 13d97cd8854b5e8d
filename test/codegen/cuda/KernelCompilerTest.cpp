// plan.kernel to images: targets, order, diagnostics.
#include "codegen/cuda/KernelCompiler.h"
#include "ir/tfm/Tfm.h"

#include "mlir/Parser/Parser.h"

#include <gtest/gtest.h>

using namespace ingot;
using namespace ingot::cuda;

namespace {

constexpr const char *kTwo = R"mlir(
  plan.kernel map @first outs [f32] ins [f32] scalars 0 params {extents = array<i64: 4>, chunk = 64 : i64} {
  ^bb0(%i: i64, %x: tensor<?xf32>):
    %v = tfm.load %x[%i] : tensor<?xf32> -> f32
    tfm.yield %v : f32
  }
  plan.kernel map @second outs [TYPE] ins [i64] scalars 0 params {extents = array<i64: 4>, chunk = 64 : i64} {
  ^bb0(%i: i64, %x: tensor<?xi64>):
    %v = tfm.load %x[%i] : tensor<?xi64> -> i64
    tfm.yield %v : i64
  })mlir";

class CudaKernelCompiler : public testing::Test {
protected:
  CudaKernelCompiler() : context(mlir::MLIRContext::Threading::DISABLED) {
    context.loadDialect<plan::PlanDialect, tfm::TfmDialect>();
    context.getDiagEngine().registerHandler(
        [&](mlir::Diagnostic &diag) { messages += diag.str() + "\n"; });
  }
  llvm::FailureOr<CompiledKernels> compile(llvm::StringRef type,
                                           KernelCompilerOptions options = {}) {
    std::string text = kTwo;
    text.replace(text.find("TYPE"), 4, type.str());
    module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
    std::vector<plan::KernelOp> kernels;
    for (auto kernel : module->getOps<plan::KernelOp>())
      kernels.push_back(kernel);
    options.images.cache = false;
    return compilePlanKernels(kernels, options);
  }
  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::string messages;
};

TEST_F(CudaKernelCompiler, Targets) {
  EXPECT_EQ(architecturesOf("sm_80").size(), 2u);
  EXPECT_EQ(architecturesOf("sm_90a").size(), 1u);
  EXPECT_TRUE(architecturesOf("sm_12").empty());
  EXPECT_TRUE(architecturesOf("x86-64").empty());
  EXPECT_EQ(targetNames().front(), "sm_80");
}

TEST_F(CudaKernelCompiler, DependentLaunch) {
  for (const char *arch : {"sm_90", "sm_90a", "sm_100"})
    EXPECT_TRUE(hasDependentLaunch(arch)) << arch;
  for (const char *arch : {"sm_80", "sm_89", "compute_80", ""})
    EXPECT_FALSE(hasDependentLaunch(arch)) << arch;
}

TEST_F(CudaKernelCompiler, ImagesInOrderAndTheSameWithThreads) {
  if (auto nvrtc = Nvrtc::get(); !nvrtc)
    GTEST_SKIP() << llvm::toString(nvrtc.takeError());
  llvm::FailureOr<CompiledKernels> one = compile("i32");
  KernelCompilerOptions options;
  options.images.jobs = 3;
  llvm::FailureOr<CompiledKernels> three = compile("i32", options);
  ASSERT_TRUE(llvm::succeeded(one) && llvm::succeeded(three)) << messages;
  ASSERT_EQ(one->architectures.size(), 2u);
  EXPECT_EQ(one->architectures[0].stubs[1].name, "second");
  for (auto [a, b] : llvm::zip_equal(one->architectures, three->architectures))
    for (size_t i = 0; i < 2; ++i)
      EXPECT_EQ(a.images[i].image, b.images[i].image) << a.name;
  EXPECT_NE(one->architectures[1].images[1].image.find(".entry second"),
            std::string::npos);
}

TEST_F(CudaKernelCompiler, WhatCannotBePrintedIsSaidAtTheKernel) {
  EXPECT_TRUE(llvm::failed(compile("i4")));
  EXPECT_EQ(messages, "CUDA kernels have no elements of type 'i4'\n");
}

TEST_F(CudaKernelCompiler, RefusedStubsAreKept) {
  if (auto nvrtc = Nvrtc::get(); !nvrtc)
    GTEST_SKIP() << llvm::toString(nvrtc.takeError());
  KernelCompilerOptions options;
  options.architectures = {"sm_12"};
  EXPECT_TRUE(llvm::failed(compile("i32", options)));
  size_t at = messages.find("its text is in ");
  ASSERT_NE(at, std::string::npos) << messages;
  EXPECT_NE(messages.find("compiling kernel 'first' for sm_12 failed, which is "
                          "a bug of Ingot"),
            std::string::npos)
      << messages;
  for (; at != std::string::npos; at = messages.find("its text is in ", at)) {
    at += 15;
    std::string file = messages.substr(at, messages.find('\n', at) - at);
    EXPECT_EQ(remove(file.c_str()), 0) << file;
  }
}

} // namespace
