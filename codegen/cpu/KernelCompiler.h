//===- KernelCompiler.h - plan.kernel to machine code
//----------------------===//
#pragma once

#include "codegen/cpu/Backend.h"
#include "codegen/cpu/Linker.h"
#include "codegen/cpu/Tuning.h"
#include "ir/plan/Plan.h"

namespace ingot::cpu {

/// The module with the code of `kernel` for one level, in the kernel's context;
/// as a record says, if there is one.
mlir::OwningOpRef<mlir::ModuleOp>
emitKernel(plan::KernelOp kernel, const Isa &target,
           const TuningRecord *record = nullptr);

/// The code of one ISA level.
struct LevelCode {
  IsaLevel level;
  Blob blob; ///< `entries` in the order of the kernels
};

struct KernelCompilerOptions {
  std::vector<IsaLevel> levels = {IsaLevel::V3, IsaLevel::V4};
  unsigned jobs = 1; ///< threads
  Tuning tuning;
  /// If set, gets what each kernel became at each level.
  std::function<void(plan::KernelOp, IsaLevel, const KernelDump &)> dump;
  /// If set, is called as kernels get ready, with how many of how many.
  std::function<void(size_t done, size_t all)> progress;
};

/// Compiles `kernels` for all levels. Errors are diagnostics at the kernels.
/// The result depends on neither the number of jobs nor the machine. No kernel
/// asks for worker scratch.
llvm::FailureOr<std::vector<LevelCode>>
compilePlanKernels(std::vector<plan::KernelOp> kernels,
                   const KernelCompilerOptions &options);

} // namespace ingot::cpu
