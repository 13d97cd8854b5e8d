//===- StubPrinter.h - plan.kernel to the text that NVRTC compiles
//---------===//
#pragma once

#include "codegen/cuda/Tuning.h"
#include "ir/plan/Plan.h"

namespace ingot::cuda {

/// A tensor map among a kernel's parameters: rows of one of its buffers, in
/// boxes of 128 swizzled bytes a row; with more dims, each box in one plane of
/// rows. Extents are numbers, or -1 - i for scalar i of the launch.
struct StubMap {
  struct Dim {
    int64_t extent, stride; ///< elements
  };
  unsigned buffer; ///< of the launch: outputs, workspace, inputs
  mlir::Type type;
  int64_t columns, rows, pitch; ///< elements
  unsigned boxRows;
  llvm::SmallVector<Dim, 2> outer = {};
};

/// Some lines of CUDA that instantiate a template of kernels/ with constants
/// and with the kernel's regions as a functor, and how to launch it. The text
/// depends on the kernel alone, so equal kernels have equal stubs.
struct CudaStub {
  std::string name; ///< the kernel's symbol in the text
  std::string text;
  unsigned threads = 0;     ///< a block
  unsigned sharedBytes = 0; ///< dynamic, a block
  unsigned minBlocks = 1;   ///< a multiprocessor holds, by its launch bounds
  unsigned cluster = 1;     ///< blocks along x that run together
  /// Elements, rows or lines (what the grids of plans for cuda count) that a
  /// block takes at a time.
  unsigned tasks = 1;
  /// Passed by value between the launch's arguments and the status.
  std::vector<StubMap> maps;
  /// Blocks take tiles in turn: no more of them than multiprocessors.
  bool isPersistent = false;
  /// It waits for the grids before it (dependent launch): it may start while
  /// they run.
  bool waits = false;
  /// In which they share a task at most: so many more of them than tasks.
  int64_t mostParts = 1;
  /// For people: what Choice.h chose and expects; "" of other families.
  std::string choice, estimate;
  /// Of the tuning record: "sm_80, linear[2]"; "" where it says nothing. And
  /// rows from which `auto` calls cuBLASLt.
  std::string record;
  std::optional<int64_t> libraryFrom;
};

/// Whether kernels for `arch` can wait for the grids before them: "sm_90" and
/// later do.
bool hasDependentLaunch(llvm::StringRef arch);

/// Whether code for `arch` has the kernel: linear_norm is sm_90a's alone.
bool hasKernel(plan::KernelOp kernel, llvm::StringRef arch);

/// Fails with a diagnostic at the kernel for what CUDA code cannot do yet.
/// `arch`: what the text is for, "sm_80"; some kernels are others on "sm_90a".
/// `record`: what was measured there.
llvm::FailureOr<CudaStub> printStub(plan::KernelOp kernel,
                                    llvm::StringRef arch = "sm_80",
                                    const TuningRecord *record = nullptr);

/// `ingot-opt --print-cuda-stubs[=arch=sm_90a]`: the stubs of a module's
/// kernels on stdout.
void registerPrintCudaStubs();

} // namespace ingot::cuda
