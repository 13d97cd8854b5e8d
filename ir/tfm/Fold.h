// What folders share.
#pragma once

#include "ir/tfm/Dims.h"

#include "mlir/IR/PatternMatch.h"

namespace ingot::tfm {

/// The splat constant that `value` is under ops that only move elements, or
/// null. Its type is the constant's.
mlir::DenseElementsAttr splatOf(mlir::Value value);

/// The splat constant `splat` with another static type of its element type;
/// null if the type has unknown dims or no elements.
mlir::DenseElementsAttr splatAs(mlir::DenseElementsAttr splat, mlir::Type type);

/// `value` as `type`, which it broadcasts to.
mlir::Value broadcastTo(mlir::OpBuilder &builder, mlir::Location loc,
                        mlir::Value value, mlir::Type type);

/// `value` is a product of differences of integers, summed in floats: integers
/// itself, up to where the floats end.
bool isIntegerSum(mlir::Value value);

} // namespace ingot::tfm
