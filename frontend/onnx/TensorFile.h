//===- TensorFile.h - Files of one TensorProto
//-----------------------------===//
//
// `input_0.pb` and `output_0.pb` of the ONNX backend test layout.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "frontend/onnx/Tensor.h"

namespace ingot::onnx {

struct TensorFile {
  TensorRef tensor;
  TensorData data; ///< has the tensor's bytes

  std::span<const std::byte> bytes() const { return data.bytes(tensor); }
};

/// Sequences, maps and optionals are refused.
Error readTensorFile(const std::string &path, TensorFile &file);

/// Writes `bytes`, in the representation that TensorRef describes, as raw data.
/// On failure there may be half a file.
Error writeTensorFile(const std::string &path, const std::string &name,
                      DataType type, std::span<const int64_t> dims,
                      std::span<const std::byte> bytes);

} // namespace ingot::onnx
