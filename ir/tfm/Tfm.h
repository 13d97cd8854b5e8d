//===- Tfm.h - The tfm dialect: what is computed ---------------------------===//
#pragma once

#include "ir/scalar/ScalarOps.h"

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/IR/TensorEncoding.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "ir/tfm/TfmDialect.h.inc"
#include "ir/tfm/TfmEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "ir/tfm/TfmAttrs.h.inc"

#define GET_OP_CLASSES
#include "ir/tfm/TfmOps.h.inc"

namespace ingot::tfm {

/// The dims of `type` as canonical texts: the encoding's, or its numbers.
llvm::SmallVector<std::string> dimTexts(mlir::RankedTensorType type);

/// A tensor type whose dims are `dims` (canonical texts); the encoding is left
/// out where all are numbers.
mlir::RankedTensorType tensorType(llvm::ArrayRef<std::string> dims, mlir::Type element);

} // namespace ingot::tfm
