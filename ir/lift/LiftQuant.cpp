// Elements of ops between floats and quantized numbers.
#include "ir/lift/LiftRules.h"

using namespace mlir;

namespace ingot {

/// The coordinates of the scale, or of its zero point, of element `indices`.
llvm::SmallVector<Expr> LiftRules::scaleIndices(std::optional<uint64_t> axis,
                                                std::optional<uint64_t> block,
                                                Indices indices) {
  if (!axis)
    return {};
  if (!block)
    return {indices[*axis]};
  llvm::SmallVector<Expr> at(indices);
  at[*axis] =
      pool.floorDiv(at[*axis], pool.integer(static_cast<int64_t>(*block)));
  return at;
}

Expr LiftRules::dequantize(tfm::DequantizeOp op, Indices indices) {
  ExprType type = ElementLifter::exprType(op.getType().getElementType());
  ExprType wide = type == ExprType::F64 ? type : ExprType::F32;
  auto at = scaleIndices(op.getAxis(), op.getBlock(), indices);
  Expr value = lifter.element(op.getInput(), indices);
  bool isInteger = pool.type(value) == ExprType::Int;
  if (op.getZero()) {
    Expr operands[] = {value, lifter.element(op.getZero(), at)};
    value = isInteger ? pool.sub(operands[0], operands[1])
                      : pool.apply(ScalarOp::Sub, pool.type(value), operands);
  }
  Expr factors[] = {isInteger ? pool.intToFloat(wide, value)
                              : pool.floatCast(wide, value),
                    pool.floatCast(wide, lifter.element(op.getScale(), at))};
  return pool.floatCast(type, pool.apply(ScalarOp::Mul, wide, factors));
}

Expr LiftRules::unsaturated(tfm::QuantizeOp op, Indices indices) {
  Type element = op.getType().getElementType();
  auto at = scaleIndices(op.getAxis(), op.getBlock(), indices);
  Expr operands[] = {lifter.element(op.getInput(), indices),
                     lifter.element(op.getScale(), at)};
  ExprType type = pool.type(operands[0]);
  Expr value = pool.apply(ScalarOp::Div, type, operands);
  if (element.isInteger())
    value = pool.apply(ScalarOp::Round, type, {&value, 1});
  // Sums that a narrower float would round are in range or saturate alike.
  ExprType wide = type == ExprType::F64 || element.isInteger(32)
                      ? ExprType::F64
                      : ExprType::F32;
  value = pool.floatCast(wide, value);
  if (!op.getZero())
    return value;
  Expr zero = lifter.element(op.getZero(), at);
  Expr sum[] = {value, element.isInteger() ? pool.intToFloat(wide, zero)
                                           : pool.floatCast(wide, zero)};
  return pool.apply(ScalarOp::Add, wide, sum);
}

std::optional<Expr> LiftRules::quantize(tfm::QuantizeOp op, Indices indices) {
  // f8 arithmetic rounds in a way the pool does not model.
  Type element = op.getType().getElementType();
  if (!element.isInteger())
    return std::nullopt;
  return saturated(unsaturated(op, indices), element);
}

} // namespace ingot
