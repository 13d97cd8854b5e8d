// How passes reach the bytes of weights.
#pragma once

#include "ir/lift/ElementLifter.h"

#include "mlir/IR/BuiltinOps.h"

namespace ingot {

/// The bytes of the module's stored weights; empty for derived ones.
WeightBytes weightBytesOf(mlir::ModuleOp module);

} // namespace ingot
