//===- Reader.h - .onnx file -> Model
//--------------------------------------===//
#pragma once

#include "frontend/onnx/Model.h"

namespace ingot::onnx {

/// Reads, inlines and repairs: what an importer wants. On failure `model` is
/// left in an unspecified state.
Error loadModel(const std::string &path, Model &model);
Error loadModel(std::shared_ptr<const MappedFile> file, Model &model);

// The steps of loadModel, in order.

/// The file as it is. Tensor bytes stay where they are; external data files are
/// mapped, each once.
Error readModel(const std::string &path, Model &model);
Error readModel(std::shared_ptr<const MappedFile> file, Model &model);
/// Replaces every call of a model-local function by the function's nodes.
Error inlineFunctions(Model &model);
/// Sorts each graph topologically, resolves opsets, removes duplicates, and
/// checks that every name is defined once (names in a subgraph may shadow those
/// around it).
Error repair(Model &model);

} // namespace ingot::onnx
