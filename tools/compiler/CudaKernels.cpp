#include "tools/compiler/CudaKernels.h"

#include "codegen/cuda/Toolkits.h"
#include "tools/ingot/Options.h"

namespace ingot::cli {

int checkNvrtc() {
  if (auto nvrtc = cuda::Nvrtc::get(); !nvrtc)
    return fail("%s", llvm::toString(nvrtc.takeError()).c_str());
  return 0;
}

std::string DistinctStub::file() const {
  return stub->name + (archs.empty() ? "" : "." + archs) + ".cu";
}

using Architecture = cuda::CompiledKernels::Architecture;

/// Some kernels are one architecture's alone: that which has most has all.
static const Architecture &fullest(const cuda::CompiledKernels &kernels) {
  return *llvm::max_element(kernels.architectures,
                            [](const Architecture &a, const Architecture &b) {
                              return a.stubs.size() < b.stubs.size();
                            });
}

/// The number of the stub of that name, if there is one.
static std::optional<size_t> find(const Architecture &architecture,
                                  llvm::StringRef name) {
  for (auto [i, stub] : llvm::enumerate(architecture.stubs))
    if (stub.name == name)
      return i;
  return std::nullopt;
}

std::vector<DistinctStub> distinctStubs(const cuda::CompiledKernels &kernels) {
  std::vector<DistinctStub> result;
  for (const cuda::CudaStub &each : fullest(kernels).stubs) {
    size_t first = result.size(), count = 0;
    for (const Architecture &architecture : kernels.architectures) {
      std::optional<size_t> number = find(architecture, each.name);
      if (!number)
        continue;
      ++count;
      const cuda::CudaStub &stub = architecture.stubs[*number];
      auto same = std::find_if(
          result.begin() + static_cast<long>(first), result.end(),
          [&](const auto &other) { return other.stub->text == stub.text; });
      if (same == result.end())
        result.push_back({&stub, architecture.name});
      else
        same->archs += "+" + architecture.name;
    }
    if (result.size() == first + 1 && count == kernels.architectures.size())
      result.back().archs.clear();
  }
  return result;
}

std::optional<std::vector<CudaListing>>
listCuda(const cuda::CompiledKernels &kernels,
         const cuda::ImageOptions &options) {
  // PTX of sm_86 is for reading only; no artifact has it.
  struct Ptx {
    const Architecture *of;
    std::string arch;
    size_t first; ///< of its images
  };
  std::vector<Ptx> all;
  std::vector<cuda::ImageJob> jobs;
  for (const Architecture &architecture : kernels.architectures)
    if (!cuda::makesPtx(architecture.name)) {
      all.push_back({&architecture, "compute_" + architecture.name.substr(3),
                     jobs.size()});
      for (const cuda::CudaStub &stub : architecture.stubs)
        jobs.push_back({&stub, all.back().arch});
    }
  llvm::Expected<std::vector<cuda::CudaImage>> images =
      cuda::compileStubs(jobs, options);
  if (!images) {
    fail("%s", llvm::toString(images.takeError()).c_str());
    return std::nullopt;
  }
  std::string nvdisasm = cuda::findNvdisasm();
  std::vector<CudaListing> listings;
  if (kernels.architectures.empty())
    return listings;
  for (const cuda::CudaStub &stub : fullest(kernels).stubs) {
    for (const Ptx &ptx : all)
      if (std::optional<size_t> number = find(*ptx.of, stub.name))
        listings.push_back(
            {stub.name, ptx.arch, true, (*images)[ptx.first + *number].image});
    for (const Architecture &architecture : kernels.architectures)
      if (!nvdisasm.empty() && !cuda::makesPtx(architecture.name))
        if (std::optional<size_t> number = find(architecture, stub.name))
          listings.push_back(
              {stub.name, architecture.name, false,
               cuda::disassemble(nvdisasm,
                                 architecture.images[*number].image)});
  }
  return listings;
}

} // namespace ingot::cli
