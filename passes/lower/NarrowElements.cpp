#include "passes/lower/NarrowElements.h"

#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"

#include <cmath>
#include <limits>

using namespace mlir;

namespace ingot {

bool isNarrow(Type element) {
  unsigned bits = element.getIntOrFloatBitWidth();
  return bits == 4 || (bits == 8 && llvm::isa<FloatType>(element));
}

namespace {
/// Two in a byte, the first in the low half.
Expr nibble(ExprPool &pool, uint32_t memory, bool isSigned, Expr flat) {
  Expr two = pool.integer(2), sixteen = pool.integer(16);
  Expr at = pool.floorDiv(flat, two);
  Expr byte = pool.load(ExprType::Int, memory, {&at, 1});
  Expr value =
      pool.select(pool.eq(pool.mod(flat, two), pool.integer(0)),
                  pool.mod(byte, sixteen), pool.floorDiv(byte, sixteen));
  if (!isSigned)
    return value;
  Expr eight = pool.integer(8);
  return pool.sub(pool.mod(pool.add(value, eight), sixteen), eight);
}

/// sign * (exponent ? mantissa + 2^bits : mantissa) * 2^(max(exponent, 1) - c)
Expr float8(ExprPool &pool, uint32_t memory, bool isE4M3, Expr flat) {
  const int mantissaBits = isE4M3 ? 3 : 2, exponentBits = 7 - mantissaBits;
  const int smallest = isE4M3 ? -9 : -16; // of a unit of the last place
  const int nan = 0x7f, infinity = isE4M3 ? nan : 0x7c;
  auto real = [&](double value) {
    return pool.floatConst(ExprType::F32, value);
  };
  auto times = [&](Expr a, Expr b) {
    Expr factors[] = {a, b};
    return pool.apply(ScalarOp::Mul, ExprType::F32, factors);
  };
  Expr byte = pool.load(ExprType::Int, memory, {&flat, 1});
  Expr sign = pool.integer(128), hidden = pool.integer(1 << mantissaBits);
  Expr code = pool.mod(byte, sign), exponent = pool.floorDiv(code, hidden);
  Expr mantissa = pool.mod(code, hidden);
  Expr isSubnormal = pool.eq(exponent, pool.integer(0));
  Expr units = pool.select(isSubnormal, mantissa, pool.add(mantissa, hidden));
  Expr value = times(pool.intToFloat(ExprType::F32, units),
                     real(std::ldexp(1.0, smallest)));
  // 2^(exponent - 1), bit by bit.
  Expr rest =
      pool.select(isSubnormal, exponent, pool.sub(exponent, pool.integer(1)));
  for (int bit = 0; bit < exponentBits; ++bit) {
    Expr isSet = pool.eq(
        pool.mod(pool.floorDiv(rest, pool.integer(1 << bit)), pool.integer(2)),
        pool.integer(1));
    value = times(value,
                  pool.select(isSet, real(std::ldexp(1.0, 1 << bit)), real(1)));
  }
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  value = pool.select(pool.eq(code, pool.integer(infinity)),
                      real(isE4M3 ? kInfinity - kInfinity : kInfinity), value);
  if (!isE4M3)
    value = pool.select(pool.ge(code, pool.integer(infinity + 1)),
                        real(kInfinity - kInfinity), value);
  Expr minus[] = {value};
  return pool.select(pool.ge(byte, sign),
                     pool.apply(ScalarOp::Neg, ExprType::F32, minus), value);
}
} // namespace

Expr narrowElement(ExprPool &pool, uint32_t memory, Type element, Expr flat) {
  if (element.isInteger())
    return nibble(pool, memory, !element.isUnsignedInteger(), flat);
  return float8(pool, memory, llvm::isa<Float8E4M3FNType>(element), flat);
}

Expr float8Byte(ExprPool &pool, Type element, Expr value) {
  const bool isE4M3 = llvm::isa<Float8E4M3FNType>(element);
  const double largest = isE4M3 ? 448 : 57344;
  const int smallestExponent = isE4M3 ? -6 : -14; // of a normal number
  const double codes = isE4M3 ? 8 : 4;            // an exponent
  auto real = [&](double number) {
    return pool.floatConst(ExprType::F32, number);
  };
  auto apply = [&](ScalarOp op, std::initializer_list<Expr> operands) {
    return pool.apply(op, ExprType::F32, {operands.begin(), operands.size()});
  };
  // In units of the smallest normal number, halved until it is below 2: its
  // significand, or that of a subnormal number.
  Expr rest = apply(ScalarOp::Abs, {value});
  rest = apply(ScalarOp::Min, {rest, real(largest)});
  rest = apply(ScalarOp::Mul, {rest, real(std::ldexp(1.0, -smallestExponent))});
  llvm::SmallVector<int> halvings = {8, 4, 2, 1};
  if (!isE4M3)
    halvings.insert(halvings.begin(), 16);
  llvm::SmallVector<Expr> isLarger;
  for (int count : halvings) {
    double power = std::ldexp(1.0, count);
    isLarger.push_back(pool.compare(ScalarOp::Le, real(power), rest));
    rest =
        apply(ScalarOp::Mul,
              {rest, pool.select(isLarger.back(), real(1 / power), real(1))});
  }
  // What rounds up to the next exponent has its first code.
  Expr code =
      apply(ScalarOp::Round, {apply(ScalarOp::Mul, {rest, real(codes)})});
  for (auto [count, larger] : llvm::zip_equal(halvings, isLarger))
    code = apply(ScalarOp::Add,
                 {code, pool.select(larger, real(codes * count), real(0))});
  code = pool.select(pool.compare(ScalarOp::Lt, value, real(0)),
                     apply(ScalarOp::Add, {code, real(128)}), code);
  code = pool.select(pool.compare(ScalarOp::Eq, value, value), code, real(127));
  return pool.floatToInt(code);
}

} // namespace ingot
