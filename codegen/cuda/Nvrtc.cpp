#include "codegen/cuda/Nvrtc.h"

#include "codegen/cuda/Cubin.h"
#include "codegen/cuda/KernelHeaders.h"
#include "codegen/cuda/Toolkits.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

#include <dlfcn.h>

using llvm::StringRef;
using llvm::Twine;
namespace fs = llvm::sys::fs;
namespace path = llvm::sys::path;

namespace ingot::cuda {

// The part of nvrtc.h that we use. A program is an opaque pointer.
enum Function : unsigned {
  Version,
  CreateProgram,
  DestroyProgram,
  CompileProgram,
  GetPtxSize,
  GetPtx,
  GetCubinSize,
  GetCubin,
  GetLogSize,
  GetLog,
};
static constexpr const char *kNames[] = {
    "nvrtcVersion",        "nvrtcCreateProgram", "nvrtcDestroyProgram",
    "nvrtcCompileProgram", "nvrtcGetPTXSize",    "nvrtcGetPTX",
    "nvrtcGetCUBINSize",   "nvrtcGetCUBIN",      "nvrtcGetProgramLogSize",
    "nvrtcGetProgramLog",
};
using Program = void *;
using VersionFn = int (*)(int *major, int *minor);
using CreateFn = int (*)(Program *, const char *text, const char *name,
                         int headers, const char *const *texts,
                         const char *const *names);
using DestroyFn = int (*)(Program *);
using CompileFn = int (*)(Program, int options, const char *const *);
using SizeFn = int (*)(Program, size_t *);
using BytesFn = int (*)(Program, char *);

/// 12.4 is the first whose PTX every driver we support takes.
static constexpr int kOldest = 12 * 100 + 4;

bool makesPtx(StringRef arch) { return arch.starts_with("compute_"); }

/// What is wrong with the library `file`, or nothing.
std::string Nvrtc::openAt(StringRef file, Nvrtc &nvrtc) {
  void *handle = dlopen(file.str().c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle)
    return dlerror();
  for (auto [name, function] : llvm::zip_equal(kNames, nvrtc.functions)) {
    function = dlsym(handle, name);
    if (!function)
      return (file + " has no " + name).str();
  }
  reinterpret_cast<VersionFn>(nvrtc.functions[Version])(&nvrtc.major,
                                                        &nvrtc.minor);
  if (nvrtc.major * 100 + nvrtc.minor < kOldest)
    return (file + " is NVRTC " + Twine(nvrtc.major) + "." +
            Twine(nvrtc.minor) + ", 12.4 or newer is needed")
        .str();
  nvrtc.path = file.str();
  return "";
}

/// Files named libnvrtc.so... in `folder`, newest version first.
static void listFolder(const Twine &folder, std::vector<std::string> &files) {
  for (const char *name : {"libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so"}) {
    llvm::SmallString<128> file;
    folder.toVector(file);
    path::append(file, name);
    if (fs::exists(file))
      return files.push_back(file.str().str());
  }
}

static std::vector<std::string> candidates() {
  std::vector<std::string> files;
  for (const std::string &toolkit : toolkitFolders())
    for (const char *libraries : {"lib64", "lib", "targets/x86_64-linux/lib"})
      listFolder(toolkit + "/" + libraries, files);
  for (const std::string &wheel : wheelFolders())
    listFolder(wheel + "/lib", files);
  llvm::append_range(files, std::initializer_list<const char *>{
                                "libnvrtc.so.13", "libnvrtc.so.12"});
  return files;
}

llvm::Expected<const Nvrtc *> Nvrtc::get() {
  static Nvrtc nvrtc;
  static const std::string error = [&]() -> std::string {
    const char *hint = "Install it with\n"
                       "  pip install nvidia-cuda-nvrtc\n"
                       "or name the library: INGOT_NVRTC=/path/libnvrtc.so";
    if (const char *file = getenv("INGOT_NVRTC")) {
      std::string why = openAt(file, nvrtc);
      return why.empty() ? ""
                         : "CUDA targets need NVRTC 12.4 or newer. INGOT_NVRTC "
                           "names\n  " +
                               why + "\n" + hint;
    }
    std::string tried;
    for (const std::string &file : candidates()) {
      std::string why = openAt(file, nvrtc);
      if (why.empty())
        return "";
      tried += "  " + why + "\n";
    }
    return "CUDA targets need NVRTC 12.4 or newer. Tried:\n" + tried + hint;
  }();
  if (!error.empty())
    return llvm::createStringError(error);
  return &nvrtc;
}

/// The number before `words` in the assembler's line about `kernel`.
static unsigned numberBefore(StringRef log, StringRef words) {
  StringRef before = log.substr(0, log.find(words)).rtrim();
  if (before.size() == log.rtrim().size())
    return 0;
  unsigned value = 0;
  before.take_back(before.size() - before.find_last_not_of("0123456789") - 1)
      .getAsInteger(10, value);
  return value;
}

CudaImage Nvrtc::compile(const CudaStub &stub, StringRef arch) const {
  CudaImage result;
  std::vector<const char *> names, texts;
  for (const KernelHeader &header : kernelHeaders()) {
    names.push_back(header.name);
    texts.push_back(header.text);
  }
  std::string file = stub.name + ".cu", archOption = ("-arch=" + arch).str();
  // Products and sums stay apart: kernels say where they want a fused one, and
  // the emulator then computes the same. No -lineinfo: it makes bytes differ by
  // folder.
  const char *options[] = {archOption.c_str(), "--std=c++17", "--fmad=false",
                           "-default-device", "--ptxas-options=-v"};
  Program program = nullptr;
  auto call = [&](Function function, auto *type, auto... arguments) {
    using Fn = decltype(type);
    return reinterpret_cast<Fn>(functions[function])(arguments...) == 0;
  };
  if (!call(CreateProgram, CreateFn(), &program, stub.text.c_str(),
            file.c_str(), static_cast<int>(names.size()), texts.data(),
            names.data())) {
    result.error = "NVRTC refused the program";
    return result;
  }
  bool compiled = call(CompileProgram, CompileFn(), program,
                       static_cast<int>(std::size(options)), options);
  auto take = [&](Function size, Function bytes, std::string &into) {
    size_t count = 0;
    if (!call(size, SizeFn(), program, &count) || count == 0)
      return;
    into.resize(count);
    call(bytes, BytesFn(), program, into.data());
  };
  take(GetLogSize, GetLog, result.log);
  result.log = StringRef(result.log).rtrim(StringRef("\0\n ", 3)).str();
  if (!compiled) {
    result.error = result.log;
  } else if (makesPtx(arch)) {
    take(GetPtxSize, GetPtx, result.image);
    // The NUL that NVRTC counts is an unexpected end for who reads PTX.
    while (!result.image.empty() && result.image.back() == 0)
      result.image.pop_back();
  } else {
    take(GetCubinSize, GetCubin, result.image);
    if (std::optional<CubinFacts> facts = readCubin(result.image, stub.name)) {
      result.registers = facts->registers;
      result.frameBytes = facts->frameBytes;
    }
    result.spillBytes = numberBefore(result.log, " bytes spill stores") +
                        numberBefore(result.log, " bytes spill loads");
  }
  if (result.image.empty() && result.error.empty())
    result.error = "NVRTC made no image";
  call(DestroyProgram, DestroyFn(), &program);
  return result;
}

} // namespace ingot::cuda
