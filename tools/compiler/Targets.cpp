#include "tools/compiler/Targets.h"

#include "codegen/cuda/KernelCompiler.h"
#include "tools/ingot/Options.h"

namespace ingot::cli {

std::vector<PlanTarget> Targets::plans() const {
  std::vector<PlanTarget> plans;
  if (x86)
    plans.push_back({"x86-64", x86Precision});
  bool multipliesF8 = llvm::all_of(
      archs, [](llvm::StringRef arch) { return arch == "sm_90a"; });
  if (hasCuda())
    plans.push_back({"cuda", cudaPrecision, multipliesF8});
  return plans;
}

std::vector<cpu::IsaLevel> Targets::levels() const {
  using enum cpu::IsaLevel;
  if (x86Precision == "f32")
    return {V4, V3};
  if (emulateBf16)
    return {V4Amx, V4Bf16, V4, V3};
  return {V4Amx, V4Bf16};
}

int parseTargets(const char *text, Targets &targets) {
  llvm::SmallVector<llvm::StringRef> names;
  llvm::StringRef(text).split(names, ',');
  llvm::ArrayRef<llvm::StringRef> known = cuda::targetNames();
  for (llvm::StringRef name : names)
    if (name != "x86-64" && !llvm::is_contained(known, name))
      return failUsage(
          "no target '%s': x86-64, %s; several with commas between "
          "them",
          name.str().c_str(), llvm::join(known, ", ").c_str());
  targets.x86 = llvm::is_contained(names, "x86-64");
  targets.archs.clear();
  // The newest first, and cubins before what the driver has to compile.
  for (bool isPtx : {false, true})
    for (llvm::StringRef name : llvm::reverse(known))
      if (llvm::is_contained(names, name))
        for (llvm::StringRef arch : cuda::architecturesOf(name))
          if (cuda::makesPtx(arch) == isPtx)
            targets.archs.push_back(arch.str());
  return 0;
}

/// One "TARGET:PRECISION", or "PRECISION" with all targets in `names`.
static int setPrecision(llvm::ArrayRef<llvm::StringRef> names,
                        llvm::StringRef precision, Targets &targets,
                        bool &isCudaSet) {
  constexpr llvm::StringRef kKnown[] = {"f32", "tf32", "bf16", "f16"};
  if (!llvm::is_contained(kKnown, precision))
    return failUsage("no precision '%s': f32, tf32, bf16 or f16; one for all "
                     "targets, or sm_80:bf16,x86-64:f32",
                     precision.str().c_str());
  for (llvm::StringRef name : names) {
    if (name == "x86-64") {
      if (precision != "f32" && precision != "bf16")
        return failUsage("x86-64 multiplies in f32 or bf16: name the target "
                         "that %s is for, as in sm_80:%s",
                         precision.str().c_str(), precision.str().c_str());
      targets.x86Precision = precision.str();
      continue;
    }
    if (isCudaSet && targets.cudaPrecision != precision)
      return failUsage("all GPUs of a file have one plan: %s and %s in two "
                       "files",
                       targets.cudaPrecision.c_str(), precision.str().c_str());
    isCudaSet = true;
    targets.cudaPrecision = precision.str();
  }
  return 0;
}

int parsePrecision(const char *text, Targets &targets) {
  llvm::SmallVector<llvm::StringRef> parts, all;
  llvm::StringRef(text).split(parts, ',');
  if (targets.x86)
    all.push_back("x86-64");
  if (targets.hasCuda())
    all.push_back("cuda");
  bool isCudaSet = false;
  for (llvm::StringRef part : parts) {
    auto [name, precision] = part.split(':');
    if (!part.contains(':')) {
      if (int code = setPrecision(all, name, targets, isCudaSet))
        return code;
      continue;
    }
    bool isTarget =
        name == "x86-64"
            ? targets.x86
            : llvm::any_of(cuda::architecturesOf(name), [&](auto arch) {
                return llvm::is_contained(targets.archs, arch);
              });
    if (!isTarget)
      return failUsage("--precision names %s, which is none of --target",
                       name.str().c_str());
    if (int code = setPrecision(name, precision, targets, isCudaSet))
      return code;
  }
  return 0;
}

} // namespace ingot::cli
