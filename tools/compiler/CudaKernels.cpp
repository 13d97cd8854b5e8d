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

std::vector<DistinctStub> distinctStubs(const cuda::CompiledKernels &kernels) {
  std::vector<DistinctStub> result;
  const auto &all = kernels.architectures;
  for (size_t i = 0; i < all.front().stubs.size(); ++i) {
    size_t first = result.size();
    for (const auto &architecture : all) {
      const cuda::CudaStub &stub = architecture.stubs[i];
      auto same = std::find_if(
          result.begin() + static_cast<long>(first), result.end(),
          [&](const auto &other) { return other.stub->text == stub.text; });
      if (same == result.end())
        result.push_back({&stub, architecture.name});
      else
        same->archs += "+" + architecture.name;
    }
    if (result.size() == first + 1)
      result.back().archs.clear();
  }
  return result;
}

std::optional<std::vector<CudaListing>>
listCuda(const cuda::CompiledKernels &kernels,
         const cuda::ImageOptions &options) {
  // PTX of sm_86 is for reading only; no artifact has it.
  std::vector<std::string> ptxArchs;
  std::vector<cuda::ImageJob> jobs;
  for (const auto &architecture : kernels.architectures)
    if (!cuda::makesPtx(architecture.name)) {
      ptxArchs.push_back("compute_" + architecture.name.substr(3));
      for (const cuda::CudaStub &stub : architecture.stubs)
        jobs.push_back({&stub, ptxArchs.back()});
    }
  llvm::Expected<std::vector<cuda::CudaImage>> ptx =
      cuda::compileStubs(jobs, options);
  if (!ptx) {
    fail("%s", llvm::toString(ptx.takeError()).c_str());
    return std::nullopt;
  }
  std::string nvdisasm = cuda::findNvdisasm();
  std::vector<CudaListing> listings;
  if (kernels.architectures.empty())
    return listings;
  const std::vector<cuda::CudaStub> &first =
      kernels.architectures.front().stubs;
  for (auto [i, stub] : llvm::enumerate(first)) {
    for (auto [a, arch] : llvm::enumerate(ptxArchs))
      listings.push_back(
          {stub.name, arch, true, (*ptx)[a * first.size() + i].image});
    for (const auto &architecture : kernels.architectures)
      if (!nvdisasm.empty() && !cuda::makesPtx(architecture.name))
        listings.push_back(
            {stub.name, architecture.name, false,
             cuda::disassemble(nvdisasm, architecture.images[i].image)});
  }
  return listings;
}

} // namespace ingot::cli
