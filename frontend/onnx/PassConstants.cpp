//===- PassConstants.cpp - Tensors of the model as constants and weights --===//
#include "frontend/onnx/ForwardPass.h"

using namespace mlir;

namespace ingot::onnx {

namespace {
/// Larger tensors are weights: bytes never live in the IR.
constexpr int64_t kMaxConstant = 256;

llvm::ArrayRef<char> asChars(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char *>(bytes.data()), bytes.size()};
}
} // namespace

Type ForwardPass::elementType(DataType type) {
  switch (type) {
  case DataType::Float:
  case DataType::Float16:
  case DataType::BFloat16:
    return Float32Type::get(&context);
  case DataType::Int8:
    return IntegerType::get(&context, 8);
  case DataType::Int16:
    return IntegerType::get(&context, 16);
  case DataType::Int32:
    return IntegerType::get(&context, 32);
  case DataType::Int64:
    return IntegerType::get(&context, 64);
  case DataType::Bool:
    return IntegerType::get(&context, 1);
  default:
    builder->fail("element type " + dataTypeName(type) +
                  " is not supported, float32, float16, bfloat16, int8 to "
                  "int64 and bool are");
    return {};
  }
}

Type ForwardPass::storedType(DataType type) {
  switch (type) {
  case DataType::Float16:
    return Float16Type::get(&context);
  case DataType::BFloat16:
    return BFloat16Type::get(&context);
  default:
    return elementType(type);
  }
}

Value ForwardPass::widened(Value stored) {
  Type element = TfmBuilder::element(stored);
  return element.isF16() || element.isBF16()
             ? builder->cast(stored, Float32Type::get(&context))
             : stored;
}

Value ForwardPass::makeConstant(llvm::StringRef name, RankedTensorType type,
                                llvm::ArrayRef<char> bytes) {
  if (type.getNumElements() == 0)
    return builder->constant(
        DenseElementsAttr::get(type, llvm::ArrayRef<mlir::Attribute>()),
        named(name));
  // An attribute packs booleans as bits.
  if (type.getElementType().isInteger(1)) {
    llvm::SmallVector<bool> bits(bytes.begin(), bytes.end());
    return builder->constant(DenseElementsAttr::get(type, bits), named(name));
  }
  return builder->constant(DenseElementsAttr::getFromRawBuffer(type, bytes),
                           named(name));
}

Value ForwardPass::makeWeight(llvm::StringRef name, RankedTensorType type,
                              llvm::StringRef file, int64_t offset,
                              int64_t length) {
  std::string stem = safeSymbolName(name), symbol = stem;
  for (unsigned i = 1; !symbolNames.insert(symbol).second; ++i)
    symbol = stem + "." + std::to_string(i);
  OpBuilder ops(function);
  tfm::WeightOp::create(ops, named(name), symbol, type, ops.getStringAttr(file),
                        ops.getI64IntegerAttr(offset),
                        ops.getI64IntegerAttr(length));
  return builder->getWeight(symbol, type, named(name));
}

Value ForwardPass::constantTensor(const TensorRef &tensor,
                                  llvm::StringRef name) {
  Value stored = storedTensor(tensor, name);
  return stored ? widened(stored) : Value();
}

Value ForwardPass::storedTensor(const TensorRef &tensor, llvm::StringRef name) {
  Type element = storedType(tensor.type);
  if (!element)
    return {};
  auto type = RankedTensorType::get(tensor.dims, element);
  const TensorData &data = state.model.data;
  llvm::ArrayRef<char> bytes = asChars(data.bytes(tensor));
  if (type.getNumElements() <= kMaxConstant)
    return makeConstant(name, type, bytes);
  const TensorData::Source &source = data.source(tensor);
  if (source.mapped)
    return makeWeight(name, type, source.file, tensor.offset, tensor.length);
  auto [it, isNew] = state.ownedOffsets.try_emplace(&tensor, 0);
  if (isNew)
    it->second = state.weights.own({bytes.begin(), bytes.end()});
  return makeWeight(name, type, "", it->second, tensor.length);
}

Value ForwardPass::constantInput(llvm::StringRef name,
                                 DenseElementsAttr value) {
  auto type = llvm::cast<RankedTensorType>(value.getType());
  if (type.getNumElements() <= kMaxConstant || value.isSplat())
    return builder->constant(value, named(name));
  auto [it, isNew] =
      state.ownedOffsets.try_emplace(value.getAsOpaquePointer(), 0);
  std::vector<char> bytes;
  if (type.getElementType().isInteger(1))
    for (bool bit : value.getValues<bool>())
      bytes.push_back(bit);
  else
    bytes.assign(value.getRawData().begin(), value.getRawData().end());
  int64_t length = bytes.size();
  if (isNew)
    it->second = state.weights.own(std::move(bytes));
  return makeWeight(name, type, "", it->second, length);
}

DenseElementsAttr ForwardPass::scalarTensor(const TensorRef &tensor) {
  Type element = elementType(tensor.type);
  if (!element)
    return {};
  if (tensor.elementCount() != 1) {
    builder->fail("the value has " + llvm::Twine(tensor.elementCount()) +
                  " elements, not one");
    return {};
  }
  llvm::ArrayRef<char> bytes = asChars(state.model.data.bytes(tensor));
  if (element != storedType(tensor.type)) {
    auto stored = DenseElementsAttr::getFromRawBuffer(
        RankedTensorType::get({}, storedType(tensor.type)), bytes);
    llvm::APFloat value = *stored.value_begin<llvm::APFloat>();
    bool losesInfo;
    value.convert(llvm::APFloat::IEEEsingle(),
                  llvm::APFloat::rmNearestTiesToEven, &losesInfo);
    return DenseElementsAttr::get(RankedTensorType::get({}, element), value);
  }
  auto type = RankedTensorType::get({}, element);
  if (element.isInteger(1))
    return DenseElementsAttr::get(type, bytes[0] != 0);
  return DenseElementsAttr::getFromRawBuffer(type, bytes);
}

} // namespace ingot::onnx
