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
  struct Plan {
    std::string target;
    size_t steps, kernels;
    std::string memory; ///< a formula of bytes, and its value where known
  };
  std::vector<Plan> plans;
};

} // namespace ingot::cli
