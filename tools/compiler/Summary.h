//===- Summary.h - What a compilation came to -----------------------------===//
#pragma once

#include "codegen/artifact/ArtifactWriter.h"
#include "tools/compiler/Progress.h"

namespace ingot::cli {

class Summary {
public:
  /// Takes the counts of ops from a module at the fused stage ...
  void countFused(mlir::ModuleOp module);
  /// ... and those of steps, kernels and memory at the plan stage.
  void countPlan(mlir::ModuleOp module);

  void print(llvm::raw_ostream &os, llvm::StringRef path,
             const ArtifactSizes &sizes, const Progress &progress) const;

private:
  /// Fused ops by what they are, in the order of their first.
  std::vector<std::pair<std::string, size_t>> fused;
  size_t steps = 0, kernels = 0;
  std::string memory; ///< a formula of bytes, and its value where there is one
};

} // namespace ingot::cli
