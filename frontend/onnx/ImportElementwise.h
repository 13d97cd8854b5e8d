//===- ImportElementwise.h - Rows that are one scalar operation -----------===//
#pragma once

#include "frontend/onnx/NodeReader.h"

namespace ingot::onnx {

template <ScalarOp op>
mlir::Value importUnary(NodeReader &node) {
  mlir::Value x;
  if (node.input(0, x))
    return {};
  return node.b.elementwise(op, x);
}

template <ScalarOp op>
mlir::Value importBinary(NodeReader &node) {
  mlir::Value x, y;
  if (node.input(0, x) || node.input(1, y))
    return {};
  return node.b.elementwise(op, {x, y});
}

} // namespace ingot::onnx
