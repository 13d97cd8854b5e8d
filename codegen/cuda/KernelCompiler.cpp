#include "codegen/cuda/KernelCompiler.h"

#include "llvm/Support/FileSystem.h"

using namespace mlir;

namespace ingot::cuda {

namespace {
struct Target {
  StringRef name;
  SmallVector<StringRef, 2> architectures;
};
ArrayRef<Target> targets() {
  static const Target kTargets[] = {{"sm_80", {"sm_80", "compute_80"}},
                                    {"sm_86", {"sm_86"}},
                                    {"sm_89", {"sm_89"}},
                                    {"sm_90", {"sm_90"}},
                                    {"sm_90a", {"sm_90a"}}};
  return kTargets;
}

/// The file that keeps the stub, or an empty name.
std::string keep(const CudaStub &stub) {
  int handle;
  SmallString<128> path;
  if (llvm::sys::fs::createTemporaryFile("ingot-" + stub.name, "cu", handle,
                                         path))
    return "";
  llvm::raw_fd_ostream out(handle, /*shouldClose=*/true);
  out << stub.text;
  return path.str().str();
}
} // namespace

ArrayRef<StringRef> targetNames() {
  static const SmallVector<StringRef> names = llvm::map_to_vector(
      targets(), [](const Target &target) { return target.name; });
  return names;
}

ArrayRef<StringRef> architecturesOf(StringRef name) {
  for (const Target &target : targets())
    if (target.name == name)
      return target.architectures;
  return {};
}

std::vector<plan::KernelOp> kernelsFor(ArrayRef<plan::KernelOp> kernels,
                                       StringRef architecture) {
  std::vector<plan::KernelOp> result;
  for (plan::KernelOp kernel : kernels)
    if (hasKernel(kernel, architecture))
      result.push_back(kernel);
  return result;
}

FailureOr<std::vector<CudaStub>> printStubs(ArrayRef<plan::KernelOp> kernels,
                                            const Tuning &tuning,
                                            StringRef architecture) {
  std::vector<CudaStub> stubs;
  for (plan::KernelOp kernel : kernels) {
    FailureOr<CudaStub> stub =
        printStub(kernel, architecture, tuning.of(architecture));
    if (failed(stub))
      return failure();
    stubs.push_back(std::move(*stub));
  }
  return stubs;
}

FailureOr<CompiledKernels>
compilePlanKernels(std::vector<plan::KernelOp> kernels,
                   const KernelCompilerOptions &options) {
  CompiledKernels result;
  for (const std::string &name : options.architectures) {
    std::vector<plan::KernelOp> ofArch = kernelsFor(kernels, name);
    FailureOr<std::vector<CudaStub>> stubs =
        printStubs(ofArch, options.tuning, name);
    if (failed(stubs))
      return failure();
    result.architectures.push_back({name, ofArch, std::move(*stubs), {}});
  }
  if (kernels.empty())
    return result;
  std::vector<ImageJob> jobs;
  for (const auto &architecture : result.architectures)
    for (const CudaStub &stub : architecture.stubs)
      jobs.push_back({&stub, architecture.name});
  llvm::Expected<std::vector<CudaImage>> images =
      compileStubs(jobs, options.images);
  if (!images)
    return emitError(kernels[0].getLoc()) << llvm::toString(images.takeError());

  bool isGood = true;
  auto next = images->begin();
  for (auto &[name, ofArch, stubs, made] : result.architectures) {
    for (auto [kernel, stub] : llvm::zip_equal(ofArch, stubs)) {
      CudaImage &image = *next++;
      if (!image.error.empty()) {
        isGood = false;
        InFlightDiagnostic diag = kernel.emitError("compiling kernel '")
                                  << kernel.getSymName() << "' for " << name
                                  << " failed, which is a bug of Ingot";
        std::string file = keep(stub);
        if (!file.empty())
          diag << "; its text is in " << file;
        diag << "\n" << image.error;
      }
      made.push_back(std::move(image));
    }
  }
  if (!isGood)
    return failure();
  return result;
}

} // namespace ingot::cuda
