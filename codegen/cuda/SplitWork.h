//===- SplitWork.h - Tasks of few blocks, shared by more
//--------------------===//
#pragma once

#include "mlir/Pass/Pass.h"

#include <memory>

namespace ingot::cuda {

/// The pass, to run on plans before slots are assigned.
std::unique_ptr<mlir::Pass> createSplitWork();
/// `ingot-opt --split-cuda-work`.
void registerSplitWork();

} // namespace ingot::cuda
