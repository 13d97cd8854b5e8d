// Rules that several verifiers share. Each reports on `op` and gives both
// sides.
#pragma once

#include "ir/tfm/Dims.h"

namespace ingot::tfm {

/// 0 <= axis < rank.
mlir::LogicalResult verifyAxis(mlir::Operation *op, int64_t axis,
                               mlir::Value tensor);

/// All tensors have one element type.
mlir::LogicalResult verifyOneElementType(mlir::Operation *op,
                                         mlir::ValueRange tensors);

/// `got` are the dims `expected`, as expressions: dims that pass through.
mlir::LogicalResult verifyDims(mlir::Operation *op, mlir::Value got,
                               llvm::ArrayRef<Dim> expected);

/// `isBroadcastOf`, reported.
mlir::LogicalResult verifyBroadcast(mlir::Operation *op,
                                    llvm::ArrayRef<DimList> operands,
                                    llvm::ArrayRef<Dim> got);

/// The dims of `input` reduced along `axes`, which are in range.
DimList reducedDims(mlir::Value input, llvm::ArrayRef<int64_t> axes,
                    bool keepdims);

/// `op` applies to operands of `type`, which come as tensors' elements or as
/// scalars.
bool appliesTo(ScalarOp op, mlir::Type type);
/// Comparisons and tests give a boolean.
bool givesBoolean(ScalarOp op);

} // namespace ingot::tfm
