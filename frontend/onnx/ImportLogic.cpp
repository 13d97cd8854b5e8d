//===- ImportLogic.cpp - Comparisons, logic and Where ---------------------===//
#include "frontend/onnx/OpTable.h"

using namespace mlir;

namespace ingot::onnx {

namespace {

template <ScalarOp op>
Value importBinary(NodeReader &node) {
  Value x, y;
  if (node.input(0, x) || node.input(1, y))
    return {};
  return node.b.elementwise(op, {x, y});
}

/// a > b is b < a.
template <ScalarOp op>
Value importSwapped(NodeReader &node) {
  Value x, y;
  if (node.input(0, x) || node.input(1, y))
    return {};
  return node.b.elementwise(op, {y, x});
}

template <ScalarOp op>
Value importUnary(NodeReader &node) {
  Value x;
  if (node.input(0, x))
    return {};
  return node.b.elementwise(op, x);
}

Value importWhere(NodeReader &node) {
  Value condition, x, y;
  if (node.input(0, condition) || node.input(1, x) || node.input(2, y))
    return {};
  return node.b.select(condition, x, y);
}

constexpr OpEntry kOps[] = {
    {"", "And", 7, importBinary<ScalarOp::And>},
    {"", "Equal", 7, importBinary<ScalarOp::Eq>},
    {"", "Greater", 7, importSwapped<ScalarOp::Lt>},
    {"", "GreaterOrEqual", 12, importSwapped<ScalarOp::Le>},
    {"", "IsNaN", 9, importUnary<ScalarOp::IsNaN>},
    {"", "Less", 7, importBinary<ScalarOp::Lt>},
    {"", "LessOrEqual", 12, importBinary<ScalarOp::Le>},
    {"", "Not", 1, importUnary<ScalarOp::Not>},
    {"", "Or", 7, importBinary<ScalarOp::Or>},
    {"", "Where", 9, importWhere},
};

} // namespace

llvm::ArrayRef<OpEntry> logicOps() { return kOps; }

} // namespace ingot::onnx
