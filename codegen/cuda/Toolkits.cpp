#include "codegen/cuda/Toolkits.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"

#include <dlfcn.h>

using llvm::StringRef;
using llvm::Twine;
namespace fs = llvm::sys::fs;
namespace path = llvm::sys::path;

namespace ingot::cuda {

/// Folders in `parent` whose names start so, in falling order of their names.
static std::vector<std::string> children(const Twine &parent, StringRef start) {
  std::vector<std::string> found;
  std::error_code error;
  for (fs::directory_iterator i(parent, error), end; !error && i != end;
       i.increment(error))
    if (path::filename(i->path()).starts_with(start))
      found.push_back(i->path());
  llvm::sort(found, std::greater<>());
  return found;
}

std::vector<std::string> toolkitFolders() {
  std::vector<std::string> folders;
  for (const char *variable : {"CUDA_HOME", "CUDA_PATH"})
    if (const char *folder = getenv(variable))
      folders.push_back(folder);
  folders.push_back("/usr/local/cuda");
  llvm::append_range(folders, children("/usr/local", "cuda-"));
  return folders;
}

std::vector<std::string> wheelFolders() {
  std::vector<std::string> folders;
  // Beside the folder that our library or program was built in: build/venv.
  Dl_info info;
  if (!dladdr(reinterpret_cast<void *>(&wheelFolders), &info) ||
      !info.dli_fname)
    return folders;
  StringRef folder = path::parent_path(info.dli_fname);
  for (int up = 0; up < 3 && !folder.empty(); ++up) {
    folder = path::parent_path(folder);
    for (const std::string &python : children(folder + "/venv/lib", "python"))
      for (const char *package : {"cu13", "cuda_nvrtc", "cuda_nvdisasm"}) {
        std::string wheel = python + "/site-packages/nvidia/" + package;
        if (fs::is_directory(wheel))
          folders.push_back(wheel);
      }
  }
  return folders;
}

std::string findNvdisasm() {
  if (const char *file = getenv("INGOT_NVDISASM"))
    return file;
  for (const auto &folders : {toolkitFolders(), wheelFolders()})
    for (const std::string &folder : folders)
      if (std::string file = folder + "/bin/nvdisasm"; fs::can_execute(file))
        return file;
  llvm::ErrorOr<std::string> found = llvm::sys::findProgramByName("nvdisasm");
  return found ? *found : "";
}

std::string disassemble(const std::string &nvdisasm, const std::string &cubin) {
  int handle;
  llvm::SmallString<128> input, output;
  if (fs::createTemporaryFile("ingot", "cubin", handle, input))
    return "";
  llvm::FileRemover removeInput(input);
  llvm::raw_fd_ostream(handle, /*shouldClose=*/true) << cubin;
  if (fs::createTemporaryFile("ingot", "sass", output))
    return "";
  llvm::FileRemover removeOutput(output);
  StringRef outputFile = output;
  int code = llvm::sys::ExecuteAndWait(nvdisasm, {nvdisasm, "-c", input}, {},
                                       {std::nullopt, outputFile, outputFile});
  auto text = llvm::MemoryBuffer::getFile(output);
  return code == 0 && text ? (*text)->getBuffer().str() : "";
}

} // namespace ingot::cuda
