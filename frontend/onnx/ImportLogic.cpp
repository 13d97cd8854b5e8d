//===- ImportLogic.cpp - Comparisons, logic and Where ---------------------===//
#include "frontend/onnx/ImportElementwise.h"
#include "frontend/onnx/OpTable.h"

using namespace mlir;

namespace ingot::onnx {

namespace {

/// a > b is b < a.
template <ScalarOp op>
Value importSwapped(NodeReader &node) {
  Value x, y;
  if (node.input(0, x) || node.input(1, y))
    return {};
  return node.b.elementwise(op, {y, x});
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
