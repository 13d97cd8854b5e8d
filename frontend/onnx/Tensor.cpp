#include "frontend/onnx/Tensor.h"

#include <bit>
#include <cassert>

namespace ingot::onnx {

namespace {
struct TypeRow {
  const char *name;
  unsigned bits;
};
/// By DataType.
constexpr TypeRow kTypes[] = {
    {"undefined", 0},      {"float32", 32},   {"uint8", 8},
    {"int8", 8},           {"uint16", 16},    {"int16", 16},
    {"int32", 32},         {"int64", 64},     {"string", 0},
    {"bool", 8},           {"float16", 16},   {"float64", 64},
    {"uint32", 32},        {"uint64", 64},    {"complex64", 64},
    {"complex128", 128},   {"bfloat16", 16},  {"float8e4m3fn", 8},
    {"float8e4m3fnuz", 8}, {"float8e5m2", 8}, {"float8e5m2fnuz", 8},
    {"uint4", 4},          {"int4", 4},       {"float4e2m1", 4},
    {"float8e8m0", 8},     {"uint2", 2},      {"int2", 2},
};

const TypeRow *findType(DataType type) {
  auto code = static_cast<uint32_t>(type);
  return code < std::size(kTypes) ? &kTypes[code] : nullptr;
}

bool isSigned(DataType type) {
  return type == DataType::Int2 || type == DataType::Int4 ||
         type == DataType::Int8 || type == DataType::Int16 ||
         type == DataType::Int32 || type == DataType::Int64;
}

bool isInteger(DataType type) {
  return isSigned(type) || type == DataType::Bool || type == DataType::UInt2 ||
         type == DataType::UInt4 || type == DataType::UInt8 ||
         type == DataType::UInt16 || type == DataType::UInt32 ||
         type == DataType::UInt64;
}

/// Element `i` of packed little-endian elements, as bits.
uint64_t loadBits(std::span<const std::byte> bytes, unsigned width,
                  uint64_t i) {
  if (width < 8) {
    uint64_t bit = i * width;
    return std::to_integer<uint64_t>(bytes[bit / 8]) >> bit % 8 &
           ((1u << width) - 1);
  }
  uint64_t bits = 0, size = width / 8;
  for (uint64_t byte = 0; byte < size; ++byte)
    bits |= std::to_integer<uint64_t>(bytes[i * size + byte]) << (8 * byte);
  return bits;
}

int64_t signExtend(uint64_t bits, unsigned width) {
  unsigned unused = 64 - width;
  return static_cast<int64_t>(bits << unused) >> unused;
}

float halfToFloat(uint32_t bits) {
  uint32_t sign = (bits & 0x8000) << 16, exponent = bits >> 10 & 31,
           mantissa = bits & 0x3ff;
  if (exponent == 31)
    return std::bit_cast<float>(sign | 0x7f800000 | mantissa << 13);
  if (exponent != 0)
    return std::bit_cast<float>(sign | (exponent + 112) << 23 | mantissa << 13);
  float tiny = static_cast<float>(mantissa) * 0x1p-24f;
  return sign ? -tiny : tiny;
}

double toDouble(DataType type, uint64_t bits) {
  switch (type) {
  case DataType::Double:
    return std::bit_cast<double>(bits);
  case DataType::Float:
    return std::bit_cast<float>(static_cast<uint32_t>(bits));
  case DataType::Float16:
    return halfToFloat(static_cast<uint32_t>(bits));
  case DataType::BFloat16:
    return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
  case DataType::UInt64:
    return static_cast<double>(bits);
  default:
    return isSigned(type)
               ? static_cast<double>(signExtend(bits, bitWidth(type)))
               : static_cast<double>(bits);
  }
}
} // namespace

std::string dataTypeName(DataType type) {
  const TypeRow *row = findType(type);
  return row ? row->name : "type " + std::to_string(static_cast<int32_t>(type));
}

unsigned bitWidth(DataType type) {
  const TypeRow *row = findType(type);
  return row ? row->bits : 0;
}

int64_t TensorRef::elementCount() const {
  int64_t count = 1;
  for (int64_t dim : dims)
    count *= dim != 0;
  for (int64_t dim : dims)
    count *=
        dim; // cannot overflow: without zeros it does not, with them it is 0
  return count;
}

std::optional<std::vector<int64_t>>
TensorData::integers(const TensorRef &tensor) const {
  if (!isInteger(tensor.type))
    return std::nullopt;
  unsigned width = bitWidth(tensor.type);
  std::span<const std::byte> stored = bytes(tensor);
  std::vector<int64_t> values(static_cast<size_t>(tensor.elementCount()));
  for (size_t i = 0; i < values.size(); ++i) {
    uint64_t bits = loadBits(stored, width, i);
    values[i] = isSigned(tensor.type) ? signExtend(bits, width)
                                      : static_cast<int64_t>(bits);
  }
  return values;
}

std::optional<std::vector<double>>
TensorData::numbers(const TensorRef &tensor) const {
  bool isFloat =
      tensor.type == DataType::Double || tensor.type == DataType::Float ||
      tensor.type == DataType::Float16 || tensor.type == DataType::BFloat16;
  if (!isFloat && !isInteger(tensor.type))
    return std::nullopt;
  std::span<const std::byte> stored = bytes(tensor);
  std::vector<double> values(static_cast<size_t>(tensor.elementCount()));
  for (size_t i = 0; i < values.size(); ++i)
    values[i] =
        toDouble(tensor.type, loadBits(stored, bitWidth(tensor.type), i));
  return values;
}

uint32_t TensorData::addFile(std::string name,
                             std::shared_ptr<const MappedFile> file) {
  assert(file && "a source has bytes");
  list.push_back({std::move(name), std::move(file), {}});
  return static_cast<uint32_t>(list.size() - 1);
}

void TensorData::setDecoded(TensorRef &tensor,
                            std::span<const std::byte> bytes) {
  if (!decodedSource) {
    decodedSource = static_cast<uint32_t>(list.size());
    list.emplace_back();
  }
  std::vector<std::byte> &buffer = list[*decodedSource].decoded;
  buffer.resize((buffer.size() + 7) / 8 * 8); // aligned for any element type
  tensor.source = *decodedSource;
  tensor.offset = buffer.size();
  tensor.length = bytes.size();
  buffer.insert(buffer.end(), bytes.begin(), bytes.end());
}

} // namespace ingot::onnx
