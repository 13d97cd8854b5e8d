//===- ModelSource.h - The model that a verb works on ---------------------===//
#pragma once

#include "frontend/onnx/Import.h"
#include "tools/ingot/Options.h"

namespace ingot::cli {

/// A file, and what the command line says about its inputs.
struct ModelSource {
  std::string path;
  onnx::ImportOptions import;
};

/// The options of every verb that reads a model, to be given to parseOptions.
inline constexpr std::string_view kModelOptions[] = {"--dims"};

/// Reads the one file and the options. Returns 0, else the exit code after a
/// complaint.
int parseModelSource(const Options &options, const char *verb,
                     ModelSource &source);

/// Loads `source`: an ONNX file at the import stage. Makes its weights those of
/// the context. What is wrong is a diagnostic.
mlir::FailureOr<onnx::ImportedModel> loadModel(const ModelSource &source,
                                               mlir::MLIRContext &context);

} // namespace ingot::cli
