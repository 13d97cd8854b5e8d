#include "ir/tfm/Tfm.h"

using namespace mlir;

#define GET_OP_CLASSES
#include "ir/tfm/TfmOps.cpp.inc"

namespace ingot::tfm {

LogicalResult GetWeightOp::verifySymbolUses(SymbolTableCollection &symbols) {
  // get_weight_c1
  auto weight = symbols.lookupNearestSymbolFrom<WeightOp>(*this, getWeightAttr());
  if (!weight)
    return emitOpError() << getWeightAttr() << " is not a tfm.weight";
  if (weight.getType() != getResult().getType())
    return emitOpError() << getWeightAttr() << " has type " << weight.getType()
                         << ", used as " << getResult().getType();
  return success();
}

} // namespace ingot::tfm
