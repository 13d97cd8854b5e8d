//===- ArtifactWriter.h - Plans, code and weights into one .ingot file
//------===//
#pragma once

#include "codegen/artifact/TargetCode.h"
#include "ir/tfm/WeightStore.h"

#include "llvm/Support/raw_ostream.h"

namespace ingot {

struct ArtifactOptions {
  std::string producer;  ///< "ingot 0.1.0"
  std::string modelName; ///< file name of the model, for people
  /// Weights of floats are not stored: the runtime makes up others of the same
  /// mean and deviation.
  bool isSeeded = false;
};

/// The working memory of a program in bytes: the sum of its slots, as the text
/// of an expression of its symbols.
std::string peakOf(plan::ProgramOp program);

/// Bytes of what was written.
struct ArtifactSizes {
  uint64_t file = 0, weights = 0, code = 0;
};

/// Writes the artifact of `module` (plan stage) to `os`, an empty file.
/// `targets` are those of each device best first. Weights are evaluated one at
/// a time. Failures are diagnostics, but those of the stream are its own: the
/// caller checks it.
mlir::FailureOr<ArtifactSizes>
writeArtifact(mlir::ModuleOp module, llvm::MutableArrayRef<TargetCode> targets,
              WeightStore &weights, llvm::raw_fd_ostream &os,
              const ArtifactOptions &options);

} // namespace ingot
