// Reads the wire format by hand: the command would otherwise need protobuf for
// this one message.
#include "tools/ingot/TensorProto.h"
#include "tools/ingot/Zip.h"

#include <cstring>

namespace ingot::cli {

namespace {

enum Field : uint64_t { // numbers in onnx.proto
  kDims = 1,
  kDataType = 2,
  kFloatData = 4,
  kInt32Data = 5,
  kInt64Data = 7,
  kName = 8,
  kRawData = 9,
  kDoubleData = 10,
  kUint64Data = 11,
  kDataLocation = 14
};

struct Wire {
  const char *at, *end;

  bool varint(uint64_t &value) {
    value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (at == end)
        return false;
      uint64_t byte = static_cast<unsigned char>(*at++);
      value |= (byte & 127) << shift;
      if (byte < 128)
        return true;
    }
    return false;
  }

  bool bytes(size_t size, Wire &part) {
    if (size > static_cast<size_t>(end - at))
      return false;
    part = {at, at + size};
    at += size;
    return true;
  }
};

ingot_type typeOf(uint64_t number) {
  static const ingot_type types[] = {
      INGOT_TYPE_NONE, INGOT_TYPE_F32,      INGOT_TYPE_U8,   INGOT_TYPE_I8,
      INGOT_TYPE_U16,  INGOT_TYPE_I16,      INGOT_TYPE_I32,  INGOT_TYPE_I64,
      INGOT_TYPE_NONE, INGOT_TYPE_BOOL,     INGOT_TYPE_F16,  INGOT_TYPE_F64,
      INGOT_TYPE_U32,  INGOT_TYPE_U64,      INGOT_TYPE_NONE, INGOT_TYPE_NONE,
      INGOT_TYPE_BF16, INGOT_TYPE_F8E4M3FN, INGOT_TYPE_NONE, INGOT_TYPE_F8E5M2,
      INGOT_TYPE_NONE, INGOT_TYPE_U4,       INGOT_TYPE_I4};
  return number < std::size(types) ? types[number] : INGOT_TYPE_NONE;
}

// Values of one field, each in its low bytes: a tensor of type `type` stores
// elements of up to 32 bits in int32_data and so on.
struct Parser {
  std::vector<uint64_t> dims, elements;
  Wire raw = {nullptr, nullptr};
  uint64_t type = 0, location = 0;
  std::string name;

  bool numbers(uint64_t kind, Wire &wire, std::vector<uint64_t> &list) {
    uint64_t value = 0, size = 0;
    Wire part = wire;
    if (kind == 0) {
      if (!wire.varint(value))
        return false;
      list.push_back(value);
      return true;
    }
    if (kind != 2 || !wire.varint(size) || !wire.bytes(size, part))
      return false;
    while (part.at != part.end) {
      if (!part.varint(value))
        return false;
      list.push_back(value);
    }
    return true;
  }

  bool fixed(uint64_t kind, size_t width, Wire &wire) {
    uint64_t size = width;
    Wire part = wire;
    if ((kind != 2 && kind != (width == 4 ? 5u : 1u)) ||
        (kind == 2 && !wire.varint(size)) || !wire.bytes(size, part) ||
        size % width)
      return false;
    for (; part.at != part.end; part.at += width) {
      uint64_t value = 0;
      memcpy(&value, part.at, width);
      elements.push_back(value);
    }
    return true;
  }

  bool field(Wire &wire) {
    uint64_t tag = 0, size = 0;
    if (!wire.varint(tag))
      return false;
    uint64_t kind = tag & 7;
    Wire part = wire;
    switch (tag >> 3) {
    case kDims:
      return numbers(kind, wire, dims);
    case kInt32Data:
    case kInt64Data:
    case kUint64Data:
      return numbers(kind, wire, elements);
    case kFloatData:
      return fixed(kind, 4, wire);
    case kDoubleData:
      return fixed(kind, 8, wire);
    case kDataType:
      return kind == 0 && wire.varint(type);
    case kDataLocation:
      return kind == 0 && wire.varint(location);
    default:
      break;
    }
    switch (kind) {
    case 0:
      return wire.varint(size);
    case 1:
      return wire.bytes(8, part);
    case 5:
      return wire.bytes(4, part);
    case 2:
      break;
    default:
      return false;
    }
    if (!wire.varint(size) || !wire.bytes(size, part))
      return false;
    if (tag >> 3 == kName)
      name.assign(part.at, part.end);
    if (tag >> 3 == kRawData)
      raw = part;
    return true;
  }
};

} // namespace

std::string readTensorProto(const std::string &path, Array &array) {
  std::vector<char> file;
  if (std::string error = readFile(path, file); !error.empty())
    return error;
  Parser parser;
  Wire wire = {file.data(), file.data() + file.size()};
  while (wire.at != wire.end)
    if (!parser.field(wire))
      return path + ": not a TensorProto, or cut short";
  array.name = parser.name;
  array.type = typeOf(parser.type);
  array.dims.assign(parser.dims.begin(), parser.dims.end());
  size_t count = 0, bytes = 0;
  if (array.type == INGOT_TYPE_NONE)
    return path + ": no tensor of a type that models take (ONNX type " +
           std::to_string(parser.type) + ")";
  if (parser.location == 1)
    return path + ": its data is in another file";
  if (array.dims.size() > INGOT_MAX_RANK ||
      !countBytes(array.type, array.dims, count, bytes))
    return path + ": more than 8 dims, or a negative one";
  if (parser.raw.at) {
    if (static_cast<size_t>(parser.raw.end - parser.raw.at) != bytes)
      return path + ": its data does not have the size its dims need";
    array.data.assign(parser.raw.at, parser.raw.end);
    return "";
  }
  // Those of 4 bits come as the bytes that two of them share.
  size_t values = ingot_type_bits(array.type) < 8 ? bytes : count;
  if (parser.elements.size() != values)
    return path + ": its data does not have the size its dims need";
  array.data.resize(bytes);
  size_t width = values ? bytes / values : 0;
  for (size_t i = 0; i < values; ++i)
    memcpy(array.data.data() + i * width, &parser.elements[i], width);
  return "";
}

} // namespace ingot::cli
