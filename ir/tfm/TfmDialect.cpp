#include "ir/tfm/Tfm.h"

using namespace mlir;

#include "ir/tfm/TfmDialect.cpp.inc"

namespace ingot::tfm {

void TfmDialect::initialize() {
  registerAttributes();
  registerInterfaces();
  addOperations<
#define GET_OP_LIST
#include "ir/tfm/TfmOps.cpp.inc"
      >();
}

bool hasDims(RankedTensorType type) {
  if (type.hasStaticShape())
    return !type.getEncoding();
  return llvm::isa_and_present<DimsAttr>(type.getEncoding());
}

std::string describeSymbol(llvm::StringRef symbol, int64_t axis,
                           llvm::StringRef quotedInput) {
  if (axis == SymbolAttr::kCountAxis)
    return (symbol + " is how many elements of input " + quotedInput +
            " are not 0")
        .str();
  std::string what = axis < 0 ? "the value" : "dim " + std::to_string(axis);
  return (symbol + " is " + what + " of input " + quotedInput).str();
}

llvm::SmallVector<std::string> dimTexts(RankedTensorType type) {
  llvm::SmallVector<std::string> texts;
  auto dims = llvm::dyn_cast_if_present<DimsAttr>(type.getEncoding());
  for (int64_t i = 0; i < type.getRank(); ++i)
    texts.push_back(dims ? dims.text(i).str()
                         : std::to_string(type.getDimSize(i)));
  return texts;
}

RankedTensorType tensorType(llvm::ArrayRef<std::string> dims, Type element) {
  DimsAttr attr = DimsAttr::get(element.getContext(), dims);
  llvm::SmallVector<int64_t> shape;
  for (unsigned i = 0; i < dims.size(); ++i)
    shape.push_back(attr.constant(i).value_or(ShapedType::kDynamic));
  return RankedTensorType::get(shape, element,
                               attr.isStatic() ? DimsAttr() : attr);
}

bool isElementType(Type type) {
  if (auto integer = llvm::dyn_cast<IntegerType>(type))
    return integer.isSignless()
               ? llvm::is_contained({64, 32, 16, 8, 4, 1}, integer.getWidth())
               : integer.isUnsigned() &&
                     llvm::is_contained({64, 32, 16, 8, 4}, integer.getWidth());
  return llvm::isa<Float64Type, Float32Type, Float16Type, BFloat16Type,
                   Float8E4M3FNType, Float8E5M2Type>(type);
}

bool isQuantizedWeightType(Type type) {
  if (auto integer = llvm::dyn_cast<IntegerType>(type))
    return isElementType(type) &&
           (integer.getWidth() == 8 || integer.getWidth() == 4);
  return llvm::isa<Float8E4M3FNType>(type);
}

Type sumType(Type element) {
  return element.isF64() ? element : Float32Type::get(element.getContext());
}

Type scalarType(Type element) {
  if (llvm::isa<IntegerType>(element) && !element.isInteger(1))
    return IntegerType::get(element.getContext(), 64);
  return element;
}

std::optional<int64_t> storedBytes(RankedTensorType type) {
  assert(type.hasStaticShape() && "a stored tensor is static");
  int64_t count = 1;
  for (int64_t dim : type.getShape())
    if (llvm::MulOverflow(count, dim, count))
      return std::nullopt;
  unsigned bits = type.getElementTypeBitWidth();
  if (bits == 4)
    return count / 2 + count % 2;
  if (llvm::MulOverflow<int64_t>(count, bits == 1 ? 1 : bits / 8, count))
    return std::nullopt;
  return count;
}

} // namespace ingot::tfm
