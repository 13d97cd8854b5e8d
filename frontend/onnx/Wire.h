//===- Wire.h - One protobuf message on the wire
//---------------------------===//
//
// A cursor over the fields of a message that lies in memory:
//
//   while (message.next())
//     switch (message.field()) {
//     case 1: name = message.string(); break;
//     case 2: readPart(message.message("a part")); break;
//     }                                  // what nobody took is skipped
//
// All messages of a file share a WireStatus. Its first error sticks: from then
// on every next() is false and every getter gives zero.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "frontend/onnx/Error.h"

#include "google/protobuf/io/coded_stream.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace ingot::onnx {

/// The file that is read, and the first thing that is wrong with it.
struct WireStatus {
  std::string path;
  std::span<const std::byte> file;
  Error error;
  bool hasContext = false; ///< the error says in which node it lies

  /// Keeps the first error; `sentence` follows the path.
  void fail(const std::string &sentence) {
    if (!error)
      error = Error(path + ": " + sentence);
  }
};

class Message {
public:
  /// `bytes` lie within `status.file`, which has at most 2^31 - 1 of them;
  /// `what` names the message in errors and outlives it.
  Message(WireStatus &status, std::span<const std::byte> bytes,
          const char *what);
  Message(const Message &) = delete;

  /// Moves on to the next field, false at the end and after an error.
  bool next();
  int field() const { return static_cast<int>(tag >> 3); }

  // The value of the field: once, and an error where the wire type is another.
  int64_t integer(); ///< int32, int64, uint64, bool, enum
  float f32();
  double f64();
  std::span<const std::byte> bytes();
  std::string string();
  Message message(const char *what) { return {*status, bytes(), what}; }

  // A repeated field, packed or one element.
  void integers(std::vector<int64_t> &list);
  void floats(std::vector<float> &list);
  /// Calls `take` with each element of a repeated field of varints.
  template <typename Take>
  void eachInteger(Take take);
  /// The little-endian bytes of a repeated field of fixed-size elements.
  std::span<const std::byte> fixed(size_t elementSize);

  /// Where the current field begins in the file, in bytes.
  uint64_t position() const { return fieldStart; }
  std::span<const std::byte> contents() const { return all; }

private:
  enum WireType { Varint = 0, Fixed64 = 1, Length = 2, Fixed32 = 5 };
  int wireType() const { return static_cast<int>(tag & 7); }
  bool take(int type);
  bool skip();
  uint64_t varint();
  uint64_t offsetOf(const std::byte *at) const {
    return static_cast<uint64_t>(at - status->file.data());
  }
  const std::byte *cursor() const {
    return all.data() + stream.CurrentPosition();
  }
  bool damaged(const std::string &how);

  WireStatus *status;
  std::span<const std::byte> all;
  google::protobuf::io::CodedInputStream stream;
  const char *what;
  uint32_t tag = 0;
  bool taken = true;
  uint64_t fieldStart = 0;
};

template <typename Take>
void Message::eachInteger(Take take) {
  if (wireType() != Length) {
    int64_t value = integer();
    if (!status->error)
      take(value);
    return;
  }
  std::span<const std::byte> packed = bytes();
  Message values(*status, packed, what);
  values.fieldStart = fieldStart;
  while (!status->error && values.cursor() != packed.data() + packed.size()) {
    uint64_t value = values.varint();
    if (!status->error)
      take(static_cast<int64_t>(value));
  }
}

} // namespace ingot::onnx
