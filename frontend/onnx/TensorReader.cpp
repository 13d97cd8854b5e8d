#include "frontend/onnx/TensorReader.h"

#include <algorithm>
#include <charconv>

namespace ingot::onnx {

namespace {
// Fields of TensorProto that hold values, by number.
enum ValueField {
  kFloats = 4,
  kInt32s = 5,
  kStrings = 6,
  kInt64s = 7,
  kDoubles = 10,
  kUInt64s = 11
};

const char *fieldName(int field) {
  switch (field) {
  case kFloats:
    return "float_data";
  case kInt32s:
    return "int32_data";
  case kStrings:
    return "string_data";
  case kInt64s:
    return "int64_data";
  case kDoubles:
    return "double_data";
  default:
    return "uint64_data";
  }
}

/// Where values of a type lie that are not in raw_data; 0 for unknown types.
int valueField(DataType type) {
  switch (type) {
  case DataType::Float:
  case DataType::Complex64:
    return kFloats;
  case DataType::Double:
  case DataType::Complex128:
    return kDoubles;
  case DataType::Int64:
    return kInt64s;
  case DataType::UInt32:
  case DataType::UInt64:
    return kUInt64s;
  case DataType::String:
    return kStrings;
  default:
    return bitWidth(type) ? kInt32s : 0;
  }
}

std::string printDims(const std::vector<int64_t> &dims) {
  constexpr size_t kMost = 16;
  std::string text;
  for (size_t i = 0; i < std::min(dims.size(), kMost); ++i)
    text += (i ? ", " : "") + std::to_string(dims[i]);
  return "[" + text + (dims.size() > kMost ? ", ...]" : "]");
}

/// Bit patterns come with and without the sign.
bool fits(DataType type, unsigned bytes, int64_t value) {
  if (bytes == 8)
    return true;
  bool isUnsigned = type == DataType::UInt8 || type == DataType::UInt16 ||
                    type == DataType::UInt32;
  int64_t range = int64_t{1} << (8 * bytes);
  return value < range && value >= (isUnsigned ? 0 : -range / 2);
}

/// A number of bytes as external data gives it; false unless all of it is
/// digits.
bool parseBytes(const std::string &text, uint64_t &value) {
  const char *end = text.data() + text.size();
  auto [rest, failure] = std::from_chars(text.data(), end, value);
  return failure == std::errc() && rest == end;
}
} // namespace

struct TensorReader::ExternalPlace {
  std::string location;
  std::optional<std::string> offset, length;
};

struct TensorReader::Fields {
  Fields(const Message &message) : proto(message.contents()) {}

  std::span<const std::byte>
      proto; ///< the whole message, to decode values from
  std::span<const std::byte> raw;
  unsigned present = 0; ///< bit i: value field i is there
  bool isExternal = false, isSegment = false;
  ExternalPlace place;
};

void TensorReader::read(Message message, const std::string &owner,
                        TensorRef &tensor) {
  subject = owner;
  Fields fields(message);
  readFields(message, tensor, fields);
  if (!tensor.name.empty())
    subject = "tensor " + quoted(tensor.name);
  if (status.error)
    return;
  if (fields.isSegment)
    // The values of SequenceProto and OptionalProto have the same number.
    return fail("is a sequence, an optional or a segment of a tensor; only "
                "whole tensors are supported");
  if (tensor.type == DataType::Undefined)
    return fail("has no element type");
  uint64_t bytes = 0;
  if (!checkDims(tensor, bytes))
    return;

  int expected = valueField(tensor.type);
  if (unsigned others = fields.present & ~(1u << expected)) {
    int field = kFloats;
    while (!(others >> field & 1))
      ++field;
    return fail("has values of type " + dataTypeName(tensor.type) + " in " +
                fieldName(field));
  }
  if (!fields.raw.empty() && (fields.present || fields.isExternal))
    return fail("has its values twice");
  if (tensor.type == DataType::String)
    return;
  if (fields.isExternal)
    placeExternal(tensor, fields.place, bytes);
  else if (fields.present)
    placeTyped(tensor, fields, bytes);
  else
    placeRaw(tensor, fields.raw, bytes);
  if (tensor.type == DataType::Bool && !status.error)
    makeBoolsCanonical(tensor);
}

void TensorReader::readFields(Message &message, TensorRef &tensor,
                              Fields &fields) {
  while (message.next())
    switch (int field = message.field()) {
    case 1:
      message.integers(tensor.dims);
      break;
    case 2:
      tensor.type = static_cast<DataType>(message.integer());
      break;
    case 3:
      fields.isSegment = true;
      break;
    case kFloats:
    case kInt32s:
    case kStrings:
    case kInt64s:
    case kDoubles:
    case kUInt64s:
      fields.present |= 1u << field;
      break;
    case 8:
      tensor.name = message.string();
      break;
    case 9:
      fields.raw = message.bytes();
      break;
    case 13:
      readExternalEntry(message.message("external data"), fields.place);
      break;
    case 14:
      fields.isExternal = message.integer() == 1;
      break;
    }
}

void TensorReader::readExternalEntry(Message message, ExternalPlace &place) {
  std::string key, value;
  while (message.next())
    switch (message.field()) {
    case 1:
      key = message.string();
      break;
    case 2:
      value = message.string();
      break;
    }
  if (key == "location")
    place.location = value;
  else if (key == "offset")
    place.offset = value;
  else if (key == "length")
    place.length = value;
}

bool TensorReader::checkDims(const TensorRef &tensor, uint64_t &bytes) {
  int64_t count = 1, nonZero = 1;
  for (int64_t dim : tensor.dims) {
    if (dim < 0)
      return fail("has a negative dim: " + printDims(tensor.dims)), false;
    count *= dim != 0;
    if (__builtin_mul_overflow(nonZero, std::max<int64_t>(dim, 1), &nonZero))
      return fail("has more elements than can be counted: " +
                  printDims(tensor.dims)),
             false;
  }
  count *= nonZero;
  unsigned width = bitWidth(tensor.type);
  uint64_t bits;
  if (__builtin_mul_overflow(static_cast<uint64_t>(count), uint64_t{width},
                             &bits))
    return fail("has more bytes than can be counted: " +
                printDims(tensor.dims)),
           false;
  bytes = bits / 8 + (bits % 8 != 0);
  return true;
}

void TensorReader::placeRaw(TensorRef &tensor, std::span<const std::byte> raw,
                            uint64_t bytes) {
  bool isKnown = bitWidth(tensor.type) != 0;
  if (isKnown && raw.size() != bytes) {
    if (raw.empty())
      return fail("has no values, but shape " + printDims(tensor.dims));
    return fail("has " + std::to_string(raw.size()) + " bytes where " +
                printDims(tensor.dims) + " of " + dataTypeName(tensor.type) +
                " takes " + std::to_string(bytes));
  }
  tensor.source = 0;
  tensor.offset =
      raw.empty() ? 0 : static_cast<uint64_t>(raw.data() - status.file.data());
  tensor.length = raw.size();
}

void TensorReader::placeExternal(TensorRef &tensor, const ExternalPlace &place,
                                 uint64_t bytes) {
  if (!bitWidth(tensor.type))
    return fail("external data of " + dataTypeName(tensor.type) +
                " is not supported");
  if (Error error = external.open(place.location, tensor.source))
    return fail(error.message());
  std::string where = "external data " + quoted(place.location);
  tensor.length = bytes;
  uint64_t stored = bytes;
  if (place.offset && !parseBytes(*place.offset, tensor.offset))
    return fail(where + ": offset " + quoted(*place.offset) +
                " is not a number of bytes");
  if (place.length && !parseBytes(*place.length, stored))
    return fail(where + ": length " + quoted(*place.length) +
                " is not a number of bytes");
  if (stored != bytes)
    return fail(where + ": length " + std::to_string(stored) +
                " is not that of " + printDims(tensor.dims) + " of " +
                dataTypeName(tensor.type) + ", " + std::to_string(bytes));
  uint64_t size = data.source(tensor).bytes().size();
  if (tensor.offset > size || bytes > size - tensor.offset)
    return fail(where + " has " + std::to_string(size) +
                " bytes, too few for " + std::to_string(bytes) + " from byte " +
                std::to_string(tensor.offset) + "; is the file complete?");
}

void TensorReader::placeTyped(TensorRef &tensor, const Fields &fields,
                              uint64_t bytes) {
  int field = valueField(tensor.type);
  bool isFixed = field == kFloats || field == kDoubles;
  // Bytes that one value of the field makes: a half of a complex number, one
  // element, or a byte with several elements of fewer bits.
  unsigned width = isFixed ? (field == kFloats ? 4 : 8)
                           : std::max(bitWidth(tensor.type) / 8, 1u);
  // One chunk of packed floats lies in the file as it is needed.
  std::span<const std::byte> single;
  unsigned chunks = 0;
  uint64_t found = 0;
  std::vector<std::byte> decoded;
  Message again(status, fields.proto, "a tensor");
  while (again.next()) {
    if (again.field() != field)
      continue;
    ++chunks;
    if (isFixed) {
      single = again.fixed(width);
      found += single.size();
      continue;
    }
    again.eachInteger([&](int64_t value) {
      found += width;
      if (tensor.type == DataType::Bool)
        value = value != 0;
      if (!fits(tensor.type, width, value))
        return fail(std::to_string(value) + " in " + fieldName(field) +
                    " does not fit " + dataTypeName(tensor.type));
      for (unsigned byte = 0; byte < width && found <= bytes; ++byte)
        decoded.push_back(static_cast<std::byte>(value >> (8 * byte)));
    });
  }
  if (status.error)
    return;
  if (found != bytes)
    return fail("has " + std::to_string(found / width) + " values in " +
                fieldName(field) + " where " + printDims(tensor.dims) + " of " +
                dataTypeName(tensor.type) + " takes " +
                std::to_string(bytes / width));
  if (isFixed && chunks == 1)
    return placeRaw(tensor, single, bytes);
  if (isFixed)
    joinFixed(fields.proto, field, width, decoded);
  data.setDecoded(tensor, decoded);
}

void TensorReader::joinFixed(std::span<const std::byte> proto, int field,
                             unsigned width, std::vector<std::byte> &values) {
  Message again(status, proto, "a tensor");
  while (again.next())
    if (again.field() == field) {
      std::span<const std::byte> part = again.fixed(width);
      values.insert(values.end(), part.begin(), part.end());
    }
}

void TensorReader::makeBoolsCanonical(TensorRef &tensor) {
  std::span<const std::byte> stored = data.bytes(tensor);
  auto isCanonical = [](std::byte b) { return b <= std::byte{1}; };
  if (std::all_of(stored.begin(), stored.end(), isCanonical))
    return;
  std::vector<std::byte> bools(stored.size());
  std::transform(stored.begin(), stored.end(), bools.begin(),
                 [](std::byte b) { return std::byte{b != std::byte{0}}; });
  data.setDecoded(tensor, bools);
}

} // namespace ingot::onnx
