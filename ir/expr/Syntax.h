//===- Syntax.h - What printing and parsing of expressions share ----------===//
#pragma once

#include "ir/expr/Expr.h"

#include <string>
#include <string_view>
#include <vector>

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
  for (std::string_view w : {"floordiv", "ceildiv", "truncdiv", "mod", "and",
                             "or", "not", "true", "false"})
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

/// What the stack machine does; from Negate on it takes operands.
// clang-format off
enum class Step : uint8_t {
  Number, Symbol, Index, KnownIndex, Boolean, Negate, Add, Sub, Mul, Power,
  FloorDiv, CeilDiv, Mod, TruncDiv, Max, Min, Abs, Sign, Wrap, Select, ToInt,
  Ge, Gt, Le, Lt, Eq, Ne, And, Or, Not,
};
// clang-format on
struct Instruction {
  Step step;
  int64_t number = 0;
  std::string name{};
};

/// The steps, in postfix order, that make the expression `text` describes.
/// Nothing unless all of it is one expression of `type` (Int or Bool).
std::optional<std::vector<Instruction>> readSyntax(std::string_view text,
                                                   ExprType type);

} // namespace ingot
