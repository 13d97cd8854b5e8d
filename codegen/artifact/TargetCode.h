//===- TargetCode.h - The code of one target, as the artifact has it
//-------===//
#pragma once

#include "codegen/cpu/KernelCompiler.h"
#include "codegen/cuda/Nvrtc.h"

namespace ingot {

/// One kernel of a target.
struct KernelCode {
  plan::KernelOp kernel;
  uint64_t offset = 0, length = 0; ///< in the target's code, bytes
  /// For people: what was chosen, registers.
  std::vector<std::pair<std::string, std::string>> details;
  // Of GPUs only.
  unsigned threads = 0; ///< a block
  unsigned cluster = 1; ///< blocks
  unsigned sharedBytes = 0;
  unsigned tasks = 1; ///< of a launch's grid, a block
  std::vector<cuda::StubMap> maps;
  bool isPersistent = false; ///< at most as many blocks as multiprocessors
  bool waits = false;        ///< as CudaStub has it
  int64_t mostParts = 1;     ///< up to there, so many times the tasks
  std::string source;
  std::optional<int64_t> libraryFrom; ///< as CudaStub has it
};

/// "x86-64-v4", "sm_80", "compute_80" (PTX).
struct TargetCode {
  std::string name;
  bool isCuda = false;
  std::vector<std::string> features; ///< that a CPU has to have
  std::string code;
  std::vector<KernelCode> kernels;
};

/// The kernels that programs for `cuda`, or for x86-64, launch: in the order of
/// the module.
std::vector<plan::KernelOp> kernelsOf(mlir::ModuleOp module, bool isCuda);

/// `record` is what the code was made by, if anything.
TargetCode cpuTarget(const cpu::LevelCode &level,
                     llvm::ArrayRef<plan::KernelOp> kernels,
                     const cpu::TuningRecord *record = nullptr);

/// `images` are what `stubs` of `kernels` became for `arch`.
TargetCode cudaTarget(llvm::StringRef arch,
                      llvm::ArrayRef<plan::KernelOp> kernels,
                      llvm::ArrayRef<cuda::CudaStub> stubs,
                      llvm::ArrayRef<cuda::CudaImage> images);

} // namespace ingot
