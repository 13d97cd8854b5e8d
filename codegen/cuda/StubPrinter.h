//===- StubPrinter.h - plan.kernel to the text that NVRTC compiles
//---------===//
#pragma once

#include "ir/plan/Plan.h"

namespace ingot::cuda {

/// Some lines of CUDA that instantiate a template of kernels/ with constants
/// and with the kernel's regions as a functor, and how to launch it. The text
/// depends on the kernel alone, so equal kernels have equal stubs.
struct CudaStub {
  std::string name; ///< the kernel's symbol in the text
  std::string text;
  unsigned threads = 0;     ///< a block
  unsigned sharedBytes = 0; ///< dynamic, a block
  unsigned minBlocks = 1;   ///< a multiprocessor holds, by its launch bounds
  /// Elements, rows or lines (what the grids of plans for cuda count) that a
  /// block takes at a time.
  unsigned tasks = 1;
  /// For people: what Choice.h chose and expects; "" of other families.
  std::string choice, estimate;
};

/// Fails with a diagnostic at the kernel for what CUDA code cannot do yet.
llvm::FailureOr<CudaStub> printStub(plan::KernelOp kernel);

/// `ingot-opt --print-cuda-stubs`: the stubs of a module's kernels on stdout.
void registerPrintCudaStubs();

} // namespace ingot::cuda
