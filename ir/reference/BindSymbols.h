//===- BindSymbols.h - Symbols from the dims of inputs
//---------------------===//
#pragma once

#include "ir/reference/Symbols.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace ingot {

/// Gives `symbols` the values that the inputs' dims have and, for symbols that
/// `tfm.symbols` says are read from an input, its value; then checks types,
/// dims and ranges. Reports what does not fit at the function.
mlir::LogicalResult bindSymbols(mlir::func::FuncOp function,
                                llvm::ArrayRef<reference::Tensor> inputs,
                                SymbolValues &symbols);

} // namespace ingot
