//===- ImportReductions.cpp - Reductions and running sums -----------------===//
#include "frontend/onnx/OpTable.h"

using namespace mlir;

namespace ingot::onnx {

namespace {

/// Axes move from an attribute to input 1 at opset `inputSince`. No axes mean
/// all, or none with noop_with_empty_axes.
template <tfm::ReduceKind kind, int64_t inputSince>
Value importReduce(NodeReader &node) {
  TfmBuilder &b = node.b;
  Value x;
  std::optional<llvm::SmallVector<int64_t>> axes;
  bool keepdims, noop = false;
  if (node.input(0, x) || node.axes(inputSince, b.rank(x), axes) ||
      node.flag("keepdims", keepdims, true) ||
      (node.opset() >= inputSince &&
       node.flag("noop_with_empty_axes", noop, false)))
    return {};
  Type type = b.element(x);
  if (kind == tfm::ReduceKind::L2 && !llvm::isa<FloatType>(type))
    return b.fail("L2 norm of " + typeText(type) + " elements");
  llvm::SmallVector<int64_t> list;
  if (axes && !axes->empty()) {
    list = *axes;
    llvm::sort(list);
    list.erase(llvm::unique(list), list.end());
  } else if (!noop) {
    list = llvm::to_vector(llvm::seq<int64_t>(0, b.rank(x)));
  }
  if (list.empty() && kind == tfm::ReduceKind::L2)
    return b.elementwise(ScalarOp::Abs, x);
  if (list.empty())
    return x;
  // The largest bool is their `or`: numbers do the same.
  Type number = type.isInteger(1) && (kind == tfm::ReduceKind::Max ||
                                      kind == tfm::ReduceKind::Min)
                    ? IntegerType::get(b.context(), 32)
                    : type;
  return b.cast(b.reduce(kind, b.cast(x, number), list, keepdims), type);
}

Value importArgMax(NodeReader &node) {
  Value x;
  int64_t axis;
  bool keepdims, last = false;
  if (node.input(0, x) || node.axis("axis", node.b.rank(x), axis, 0) ||
      node.flag("keepdims", keepdims, true) ||
      (node.opset() >= 12 && node.flag("select_last_index", last, false)))
    return {};
  // An empty axis has no largest element.
  if (!node.b.requireLe(node.b.number(1), node.b.dims(x)[axis]))
    return {};
  return node.b.argReduce(tfm::ReduceKind::Max, x, axis, keepdims, last);
}

Value importCumSum(NodeReader &node) {
  Value x;
  int64_t axis;
  bool exclusive, reverse;
  if (node.input(0, x) || node.constantInt(1, axis) ||
      node.normalize(axis, node.b.rank(x)) ||
      node.flag("exclusive", exclusive, false) ||
      node.flag("reverse", reverse, false))
    return {};
  return node.b.cumsum(x, axis, exclusive, reverse);
}

constexpr OpEntry kOps[] = {
    {"", "ArgMax", 11, importArgMax},
    {"", "CumSum", 11, importCumSum},
    {"", "ReduceL2", 1, importReduce<tfm::ReduceKind::L2, 18>},
    {"", "ReduceMax", 1, importReduce<tfm::ReduceKind::Max, 18>},
    {"", "ReduceMean", 1, importReduce<tfm::ReduceKind::Mean, 18>},
    {"", "ReduceMin", 1, importReduce<tfm::ReduceKind::Min, 18>},
    {"", "ReduceProd", 1, importReduce<tfm::ReduceKind::Prod, 18>},
    {"", "ReduceSum", 1, importReduce<tfm::ReduceKind::Sum, 13>},
};

} // namespace

llvm::ArrayRef<OpEntry> reductionOps() { return kOps; }

} // namespace ingot::onnx
