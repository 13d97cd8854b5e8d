//===- ImportQuant.h - What rows of quantized operators share -------------===//
#pragma once

#include "frontend/onnx/NodeReader.h"

namespace ingot::onnx {

using Dims = TfmBuilder::Dims;

/// `v` has one element.
bool isOneNumber(TfmBuilder &b, mlir::Value v);

// ImportQuantBlocks.cpp
mlir::Value importMatMulNBits(NodeReader &node);
mlir::Value importGatherBlockQuantized(NodeReader &node);

} // namespace ingot::onnx
