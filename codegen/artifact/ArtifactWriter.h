//===- ArtifactWriter.h - Plans, code and weights into one .ingot file
//------===//
#pragma once

#include "codegen/cpu/KernelCompiler.h"
#include "ir/tfm/WeightStore.h"

namespace ingot {

struct ArtifactOptions {
  std::string producer;  ///< "ingot 0.1.0"
  std::string modelName; ///< file name of the model, for people
};

/// Writes the artifact of `module` (plan stage) to `path`: to a temporary file
/// beside it first, renamed when complete, so that nothing half-written is ever
/// at `path`. `kernels` is the order of the entries in `code`, best level
/// first. Weights are evaluated one at a time. Failures are diagnostics.
mlir::LogicalResult writeArtifact(mlir::ModuleOp module,
                                  llvm::MutableArrayRef<plan::KernelOp> kernels,
                                  llvm::ArrayRef<cpu::LevelCode> code,
                                  WeightStore &weights, llvm::StringRef path,
                                  const ArtifactOptions &options);

} // namespace ingot
