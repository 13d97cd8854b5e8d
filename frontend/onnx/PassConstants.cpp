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
  case DataType::Int4:
    return IntegerType::get(&context, 4);
  case DataType::UInt4:
    return IntegerType::get(&context, 4, IntegerType::Unsigned);
  case DataType::UInt8:
    return IntegerType::get(&context, 8, IntegerType::Unsigned);
  case DataType::UInt16:
    return IntegerType::get(&context, 16, IntegerType::Unsigned);
  case DataType::Float8E4M3FN:
    return Float8E4M3FNType::get(&context);
  case DataType::Float8E5M2:
    return Float8E5M2Type::get(&context);
  default:
    builder->fail("element type " + dataTypeName(type) +
                  " is not supported; float32, float16, bfloat16, bool, int4 "
                  "to int64, uint4 to uint16, float8e4m3fn and float8e5m2 are");
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

/// `bytes` as a model file has them. An attribute packs booleans as bits, and
/// 4-bit numbers not at all.
static DenseElementsAttr denseOf(RankedTensorType type,
                                 llvm::ArrayRef<char> bytes) {
  if (type.getElementType().isInteger(1)) {
    llvm::SmallVector<bool> bits(bytes.begin(), bytes.end());
    return DenseElementsAttr::get(type, bits);
  }
  if (type.getElementTypeBitWidth() != 4)
    return DenseElementsAttr::getFromRawBuffer(type, bytes);
  llvm::SmallVector<llvm::APInt> numbers;
  for (int64_t i = 0; i < type.getNumElements(); ++i)
    numbers.emplace_back(
        4, static_cast<unsigned char>(bytes[i / 2]) >> (i % 2 * 4) & 15);
  return DenseElementsAttr::get(type, numbers);
}

Value ForwardPass::makeConstant(llvm::StringRef name, RankedTensorType type,
                                llvm::ArrayRef<char> bytes) {
  if (type.getNumElements() == 0)
    return builder->constant(
        DenseElementsAttr::get(type, llvm::ArrayRef<mlir::Attribute>()),
        named(name));
  return builder->constant(denseOf(type, bytes), named(name));
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

Value ForwardPass::reinterpret(Value value, RankedTensorType type) {
  std::optional<int64_t> length = tfm::storedBytes(type);
  if (tfm::storedBytes(TfmBuilder::type(value)) != length) {
    builder->fail(typeText(value.getType()) + " does not have the bytes of " +
                  typeText(type));
    return {};
  }
  if (auto constant = value.getDefiningOp<tfm::ConstantOp>()) {
    auto dense = llvm::cast<DenseElementsAttr>(constant.getValue());
    llvm::SmallVector<char> bytes(dense.getRawData());
    if (dense.isSplat())
      bytes.assign(*length, bytes.front());
    if (type.getNumElements() <= kMaxConstant)
      return builder->constant(denseOf(type, bytes), constant.getLoc());
    auto [it, isNew] =
        state.ownedOffsets.try_emplace(dense.getAsOpaquePointer(), 0);
    if (isNew)
      it->second = state.weights.own({bytes.begin(), bytes.end()});
    auto name = llvm::dyn_cast<NameLoc>(constant.getLoc());
    return makeWeight(name ? name.getName().strref() : "constant", type, "",
                      it->second, *length);
  }
  auto get = value.getDefiningOp<tfm::GetWeightOp>();
  if (!get) {
    builder->fail(valueName(value) + " is no initializer");
    return {};
  }
  auto weight = module->lookupSymbol<tfm::WeightOp>(get.getWeight());
  return makeWeight(get.getWeight(), type, *weight.getFile(),
                    *weight.getOffset(), *length);
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
  if (type.getElementTypeBitWidth() == 4) {
    for (size_t i = 0; i < bytes.size(); ++i)
      if (i % 2 == 0)
        bytes[i / 2] = bytes[i] & 15;
      else
        bytes[i / 2] |= bytes[i] << 4;
    bytes.resize((bytes.size() + 1) / 2);
  }
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
  return denseOf(RankedTensorType::get({}, element), bytes);
}

} // namespace ingot::onnx
