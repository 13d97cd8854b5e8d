//===- RegionIndices.h - How a region's offsets move with its indices
//--------===//
#pragma once

#include "ir/tfm/Tfm.h"

namespace ingot {

/// By how much the i64 `value` grows with `index`, if that is one number.
std::optional<int64_t> coefficientOf(mlir::Value value, mlir::Value index);

/// The loads that computing `value` runs, each once.
llvm::SmallVector<tfm::LoadOp> loadsOf(mlir::Value value);

/// How many loads of `value` step through memory by something else than 0 or 1
/// as `index` grows by 1.
int64_t gathersAlong(mlir::Value value, mlir::Value index);

} // namespace ingot
