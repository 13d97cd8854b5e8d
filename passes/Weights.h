// How passes reach the bytes of weights.
#pragma once

#include "ir/lift/ElementLifter.h"
#include "ir/tfm/WeightStore.h"

#include "mlir/IR/BuiltinOps.h"

namespace ingot {

/// Makes `store` the source of the weights of this context's module.
void setWeightStore(mlir::MLIRContext &context,
                    std::shared_ptr<WeightStore> store);

/// The bytes of the module's stored weights; empty for derived ones and where
/// the context has no store.
ElementLifter::StoredBytes weightBytesOf(mlir::ModuleOp module);

} // namespace ingot
