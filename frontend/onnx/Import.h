//===- Import.h - An ONNX model as a module of tfm ------------------------===//
#pragma once

#include "frontend/onnx/InputSymbols.h"
#include "ir/tfm/WeightStore.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace ingot::onnx {

struct Model;

struct ImportOptions {
  /// Values or ranges of dims, by the names that inputs declare or `input.dK`.
  std::vector<DimOption> dims;
  /// Inputs that are baked into the model: no longer arguments of `@main`.
  llvm::StringMap<mlir::DenseElementsAttr> constantInputs;
  /// Do not trust dim names: every unknown dim of an input is its own symbol.
  bool ignoreDimNames = false;
};

/// `batch=1,sequence=1..512` (`1..` has no upper bound), appended to `dims`;
/// gives a sentence on what is wrong.
std::optional<std::string> parseDimOptions(llvm::StringRef text,
                                           std::vector<DimOption> &dims);

struct ImportedModel {
  /// `func.func @main` with named arguments and results, `tfm.symbols`,
  /// `tfm.require` and weights as symbols (see docs/ir.md).
  mlir::OwningOpRef<mlir::ModuleOp> module;
  /// The weights' bytes. Keep it as long as the module.
  std::shared_ptr<WeightStore> weights;
};

/// Type of a value of the model's main graph, by name, as inferred.
using ValueTypes = std::vector<std::pair<std::string, mlir::RankedTensorType>>;

/// Imports the model at `path`. Loads the dialects it needs. What is wrong with
/// the model is reported through the context's diagnostics: all that is not
/// supported in one error with a note a node. `types`, where given, gets the
/// type of every value that was imported.
mlir::FailureOr<ImportedModel> importOnnx(llvm::StringRef path,
                                          const ImportOptions &options,
                                          mlir::MLIRContext &context,
                                          ValueTypes *types = nullptr);

/// The same for a model that is repaired and inlined. The result does not refer
/// to it.
mlir::FailureOr<ImportedModel> importModel(const Model &model,
                                           const ImportOptions &options,
                                           mlir::MLIRContext &context,
                                           ValueTypes *types = nullptr);

} // namespace ingot::onnx
