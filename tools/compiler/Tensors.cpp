#include "tools/compiler/Tensors.h"

#include "ir/reference/MlirTensor.h"

using namespace mlir;

namespace ingot::cli {

using reference::ElementType;

// Both list the same types in the same order, and store elements alike.
static constexpr int kFirstType = INGOT_TYPE_F64;
static_assert(INGOT_TYPE_F32 ==
              static_cast<int>(ElementType::F32) + kFirstType);
static_assert(INGOT_TYPE_I4 == static_cast<int>(ElementType::I4) + kFirstType);
static_assert(INGOT_TYPE_BOOL ==
              static_cast<int>(ElementType::Bool) + kFirstType);

static Type typeOf(ElementType type, MLIRContext &context) {
  Builder builder(&context);
  switch (type) {
  case ElementType::F64:
    return builder.getF64Type();
  case ElementType::F32:
    return builder.getF32Type();
  case ElementType::F16:
    return builder.getF16Type();
  case ElementType::BF16:
    return builder.getBF16Type();
  case ElementType::F8E4M3FN:
    return Float8E4M3FNType::get(&context);
  case ElementType::F8E5M2:
    return Float8E5M2Type::get(&context);
  case ElementType::Bool:
    return builder.getI1Type();
  default:
    break;
  }
  unsigned width = reference::bitWidth(type);
  return reference::isUnsigned(type) ? builder.getIntegerType(width, false)
                                     : builder.getIntegerType(width);
}

ingot_type typeOf(Type element) {
  std::optional<ElementType> type = reference::elementTypeOf(element);
  return type ? static_cast<ingot_type>(static_cast<int>(*type) + kFirstType)
              : INGOT_TYPE_NONE;
}

reference::Tensor tensorOf(const Array &array) {
  reference::Result<reference::Tensor> tensor = reference::Tensor::borrow(
      static_cast<ElementType>(array.type - kFirstType), array.dims,
      std::as_bytes(std::span(array.data)));
  assert(tensor && "an array that was read has the bytes its dims need");
  return *tensor;
}

Array arrayOf(llvm::StringRef name, const reference::Tensor &tensor) {
  Array array;
  array.name = name.str();
  array.type =
      static_cast<ingot_type>(static_cast<int>(tensor.type()) + kFirstType);
  array.dims = tensor.shape();
  auto *bytes = reinterpret_cast<const char *>(tensor.bytes().data());
  array.data.assign(bytes, bytes + tensor.bytes().size());
  return array;
}

DenseElementsAttr attributeOf(const Array &array, MLIRContext &context) {
  reference::Tensor tensor = tensorOf(array);
  return reference::attrOf(
      tensor,
      RankedTensorType::get(array.dims, typeOf(tensor.type(), context)));
}

} // namespace ingot::cli
