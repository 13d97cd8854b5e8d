// Rules of scalar ops and of the regions that hold them.
#include "ir/tfm/Verify.h"

using namespace mlir;

namespace ingot::tfm {

bool givesBoolean(ScalarOp op) {
  ScalarClass cls = scalarClass(op);
  return cls == ScalarClass::Compare || cls == ScalarClass::Test ||
         cls == ScalarClass::Logic;
}

bool appliesTo(ScalarOp op, Type type) {
  switch (scalarClass(op)) {
  case ScalarClass::Arith:
    return !type.isInteger(1);
  case ScalarClass::Float:
  case ScalarClass::Test:
    return isa<FloatType>(type);
  case ScalarClass::Compare:
    return true;
  case ScalarClass::Logic:
    return type.isInteger(1);
  }
  assert(false && "unknown class");
  return false;
}

LogicalResult verifyScalarRegion(Operation *op, Region &region, bool symbols) {
  for (Operation &inner : region.front()) {
    if (isa<ApplyOp, ChooseOp, ConvertOp, LoadOp, CheckIndexOp, YieldOp,
            arith::ConstantOp>(inner) ||
        (symbols && isa<SymbolOp>(inner)))
      continue;
    return op->emitOpError("holds ")
           << inner.getName() << ", which is no scalar op here";
  }
  return success();
}

LogicalResult ApplyOp::verify() {
  ScalarOp op = getOp().getValue();
  // apply_c1
  if (getOperands().size() != scalarArity(op))
    return emitOpError() << stringifyEnum(op) << " takes " << scalarArity(op)
                         << " operands, got " << getOperands().size();
  Type type = getOperands().front().getType();
  if (!llvm::all_equal(getOperands().getTypes()) || !appliesTo(op, type))
    return emitOpError() << stringifyEnum(op) << " does not apply to ("
                         << getOperands().getTypes() << ")";
  Type expected = givesBoolean(op) ? IntegerType::get(getContext(), 1) : type;
  if (getResult().getType() != expected)
    return emitOpError() << stringifyEnum(op) << " of " << type << " gives "
                         << expected << ", got " << getResult().getType();
  return success();
}

LogicalResult LoadOp::verify() {
  auto type = tensorTypeOf(getTensor());
  // load_c1
  if (static_cast<int64_t>(getCoordinates().size()) != type.getRank())
    return emitOpError("needs ") << type.getRank() << " coordinates for "
                                 << type << ", got " << getCoordinates().size();
  // load_c2
  if (getResult().getType() != scalarType(type.getElementType()))
    return emitOpError("of ")
           << type << " gives " << scalarType(type.getElementType()) << ", got "
           << getResult().getType();
  return success();
}

LogicalResult SymbolOp::verify() {
  // symbol_c1
  if (getExpr().size() != 1)
    return emitOpError("takes one expression, got ") << getExpr();
  return success();
}

} // namespace ingot::tfm
