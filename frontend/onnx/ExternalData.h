//===- ExternalData.h - Weights in files beside the model
//------------------===//
#pragma once

#include "frontend/onnx/Tensor.h"

#include <map>

namespace ingot::onnx {

/// The files that the tensors of one model refer to. Refuses locations outside
/// the model's folder: a model comes from anywhere and must not make the
/// compiler read /etc/shadow into an artifact.
class ExternalData {
public:
  ExternalData(const std::string &modelPath, TensorData &data);

  /// The source of the file at `location`, mapped when it is first asked for.
  /// The message of an error does not name the model.
  Error open(const std::string &location, uint32_t &source);

private:
  void resolveFolders();
  bool isInside(const std::string &resolved) const;

  TensorData &data;
  std::string modelPath;
  std::string folder; ///< as given, ends in '/' or is empty
  /// Resolved folders of the path and of the file that it leads to: a cache may
  /// hold a model as a folder of links into its store.
  std::string resolvedFolder, storeFolder;
  std::map<std::string, uint32_t, std::less<>> byLocation, byResolvedPath;
};

} // namespace ingot::onnx
