//===- TensorReader.h - TensorProto -> TensorRef
//---------------------------===//
#pragma once

#include "frontend/onnx/ExternalData.h"
#include "frontend/onnx/Wire.h"

namespace ingot::onnx {

/// Reads tensors of one file, which is source 0 of `data`. Errors go to the
/// status of the messages.
class TensorReader {
public:
  TensorReader(WireStatus &status, TensorData &data)
      : status(status), data(data), external(status.path, data) {}

  /// A TensorProto. `owner` names a tensor without a name in errors.
  void read(Message message, const std::string &owner, TensorRef &tensor);

private:
  struct Fields;
  struct ExternalPlace;

  void readFields(Message &message, TensorRef &tensor, Fields &fields);
  void readExternalEntry(Message message, ExternalPlace &place);
  bool checkDims(const TensorRef &tensor, uint64_t &bytes);
  void placeRaw(TensorRef &tensor, std::span<const std::byte> raw,
                uint64_t bytes);
  void placeExternal(TensorRef &tensor, const ExternalPlace &place,
                     uint64_t bytes);
  void placeTyped(TensorRef &tensor, const Fields &fields, uint64_t bytes);
  void joinFixed(std::span<const std::byte> proto, int field, unsigned width,
                 std::vector<std::byte> &values);
  void makeBoolsCanonical(TensorRef &tensor);
  void fail(const std::string &sentence) {
    status.fail(subject + ": " + sentence);
  }

  WireStatus &status;
  TensorData &data;
  ExternalData external;
  std::string subject; ///< the tensor at hand, for errors
};

} // namespace ingot::onnx
