//===- ImportQuant.cpp - Quantized numbers and products of them -----------===//
#include "frontend/onnx/ImportQuant.h"
#include "frontend/onnx/OpTable.h"

using namespace mlir;

namespace ingot::onnx {

using Layout = TfmBuilder::QuantLayout;

bool isOneNumber(TfmBuilder &b, Value v) {
  return b.product(b.dims(v)) == b.number(1);
}

namespace {

/// Scale, zero point and where they lie, of a value of `rank` axes.
struct Scales {
  Value scale, zero; ///< zero may be null
  Layout layout;
};

/// Inputs 1 and 2, and the attributes that say how they lie.
ParseResult readScales(NodeReader &node, Value v, Scales &scales) {
  TfmBuilder &b = node.b;
  int64_t axis, block;
  if (node.input(1, scales.scale) || node.integer("axis", axis, 1) ||
      node.integer("block_size", block, 0))
    return failure();
  scales.zero = node.optional(2);
  // One number is also written as a vector of it, whatever the axis.
  if (block == 0 && isOneNumber(b, scales.scale)) {
    scales.scale = b.reshape(scales.scale, {});
    if (scales.zero && !isOneNumber(b, scales.zero))
      return b.fail("zero point " + typeText(scales.zero.getType()) +
                    " does not fit one scale"),
             failure();
    scales.zero = b.reshape(scales.zero, {});
    return success();
  }
  if (node.normalize(axis, b.rank(v)))
    return failure();
  scales.layout.axis = axis;
  if (block < 0)
    return b.fail("block_size " + llvm::Twine(block) + " is negative"),
           failure();
  if (block > 0)
    scales.layout.block = block;
  return success();
}

/// The type that an attribute names; `byDefault` where it is absent or 0.
ParseResult readType(NodeReader &node, llvm::StringRef name, Type byDefault,
                     Type &type) {
  int64_t number;
  if (node.integer(name, number, 0))
    return failure();
  type = number == 0 ? byDefault
                     : node.scope.elementType(static_cast<DataType>(number));
  return success(type != nullptr);
}

bool isQuantized(Type type) {
  return !type.isInteger(1) && !type.isInteger(64) && !type.isF32();
}

Value importQuantizeLinear(NodeReader &node) {
  TfmBuilder &b = node.b;
  Value x;
  Scales scales;
  Type to, type;
  bool saturate;
  if (node.input(0, x) || readScales(node, x, scales) ||
      node.flag("saturate", saturate, true) ||
      readType(node, "output_dtype",
               IntegerType::get(b.context(), 8, IntegerType::Unsigned), to) ||
      readType(node, "precision", b.element(scales.scale), type))
    return {};
  if (scales.zero)
    to = b.element(scales.zero);
  if (!isQuantized(to))
    return b.fail("quantizing to " + typeText(to));
  if (!saturate && llvm::isa<FloatType>(to))
    return b.fail("saturate=0: numbers that are too large become the largest");
  return b.quantize(b.cast(x, type), b.cast(scales.scale, type), scales.zero,
                    scales.layout, to);
}

Value importDequantizeLinear(NodeReader &node) {
  TfmBuilder &b = node.b;
  Value x;
  Scales scales;
  Type to;
  if (node.input(0, x) || readScales(node, x, scales) ||
      readType(node, "output_dtype", b.element(scales.scale), to))
    return {};
  if (!isQuantized(b.element(x)))
    return b.fail("dequantizing " + typeText(x.getType()));
  if (!llvm::isa<FloatType>(to))
    return b.fail("dequantizing to " + typeText(to));
  return b.dequantize(x, scales.scale, scales.zero, scales.layout, to);
}

/// A scale and a zero point of uint8 from the range of all elements, 0
/// included. Where all are 0 the scale is 1, as ONNX Runtime has it.
Value importDynamicQuantizeLinear(NodeReader &node) {
  TfmBuilder &b = node.b;
  Value x;
  if (node.input(0, x))
    return {};
  Type type = b.element(x);
  if (!type.isF32())
    return b.fail("quantizing " + typeText(x.getType()));
  auto axes = llvm::to_vector(llvm::seq<int64_t>(0, b.rank(x)));
  Value zero = b.scalar(type, 0);
  Value low = b.elementwise(
      ScalarOp::Min, {b.reduce(tfm::ReduceKind::Min, x, axes, false), zero});
  Value high = b.elementwise(
      ScalarOp::Max, {b.reduce(tfm::ReduceKind::Max, x, axes, false), zero});
  Value range = b.elementwise(ScalarOp::Sub, {high, low});
  Value scale =
      b.select(b.elementwise(ScalarOp::Eq, {range, zero}), b.scalar(type, 1),
               b.elementwise(ScalarOp::Div, {range, b.scalar(type, 255)}));
  Type byte = IntegerType::get(b.context(), 8, IntegerType::Unsigned);
  Value point = b.elementwise(ScalarOp::Neg,
                              {b.elementwise(ScalarOp::Div, {low, scale})});
  point = b.cast(b.elementwise(ScalarOp::Round, point), byte);
  node.setOutput(1, scale);
  node.setOutput(2, point);
  return b.quantize(x, scale, point, {}, byte);
}

/// The floats of operand `v` of a product: `scale` and `zero` (either may be
/// null) are one number, or one for each index of `axis`.
Value factor(TfmBuilder &b, Value v, Value scale, Value zero, int64_t axis) {
  Type real = Float32Type::get(b.context());
  bool isOne =
      (!scale || isOneNumber(b, scale)) && (!zero || isOneNumber(b, zero));
  Layout layout;
  Dims dims;
  if (!isOne) {
    layout.axis = axis;
    dims = {b.dims(v)[axis]};
  }
  auto fitted = [&](Value parameter) {
    return isOneNumber(b, parameter)
               ? b.broadcast(b.reshape(parameter, {}), dims)
               : parameter;
  };
  scale = scale ? fitted(scale)
                : b.full(dims, DenseElementsAttr::get(
                                   RankedTensorType::get({}, real), 1.0f));
  return b.dequantize(v, scale, zero ? fitted(zero) : zero, layout, real);
}

bool areBytes(TfmBuilder &b, llvm::ArrayRef<Value> operands) {
  for (Value v : operands)
    if (!b.element(v).isInteger(8)) {
      b.fail("operand " + typeText(v.getType()) + " is not of 8-bit integers");
      return false;
    }
  return true;
}

/// Row and column of a product's operands, for its scales.
int64_t rowAxis(TfmBuilder &b, Value v) {
  return std::max<int64_t>(0, b.rank(v) - 2);
}
int64_t columnAxis(TfmBuilder &b, Value v) {
  return std::max<int64_t>(0, b.rank(v) - 1);
}

/// Sums in f32, which are exact up to 2^24.
Value importMatMulInteger(NodeReader &node) {
  TfmBuilder &b = node.b;
  Value x, y;
  if (node.input(0, x) || node.input(1, y) || !areBytes(b, {x, y}))
    return {};
  if (b.rank(x) == 0 || b.rank(y) == 0)
    return b.fail("product of a scalar");
  Value product =
      b.product(factor(b, x, Value(), node.optional(2), rowAxis(b, x)),
                factor(b, y, Value(), node.optional(3), columnAxis(b, y)));
  return b.cast(product, IntegerType::get(b.context(), 32));
}

Value importQLinearMatMul(NodeReader &node) {
  TfmBuilder &b = node.b;
  llvm::SmallVector<Value> in;
  if (node.inputs(in))
    return {};
  if (in.size() != 8)
    return b.fail(llvm::Twine(in.size()) + " inputs instead of 8");
  if (!areBytes(b, {in[0], in[3], in[7]}))
    return {};
  if (b.rank(in[0]) == 0 || b.rank(in[3]) == 0)
    return b.fail("product of a scalar");
  if (!isOneNumber(b, in[6]) || !isOneNumber(b, in[7]))
    return b.fail("the scale of the result is " + typeText(in[6].getType()));
  Value product =
      b.product(factor(b, in[0], in[1], in[2], rowAxis(b, in[0])),
                factor(b, in[3], in[4], in[5], columnAxis(b, in[3])));
  return b.quantize(product, b.reshape(in[6], {}), b.reshape(in[7], {}), {},
                    b.element(in[7]));
}

// Later opsets add types and attributes; one that an opset does not have is in
// no model of it.
constexpr OpEntry kOps[] = {
    {"", "DequantizeLinear", 10, importDequantizeLinear},
    {"", "DynamicQuantizeLinear", 11, importDynamicQuantizeLinear},
    {"", "MatMulInteger", 10, importMatMulInteger},
    {"", "QLinearMatMul", 10, importQLinearMatMul},
    {"", "QuantizeLinear", 10, importQuantizeLinear},
    {"com.microsoft", "DequantizeLinear", 1, importDequantizeLinear},
    {"com.microsoft", "GatherBlockQuantized", 1, importGatherBlockQuantized},
    {"com.microsoft", "MatMulNBits", 1, importMatMulNBits},
    {"com.microsoft", "QuantizeLinear", 1, importQuantizeLinear},
};

} // namespace

llvm::ArrayRef<OpEntry> quantOps() { return kOps; }

} // namespace ingot::onnx
