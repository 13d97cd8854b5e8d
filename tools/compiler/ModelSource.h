//===- ModelSource.h - The model that a verb works on ---------------------===//
#pragma once

#include "frontend/onnx/Import.h"
#include "passes/Pipelines.h"
#include "tools/ingot/Array.h"
#include "tools/ingot/Options.h"

namespace ingot::cli {

/// A file, and what the command line says about its inputs.
struct ModelSource {
  std::string path;
  std::vector<onnx::DimOption> dims;
  std::vector<Array> constants; ///< inputs to bake, by name

  bool isIr() const { return llvm::StringRef(path).ends_with(".mlir"); }
};

/// Reads the one file that `verb` takes, `--constant-input` and, where it says
/// something about the model, `--dims`. Returns 0, else the exit code after a
/// complaint. parseOptions has to know both options.
int parseModelSource(const Options &options, const char *verb, bool hasDims,
                     ModelSource &source);

/// Loads `source` and makes its weights those of the context: an ONNX file at
/// the import stage, or IR of any tfm stage (.mlir). What is wrong is a
/// diagnostic.
mlir::FailureOr<onnx::ImportedModel> loadModel(const ModelSource &source,
                                               mlir::MLIRContext &context);

/// The stage a module is at, as noted in it by `setStage`: import without.
Stage currentStage(mlir::ModuleOp module);
void setStage(mlir::ModuleOp module, Stage stage);

/// The model's entry point.
mlir::func::FuncOp entryOf(mlir::ModuleOp module);

} // namespace ingot::cli
