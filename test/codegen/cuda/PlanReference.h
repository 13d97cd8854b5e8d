//===- PlanReference.h - What a plan.kernel computes, as plain loops
//-------===//
//
// The table of docs/ops.md#plan.kernel in double, with regions run by
// ir/reference: one oracle for all kernels.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "ir/plan/Plan.h"
#include "ir/reference/Tensor.h"

namespace ingot::test {

/// The outputs of `kernel`, rounded once to their types. Inputs are flat.
/// Where a region reads outside a tensor and yields it the test fails, or
/// `noValue` counts it.
std::vector<reference::Tensor>
runPlanKernel(plan::KernelOp kernel, llvm::ArrayRef<reference::Tensor> inputs,
              llvm::ArrayRef<int64_t> scalars, unsigned *noValue = nullptr);

} // namespace ingot::test
