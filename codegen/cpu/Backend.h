//===- Backend.h - From MLIR to an object file in memory
//-------------------===//
//
// A kernel is an MLIR module with one public function
//
//   func.func @name(%task: i64, ARGS..., %scratch: memref<1xi8>,
//                   %status: memref<1xi64>)
//
// in the func, scf, cf, vector, memref, arith, math, index, x86vector and llvm
// dialects. ARGS are memref<1xT> (a bare pointer), i64, index or f32. The
// object holds one symbol, `name`, with the signature of runtime/kernel_abi.h:
// a wrapper that reads the argument slots and runs the inlined body.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "codegen/cpu/Isa.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/LogicalResult.h"

#include <functional>
#include <memory>
#include <string>

namespace ingot::cpu {

/// The dialects kernels are written in and their translation to LLVM IR.
void registerKernelDialects(mlir::DialectRegistry &registry);

/// What a compilation may leave behind for people to read.
struct KernelDump {
  std::string mlir;     ///< as generated
  std::string llvmIr;   ///< after LLVM's optimizer
  std::string assembly; ///< Intel syntax
};

/// Compiles the one kernel in `module`, consuming its contents. Errors go to
/// the context's diagnostic handler. `dump` may be null.
llvm::FailureOr<std::string> compileToObject(mlir::ModuleOp module,
                                             IsaLevel level,
                                             KernelDump *dump = nullptr);

/// One unit of work for `compileKernels`.
struct KernelJob {
  std::string name;
  IsaLevel level;
  /// Builds the module in the context it is given: a worker's own, so it must
  /// not touch IR of another context. Null after a diagnostic.
  std::function<mlir::OwningOpRef<mlir::ModuleOp>(mlir::MLIRContext &)> build;
};

struct KernelObject {
  std::string object; ///< empty if it failed
  std::string error;  ///< the diagnostics, one a line
  KernelDump dump;    ///< filled where asked for
};

struct CompileOptions {
  unsigned jobs = 1; ///< threads
  bool dump = false;
  /// Called after each job with the number of those done, one call at a time.
  std::function<void(size_t)> progress;
  /// Called in each worker's context before its first job, to load dialects
  /// that `build` needs.
  std::function<void(mlir::MLIRContext &)> prepare;
};

/// Compiles all jobs; results are in the order of the jobs and do not depend on
/// the number of threads.
std::vector<KernelObject> compileKernels(llvm::ArrayRef<KernelJob> jobs,
                                         const CompileOptions &options);

} // namespace ingot::cpu
