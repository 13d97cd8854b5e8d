//===- KernelCompiler.h - plan.kernel to stubs and images
//------------------===//
#pragma once

#include "codegen/cuda/Nvrtc.h"

namespace ingot::cuda {

/// The names of targets: "sm_80", ...
llvm::ArrayRef<llvm::StringRef> targetNames();
/// The architectures a target's images are made for: sm_80 brings PTX for all
/// later GPUs. Nothing for a name that is no target.
llvm::ArrayRef<llvm::StringRef> architecturesOf(llvm::StringRef target);

struct KernelCompilerOptions {
  std::vector<std::string> architectures = {"sm_80", "compute_80"};
  Tuning tuning = Tuning::builtIn();
  ImageOptions images;
};

struct CompiledKernels {
  struct Architecture {
    std::string name;
    /// Those that it has, and what they became.
    std::vector<plan::KernelOp> kernels;
    std::vector<CudaStub> stubs;
    std::vector<CudaImage> images;
  };
  std::vector<Architecture> architectures;
};

/// Of `kernels` those that code for the architecture has.
std::vector<plan::KernelOp> kernelsFor(llvm::ArrayRef<plan::KernelOp> kernels,
                                       llvm::StringRef architecture);

/// The stubs of `kernels` for one architecture.
llvm::FailureOr<std::vector<CudaStub>>
printStubs(llvm::ArrayRef<plan::KernelOp> kernels, const Tuning &tuning,
           llvm::StringRef architecture);

/// Prints and compiles `kernels` for all architectures. Errors are diagnostics
/// at the kernels; a stub that NVRTC refuses is our bug and is kept in a file.
llvm::FailureOr<CompiledKernels>
compilePlanKernels(std::vector<plan::KernelOp> kernels,
                   const KernelCompilerOptions &options);

} // namespace ingot::cuda
