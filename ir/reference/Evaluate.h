//===- Evaluate.h - One tfm op on tensors
//----------------------------------===//
#pragma once

#include "ir/reference/ScalarRegion.h"

namespace ingot {

using Tensors = llvm::SmallVector<reference::Tensor, 2>;

/// The results of one op that computes tensors from tensors: all of tfm but
/// `get_weight`, `require` and terminators. `lookup` gives its operands and
/// what its region loads. The results have the dims that their types say; if
/// the op computes others that is a failure, too.
reference::Result<Tensors> evaluate(mlir::Operation *op, TensorLookup lookup,
                                    SymbolValues &symbols);

} // namespace ingot
