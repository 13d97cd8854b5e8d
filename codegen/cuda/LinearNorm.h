//===- LinearNorm.h - Linears whose rows are normalized next
//----------------===//
#pragma once

#include "mlir/Pass/Pass.h"

namespace ingot::cuda {

/// See LinearNorm.cpp. Between lowering and the assignment of slots, where
/// there is code for sm_90a; others leave its launches out.
std::unique_ptr<mlir::Pass> createFuseLinearNorm();
/// `ingot-opt --fuse-cuda-linear-norm`.
void registerFuseLinearNorm();

} // namespace ingot::cuda
