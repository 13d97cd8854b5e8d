// Verbs that need the compiler open it only then: a machine that runs artifacts
// has neither LLVM nor MLIR, and `ingot run` starts without loading them.
#include "tools/ingot/Command.h"

#include <dlfcn.h>
#include <unistd.h>

namespace ingot::cli {

std::string findLibrary(const char *name) {
  char path[4096];
  ssize_t size = readlink("/proc/self/exe", path, sizeof(path));
  if (size <= 0 || size == sizeof(path))
    return "";
  std::string folder(path, static_cast<size_t>(size));
  folder.resize(folder.rfind('/'));
  for (const char *place : {"/", "/../lib/"}) {
    std::string file = folder + place + name;
    if (access(file.c_str(), R_OK) == 0)
      return file;
  }
  return "";
}

std::string findCompilerLibrary() {
  return findLibrary("libingot_compiler.so");
}

int compilerVerb(int argc, const char **argv) {
  std::string path = findCompilerLibrary();
  if (path.empty())
    return fail(
        "ingot %s needs the compiler library, which is not installed: no "
        "libingot_compiler.so beside the command or in ../lib",
        argv[0]);
  void *library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library)
    return fail("the compiler library cannot be loaded: %s", dlerror());
  using Main = int (*)(int, const char **);
  auto compilerMain =
      reinterpret_cast<Main>(dlsym(library, "ingot_compiler_main"));
  if (!compilerMain)
    return fail("%s is of another version of ingot", path.c_str());
  return compilerMain(argc, argv);
}

} // namespace ingot::cli
