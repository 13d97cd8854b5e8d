//===- Tensor.h - Tensors of ONNX files, by reference
//----------------------===//
#pragma once

#include "frontend/onnx/MappedFile.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ingot::onnx {

/// TensorProto.DataType. A file may hold numbers that are not in this list.
enum class DataType : int32_t {
  Undefined = 0,
  Float = 1,
  UInt8 = 2,
  Int8 = 3,
  UInt16 = 4,
  Int16 = 5,
  Int32 = 6,
  Int64 = 7,
  String = 8,
  Bool = 9,
  Float16 = 10,
  Double = 11,
  UInt32 = 12,
  UInt64 = 13,
  Complex64 = 14,
  Complex128 = 15,
  BFloat16 = 16,
  Float8E4M3FN = 17,
  Float8E4M3FNUZ = 18,
  Float8E5M2 = 19,
  Float8E5M2FNUZ = 20,
  UInt4 = 21,
  Int4 = 22,
  Float4E2M1 = 23,
  Float8E8M0 = 24,
  UInt2 = 25,
  Int2 = 26,
};

/// `float16`, `int64` …, `type 99` for a number that is not in the list.
std::string dataTypeName(DataType type);
/// Bits of one element; 0 for strings and types that are not in the list.
unsigned bitWidth(DataType type);

/// A tensor whose bytes lie elsewhere: little-endian, dense, row-major, types
/// below 8 bits packed from the low bits up. Bools are 0 or 1.
struct TensorRef {
  std::string name;
  DataType type = DataType::Undefined;
  /// None is negative; their product fits an int64_t even without the zeros.
  std::vector<int64_t> dims;
  uint32_t source = 0;             ///< index of a TensorData::Source
  uint64_t offset = 0, length = 0; ///< in bytes; length is 0 for strings

  int64_t elementCount() const;
};

/// The bytes that tensor references point into: mapped files, and one buffer of
/// values that no file holds in their final form (varints, for example).
class TensorData {
public:
  struct Source {
    std::string file; ///< relative to the model's folder; "" for decoded values
    std::shared_ptr<const MappedFile> mapped;
    std::vector<std::byte> decoded;

    std::span<const std::byte> bytes() const {
      return mapped ? mapped->bytes() : std::span<const std::byte>(decoded);
    }
  };

  const std::vector<Source> &sources() const { return list; }
  const Source &source(const TensorRef &tensor) const {
    return list[tensor.source];
  }
  /// Alignment is that of the file: possibly none.
  std::span<const std::byte> bytes(const TensorRef &tensor) const {
    return source(tensor).bytes().subspan(tensor.offset, tensor.length);
  }
  /// All elements of an integer or bool tensor, u64 as two's complement;
  /// nothing for other types.
  std::optional<std::vector<int64_t>> integers(const TensorRef &tensor) const;
  /// All elements of a tensor of f64, f32, f16, bf16, integers or bools.
  std::optional<std::vector<double>> numbers(const TensorRef &tensor) const;

  uint32_t addFile(std::string name, std::shared_ptr<const MappedFile> file);
  /// Points the tensor at a copy of `bytes`. Spans of decoded values handed out
  /// before are no longer valid.
  void setDecoded(TensorRef &tensor, std::span<const std::byte> bytes);

private:
  std::vector<Source> list;
  std::optional<uint32_t> decodedSource;
};

} // namespace ingot::onnx
