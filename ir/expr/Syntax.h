//===- Syntax.h - What printing and parsing of expressions share ------------===//
#pragma once

#include <string>
#include <string_view>

namespace ingot {

inline bool isNameStart(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
inline bool isNamePart(char c) {
  return isNameStart(c) || (c >= '0' && c <= '9') || c == '.';
}

/// Words that are operators or values. Names of functions are free: only a
/// parenthesis makes them calls.
inline bool isReservedWord(std::string_view word) {
  for (std::string_view w : {"floordiv", "ceildiv", "truncdiv", "mod", "and", "or",
                             "not", "true", "false"})
    if (w == word)
      return true;
  return false;
}

/// `name` as it is read back: in single quotes unless it is an identifier.
inline std::string quoteName(std::string_view name) {
  bool plain = !name.empty() && isNameStart(name[0]) && !isReservedWord(name);
  for (char c : name)
    plain = plain && isNamePart(c);
  if (plain)
    return std::string(name);
  std::string quoted = "'";
  for (char c : name) {
    if (c == '\'' || c == '\\')
      quoted += '\\';
    quoted += c;
  }
  return quoted + "'";
}

} // namespace ingot
