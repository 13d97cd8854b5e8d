//===- ImportShape.cpp - Other dims, the same elements --------------------===//
#include "frontend/onnx/OpTable.h"

using namespace mlir;

namespace ingot::onnx {

using Dims = TfmBuilder::Dims;

namespace {

/// 0 copies the operand's dim unless `allowzero`; one -1 takes what is left.
Value importReshape(NodeReader &node) {
  TfmBuilder &b = node.b;
  Value x;
  llvm::SmallVector<Expr> shape;
  bool allowZero;
  if (node.input(0, x) || node.exprs(1, shape) ||
      node.flag("allowzero", allowZero, false))
    return {};
  Dims from = b.dims(x), to;
  std::optional<size_t> inferred;
  for (auto [i, dim] : llvm::enumerate(shape)) {
    std::optional<int64_t> number = b.constant(dim);
    if (number == -1) {
      if (inferred)
        return b.fail("the shape has two dims of -1");
      inferred = i;
      to.push_back(b.number(1));
    } else if (number == 0 && !allowZero) {
      if (i >= from.size())
        return b.fail("dim " + llvm::Twine(i) +
                      " of the shape is 0, but the operand is " +
                      typeText(x.getType()));
      to.push_back(from[i]);
    } else {
      // Also refuses a number below -1.
      if (!b.requireLe(b.number(0), dim))
        return {};
      to.push_back(dim);
    }
  }
  Expr count = b.product(from), rest = b.product(to);
  if (inferred && b.constant(rest) == 0) {
    to[*inferred] = b.number(0);
  } else if (inferred) {
    std::optional<Expr> exact = b.pool().exactDiv(count, rest);
    to[*inferred] = exact ? *exact : b.pool().floorDiv(count, rest);
  }
  rest = b.product(to);
  if (b.constant(rest) == 0 && !b.constant(count)) {
    // Empty, so the one dim that is no number is 0.
    Expr *unknown = nullptr;
    for (Expr &dim : from)
      if (!b.constant(dim)) {
        if (unknown)
          return b.fail("which dim of the operand " + typeText(x.getType()) +
                        " is 0?");
        unknown = &dim;
      }
    if (!b.unify(*unknown, rest, *unknown))
      return {};
  }
  if (!b.unify(rest, count, rest))
    return {};
  return b.reshape(x, to);
}

Value importFlatten(NodeReader &node) {
  TfmBuilder &b = node.b;
  Value x;
  int64_t axis;
  if (node.input(0, x) || node.integer("axis", axis, 1))
    return {};
  int64_t rank = b.rank(x);
  if (axis < -rank || axis > rank)
    return b.fail("axis " + llvm::Twine(axis) + " of " + typeText(x.getType()));
  axis += axis < 0 ? rank : 0;
  Dims dims = b.dims(x);
  llvm::ArrayRef<Expr> from(dims);
  return b.reshape(
      x, {b.product(from.take_front(axis)), b.product(from.drop_front(axis))});
}

Value importSqueeze(NodeReader &node) {
  TfmBuilder &b = node.b;
  Value x;
  std::optional<llvm::SmallVector<int64_t>> axes;
  if (node.input(0, x) || node.axes(13, b.rank(x), axes))
    return {};
  Dims to;
  for (auto [i, dim] : llvm::enumerate(b.dims(x))) {
    Expr one = b.number(1);
    if (axes && llvm::is_contained(*axes, static_cast<int64_t>(i))) {
      if (!b.unify(dim, one, one))
        return {};
    } else if (axes || dim != one) {
      // Without axes a dim goes when it is 1: the rank must not depend on that.
      if (!axes && b.constant(dim) != 0 && !b.requireLe(b.number(2), dim))
        return {};
      to.push_back(dim);
    }
  }
  return b.reshape(x, to);
}

Value importUnsqueeze(NodeReader &node) {
  TfmBuilder &b = node.b;
  Value x;
  std::optional<llvm::SmallVector<int64_t>> axes;
  if (node.input(0, x))
    return {};
  // Axes count in the result, whose rank depends on how many there are.
  llvm::SmallVector<int64_t> raw;
  if (node.opset() < 13 ? node.ints("axes", raw) : node.constantInts(1, raw))
    return {};
  int64_t rank = b.rank(x) + raw.size();
  llvm::SmallBitVector isNew(rank);
  for (int64_t axis : raw) {
    if (node.normalize(axis, rank))
      return {};
    if (isNew[axis])
      return b.fail("axis " + llvm::Twine(axis) + " is there twice");
    isNew.set(axis);
  }
  Dims from = b.dims(x), to;
  size_t next = 0;
  for (int64_t i = 0; i < rank; ++i)
    to.push_back(isNew[i] ? b.number(1) : from[next++]);
  return b.reshape(x, to);
}

Value importTranspose(NodeReader &node) {
  TfmBuilder &b = node.b;
  Value x;
  if (node.input(0, x))
    return {};
  llvm::SmallVector<int64_t> perm =
      llvm::to_vector(llvm::reverse(llvm::seq<int64_t>(0, b.rank(x))));
  if (node.ints("perm", perm))
    return {};
  llvm::SmallVector<int64_t> sorted(perm);
  llvm::sort(sorted);
  if (!llvm::equal(sorted, llvm::seq<int64_t>(0, b.rank(x))))
    return b.fail("perm is no permutation of the axes of " +
                  typeText(x.getType()));
  return b.transpose(x, perm);
}

/// Both ways: the shape may also be smaller than the operand.
Value importExpand(NodeReader &node) {
  TfmBuilder &b = node.b;
  Value x;
  llvm::SmallVector<Expr> shape;
  if (node.input(0, x) || node.exprs(1, shape))
    return {};
  // Exporters without the -1 guard leave it in for "as the operand".
  for (Expr &dim : shape)
    if (b.constant(dim) == -1)
      dim = b.number(1);
    else if (!b.requireLe(b.number(0), dim))
      return {};
  Dims to;
  if (!b.broadcastDims(b.dims(x), shape, to))
    return {};
  return b.broadcast(x, to);
}

Value importTile(NodeReader &node) {
  TfmBuilder &b = node.b;
  Value x;
  llvm::SmallVector<Expr> repeats;
  if (node.input(0, x) || node.exprs(1, repeats))
    return {};
  if (static_cast<int64_t>(repeats.size()) != b.rank(x))
    return b.fail(llvm::Twine(repeats.size()) + " repeats for " +
                  typeText(x.getType()));
  for (Expr n : repeats)
    if (!b.requireLe(b.number(0), n))
      return {};
  return b.tile(x, repeats);
}

/// Dims `start` to `end` of the operand, both clamped (since opset 15).
Value importShape(NodeReader &node) {
  TfmBuilder &b = node.b;
  Value x;
  if (node.input(0, x))
    return {};
  int64_t start = 0, end = b.rank(x);
  if (node.opset() >= 15 &&
      (node.integer("start", start, 0) || node.integer("end", end, end)))
    return {};
  auto clamp = [rank = b.rank(x)](int64_t at) {
    return std::clamp<int64_t>(at < 0 ? at + rank : at, 0, rank);
  };
  Dims dims = b.dims(x);
  int64_t from = clamp(start), to = std::max(from, clamp(end));
  return b.symbolic(llvm::ArrayRef<Expr>(dims).slice(from, to - from),
                    IntegerType::get(x.getContext(), 64));
}

Value importSize(NodeReader &node) {
  Value x;
  if (node.input(0, x))
    return {};
  return node.b.symbolic(node.b.product(node.b.dims(x)),
                         IntegerType::get(x.getContext(), 64),
                         /*isScalar=*/true);
}

constexpr OpEntry kOps[] = {
    {"", "Expand", 8, importExpand},
    {"", "Flatten", 11, importFlatten},
    {"", "Reshape", 5, importReshape},
    {"", "Shape", 1, importShape},
    {"", "Size", 1, importSize},
    {"", "Squeeze", 11, importSqueeze},
    {"", "Tile", 6, importTile},
    {"", "Transpose", 1, importTranspose},
    {"", "Unsqueeze", 11, importUnsqueeze},
};

} // namespace

llvm::ArrayRef<OpEntry> shapeOps() { return kOps; }

} // namespace ingot::onnx
