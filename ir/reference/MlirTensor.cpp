#include "ir/reference/MlirTensor.h"
#include "ir/reference/Ops.h"

#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace ingot::reference {

namespace {
Scalar scalarOf(ElementType type, const APInt &value) {
  return Scalar::ofInteger(type, static_cast<int64_t>(value.getZExtValue()));
}
Scalar scalarOf(ElementType type, APFloat value) {
  bool losesInfo;
  value.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven,
                &losesInfo);
  return Scalar::ofFloat(type, value.convertToDouble());
}
} // namespace

std::optional<ElementType> elementTypeOf(Type type) {
  if (auto integer = dyn_cast<IntegerType>(type)) {
    bool isUnsigned = integer.isUnsigned();
    switch (integer.getWidth()) {
    case 1:
      return ElementType::Bool;
    case 4:
      return isUnsigned ? ElementType::U4 : ElementType::I4;
    case 8:
      return isUnsigned ? ElementType::U8 : ElementType::I8;
    case 16:
      return isUnsigned ? ElementType::U16 : ElementType::I16;
    case 32:
      return isUnsigned ? ElementType::U32 : ElementType::I32;
    case 64:
      return isUnsigned ? ElementType::U64 : ElementType::I64;
    default:
      return std::nullopt;
    }
  }
  using Found = std::optional<ElementType>;
  return llvm::TypeSwitch<Type, Found>(type)
      .Case([](Float64Type) -> Found { return ElementType::F64; })
      .Case([](Float32Type) -> Found { return ElementType::F32; })
      .Case([](Float16Type) -> Found { return ElementType::F16; })
      .Case([](BFloat16Type) -> Found { return ElementType::BF16; })
      .Case([](Float8E4M3FNType) -> Found { return ElementType::F8E4M3FN; })
      .Case([](Float8E5M2Type) -> Found { return ElementType::F8E5M2; })
      .Default([](Type) -> Found { return std::nullopt; });
}

Result<Tensor> tensorOf(ElementsAttr attr) {
  auto dense = dyn_cast<DenseElementsAttr>(attr);
  std::optional<ElementType> type = elementTypeOf(attr.getElementType());
  if (!dense || !type)
    return Error{"this kind of constant has no value in the reference"};
  Shape shape(dense.getType().getShape());
  auto value = [&](auto element) { return scalarOf(*type, element); };
  if (dense.isSplat())
    return splat(isFloat(*type) ? value(dense.getSplatValue<APFloat>())
                                : value(dense.getSplatValue<APInt>()),
                 std::move(shape));
  Result<Tensor> tensor = Tensor::create(*type, std::move(shape));
  if (!tensor)
    return tensor;
  int64_t i = 0;
  if (isFloat(*type))
    for (APFloat element : dense.getValues<APFloat>())
      tensor->set(i++, value(element));
  else
    for (const APInt &element : dense.getValues<APInt>())
      tensor->set(i++, value(element));
  return tensor;
}

DenseElementsAttr attrOf(const Tensor &tensor, ShapedType type) {
  assert(elementTypeOf(type.getElementType()) == tensor.type() &&
         type.getShape() == ArrayRef<int64_t>(tensor.shape()) &&
         "a constant of the tensor's type");
  if (!isFloat(tensor.type())) {
    unsigned width = type.getElementTypeBitWidth();
    SmallVector<APInt> elements;
    for (int64_t i = 0; i < tensor.size(); ++i)
      elements.emplace_back(width, static_cast<uint64_t>(tensor.integer(i)),
                            /*isSigned=*/false, /*implicitTrunc=*/true);
    return DenseElementsAttr::get(type, elements);
  }
  const llvm::fltSemantics &semantics =
      cast<FloatType>(type.getElementType()).getFloatSemantics();
  SmallVector<APFloat> elements;
  for (int64_t i = 0; i < tensor.size(); ++i) {
    APFloat element(tensor.number(i));
    bool losesInfo;
    element.convert(semantics, APFloat::rmNearestTiesToEven, &losesInfo);
    elements.push_back(element);
  }
  return DenseElementsAttr::get(type, elements);
}

} // namespace ingot::reference
