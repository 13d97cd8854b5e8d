#include "ir/tfm/Tfm.h"

using namespace mlir;

#include "ir/tfm/TfmDialect.cpp.inc"

namespace ingot::tfm {

void TfmDialect::initialize() {
  registerAttributes();
  addOperations<
#define GET_OP_LIST
#include "ir/tfm/TfmOps.cpp.inc"
      >();
}

llvm::SmallVector<std::string> dimTexts(RankedTensorType type) {
  llvm::SmallVector<std::string> texts;
  auto dims = llvm::dyn_cast_if_present<DimsAttr>(type.getEncoding());
  for (int64_t i = 0; i < type.getRank(); ++i)
    texts.push_back(dims ? dims.text(i).str() : std::to_string(type.getDimSize(i)));
  return texts;
}

RankedTensorType tensorType(llvm::ArrayRef<std::string> dims, Type element) {
  DimsAttr attr = DimsAttr::get(element.getContext(), dims);
  llvm::SmallVector<int64_t> shape;
  for (unsigned i = 0; i < dims.size(); ++i)
    shape.push_back(attr.constant(i).value_or(ShapedType::kDynamic));
  return RankedTensorType::get(shape, element, attr.isStatic() ? DimsAttr() : attr);
}

} // namespace ingot::tfm
