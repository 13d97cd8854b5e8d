#include "codegen/cpu/VectorMath.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace ingot::cpu {

Val vectorMax(Val x, Val y) {
  Val larger = maxFirst(x, y);
  return x.isFloat() ? select(isNaN(x), x, larger) : larger;
}
Val vectorMin(Val x, Val y) {
  Val smaller = minFirst(x, y);
  return x.isFloat() ? select(isNaN(x), x, smaller) : smaller;
}

static Val floorDivide(Val x, Val y) {
  // Rounding may lift the quotient onto an integer it does not reach; the exact
  // rest then has the wrong sign.
  Val q = floor(x / y);
  Val rest = fma(-q, y, x);
  Val zero = x.k(0.0);
  Val tooLarge =
      (lt(rest, zero) & gt(y, zero)) | (gt(rest, zero) & lt(y, zero));
  return select(tooLarge, q - x.k(1.0), q);
}

static Val sign(Val x) {
  Val zero = x.k(0);
  Val result = select(gt(x, zero), x.k(1), select(lt(x, zero), x.k(-1), zero));
  return x.isFloat() ? select(isNaN(x), x, result) : result;
}

/// The splat value of a constant, or nothing.
static std::optional<APFloat> splatFloat(Value v) {
  FloatAttr scalar;
  DenseElementsAttr dense;
  if (matchPattern(v, m_Constant(&scalar)))
    return scalar.getValue();
  if (matchPattern(v, m_Constant(&dense)) && dense.isSplat())
    return dense.getSplatValue<APFloat>();
  return std::nullopt;
}

static Val power(Val x, Val y) {
  if (std::optional<APFloat> constant = splatFloat(y.v)) {
    double exponent = constant->convertToDouble();
    if (exponent == 1.0)
      return x;
    if (exponent == 2.0)
      return x * x;
    if (exponent == 3.0)
      return x * x * x;
    if (exponent == -1.0)
      return x.k(1.0) / x;
  }
  return vectorPow(x, y);
}

static Val floatOp(ScalarOp op, Val x, Val y) {
  Emitter &e = *x.e;
  Val one = x.k(1.0), zero = x.k(0.0);
  switch (op) {
  case ScalarOp::Add:
    return x + y;
  case ScalarOp::Sub:
    return x - y;
  case ScalarOp::Mul:
    return x * y;
  case ScalarOp::Div:
    return x / y;
  case ScalarOp::FloorDiv:
    return floorDivide(x, y);
  case ScalarOp::Mod:
    return vectorMod(x, y);
  case ScalarOp::Rem:
    return vectorRem(x, y);
  case ScalarOp::Pow:
    return power(x, y);
  case ScalarOp::Max:
    return vectorMax(x, y);
  case ScalarOp::Min:
    return vectorMin(x, y);
  case ScalarOp::Neg:
    return -x;
  case ScalarOp::Abs:
    return abs(x);
  case ScalarOp::Sign:
    return sign(x);
  case ScalarOp::Relu:
    return maxFirst(zero, x);
  case ScalarOp::Sqrt:
    return sqrt(x);
  case ScalarOp::Rsqrt:
    return one / sqrt(x);
  case ScalarOp::Reciprocal:
    return one / x;
  case ScalarOp::Exp:
    return vectorExp(x);
  case ScalarOp::Log:
    return vectorLog(x);
  case ScalarOp::Sin:
    return vectorSin(x);
  case ScalarOp::Cos:
    return vectorCos(x);
  case ScalarOp::Tanh:
    return vectorTanh(x);
  case ScalarOp::Erf:
    return vectorErf(x);
  case ScalarOp::Sigmoid:
    return vectorTimesSigmoid(one, x);
  case ScalarOp::Gelu:
    return vectorGelu(x);
  case ScalarOp::GeluTanh: {
    // x/2 (1 + tanh u) = x sigmoid(2u): no cancellation for negative x.
    Val u2 = x * fma(x * x, x.k(2 * 0.79788456080286536 * 0.044715),
                     x.k(2 * 0.79788456080286536));
    return vectorTimesSigmoid(x, u2);
  }
  case ScalarOp::GeluSigmoid:
    return vectorTimesSigmoid(x, x * x.k(1.702));
  case ScalarOp::Silu:
    return vectorTimesSigmoid(x, x);
  case ScalarOp::Floor:
    return floor(x);
  case ScalarOp::Ceil:
    return {e, math::CeilOp::create(e.b, e.loc, x.v)};
  case ScalarOp::Round:
    return {e, math::RoundEvenOp::create(e.b, e.loc, x.v)};
  case ScalarOp::Eq:
    return eq(x, y);
  case ScalarOp::Ne:
    return ne(x, y);
  case ScalarOp::Lt:
    return lt(x, y);
  case ScalarOp::Le:
    return le(x, y);
  case ScalarOp::IsNaN:
    return isNaN(x);
  default:
    break;
  }
  llvm_unreachable("scalar op has no float meaning");
}

namespace {
/// Truncating division with x/0 = 0 and MIN/-1 = MIN.
struct Division {
  Val quotient, remainder;
};
Division divide(Val x, Val y) {
  Emitter &e = *x.e;
  Val zero = x.k(0), one = x.k(1);
  Val byZero = eq(y, zero), byMinusOne = eq(y, x.k(-1));
  Val safe = select(byZero | byMinusOne, one, y);
  Val q{e, e.b.createOrFold<arith::DivSIOp>(e.loc, x.v, safe.v)};
  Val r = x - q * safe;
  q = select(byZero, zero, select(byMinusOne, -x, q));
  return {q, select(byZero, zero, r)};
}

/// x^n by squaring; a negative n has a result only for x = 1 and -1.
Val integerPower(Val x, Val n) {
  Emitter &e = *x.e;
  Val zero = x.k(0), one = x.k(1);
  SmallVector<Value> power = e.loopWhile(
      {one.v, x.v, vectorMax(n, zero).v},
      [&](ValueRange carried) {
        return anyLane(ne({e, carried[2]}, zero));
      },
      [&](ValueRange carried) {
        Val result{e, carried[0]}, square{e, carried[1]}, rest{e, carried[2]};
        Val bit = ne(rest & one, zero);
        return SmallVector<Value>{select(bit, result * square, result).v,
                                  (square * square).v, shr(rest, 1).v};
      });
  Val positive{e, power[0]};
  Val oddSign = select(ne(n & one, zero), x.k(-1), one);
  Val negative = select(eq(x, one), one, select(eq(x, x.k(-1)), oddSign, zero));
  return select(lt(n, zero), negative, positive);
}
} // namespace

static Val integerOp(ScalarOp op, Val x, Val y) {
  Val zero = x.k(0), one = x.k(1);
  auto crossed = [&](Val r) {
    return ne(r, zero) & ne(lt(r, zero), lt(y, zero));
  };
  switch (op) {
  case ScalarOp::Add:
    return x + y;
  case ScalarOp::Sub:
    return x - y;
  case ScalarOp::Mul:
    return x * y;
  case ScalarOp::Div:
    return divide(x, y).quotient;
  case ScalarOp::FloorDiv: {
    auto [q, r] = divide(x, y);
    Val down = ne(r, zero) & ne(lt(x, zero), lt(y, zero));
    return select(down, q - one, q);
  }
  case ScalarOp::Mod: {
    Val r = divide(x, y).remainder;
    return select(crossed(r), r + y, r);
  }
  case ScalarOp::Rem:
    return divide(x, y).remainder;
  case ScalarOp::Pow:
    return integerPower(x, y);
  case ScalarOp::Max:
    return vectorMax(x, y);
  case ScalarOp::Min:
    return vectorMin(x, y);
  case ScalarOp::Neg:
    return -x;
  case ScalarOp::Abs:
    return abs(x);
  case ScalarOp::Sign:
    return sign(x);
  case ScalarOp::Relu:
    return vectorMax(x, zero);
  case ScalarOp::Eq:
    return eq(x, y);
  case ScalarOp::Ne:
    return ne(x, y);
  case ScalarOp::Lt:
    return lt(x, y);
  case ScalarOp::Le:
    return le(x, y);
  case ScalarOp::And:
    return ne(x, zero) & ne(y, zero);
  case ScalarOp::Or:
    return ne(x, zero) | ne(y, zero);
  case ScalarOp::Not:
    return eq(x, zero);
  default:
    break;
  }
  llvm_unreachable("scalar op has no integer meaning");
}

/// Truth values: order and equality are unsigned, arithmetic is logic.
static Val boolOp(ScalarOp op, Val x, Val y) {
  Val one = x.k(1);
  switch (op) {
  case ScalarOp::And:
  case ScalarOp::Mul:
  case ScalarOp::Min:
    return x & y;
  case ScalarOp::Or:
  case ScalarOp::Add:
  case ScalarOp::Max:
    return x | y;
  case ScalarOp::Not:
    return x ^ one;
  case ScalarOp::Eq:
    return x ^ y ^ one;
  case ScalarOp::Ne:
  case ScalarOp::Sub:
    return x ^ y;
  case ScalarOp::Lt:
    return (x ^ one) & y;
  case ScalarOp::Le:
    return (x ^ one) | y;
  case ScalarOp::Abs:
  case ScalarOp::Sign:
  case ScalarOp::Relu:
    return x;
  default:
    break;
  }
  llvm_unreachable("scalar op has no boolean meaning");
}

Value emitScalarOp(Emitter &e, ScalarOp op, ValueRange operands) {
  assert(operands.size() == scalarArity(op) && "wrong number of operands");
  Val x{e, operands[0]}, y{e, operands.size() > 1 ? operands[1] : operands[0]};
  if (x.isFloat())
    return floatOp(op, x, y);
  if (x.element().isInteger(1))
    return boolOp(op, x, y);
  return integerOp(op, x, y);
}

/// To the nearest, ties to even. Without the instruction as integers: LLVM
/// would call a library.
static Val roundToBf16(Val x) {
  Emitter &e = *x.e;
  Type bf16 = x.as(e.b.getBF16Type());
  if (e.target.bf16 && isa<VectorType>(x.type()))
    return {e, arith::TruncFOp::create(e.b, e.loc, bf16, x)};
  Val word = bits(x), one = word.k(1);
  Val half = word.k(0x7fff) + (shr(word, 16) & one);
  Val rounded = shr(word + half, 16);
  // A NaN stays one: its low bits may be all it has.
  Val quiet = shr(word, 16) | word.k(0x40);
  Val result = select(isNaN(x), quiet, rounded);
  Value narrow = arith::TruncIOp::create(e.b, e.loc,
                                         result.as(e.b.getI16Type()), result.v);
  return {e, arith::BitcastOp::create(e.b, e.loc, bf16, narrow)};
}

Value emitCast(Emitter &e, Value value, Type element, bool sourceUnsigned,
               bool targetUnsigned) {
  Val x{e, value};
  Type from = x.element(), type = x.as(element);
  if (from == element && sourceUnsigned == targetUnsigned)
    return value;
  if (element.isInteger(1))
    return ne(x, x.k(0));
  sourceUnsigned |= from.isInteger(1);
  OpBuilder &b = e.b;
  if (isa<FloatType>(element)) {
    if (element.isBF16())
      return roundToBf16({e, emitCast(e, value, e.f32(), sourceUnsigned)});
    if (isa<FloatType>(from))
      return from.getIntOrFloatBitWidth() < element.getIntOrFloatBitWidth()
                 ? Value(arith::ExtFOp::create(b, e.loc, type, value))
                 : Value(arith::TruncFOp::create(b, e.loc, type, value));
    if (sourceUnsigned)
      return arith::UIToFPOp::create(b, e.loc, type, value);
    return arith::SIToFPOp::create(b, e.loc, type, value);
  }
  if (isa<FloatType>(from)) {
    StringRef name = targetUnsigned ? "llvm.fptoui.sat" : "llvm.fptosi.sat";
    Val result{e, LLVM::CallIntrinsicOp::create(
                      b, e.loc, type, b.getStringAttr(name), ValueRange{value})
                      .getResult(0)};
    if (targetUnsigned)
      return result;
    int64_t smallest = INT64_MIN >> (64 - element.getIntOrFloatBitWidth());
    return select(isNaN(x), {e, e.integer(type, smallest)}, result);
  }
  unsigned before = from.getIntOrFloatBitWidth();
  unsigned after = element.getIntOrFloatBitWidth();
  if (before == after)
    return value;
  if (before > after)
    return arith::TruncIOp::create(b, e.loc, type, value);
  if (sourceUnsigned)
    return arith::ExtUIOp::create(b, e.loc, type, value);
  return arith::ExtSIOp::create(b, e.loc, type, value);
}

} // namespace ingot::cpu
