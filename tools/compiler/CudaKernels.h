//===- CudaKernels.h - Code for GPUs as people read it
//---------------------===//
#pragma once

#include "codegen/cuda/KernelCompiler.h"

namespace ingot::cli {

/// Says before anything is compiled that there is no NVRTC: 0, or the exit code
/// after a complaint.
int checkNvrtc();

struct CudaListing {
  std::string kernel, arch;
  bool isPtx;
  std::string text;
};

/// PTX of each kernel and architecture and, where nvdisasm is found, the
/// instructions of its cubins. Nothing after a complaint.
std::optional<std::vector<CudaListing>>
listCuda(const cuda::CompiledKernels &kernels,
         const cuda::ImageOptions &options);

} // namespace ingot::cli
