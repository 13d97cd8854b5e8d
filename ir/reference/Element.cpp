#include "ir/reference/Element.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cmath>
#include <cstring>
#include <limits>

namespace ingot::reference {

namespace {
struct TypeInfo {
  std::string_view name;
  uint8_t bits;
  bool isFloat;
  bool isUnsigned;
};
constexpr TypeInfo kTypes[] = {
    {"f64", 64, true, false},     {"f32", 32, true, false},
    {"f16", 16, true, false},     {"bf16", 16, true, false},
    {"f8E4M3FN", 8, true, false}, {"f8E5M2", 8, true, false},
    {"i64", 64, false, false},    {"i32", 32, false, false},
    {"i16", 16, false, false},    {"i8", 8, false, false},
    {"i4", 4, false, false},      {"u64", 64, false, true},
    {"u32", 32, false, true},     {"u16", 16, false, true},
    {"u8", 8, false, true},       {"u4", 4, false, true},
    {"bool", 8, false, false},
};
const TypeInfo &info(ElementType type) {
  return kTypes[static_cast<size_t>(type)];
}

/// A float format of at most 32 bits. Magnitudes are coded in rising order, so
/// everything above `maxFinite` is infinity or NaN.
struct FloatFormat {
  int mantissaBits; ///< stored ones, without the leading 1
  int minExponent;  ///< of the smallest normal number
  uint32_t maxFinite;
  uint32_t overflow; ///< infinity, or NaN where there is none
  uint32_t nan;
  uint32_t sign;
};
FloatFormat formatOf(ElementType type) {
  switch (type) {
  case ElementType::F32:
    return {23, -126, 0x7f7fffff, 0x7f800000, 0x7fc00000, 0x80000000};
  case ElementType::F16:
    return {10, -14, 0x7bff, 0x7c00, 0x7e00, 0x8000};
  case ElementType::BF16:
    return {7, -126, 0x7f7f, 0x7f80, 0x7fc0, 0x8000};
  case ElementType::F8E4M3FN:
    return {3, -6, 0x7e, 0x7f, 0x7f, 0x80};
  case ElementType::F8E5M2:
    return {2, -14, 0x7b, 0x7c, 0x7f, 0x80};
  default:
    break;
  }
  assert(false && "not a float of at most 32 bits");
  return {};
}

/// The unsigned counterparts of the few integer ops where 64 bits read as
/// signed give something else.
uint64_t applyUnsigned(ScalarOp op, uint64_t a, uint64_t b) {
  switch (op) {
  case ScalarOp::Div:
  case ScalarOp::FloorDiv:
    return b ? a / b : 0;
  case ScalarOp::Mod:
  case ScalarOp::Rem:
    return b ? a % b : 0;
  case ScalarOp::Max:
    return a > b ? a : b;
  case ScalarOp::Min:
    return a < b ? a : b;
  case ScalarOp::Abs:
  case ScalarOp::Relu:
    return a;
  case ScalarOp::Sign:
    return a != 0;
  case ScalarOp::Lt:
    return a < b;
  case ScalarOp::Le:
    return a <= b;
  case ScalarOp::Pow: {
    uint64_t result = 1;
    for (; b; b >>= 1, a *= a)
      if (b & 1)
        result *= a;
    return result;
  }
  default:
    break;
  }
  int64_t operands[] = {static_cast<int64_t>(a), static_cast<int64_t>(b)};
  return static_cast<uint64_t>(
      applyInteger(op, std::span(operands, scalarArity(op))));
}

/// A 64-bit integer as a double rounded to odd: where bits are lost the last
/// one is set. A second rounding to a type of at most 51 bits is then right;
/// after rounding to nearest it could be off by one unit.
double toDoubleRoundedToOdd(int64_t value, bool isUnsignedValue) {
  bool negative = !isUnsignedValue && value < 0;
  uint64_t magnitude = negative ? 0 - static_cast<uint64_t>(value)
                                : static_cast<uint64_t>(value);
  int lost = 0;
  for (uint64_t rest = magnitude >> 53; rest; rest >>= 1)
    ++lost;
  uint64_t kept = magnitude >> lost;
  if (lost && (kept << lost) != magnitude)
    kept |= 1;
  double result = std::ldexp(static_cast<double>(kept), lost);
  return negative ? -result : result;
}

/// Truncates and saturates to the range of `type`.
int64_t truncateToInteger(ElementType type, double value) {
  double low = smallestInteger(type), high = largestInteger(type);
  // Both bounds are exact except 2^63 - 1 and 2^64 - 1, which round up to the
  // power: values from there on must not reach the conversion.
  if (std::isnan(value) || value <= low)
    value = low;
  else if (value >= high) {
    if (type == ElementType::I64)
      return std::numeric_limits<int64_t>::max();
    if (type == ElementType::U64)
      return -1; // all bits set
    value = high;
  }
  if (type == ElementType::U64)
    return static_cast<int64_t>(static_cast<uint64_t>(value));
  return static_cast<int64_t>(value);
}
} // namespace

bool isFloat(ElementType type) { return info(type).isFloat; }
bool isUnsigned(ElementType type) { return info(type).isUnsigned; }
unsigned bitWidth(ElementType type) { return info(type).bits; }
std::string_view typeName(ElementType type) { return info(type).name; }

uint32_t encodeFloat(ElementType type, double value) {
  FloatFormat format = formatOf(type);
  uint32_t sign = std::signbit(value) ? format.sign : 0;
  if (std::isnan(value))
    return sign | format.nan;
  double magnitude = std::fabs(value);
  if (std::isinf(magnitude))
    return sign | format.overflow;
  if (magnitude == 0)
    return sign;
  // By bits, as weights of whole models come this way. A double that is
  // subnormal is far below half of every format's least number.
  constexpr int kBits = 52, kBias = 1023;
  uint64_t bits = std::bit_cast<uint64_t>(magnitude);
  int own = static_cast<int>(bits >> kBits) - kBias;
  uint64_t mantissa = (bits & ((1ull << kBits) - 1)) | 1ull << kBits;
  int exponent = std::max(own, format.minExponent);
  if (exponent > 2 * -format.minExponent) // far above every format's range
    return sign | format.overflow;
  // Count in units of the last place at this exponent, to the nearest and of
  // two to the even one. A mantissa that rounds up to the next power of two
  // carries into the exponent field by itself.
  int dropped = kBits - format.mantissaBits + exponent - own;
  uint64_t units = 0;
  if (dropped <= kBits + 1) { // else below half a unit
    units = mantissa >> dropped;
    uint64_t half = 1ull << (dropped - 1), rest = mantissa & (2 * half - 1);
    units += rest > half || (rest == half && units % 2 == 1);
  }
  uint32_t code = (static_cast<uint32_t>(exponent - format.minExponent)
                   << format.mantissaBits) +
                  static_cast<uint32_t>(units);
  return sign | (code > format.maxFinite ? format.overflow : code);
}

double decodeFloat(ElementType type, uint32_t bits) {
  FloatFormat format = formatOf(type);
  uint32_t code = bits & (format.sign - 1);
  double magnitude;
  if (code > format.maxFinite) {
    bool isInfinity = code == format.overflow && format.overflow != format.nan;
    magnitude = isInfinity ? std::numeric_limits<double>::infinity()
                           : std::numeric_limits<double>::quiet_NaN();
  } else {
    uint32_t exponent = code >> format.mantissaBits;
    uint32_t mantissa = code - (exponent << format.mantissaBits);
    if (exponent)
      mantissa += 1u << format.mantissaBits;
    magnitude = std::ldexp(static_cast<double>(mantissa),
                           format.minExponent - format.mantissaBits +
                               (exponent ? static_cast<int>(exponent) - 1 : 0));
  }
  return bits & format.sign ? -magnitude : magnitude;
}

double roundToFloat(ElementType type, double value) {
  assert(isFloat(type) && "rounding to a type that is no float");
  if (type == ElementType::F64)
    return value;
  if (type == ElementType::F32)
    return static_cast<float>(value);
  return decodeFloat(type, encodeFloat(type, value));
}

double largestFinite(ElementType type) {
  if (type == ElementType::F64)
    return std::numeric_limits<double>::max();
  return decodeFloat(type, formatOf(type).maxFinite);
}

int64_t wrapToInteger(ElementType type, int64_t value) {
  assert(!isFloat(type) && "wrapping to a float type");
  if (type == ElementType::Bool)
    return value != 0;
  unsigned unused = 64 - bitWidth(type);
  uint64_t high = static_cast<uint64_t>(value) << unused;
  return isUnsigned(type) ? static_cast<int64_t>(high >> unused)
                          : static_cast<int64_t>(high) >> unused;
}

double smallestInteger(ElementType type) {
  if (isUnsigned(type) || type == ElementType::Bool)
    return 0;
  return -std::ldexp(1.0, static_cast<int>(bitWidth(type)) - 1);
}

double largestInteger(ElementType type) {
  if (type == ElementType::Bool)
    return 1;
  int bits = static_cast<int>(bitWidth(type));
  return std::ldexp(1.0, isUnsigned(type) ? bits : bits - 1) - 1;
}

Scalar Scalar::ofFloat(ElementType type, double value) {
  return {type, roundToFloat(type, value), 0};
}

Scalar Scalar::ofInteger(ElementType type, int64_t value) {
  return {type, 0, wrapToInteger(type, value)};
}

double Scalar::asDouble() const {
  if (reference::isFloat(type))
    return number;
  return type == ElementType::U64
             ? static_cast<double>(static_cast<uint64_t>(integer))
             : static_cast<double>(integer);
}

std::optional<ElementType> scalarResultType(ScalarOp op, ElementType type) {
  switch (scalarClass(op)) {
  case ScalarClass::Arith:
    if (type != ElementType::Bool)
      return type;
    break;
  case ScalarClass::Float:
    if (isFloat(type))
      return type;
    break;
  case ScalarClass::Compare:
    return ElementType::Bool;
  case ScalarClass::Logic:
    if (type == ElementType::Bool)
      return type;
    break;
  case ScalarClass::Test:
    if (isFloat(type))
      return ElementType::Bool;
    break;
  }
  return std::nullopt;
}

Scalar applyScalar(ScalarOp op, std::span<const Scalar> operands) {
  assert(operands.size() == scalarArity(op) && operands.size() <= 2 &&
         "wrong number of operands");
  ElementType type = operands[0].type;
  std::optional<ElementType> result = scalarResultType(op, type);
  assert(result && "scalar op has no meaning on this type");
  assert(operands.back().type == type && "operands of different types");
  if (isFloat(type)) {
    double numbers[2] = {operands[0].number, operands.back().number};
    double value = applyFloat(op, std::span(numbers, operands.size()));
    return isFloat(*result) ? Scalar::ofFloat(*result, value)
                            : Scalar::ofBool(value != 0);
  }
  int64_t integers[2] = {operands[0].integer, operands.back().integer};
  int64_t value = type == ElementType::U64
                      ? static_cast<int64_t>(applyUnsigned(
                            op, static_cast<uint64_t>(integers[0]),
                            static_cast<uint64_t>(integers[1])))
                      : applyInteger(op, std::span(integers, operands.size()));
  return Scalar::ofInteger(*result, value);
}

Scalar castScalar(Scalar value, ElementType to) {
  if (to == ElementType::Bool)
    return Scalar::ofBool(value.isTrue());
  if (!isFloat(to))
    return Scalar::ofInteger(to, isFloat(value.type)
                                     ? truncateToInteger(to, value.number)
                                     : value.integer);
  if (to == ElementType::F64)
    return Scalar::ofFloat(to, value.asDouble());
  double number =
      isFloat(value.type)
          ? value.number
          : toDoubleRoundedToOdd(value.integer, value.type == ElementType::U64);
  if (bitWidth(to) == 8 && std::fabs(number) > largestFinite(to))
    number = std::copysign(largestFinite(to), number);
  return Scalar::ofFloat(to, number);
}

} // namespace ingot::reference
