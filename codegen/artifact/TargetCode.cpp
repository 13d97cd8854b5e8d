#include "codegen/artifact/TargetCode.h"

#include "codegen/cpu/KernelChoice.h"
#include "codegen/cuda/Occupancy.h"

using namespace mlir;

namespace ingot {

std::vector<plan::KernelOp> kernelsOf(ModuleOp module, bool isCuda) {
  llvm::DenseSet<StringAttr> used;
  for (auto program : module.getOps<plan::ProgramOp>())
    if (program.isForCuda() == isCuda)
      for (auto launch : program.getBody().getOps<plan::LaunchOp>())
        used.insert(launch.getKernelAttr().getAttr());
  std::vector<plan::KernelOp> kernels;
  for (auto kernel : module.getOps<plan::KernelOp>())
    if (used.contains(kernel.getSymNameAttr()))
      kernels.push_back(kernel);
  return kernels;
}

TargetCode cpuTarget(const cpu::LevelCode &level,
                     llvm::ArrayRef<plan::KernelOp> kernels,
                     const cpu::TuningRecord *record) {
  const cpu::Isa &isa = cpu::isaOf(level.level);
  TargetCode target;
  target.name = std::string(isa.name);
  target.features = {"avx2", "fma",   "f16c",  "bmi",
                     "bmi2", "lzcnt", "movbe", "popcnt"};
  if (isa.avx512)
    for (const char *feature :
         {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"})
      target.features.push_back(feature);
  if (isa.bf16)
    for (const char *feature : {"avx512vnni", "avx512bf16"})
      target.features.push_back(feature);
  if (isa.amx)
    for (const char *feature : {"amx-tile", "amx-bf16"})
      target.features.push_back(feature);
  llvm::StringRef code(level.blob.code.data(), level.blob.code.size());
  target.code = code.str();
  for (auto [kernel, offset] : llvm::zip_equal(kernels, level.blob.entries)) {
    uint64_t end = code.size();
    for (uint64_t other : level.blob.entries)
      if (other > offset)
        end = std::min(end, other);
    KernelCode made;
    made.kernel = kernel;
    made.offset = offset;
    made.length = end - offset;
    made.details = cpu::detailsOf(kernel, isa, record);
    target.kernels.push_back(std::move(made));
  }
  return target;
}

TargetCode cudaTarget(llvm::StringRef arch,
                      llvm::ArrayRef<plan::KernelOp> kernels,
                      llvm::ArrayRef<cuda::CudaStub> stubs,
                      llvm::ArrayRef<cuda::CudaImage> images) {
  /// The driver reads images where they lie.
  constexpr size_t kAlignment = 64;
  TargetCode target;
  target.name = arch.str();
  target.isCuda = true;
  for (auto [kernel, stub, image] : llvm::zip_equal(kernels, stubs, images)) {
    target.code.resize(llvm::alignTo(target.code.size(), kAlignment));
    KernelCode made;
    made.kernel = kernel;
    made.offset = target.code.size();
    made.length = image.image.size();
    made.threads = stub.threads;
    made.cluster = stub.cluster;
    made.sharedBytes = stub.sharedBytes;
    made.tasks = stub.tasks;
    made.maps = stub.maps;
    made.isPersistent = stub.isPersistent;
    made.waits = stub.waits;
    made.mostParts = stub.mostParts;
    made.source = stub.text;
    if (!cuda::makesPtx(arch)) {
      auto number = [](unsigned value) { return std::to_string(value); };
      made.details = {{"registers", number(image.registers)},
                      {"frame", number(image.frameBytes)},
                      {"spills", number(image.spillBytes)}};
      if (std::optional<cuda::Occupancy> full = cuda::occupancyOf(
              arch, stub.threads, image.registers, stub.sharedBytes))
        made.details.emplace_back("occupancy", number(full->percent()) + "% (" +
                                                   number(full->blocks) +
                                                   " blocks, limited by " +
                                                   full->limit.str() + ")");
    }
    if (!stub.choice.empty()) {
      made.details.emplace_back("choice", stub.choice);
      made.details.emplace_back("estimate", stub.estimate);
    }
    if (!stub.record.empty())
      made.details.emplace_back("record", stub.record);
    made.libraryFrom = stub.libraryFrom;
    target.code += image.image;
    target.kernels.push_back(std::move(made));
  }
  return target;
}

} // namespace ingot
