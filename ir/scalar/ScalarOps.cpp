#include "ir/scalar/ScalarOps.h"

#include <cassert>
#include <cmath>
#include <cstdlib>

namespace ingot {

namespace {
struct Row {
  std::string_view mnemonic;
  uint8_t arity;
  ScalarClass cls;
};
constexpr Row kRows[] = {
#define INGOT_SCALAR_OP(Enum, mnemonic, arity, cls)                            \
  {#mnemonic, arity, ScalarClass::cls},
#include "ir/scalar/ScalarOps.def"
};
const Row &row(ScalarOp op) { return kRows[static_cast<size_t>(op)]; }

double sigmoid(double x) { return 1.0 / (1.0 + std::exp(-x)); }

/// Wraps on overflow as two's complement hardware does.
int64_t wrapping(uint64_t bits) { return static_cast<int64_t>(bits); }

int64_t integerPower(int64_t base, int64_t exponent) {
  if (exponent < 0) // only +-1 have an integer inverse
    return base == 1 ? 1 : base == -1 ? (exponent % 2 ? -1 : 1) : 0;
  uint64_t result = 1, square = static_cast<uint64_t>(base);
  for (; exponent; exponent >>= 1, square *= square)
    if (exponent & 1)
      result *= square;
  return wrapping(result);
}
} // namespace

std::string_view scalarMnemonic(ScalarOp op) { return row(op).mnemonic; }

std::optional<ScalarOp> scalarOpOf(std::string_view mnemonic) {
  for (size_t i = 0; i < std::size(kRows); ++i)
    if (kRows[i].mnemonic == mnemonic)
      return static_cast<ScalarOp>(i);
  return std::nullopt;
}

unsigned scalarArity(ScalarOp op) { return row(op).arity; }
ScalarClass scalarClass(ScalarOp op) { return row(op).cls; }

double applyFloat(ScalarOp op, std::span<const double> operands) {
  assert(operands.size() == scalarArity(op) && "wrong number of operands");
  double a = operands[0], b = operands.size() > 1 ? operands[1] : 0.0;
  switch (op) {
  case ScalarOp::Add:
    return a + b;
  case ScalarOp::Sub:
    return a - b;
  case ScalarOp::Mul:
    return a * b;
  case ScalarOp::Div:
    return a / b;
  case ScalarOp::FloorDiv:
    return std::floor(a / b);
  case ScalarOp::Mod: {
    double r = std::fmod(a, b);
    return r != 0 && (r < 0) != (b < 0) ? r + b : r;
  }
  case ScalarOp::Rem:
    return std::fmod(a, b);
  case ScalarOp::Pow:
    return std::pow(a, b);
  case ScalarOp::Max:
    return std::isnan(a) || a > b ? a : b;
  case ScalarOp::Min:
    return std::isnan(a) || a < b ? a : b;
  case ScalarOp::Neg:
    return -a;
  case ScalarOp::Abs:
    return std::fabs(a);
  case ScalarOp::Sign:
    return std::isnan(a) ? a : (a > 0) - (a < 0);
  case ScalarOp::Relu:
    return std::isnan(a) || a > 0 ? a : 0.0;
  case ScalarOp::Sqrt:
    return std::sqrt(a);
  case ScalarOp::Rsqrt:
    return 1.0 / std::sqrt(a);
  case ScalarOp::Reciprocal:
    return 1.0 / a;
  case ScalarOp::Exp:
    return std::exp(a);
  case ScalarOp::Log:
    return std::log(a);
  case ScalarOp::Sin:
    return std::sin(a);
  case ScalarOp::Cos:
    return std::cos(a);
  case ScalarOp::Tanh:
    return std::tanh(a);
  case ScalarOp::Erf:
    return std::erf(a);
  case ScalarOp::Sigmoid:
    return sigmoid(a);
  case ScalarOp::Gelu:
    return 0.5 * a * (1.0 + std::erf(a * M_SQRT1_2));
  case ScalarOp::GeluTanh:
    return 0.5 * a *
           (1.0 +
            std::tanh(0.79788456080286535588 * (a + 0.044715 * a * a * a)));
  case ScalarOp::GeluSigmoid:
    return a * sigmoid(1.702 * a);
  case ScalarOp::Silu:
    return a * sigmoid(a);
  case ScalarOp::Floor:
    return std::floor(a);
  case ScalarOp::Ceil:
    return std::ceil(a);
  case ScalarOp::Round:
    return std::nearbyint(a);
  case ScalarOp::Eq:
    return a == b;
  case ScalarOp::Ne:
    return a != b;
  case ScalarOp::Lt:
    return a < b;
  case ScalarOp::Le:
    return a <= b;
  case ScalarOp::And:
    return a != 0 && b != 0;
  case ScalarOp::Or:
    return a != 0 || b != 0;
  case ScalarOp::Not:
    return a == 0;
  case ScalarOp::IsNaN:
    return std::isnan(a);
  }
  assert(false && "unknown scalar op");
  return 0;
}

int64_t applyInteger(ScalarOp op, std::span<const int64_t> operands) {
  assert(operands.size() == scalarArity(op) && "wrong number of operands");
  int64_t a = operands[0], b = operands.size() > 1 ? operands[1] : 0;
  uint64_t ua = static_cast<uint64_t>(a), ub = static_cast<uint64_t>(b);
  auto quotient = [&]() -> int64_t {
    return b == 0 ? 0 : b == -1 ? wrapping(0 - ua) : a / b;
  };
  auto remainder = [&]() -> int64_t { return b == 0 || b == -1 ? 0 : a % b; };
  switch (op) {
  case ScalarOp::Add:
    return wrapping(ua + ub);
  case ScalarOp::Sub:
    return wrapping(ua - ub);
  case ScalarOp::Mul:
    return wrapping(ua * ub);
  case ScalarOp::Div:
    return quotient();
  case ScalarOp::FloorDiv: {
    int64_t q = quotient();
    return b != 0 && remainder() != 0 && (a < 0) != (b < 0) ? q - 1 : q;
  }
  case ScalarOp::Mod: {
    int64_t r = remainder();
    return r != 0 && (r < 0) != (b < 0) ? r + b : r;
  }
  case ScalarOp::Rem:
    return remainder();
  case ScalarOp::Pow:
    return integerPower(a, b);
  case ScalarOp::Max:
    return a > b ? a : b;
  case ScalarOp::Min:
    return a < b ? a : b;
  case ScalarOp::Neg:
    return wrapping(0 - ua);
  case ScalarOp::Abs:
    return a < 0 ? wrapping(0 - ua) : a;
  case ScalarOp::Sign:
    return (a > 0) - (a < 0);
  case ScalarOp::Relu:
    return a > 0 ? a : 0;
  case ScalarOp::Eq:
    return a == b;
  case ScalarOp::Ne:
    return a != b;
  case ScalarOp::Lt:
    return a < b;
  case ScalarOp::Le:
    return a <= b;
  case ScalarOp::And:
    return a != 0 && b != 0;
  case ScalarOp::Or:
    return a != 0 || b != 0;
  case ScalarOp::Not:
    return a == 0;
  default:
    break;
  }
  assert(false && "scalar op has no integer meaning");
  return 0;
}

} // namespace ingot
