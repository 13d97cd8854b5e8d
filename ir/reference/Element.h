//===- Element.h - Element types and scalars of the reference
//--------------===//
//
// What one element of a tensor is: its type, its bits, and how a number in
// double or in 64-bit two's complement becomes one. Knows nothing of MLIR.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "ir/scalar/ScalarOps.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace ingot::reference {

enum class ElementType : uint8_t {
  F64,
  F32,
  F16,
  BF16,
  F8E4M3FN,
  F8E5M2,
  I64,
  I32,
  I16,
  I8,
  I4,
  U64,
  U32,
  U16,
  U8,
  U4,
  Bool,
};

bool isFloat(ElementType type);
bool isUnsigned(ElementType type); ///< U64 ... U4; Bool is not
inline bool isInteger(ElementType type) {
  return !isFloat(type) && type != ElementType::Bool;
}
/// Width in bits as stored: 4 for I4 and U4 (two in a byte, the first in the
/// low half), 8 for Bool.
unsigned bitWidth(ElementType type);
/// `f32`, `bf16`, `i64`, `u8`, `bool` …
std::string_view typeName(ElementType type);

/// Nearest value of a float type, ties to even. Beyond the largest finite
/// value it is infinity, or NaN in F8E4M3FN, which has no infinity.
double roundToFloat(ElementType type, double value);
/// The largest finite value of a float type.
double largestFinite(ElementType type);
/// The low bits of `value` as the integer type reads them; Bool is value != 0.
/// U64 keeps its 64 bits, read as a negative number where the top one is set.
int64_t wrapToInteger(ElementType type, int64_t value);
/// Smallest and largest value of an integer type as doubles; 0 and 1 of Bool.
double smallestInteger(ElementType type);
double largestInteger(ElementType type);

/// Bits of a float of at most 32 bits, and back. `value` must be representable
/// (see roundToFloat).
uint32_t encodeFloat(ElementType type, double value);
double decodeFloat(ElementType type, uint32_t bits);

/// One element: `number` holds floats, `integer` everything else.
struct Scalar {
  ElementType type = ElementType::F64;
  double number = 0;
  int64_t integer = 0;

  /// `value` rounded to a float type.
  static Scalar ofFloat(ElementType type, double value);
  /// `value` wrapped to an integer type or Bool.
  static Scalar ofInteger(ElementType type, int64_t value);
  static Scalar ofBool(bool value) {
    return ofInteger(ElementType::Bool, value);
  }

  /// As a double, rounded where a 64-bit integer has more than 53 bits.
  double asDouble() const;
  bool isTrue() const {
    return reference::isFloat(type) ? number != 0 : integer != 0;
  }
};

/// The type of `op` on operands of `type`; nothing where it has no meaning.
std::optional<ElementType> scalarResultType(ScalarOp op, ElementType type);
/// `op` on operands of one type for which scalarResultType gives a type:
/// computed in double or exact integers and rounded once.
Scalar applyScalar(ScalarOp op, std::span<const Scalar> operands);

/// Conversion as ONNX Cast defines it. Float to integer truncates; where ONNX
/// leaves it open it saturates, and NaN is the smallest value. Integers wrap.
/// To Bool is `!= 0`, so NaN is true. To 8-bit floats it saturates, infinities
/// included, as is ONNX's default.
Scalar castScalar(Scalar value, ElementType to);

} // namespace ingot::reference
