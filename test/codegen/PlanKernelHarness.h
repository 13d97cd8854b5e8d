//===- PlanKernelHarness.h - Kernels given as plan text
//--------------------===//
#pragma once

#include "codegen/cpu/KernelCompiler.h"
#include "test/codegen/KernelHarness.h"

#include <gtest/gtest.h>

namespace ingot::test {

/// The job that compiles the one plan.kernel in `text` for a variant.
cpu::KernelJob planJob(std::string text, const Variant &variant);
void loadPlanDialects(mlir::MLIRContext &context);

/// Compiles `text` for the variant of the test.
class PlanKernel : public testing::TestWithParam<Variant> {
protected:
  void SetUp() override {
    if (!cpu::hostRuns(GetParam().level))
      GTEST_SKIP() << "this CPU lacks " << cpu::isaOf(GetParam().level).name;
  }
  Loaded compile(std::string text) {
    // Not every machine runs AVX-512, but every machine can compile for it.
    if (!cpu::hostRuns(cpu::IsaLevel::V4)) {
      Loaded v4 =
          Loaded::make({planJob(text, variants().back())}, loadPlanDialects);
      EXPECT_TRUE(v4) << v4.error;
    }
    Loaded kernels =
        Loaded::make({planJob(std::move(text), GetParam())}, loadPlanDialects);
    EXPECT_TRUE(kernels) << kernels.error;
    return kernels;
  }
};

template <typename T>
uint64_t pointer(std::vector<T> &values) {
  return slot(values.data());
}

} // namespace ingot::test
