//===- CudaKernels.h - Code for GPUs as people read it
//---------------------===//
#pragma once

#include "codegen/cuda/KernelCompiler.h"

namespace ingot::cli {

/// Says before anything is compiled that there is no NVRTC: 0, or the exit code
/// after a complaint.
int checkNvrtc();

/// A stub, and the architectures that have it, "sm_90+sm_80"; "" where all do.
struct DistinctStub {
  const cuda::CudaStub *stub;
  std::string archs;

  /// "NAME.cu", or "NAME.sm_90+sm_80.cu".
  std::string file() const;
};
/// The stubs of each kernel that differ.
std::vector<DistinctStub> distinctStubs(const cuda::CompiledKernels &kernels);

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
