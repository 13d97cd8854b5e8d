//===- KernelFunction.h - The function around a kernel's code
//--------------===//
#pragma once

#include "codegen/cpu/Emitter.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace ingot::cpu {

/// Makes the module that the backend takes: one function of (task, params...,
/// scratch, status). `emit` writes its body and gets the task as an index, then
/// the params with pointers as flat memref<?xT> and i64 as they are, then
/// scratch (memref<?xi8>) and status (memref<?xi64>).
mlir::OwningOpRef<mlir::ModuleOp>
buildKernelModule(llvm::StringRef name, llvm::ArrayRef<mlir::Type> params,
                  const Isa &target, mlir::Location loc,
                  llvm::function_ref<void(Emitter &, mlir::ValueRange)> emit);

/// The type of a pointer parameter to `element`.
mlir::MemRefType pointerTo(mlir::Type element);

} // namespace ingot::cpu
