#include "tools/compiler/Targets.h"

#include "codegen/cuda/KernelCompiler.h"
#include "tools/ingot/Options.h"

namespace ingot::cli {

std::vector<std::string> Targets::plans() const {
  std::vector<std::string> names;
  if (x86)
    names.emplace_back("x86-64");
  if (hasCuda())
    names.emplace_back("cuda");
  return names;
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

} // namespace ingot::cli
