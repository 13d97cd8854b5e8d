//===- ImportMovement.cpp - Slices, gathers and other moves ---------------===//
#include "frontend/onnx/OpTable.h"

using namespace mlir;

namespace ingot::onnx {

using Dims = TfmBuilder::Dims;

namespace {

/// Constants this far out mean "the end" or "the start", whatever the extent.
constexpr int64_t kFar = (int64_t(1) << 31) - 1;

/// A bound of a slice clamped to [low, high], negative ones counted from the
/// extent n. An unknown sign becomes a select, never a guess.
Expr clampBound(TfmBuilder &b, Expr bound, Expr n, Expr low, Expr high) {
  ExprPool &pool = b.pool();
  std::optional<int64_t> number = b.constant(bound);
  if (number && *number >= kFar)
    return high;
  if (number && *number <= -kFar)
    return low;
  auto above = [&] { return pool.max(pool.add(bound, n), low); };
  auto below = [&] {
    Expr clamped = pool.min(bound, high);
    if (pool.kind(clamped) == ExprKind::Min)
      b.noteClamp(clamped, bound, high);
    return clamped;
  };
  if (pool.proveNonNegative(bound))
    return below();
  if (pool.proveGe(b.number(-1), bound))
    return above();
  return pool.select(pool.lt(bound, b.number(0)), above(), below());
}

Value importSlice(NodeReader &node) {
  TfmBuilder &b = node.b;
  ExprPool &pool = b.pool();
  Value x;
  llvm::SmallVector<Expr> starts, ends;
  llvm::SmallVector<int64_t> axes, steps;
  if (node.input(0, x) || node.exprs(1, starts) || node.exprs(2, ends) ||
      (node.hasInput(3) && node.constantInts(3, axes)) ||
      (node.hasInput(4) && node.constantInts(4, steps)))
    return {};
  if (!node.hasInput(3))
    axes = llvm::to_vector(llvm::seq<int64_t>(0, starts.size()));
  if (!node.hasInput(4))
    steps.assign(starts.size(), 1);
  if (ends.size() != starts.size() || axes.size() != starts.size() ||
      steps.size() != starts.size())
    return b.fail(llvm::Twine(starts.size()) + " starts, " +
                  llvm::Twine(ends.size()) + " ends, " +
                  llvm::Twine(axes.size()) + " axes and " +
                  llvm::Twine(steps.size()) + " steps");
  Dims sizes = b.dims(x);
  Expr zero = b.number(0), one = b.number(1);
  llvm::SmallVector<Expr> from(sizes.size(), zero);
  llvm::SmallVector<int64_t> by(sizes.size(), 1);
  for (auto [start, end, axis, step] : llvm::zip(starts, ends, axes, steps)) {
    if (node.normalize(axis, sizes.size()))
      return {};
    if (step == 0)
      return b.fail("a step is 0");
    Expr n = sizes[axis], size;
    if (step > 0) {
      from[axis] = clampBound(b, start, n, zero, n);
      size = pool.sub(clampBound(b, end, n, zero, n), from[axis]);
    } else {
      Expr last = pool.sub(n, one);
      from[axis] = clampBound(b, start, n, zero, last);
      size = pool.sub(from[axis], clampBound(b, end, n, b.number(-1), last));
    }
    size = pool.max(size, zero);
    int64_t stride = std::abs(step);
    sizes[axis] = stride == 1 ? size : pool.ceilDiv(size, b.number(stride));
    by[axis] = step;
  }
  return b.slice(x, from, by, sizes);
}

Value importConcat(NodeReader &node) {
  llvm::SmallVector<Value> parts;
  int64_t axis;
  if (node.inputs(parts) || node.axis("axis", node.b.rank(parts[0]), axis))
    return {};
  return node.b.concat(parts, axis);
}

/// Sizes from the attribute (before 13), input 1, or equal parts; since 18 the
/// last of equal parts may be smaller.
Value importSplit(NodeReader &node) {
  TfmBuilder &b = node.b;
  ExprPool &pool = b.pool();
  Value x;
  int64_t axis;
  if (node.input(0, x) || node.axis("axis", b.rank(x), axis, 0))
    return {};
  Expr n = b.dims(x)[axis];
  int64_t count = node.numOutputs();
  llvm::SmallVector<Expr> sizes;
  llvm::SmallVector<int64_t> numbers;
  if (node.opset() < 13 ? bool(node.ints("split", numbers))
                        : node.hasInput(1) && node.exprs(1, sizes))
    return {};
  for (int64_t number : numbers)
    sizes.push_back(b.number(number));
  if (sizes.empty()) {
    if (node.opset() >= 18) {
      int64_t declared;
      if (node.integer("num_outputs", declared, count))
        return {};
      if (declared != count)
        return b.fail("num_outputs is " + llvm::Twine(declared) +
                      ", but there are " + llvm::Twine(count) + " outputs");
    }
    std::optional<Expr> exact = pool.exactDiv(n, b.number(count));
    Expr part = exact ? *exact : pool.ceilDiv(n, b.number(count));
    sizes.assign(count - 1, part);
    sizes.push_back(pool.sub(n, pool.scale(part, count - 1)));
    if (!exact && node.opset() < 18 &&
        !b.unify(sizes.back(), part, sizes.back()))
      return {};
  }
  if (static_cast<int64_t>(sizes.size()) != count)
    return b.fail(llvm::Twine(sizes.size()) + " sizes for " +
                  llvm::Twine(count) + " outputs");
  Expr total = b.number(0);
  for (Expr size : sizes) {
    if (!b.requireLe(b.number(0), size))
      return {};
    total = pool.add(total, size);
  }
  if (!b.unify(total, n, total))
    return {};
  Value first;
  llvm::SmallVector<Expr> starts(b.rank(x), b.number(0));
  llvm::SmallVector<int64_t> steps(b.rank(x), 1);
  for (int64_t i = 0; i < count; ++i) {
    Dims dims = b.dims(x);
    dims[axis] = sizes[i];
    if (i == 0 || node.wantsOutput(i)) {
      Value part = b.slice(x, starts, steps, dims);
      if (i == 0)
        first = part;
      else
        node.setOutput(i, part);
    }
    starts[axis] = pool.add(starts[axis], sizes[i]);
  }
  return first;
}

Value importGather(NodeReader &node) {
  Value x, indices;
  int64_t axis;
  if (node.input(0, x) || node.input(1, indices) ||
      node.axis("axis", node.b.rank(x), axis, 0))
    return {};
  return node.b.gather(x, indices, axis);
}

Value importGatherElements(NodeReader &node) {
  Value x, indices;
  int64_t axis;
  if (node.input(0, x) || node.input(1, indices) ||
      node.axis("axis", node.b.rank(x), axis, 0))
    return {};
  return node.b.gatherElements(x, indices, axis);
}

Value importGatherND(NodeReader &node) {
  Value x, indices;
  int64_t batchDims = 0;
  if (node.input(0, x) || node.input(1, indices) ||
      (node.opset() >= 12 && node.integer("batch_dims", batchDims, 0)))
    return {};
  return node.b.gatherND(x, indices, batchDims);
}

/// Pads from input 1; of the axes in input 3 since opset 18.
Value importPad(NodeReader &node) {
  TfmBuilder &b = node.b;
  Value x;
  std::string mode;
  llvm::SmallVector<Expr> pads;
  llvm::SmallVector<int64_t> axes;
  if (node.input(0, x) || node.exprs(1, pads) ||
      node.string("mode", mode, "constant") ||
      (node.hasInput(3) && node.constantInts(3, axes)))
    return {};
  int64_t rank = b.rank(x);
  if (!node.hasInput(3))
    axes = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  if (pads.size() != 2 * axes.size())
    return b.fail(llvm::Twine(pads.size()) + " pads for " +
                  llvm::Twine(axes.size()) + " axes");
  llvm::SmallVector<Expr> low(rank, b.number(0)), high(rank, b.number(0));
  for (auto [i, axis] : llvm::enumerate(axes)) {
    if (node.normalize(axis, rank))
      return {};
    low[axis] = pads[i];
    high[axis] = pads[i + axes.size()];
  }
  std::optional<tfm::PadMode> kind = tfm::symbolizePadMode(mode);
  if (!kind || (*kind == tfm::PadMode::Wrap && node.opset() < 19))
    return b.fail(
        "mode '" + mode +
        "' is not one of constant, reflect, edge and, since opset 19, wrap");
  if (*kind != tfm::PadMode::Constant) {
    // Reflections reach no further than the operand itself.
    Expr reach = b.number(*kind == tfm::PadMode::Reflect ? 1 : 0);
    if (*kind != tfm::PadMode::Edge)
      for (auto [dim, l, h] : llvm::zip(b.dims(x), low, high))
        for (Expr pad : {l, h})
          if (b.constant(pad) != 0 &&
              !b.requireLe(b.pool().add(pad, reach), dim))
            return {};
    return b.pad(x, {}, *kind, low, high);
  }
  Value fill = node.optional(2);
  if (fill && b.product(b.dims(fill)) != b.number(1))
    return b.fail("constant_value " + typeText(fill.getType()) +
                  " is no scalar");
  fill = fill ? b.reshape(fill, {}) : b.scalar(b.element(x), 0);
  if (b.element(fill) != b.element(x))
    return b.fail("operands are " + typeText(x.getType()) + " and " +
                  typeText(fill.getType()));
  return b.pad(x, fill, *kind, low, high);
}

/// The diagonal may be anything that is known at bind.
Value importTrilu(NodeReader &node) {
  Value x;
  Expr diagonal = node.b.number(0);
  bool upper;
  if (node.input(0, x) || (node.hasInput(1) && node.expr(1, diagonal)) ||
      node.flag("upper", upper, true))
    return {};
  if (node.b.rank(x) < 2)
    return node.b.fail("Trilu of " + typeText(x.getType()));
  return node.b.trilu(x, diagonal, upper);
}

constexpr OpEntry kOps[] = {
    {"", "Concat", 4, importConcat},
    {"", "Gather", 11, importGather},
    {"", "GatherElements", 11, importGatherElements},
    {"", "GatherND", 11, importGatherND},
    {"", "Pad", 11, importPad},
    {"", "Slice", 10, importSlice},
    {"", "Split", 2, importSplit},
    {"", "Trilu", 14, importTrilu},
};

} // namespace

llvm::ArrayRef<OpEntry> movementOps() { return kOps; }

} // namespace ingot::onnx
