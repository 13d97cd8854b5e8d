//===- ArrangedWeight.h - The order of kernels/quant.cuh, element by element
//-------===//
#pragma once

#include "ir/plan/Plan.h"
#include "ir/reference/Tensor.h"

namespace ingot::test {

/// The outputs of a kernel of family arrange.
std::vector<reference::Tensor>
arrangedWeight(plan::KernelOp kernel, llvm::ArrayRef<reference::Tensor> inputs);

/// Element [k, n] that the arranged weight, scales and zeros `from` of a linear
/// stand for.
double arrangedValue(plan::KernelOp linear,
                     llvm::ArrayRef<reference::Tensor> from, int64_t k,
                     int64_t n);

} // namespace ingot::test
