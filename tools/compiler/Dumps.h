//===- Dumps.h - What a model becomes, as files for people ----------------===//
#pragma once

#include "codegen/cpu/KernelCompiler.h"

#include "mlir/Pass/PassManager.h"

namespace ingot::cli {

/// Writes numbered files into a folder: `01-import.mlir`, a file per pass that
/// changed something, then a folder with each kernel's MLIR, LLVM IR and
/// assembly. Weights stay symbols.
class Dumps {
public:
  /// Makes the folder. Does nothing, here and below, where `folder` is empty.
  explicit Dumps(std::string folder) : folder(std::move(folder)) {}
  bool isOn() const { return !folder.empty(); }

  /// All but `watch` return 0 or the exit code after a complaint.
  int open();
  /// Writes the module unless it is as in the file before.
  int module(mlir::ModuleOp module, llvm::StringRef name);
  int kernel(llvm::StringRef name, cpu::IsaLevel level,
             const cpu::KernelDump &dump);
  /// A file of the kernels' folder.
  int kernelFile(const std::string &name, llvm::StringRef text);

  /// Has every pass of `passes` write what it changed.
  void watch(mlir::PassManager &passes);
  /// The first exit code of what `watch` wrote.
  int watched() const { return code; }

private:
  int write(const std::string &path, llvm::StringRef text);
  std::string numbered(llvm::StringRef name);

  std::string folder, kernelFolder, last;
  unsigned number = 0;
  int code = 0;
};

} // namespace ingot::cli
