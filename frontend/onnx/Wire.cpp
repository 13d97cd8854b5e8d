#include "frontend/onnx/Wire.h"

#include <bit>
#include <cassert>
#include <climits>
#include <cstring>

namespace ingot::onnx {

std::string quoted(std::string_view name) {
  constexpr size_t kLongest = 200;
  std::string text = "'";
  for (unsigned char c : name.substr(0, kLongest)) {
    static constexpr char kHex[] = "0123456789abcdef";
    if (c < 0x20 || c == 0x7f)
      text += {'\\', 'x', kHex[c >> 4], kHex[c & 15]};
    else
      text += static_cast<char>(c);
  }
  return text + (name.size() > kLongest ? "...'" : "'");
}

Message::Message(WireStatus &status, std::span<const std::byte> bytes,
                 const char *what)
    : status(&status), all(bytes),
      stream(reinterpret_cast<const uint8_t *>(bytes.data()),
             static_cast<int>(bytes.size())),
      what(what), fieldStart(bytes.data() ? offsetOf(bytes.data()) : 0) {
  assert(bytes.size() <= INT_MAX && "CodedInputStream counts in int");
}

bool Message::damaged(const std::string &how) {
  // Only the end of the outermost message is the end of the file.
  bool outermost =
      all.data() == status->file.data() && all.size() == status->file.size();
  status->fail(std::string(outermost ? "truncated or damaged at byte "
                                     : "damaged at byte ") +
               std::to_string(fieldStart) + ", in " + what + ": " + how);
  return false;
}

bool Message::next() {
  if (status->error || (!taken && !skip()))
    return false;
  size_t position = static_cast<size_t>(stream.CurrentPosition());
  if (position == all.size())
    return false;
  fieldStart = offsetOf(cursor());
  // A tag has 32 bits; a longer varint would be cut without a word.
  uint64_t wide = varint();
  if (status->error)
    return false;
  tag = static_cast<uint32_t>(wide);
  taken = false;
  if (wide > UINT32_MAX || field() == 0)
    return damaged("no field can begin like this");
  if (int type = wireType();
      type != Varint && type != Fixed64 && type != Length && type != Fixed32)
    return damaged("field " + std::to_string(field()) + " has wire type " +
                   std::to_string(type));
  return true;
}

bool Message::take(int type) {
  assert((status->error || !taken) && "a field's value can be read once");
  if (status->error)
    return false;
  taken = true;
  if (wireType() == type)
    return true;
  return damaged("field " + std::to_string(field()) + " has wire type " +
                 std::to_string(wireType()) + " where " + std::to_string(type) +
                 " is expected");
}

bool Message::skip() {
  switch (wireType()) {
  case Varint:
    integer();
    break;
  case Fixed64:
    f64();
    break;
  case Fixed32:
    f32();
    break;
  default:
    bytes();
  }
  return !status->error;
}

uint64_t Message::varint() {
  uint64_t value = 0;
  if (!stream.ReadVarint64(&value)) {
    damaged("a number has no end");
    return 0;
  }
  return value;
}

int64_t Message::integer() {
  return take(Varint) ? static_cast<int64_t>(varint()) : 0;
}

float Message::f32() {
  uint32_t bits = 0;
  if (take(Fixed32) && !stream.ReadLittleEndian32(&bits))
    damaged("a float is cut off");
  return std::bit_cast<float>(bits);
}

double Message::f64() {
  uint64_t bits = 0;
  if (take(Fixed64) && !stream.ReadLittleEndian64(&bits))
    damaged("a double is cut off");
  return std::bit_cast<double>(bits);
}

std::span<const std::byte> Message::bytes() {
  if (!take(Length))
    return {};
  uint64_t length = varint();
  if (status->error)
    return {};
  std::span<const std::byte> rest =
      all.subspan(static_cast<size_t>(stream.CurrentPosition()));
  if (length > rest.size()) {
    damaged("field " + std::to_string(field()) + " has " +
            std::to_string(length) + " bytes, but only " +
            std::to_string(rest.size()) + " are left");
    return {};
  }
  stream.Skip(static_cast<int>(length));
  return rest.first(length);
}

std::string Message::string() {
  std::span<const std::byte> value = bytes();
  return {reinterpret_cast<const char *>(value.data()), value.size()};
}

void Message::integers(std::vector<int64_t> &list) {
  eachInteger([&](int64_t value) { list.push_back(value); });
}

std::span<const std::byte> Message::fixed(size_t elementSize) {
  if (wireType() == Length) {
    std::span<const std::byte> packed = bytes();
    if (packed.size() % elementSize == 0)
      return packed;
    damaged("field " + std::to_string(field()) + " ends within an element");
    return {};
  }
  const std::byte *start = cursor();
  elementSize == 4 ? static_cast<void>(f32()) : static_cast<void>(f64());
  return status->error ? std::span<const std::byte>()
                       : std::span(start, elementSize);
}

void Message::floats(std::vector<float> &list) {
  std::span<const std::byte> values = fixed(4);
  size_t count = values.size() / 4, before = list.size();
  list.resize(before + count);
  for (size_t i = 0; i < count; ++i) {
    uint32_t bits = 0;
    for (unsigned byte = 0; byte < 4; ++byte)
      bits |= std::to_integer<uint32_t>(values[4 * i + byte]) << (8 * byte);
    list[before + i] = std::bit_cast<float>(bits);
  }
}

} // namespace ingot::onnx
