#include "codegen/cpu/Emitter.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace ingot::cpu {

Val Val::k(double value) const { return {*e, e->constant(type(), value)}; }

template <typename FloatOp, typename IntOp>
static Val binary(Val x, Val y) {
  assert(x.type() == y.type() && "operands of two types");
  Emitter &e = *x.e;
  if (x.isFloat())
    return {e, e.b.createOrFold<FloatOp>(e.loc, x.v, y.v)};
  return {e, e.b.createOrFold<IntOp>(e.loc, x.v, y.v)};
}

Val operator+(Val x, Val y) {
  return binary<arith::AddFOp, arith::AddIOp>(x, y);
}
Val operator-(Val x, Val y) {
  return binary<arith::SubFOp, arith::SubIOp>(x, y);
}
Val operator*(Val x, Val y) {
  return binary<arith::MulFOp, arith::MulIOp>(x, y);
}
Val operator/(Val x, Val y) {
  return binary<arith::DivFOp, arith::DivSIOp>(x, y);
}
Val operator-(Val x) {
  if (x.isFloat())
    return {*x.e, x.e->b.createOrFold<arith::NegFOp>(x.e->loc, x.v)};
  return x.k(0) - x;
}
Val operator&(Val x, Val y) {
  return {*x.e, x.e->b.createOrFold<arith::AndIOp>(x.e->loc, x.v, y.v)};
}
Val operator|(Val x, Val y) {
  return {*x.e, x.e->b.createOrFold<arith::OrIOp>(x.e->loc, x.v, y.v)};
}
Val operator^(Val x, Val y) {
  return {*x.e, x.e->b.createOrFold<arith::XOrIOp>(x.e->loc, x.v, y.v)};
}
Val shl(Val x, int amount) {
  return {*x.e,
          x.e->b.createOrFold<arith::ShLIOp>(x.e->loc, x.v, x.k(amount).v)};
}
Val shr(Val x, int amount) {
  return {*x.e,
          x.e->b.createOrFold<arith::ShRSIOp>(x.e->loc, x.v, x.k(amount).v)};
}

static Val compare(Val x, Val y, arith::CmpFPredicate f,
                   arith::CmpIPredicate i) {
  assert(x.type() == y.type() && "comparing two types");
  Emitter &e = *x.e;
  if (x.isFloat())
    return {e, arith::CmpFOp::create(e.b, e.loc, f, x.v, y.v)};
  return {e, e.b.createOrFold<arith::CmpIOp>(e.loc, i, x.v, y.v)};
}

Val lt(Val x, Val y) {
  return compare(x, y, arith::CmpFPredicate::OLT, arith::CmpIPredicate::slt);
}
Val le(Val x, Val y) {
  return compare(x, y, arith::CmpFPredicate::OLE, arith::CmpIPredicate::sle);
}
Val gt(Val x, Val y) {
  return compare(x, y, arith::CmpFPredicate::OGT, arith::CmpIPredicate::sgt);
}
Val ge(Val x, Val y) {
  return compare(x, y, arith::CmpFPredicate::OGE, arith::CmpIPredicate::sge);
}
Val eq(Val x, Val y) {
  return compare(x, y, arith::CmpFPredicate::OEQ, arith::CmpIPredicate::eq);
}
Val ne(Val x, Val y) {
  return compare(x, y, arith::CmpFPredicate::UNE, arith::CmpIPredicate::ne);
}
Val isNaN(Val x) {
  return compare(x, x, arith::CmpFPredicate::UNO, arith::CmpIPredicate::ne);
}

Val select(Val condition, Val x, Val y) {
  Emitter &e = *x.e;
  return {e, e.b.createOrFold<arith::SelectOp>(e.loc, condition.v, x.v, y.v)};
}
Val fma(Val x, Val y, Val z) {
  return {*x.e, math::FmaOp::create(x.e->b, x.e->loc, x.v, y.v, z.v)};
}
Val abs(Val x) {
  if (!x.isFloat())
    return select(lt(x, x.k(0)), -x, x);
  return {*x.e, math::AbsFOp::create(x.e->b, x.e->loc, x.v)};
}
Val sqrt(Val x) { return {*x.e, math::SqrtOp::create(x.e->b, x.e->loc, x.v)}; }
Val floor(Val x) {
  return {*x.e, math::FloorOp::create(x.e->b, x.e->loc, x.v)};
}
Val copySign(Val magnitude, Val sign) {
  return {*sign.e, math::CopySignOp::create(sign.e->b, sign.e->loc, magnitude.v,
                                            sign.v)};
}
Val minFirst(Val x, Val y) { return select(lt(x, y), x, y); }
Val maxFirst(Val x, Val y) { return select(gt(x, y), x, y); }

static Val bitcast(Val x, Type element) {
  Emitter &e = *x.e;
  return {e, e.b.createOrFold<arith::BitcastOp>(e.loc, x.as(element), x.v)};
}
Val bits(Val x) {
  return bitcast(x, x.e->b.getIntegerType(x.element().getIntOrFloatBitWidth()));
}
Val floats(Val x) {
  return bitcast(x, x.element().isInteger(64) ? Type(x.e->b.getF64Type())
                                              : Type(x.e->b.getF32Type()));
}
Val extend(Val x) {
  Emitter &e = *x.e;
  if (x.isFloat())
    return {e, arith::ExtFOp::create(e.b, e.loc, x.as(e.b.getF64Type()), x.v)};
  if (x.element().isInteger(1))
    return {e, arith::ExtUIOp::create(e.b, e.loc, x.as(e.i64()), x.v)};
  return {e, arith::ExtSIOp::create(e.b, e.loc, x.as(e.i64()), x.v)};
}
Val toF32(Val x) {
  Emitter &e = *x.e;
  return {e, arith::TruncFOp::create(e.b, e.loc, x.as(e.f32()), x.v)};
}

Val polynomial(Val x, ArrayRef<double> coefficients) {
  Val result = x.k(coefficients.back());
  for (double c : llvm::reverse(coefficients.drop_back()))
    result = fma(result, x, x.k(c));
  return result;
}

Value anyLane(Val x) {
  if (!isa<VectorType>(x.type()))
    return x.v;
  return vector::ReductionOp::create(x.e->b, x.e->loc,
                                     vector::CombiningKind::OR, x.v);
}

} // namespace ingot::cpu
