// Folders of constants.
#include "ir/tfm/Tfm.h"

using namespace mlir;

namespace ingot::tfm {

OpFoldResult ConstantOp::fold(FoldAdaptor) { return getValue(); }

Operation *TfmDialect::materializeConstant(OpBuilder &builder, Attribute value,
                                           Type type, Location loc) {
  auto dense = dyn_cast<DenseElementsAttr>(value);
  if (!dense || dense.getType() != type ||
      (!dense.isSplat() && dense.getNumElements() > kMaxConstantElements))
    return nullptr;
  return ConstantOp::create(builder, loc, type, dense);
}

} // namespace ingot::tfm
