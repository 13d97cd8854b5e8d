#include "Nvrtc.h"

#include "Harness.h"

#include <cstdlib>
#include <dirent.h>
#include <dlfcn.h>
#include <fstream>
#include <regex>
#include <unistd.h>

namespace ingot::emulator {
namespace {

using Program = struct NvrtcProgramObject *;

struct Nvrtc {
  int (*create)(Program *, const char *text, const char *name, int headers,
                const char *const *texts, const char *const *names);
  int (*compile)(Program, int count, const char *const *options);
  int (*logSize)(Program, size_t *);
  int (*log)(Program, char *);
  int (*cubinSize)(Program, size_t *);
  int (*cubin)(Program, char *);
  int (*ptxSize)(Program, size_t *);
  int (*ptx)(Program, char *);
  int (*destroy)(Program *);
};

// Files of that name under the wheels' site-packages/nvidia.
std::vector<std::string> inWheels(const std::string &relative) {
  std::vector<std::string> found;
  std::string libraries = std::string(INGOT_WHEELS) + "/lib";
  if (DIR *d = opendir(libraries.c_str())) {
    while (dirent *e = readdir(d))
      if (std::string(e->d_name).rfind("python", 0) == 0)
        for (const char *part :
             {"cu13", "cuda_nvrtc", "cuda_nvdisasm", "cuda_cuobjdump"})
          found.push_back(libraries + "/" + e->d_name +
                          "/site-packages/nvidia/" + part + "/" + relative);
    closedir(d);
  }
  return found;
}

void *openNvrtc() {
  std::vector<std::string> paths;
  if (const char *chosen = getenv("INGOT_NVRTC"))
    paths.push_back(chosen);
  for (const char *name : {"libnvrtc.so.13", "libnvrtc.so.12"}) {
    if (const char *toolkit = getenv("CUDA_PATH"))
      paths.push_back(std::string(toolkit) + "/lib64/" + name);
    paths.push_back(std::string("/usr/local/cuda/lib64/") + name);
    paths.push_back(std::string("/usr/local/cuda/lib/") + name);
    paths.push_back(name);
    for (const std::string &wheel : inWheels(std::string("lib/") + name))
      paths.push_back(wheel);
  }
  for (const std::string &path : paths)
    if (void *h = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL))
      return h;
  return nullptr;
}

const Nvrtc *nvrtc() {
  static const Nvrtc *loaded = []() -> const Nvrtc * {
    void *h = openNvrtc();
    if (!h)
      return nullptr;
    static Nvrtc n;
    bool all = true;
    auto get = [&](auto &member, const char *name) {
      member = reinterpret_cast<std::remove_reference_t<decltype(member)>>(
          dlsym(h, name));
      all &= member != nullptr;
    };
    get(n.create, "nvrtcCreateProgram");
    get(n.compile, "nvrtcCompileProgram");
    get(n.logSize, "nvrtcGetProgramLogSize");
    get(n.log, "nvrtcGetProgramLog");
    get(n.cubinSize, "nvrtcGetCUBINSize");
    get(n.cubin, "nvrtcGetCUBIN");
    get(n.ptxSize, "nvrtcGetPTXSize");
    get(n.ptx, "nvrtcGetPTX");
    get(n.destroy, "nvrtcDestroyProgram");
    return all ? &n : nullptr;
  }();
  return loaded;
}

struct Headers {
  std::vector<std::string> names, texts;
  Headers() {
    DIR *d = opendir(kernelFolder().c_str());
    while (dirent *e = d ? readdir(d) : nullptr) {
      std::string name = e->d_name;
      if (name.size() > 4 && name.substr(name.size() - 4) == ".cuh") {
        names.push_back(name);
        texts.push_back(readFile(kernelFolder() + "/" + name));
      }
    }
    if (d)
      closedir(d);
  }
};

// The lines that ptxas -v writes, three a kernel.
std::vector<CompiledKernel> readProperties(const std::string &log) {
  static const std::regex pattern(
      "Function properties for (\\w+)\\s+(?:ptxas\\s+\\.\\s+)?(\\d+) bytes "
      "stack frame, (\\d+) bytes spill "
      "stores, (\\d+) bytes spill loads\\s+ptxas info\\s*: Used (\\d+) "
      "registers");
  std::vector<CompiledKernel> kernels;
  for (std::sregex_iterator i(log.begin(), log.end(), pattern), end; i != end;
       ++i) {
    const std::smatch &m = *i;
    kernels.push_back({m[1], std::stoi(m[5]), std::stoi(m[2]),
                       std::stoi(m[3]) + std::stoi(m[4])});
  }
  return kernels;
}

template <class Size, class Get>
std::string text(Program program, Size size, Get get) {
  size_t n = 0;
  size(program, &n);
  std::string result(n, 0);
  if (n)
    get(program, result.data());
  return result;
}

} // namespace

bool nvrtcFound() { return nvrtc() != nullptr; }

NvrtcResult nvrtcCompile(const std::string &source, const std::string &arch) {
  NvrtcResult result;
  const Nvrtc *n = nvrtc();
  if (!n)
    return result;
  Headers headers;
  std::vector<const char *> names, texts;
  for (size_t i = 0; i < headers.names.size(); ++i) {
    names.push_back(headers.names[i].c_str());
    texts.push_back(headers.texts[i].c_str());
  }
  Program program;
  if (n->create(&program, source.c_str(), "stub.cu",
                static_cast<int>(names.size()), texts.data(), names.data()))
    return result;
  std::string target = "--gpu-architecture=" + arch;
  const char *options[] = {target.c_str(), "--std=c++20", "--ptxas-options=-v"};
  bool machineCode = arch.rfind("sm_", 0) == 0;
  result.ok = n->compile(program, machineCode ? 3 : 2, options) == 0;
  result.log = text(program, n->logSize, n->log);
  result.log.resize(strlen(result.log.c_str()));
  if (result.ok) {
    result.code = machineCode ? text(program, n->cubinSize, n->cubin)
                              : text(program, n->ptxSize, n->ptx);
    result.kernels = readProperties(result.log);
  }
  n->destroy(&program);
  return result;
}

std::string disassemble(const std::string &cubin) {
  std::vector<std::string> tools = inWheels("bin/nvdisasm");
  tools.push_back("/usr/local/cuda/bin/nvdisasm");
  if (const char *chosen = getenv("INGOT_NVDISASM"))
    tools.insert(tools.begin(), chosen);
  for (const std::string &tool : tools) {
    if (access(tool.c_str(), X_OK))
      continue;
    std::string file =
        testing::TempDir() + "ingot-" + std::to_string(getpid()) + ".cubin";
    std::ofstream(file, std::ios::binary) << cubin;
    std::string output;
    if (FILE *pipe = popen((tool + " -c " + file).c_str(), "r")) {
      char buffer[4096];
      while (size_t n = fread(buffer, 1, sizeof buffer, pipe))
        output.append(buffer, n);
      pclose(pipe);
    }
    unlink(file.c_str());
    return output;
  }
  return "";
}

} // namespace ingot::emulator
