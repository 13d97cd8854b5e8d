//===- ImportQuantBlocks.cpp - Weights in blocks of com.microsoft ---------===//
//
// Numbers of 4 bits lie two a byte in tensors of uint8, the low half first.
//
//===----------------------------------------------------------------------===//
#include "frontend/onnx/ImportQuant.h"

using namespace mlir;

namespace ingot::onnx {

namespace {

IntegerType unsignedType(TfmBuilder &b, unsigned bits) {
  return IntegerType::get(b.context(), bits, IntegerType::Unsigned);
}

/// `v`, stored bytes, as `shape` of unsigned numbers of `bits`.
Value numbersOf(NodeReader &node, Value v, llvm::ArrayRef<int64_t> shape,
                unsigned bits) {
  if (!node.b.element(v).isUnsignedInteger(8))
    return node.b.fail(typeText(v.getType()) + " is not of uint8");
  return node.scope.reinterpret(
      v, RankedTensorType::get(shape, unsignedType(node.b, bits)));
}

/// The first `count` of the last axis.
Value firstOf(TfmBuilder &b, Value v, int64_t count) {
  Dims sizes = b.dims(v);
  sizes.back() = b.number(count);
  Dims starts(sizes.size(), b.number(0));
  return b.slice(v, starts, llvm::SmallVector<int64_t>(sizes.size(), 1), sizes);
}

/// [N, columns] as [columns, N].
Value columnsFirst(TfmBuilder &b, Value v) { return b.transpose(v, {1, 0}); }

} // namespace

/// A weight [N, K] in blocks along K, made [K, N]. Scales and zero points are
/// [N, blocks], with or without the shape; a zero point of floats takes part as
/// one: (q - zero) * scale is q * scale - zero * scale.
Value importMatMulNBits(NodeReader &node) {
  TfmBuilder &b = node.b;
  Value x, weight, scale;
  int64_t k, n, bits, block;
  if (node.input(0, x) || node.input(1, weight) || node.input(2, scale) ||
      node.integer("K", k) || node.integer("N", n) ||
      node.integer("bits", bits, 4) || node.integer("block_size", block) ||
      node.expect("weight_prepacked", 0))
    return {};
  // How much the product may round.
  node.ignore("accuracy_level");
  Value zero = node.optional(3), bias = node.optional(5);
  if (node.optional(4))
    return b.fail("g_idx: only blocks of neighbours along K are supported");
  constexpr int64_t kLimit = int64_t(1) << 31;
  if ((bits != 4 && bits != 8) || block < 16 || block > 4096 || k < 1 ||
      k > kLimit || n < 1 || n > kLimit)
    return b.fail("K=" + llvm::Twine(k) + ", N=" + llvm::Twine(n) + ", bits=" +
                  llvm::Twine(bits) + ", block_size=" + llvm::Twine(block) +
                  ": 4 or 8 bits in blocks of 16 to 4096 are supported");
  if (!llvm::isa<FloatType>(b.element(scale)) ||
      b.element(scale) != b.element(x))
    return b.fail("scale " + typeText(scale.getType()) + " of input " +
                  typeText(x.getType()));
  int64_t blocks = (k + block - 1) / block;
  Value numbers = numbersOf(node, weight, {n, blocks * block}, bits);
  if (!numbers)
    return {};
  // [N, blocks] or null.
  auto matrix = [&](Value v) -> Value {
    if (b.product(b.dims(v)) != b.number(n * blocks))
      return b.fail(typeText(v.getType()) + " is not one a block");
    return b.reshape(v, {b.number(n), b.number(blocks)});
  };
  scale = matrix(scale);
  if (!scale)
    return {};
  scale = columnsFirst(b, scale);

  bool isFloatZero = zero && llvm::isa<FloatType>(b.element(zero));
  Value point;
  if (zero && !isFloatZero) {
    // A row of them begins at a byte.
    int64_t stored = bits == 4 ? blocks + blocks % 2 : blocks;
    point = numbersOf(node, zero, {n, stored}, bits);
    if (!point)
      return {};
    point = columnsFirst(b, firstOf(b, point, blocks));
  } else if (!zero) {
    IntegerType type = unsignedType(b, bits);
    point = b.full(
        b.dims(scale),
        DenseElementsAttr::get(RankedTensorType::get({}, type),
                               llvm::APInt(bits, uint64_t(1) << (bits - 1))));
  }
  // Padding is behind the last element of K.
  TfmBuilder::QuantLayout layout{0, block};
  Type type = b.element(x);
  Value values;
  if (isFloatZero) {
    zero = matrix(zero);
    if (!zero)
      return {};
    Value shift = b.elementwise(ScalarOp::Mul,
                                {b.cast(columnsFirst(b, zero), type), scale});
    values = b.dequantize(columnsFirst(b, numbers), scale, point, layout, type);
    values = b.elementwise(
        ScalarOp::Sub,
        {b.reshape(values, {b.number(blocks), b.number(block), b.number(n)}),
         b.reshape(shift, {b.number(blocks), b.number(1), b.number(n)})});
    values = b.reshape(values, {b.number(blocks * block), b.number(n)});
    values = b.slice(values, {b.number(0), b.number(0)}, {1, 1},
                     {b.number(k), b.number(n)});
  } else {
    values = b.dequantize(columnsFirst(b, firstOf(b, numbers, k)), scale, point,
                          layout, type);
  }
  Value product = b.product(x, values);
  if (!product || !bias)
    return product;
  return b.elementwise(ScalarOp::Add, {product, bias});
}

/// Rows of a table in blocks: dequantized where they are looked up.
Value importGatherBlockQuantized(NodeReader &node) {
  TfmBuilder &b = node.b;
  Value table, indices, scale;
  int64_t bits, block, axis, blockAxis;
  if (node.input(0, table) || node.input(1, indices) || node.input(2, scale) ||
      node.integer("bits", bits, 4) || node.integer("block_size", block, 128) ||
      node.axis("gather_axis", b.rank(table), axis, 0) ||
      node.axis("quantize_axis", b.rank(table), blockAxis, 1))
    return {};
  Value zero = node.optional(3);
  if ((bits != 4 && bits != 8) || block < 16)
    return b.fail("bits=" + llvm::Twine(bits) +
                  ", block_size=" + llvm::Twine(block) +
                  ": 4 or 8 bits in blocks of 16 or more are supported");
  if (b.element(table).isUnsignedInteger(8)) {
    if (blockAxis + 1 != b.rank(table))
      return b.fail("blocks of bytes lie along the last axis");
    llvm::SmallVector<int64_t> shape(b.type(table).getShape());
    llvm::SmallVector<int64_t> points(b.type(scale).getShape());
    int64_t each = 8 / bits;
    if (llvm::is_contained(shape, ShapedType::kDynamic) ||
        llvm::is_contained(points, ShapedType::kDynamic) || points.empty())
      return b.fail("dims of the table are not known");
    shape.back() *= each;
    table = numbersOf(node, table, shape, bits);
    if (zero) {
      int64_t blocks = points.back();
      points.back() = (blocks + each - 1) / each * each;
      zero = numbersOf(node, zero, points, bits);
      zero = zero ? firstOf(b, zero, blocks) : zero;
      if (!zero)
        return {};
    } else {
      zero = b.full(b.dims(scale),
                    DenseElementsAttr::get(
                        RankedTensorType::get({}, unsignedType(b, bits)),
                        llvm::APInt(bits, uint64_t(1) << (bits - 1))));
    }
  }
  return b.gather(b.dequantize(table, scale, zero, {blockAxis, block},
                               scale ? b.element(scale) : Type()),
                  indices, axis);
}

} // namespace ingot::onnx
