//===- Error.h - What is wrong with a file
//---------------------------------===//
#pragma once

#include <string>
#include <string_view>

namespace ingot::onnx {

/// Empty on success, else a sentence without full stop that names the file and
/// the thing at fault.
class [[nodiscard]] Error {
public:
  Error() = default;
  explicit Error(std::string message) : text(std::move(message)) {}

  explicit operator bool() const { return !text.empty(); }
  const std::string &message() const { return text; }

private:
  std::string text;
};

/// A name from a file between single quotes: control characters escaped, and
/// cut where it is very long.
std::string quoted(std::string_view name);

} // namespace ingot::onnx
