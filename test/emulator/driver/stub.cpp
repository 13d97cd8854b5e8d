// From stub text to a loaded library, by the host compiler, cached by content.
#include "driver.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <dirent.h>
#include <dlfcn.h>
#include <fstream>
#include <sstream>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace ingot::emulator {
namespace {

std::string setting(const char *variable, const char *otherwise) {
  const char *value = getenv(variable);
  return value && *value ? value : otherwise;
}

// All that the compiled stub depends on besides its text.
struct Toolchain {
  std::string compiler, kernels, verbs, cache, flags, identity;
};

std::string readFile(const std::string &path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

// Output of a command; its exit status in `status`.
std::string runCommand(const std::string &command, int &status) {
  std::string output;
  status = -1;
  FILE *pipe = popen(command.c_str(), "r");
  if (!pipe)
    return output;
  char buffer[4096];
  while (size_t n = fread(buffer, 1, sizeof buffer, pipe))
    output.append(buffer, n);
  int wait = pclose(pipe);
  status = WIFEXITED(wait) ? WEXITSTATUS(wait) : -1;
  return output;
}

std::string quoted(const std::string &text) {
  std::string result = "'";
  for (char c : text)
    result += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return result + "'";
}

// The headers are part of the key: edit a kernel, and its stubs are compiled
// anew.
void addHeaders(std::string &to, const std::string &folder) {
  std::vector<std::string> names;
  if (DIR *d = opendir(folder.c_str())) {
    while (dirent *e = readdir(d)) {
      std::string name = e->d_name;
      if (name.size() > 4 &&
          (name.substr(name.size() - 4) == ".cuh" || name == "verbs.h"))
        names.push_back(name);
    }
    closedir(d);
  }
  std::sort(names.begin(), names.end());
  for (const std::string &name : names)
    to += name + "\n" + readFile(folder + "/" + name);
}

Toolchain toolchain() {
  Toolchain t;
  t.compiler = setting("INGOT_EMULATOR_CXX", INGOT_EMULATOR_DEFAULT_CXX);
  t.kernels = setting("INGOT_EMULATOR_KERNELS", INGOT_EMULATOR_DEFAULT_KERNELS);
  t.verbs = INGOT_EMULATOR_VERBS;
  t.cache = setting("INGOT_EMULATOR_CACHE", INGOT_EMULATOR_DEFAULT_CACHE);
  static std::unordered_map<std::string, std::string> versions;
  std::string &version = versions[t.compiler];
  int status;
  if (version.empty())
    version = runCommand(quoted(t.compiler) + " --version 2>/dev/null", status);
  t.flags = "-std=c++20 -x c++ -shared -fPIC -O1 -g1 -fvisibility=hidden "
            "-fno-exceptions -fno-rtti -ffp-contract=off "
            "-fsanitize=thread -fno-strict-aliasing -w -Wl,-z,now";
  if (version.find("clang") != std::string::npos)
    // Vectorized accesses wider than 16 bytes would go without a callback.
    t.flags += " -fno-sanitize-link-runtime -fno-vectorize -fno-slp-vectorize "
               "-mllvm -tsan-instrument-func-entry-exit=0 "
               "-mllvm -tsan-instrument-read-before-write=1";
  else
    // -nostdlib: else ThreadSanitizer's own runtime is linked.
    t.flags +=
        " -nostdlib -fno-gnu-unique --param tsan-instrument-func-entry-exit=0";
  if (__builtin_cpu_supports("fma"))
    t.flags += " -mavx2 -mfma";
  t.identity = version + "\n" + t.flags + "\n";
  addHeaders(t.identity, t.kernels);
  addHeaders(t.identity, t.verbs);
  return t;
}

void makeFolders(const std::string &path) {
  for (size_t at = path.find('/', 1); at != std::string::npos;
       at = path.find('/', at + 1))
    mkdir(path.substr(0, at).c_str(), 0777);
  mkdir(path.c_str(), 0777);
}

// A stub calls back into this library, which it must find wherever it was
// loaded from.
std::string ownPath() {
  Dl_info info;
  dladdr(reinterpret_cast<void *>(loadStub), &info);
  return info.dli_fname;
}

} // namespace

// FNV-1a over 128 bits.
std::string contentHash(const std::string &text) {
  unsigned __int128 h =
      (static_cast<unsigned __int128>(0x6c62272e07bb0142) << 64) |
      0x62b821756295c58d;
  const unsigned __int128 prime =
      (static_cast<unsigned __int128>(1) << 88) | 0x13b;
  for (unsigned char c : text)
    h = (h ^ c) * prime;
  return format("%016llx%016llx", static_cast<unsigned long long>(h >> 64),
                static_cast<unsigned long long>(h));
}

void *loadStub(const char *text, std::string &log) {
  Toolchain t = toolchain();
  std::string stub = t.cache + "/" + contentHash(t.identity + text);
  std::string library = stub + ".so";
  if (::access(library.c_str(), R_OK)) {
    makeFolders(t.cache);
    // Others may do the same at the same time; the last rename wins, with the
    // same bytes.
    std::string mine = format("%s.%d", stub.c_str(), getpid());
    std::ofstream(mine + ".cu") << "#line 1 \"stub.cu\"\n" << text;
    std::string command = quoted(t.compiler) + " " + t.flags + " -I" +
                          quoted(t.kernels) + " -I" + quoted(t.verbs) + " " +
                          quoted(mine + ".cu") + " -o " + quoted(mine + ".so") +
                          " -x none " + quoted(ownPath()) + " -lm -lc 2>&1";
    int status;
    log = runCommand(command, status);
    unlink((mine + ".cu").c_str());
    if (status) {
      unlink((mine + ".so").c_str());
      log = command + "\n" + log;
      return nullptr;
    }
    rename((mine + ".so").c_str(), library.c_str());
  }
  void *handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle)
    log = dlerror();
  return handle;
}

} // namespace ingot::emulator
