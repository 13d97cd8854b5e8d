#include "Harness.h"

#include "emulator.h"

#include <cstdio>
#include <cstdlib>
#include <dlfcn.h>
#include <fstream>
#include <sstream>

namespace ingot::emulator {

static void *library() {
  static void *handle = [] {
    // Runs kernels of all architectures.
    setenv("INGOT_EMULATOR", "arch 90", /*overwrite=*/0);
    void *h = dlopen(INGOT_EMULATOR_LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (!h) {
      fprintf(stderr, "%s\n", dlerror());
      abort();
    }
    return h;
  }();
  return handle;
}

const DriverTable &driverTable() {
  static const DriverTable table = [] {
    DriverTable t;
#define CUDA_SYMBOL(member, name, parameters)                                  \
  t.member = reinterpret_cast<decltype(t.member)>(dlsym(library(), #name));    \
  if (!t.member) {                                                             \
    fprintf(stderr, "the emulated driver lacks " #name "\n");                  \
    abort();                                                                   \
  }
#include "runtime/cuda_symbols.def"
    return t;
  }();
  return table;
}

std::string control(const std::string &commands) {
  static auto *function = reinterpret_cast<decltype(&ingot_emulator_control)>(
      dlsym(library(), "ingot_emulator_control"));
  std::string answer(1 << 16, 0);
  int length = function(commands.c_str(), answer.data(), answer.size());
  EXPECT_GE(length, 0) << "not understood: " << commands;
  answer.resize(strlen(answer.c_str()));
  return answer;
}

uint64_t statistic(const std::string &name) {
  std::istringstream lines(control("stats"));
  std::string word;
  uint64_t number;
  while (lines >> word >> number)
    if (word == name)
      return number;
  ADD_FAILURE() << "no statistic " << name;
  return 0;
}

EmulatorTest::EmulatorTest() {
  control("reset; quiet on; checks on; mode late");
  EXPECT_EQ(cuda.init(0), cu::success);
  cu::Context context;
  EXPECT_EQ(cuda.primaryContextRetain(&context, 0), cu::success);
  EXPECT_EQ(cuda.contextSetCurrent(context), cu::success);
}

EmulatorTest::~EmulatorTest() {
  control("reset");
  EXPECT_EQ(cuda.primaryContextRelease(0), cu::success);
  EXPECT_EQ(control("leaks"), "");
}

std::string stubImage(const std::string &text, const std::string &file) {
  return "//ingot stub 1\n#line 1 \"" + file + "\"\n" + text;
}

std::string readFile(const std::string &path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in.good()) << path;
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::string kernelFolder() { return INGOT_KERNELS; }

DeviceBytes::DeviceBytes(size_t bytes) : bytes(bytes) {
  // The driver has no empty allocations; the kernel gets a pointer to nothing
  // readable.
  if (bytes) {
    EXPECT_EQ(driverTable().memAlloc(&pointer, bytes), cu::success);
  }
}

DeviceBytes::~DeviceBytes() {
  // After a finding the context answers no call; but memory must go back.
  if (pointer && driverTable().memFree(pointer) != cu::success) {
    control("revive");
    driverTable().memFree(pointer);
  }
}

cu::TensorMap makeMap(cu::Pointer base, const MapShape &s) {
  cu::TensorMap map = {};
  uint64_t bytes = s.type == cu::tensorMapF32  ? 4
                   : s.type == cu::tensorMapU8 ? 1
                                               : 2;
  std::vector<uint64_t> dims{s.columns, s.rows}, strides{s.pitch * bytes};
  for (const MapShape::Dim &dim : s.outer) {
    dims.push_back(dim.extent);
    strides.push_back(dim.stride * bytes);
  }
  std::vector<unsigned> box(dims.size(), 1), steps(dims.size(), 1);
  box[0] = s.boxColumns, box[1] = s.boxRows;
  EXPECT_EQ(driverTable().tensorMapEncode(
                &map, s.type, static_cast<unsigned>(dims.size()),
                reinterpret_cast<void *>(base), dims.data(), strides.data(),
                box.data(), steps.data(), cu::tensorMapNoInterleave, s.swizzle,
                cu::tensorMapPromotion128, cu::tensorMapZeros),
            cu::success);
  return map;
}

Stub::Stub(const std::string &text, const std::string &file) {
  std::string image = stubImage(text, file);
  char log[8192] = "";
  cu::JitOption options[] = {cu::jitErrorLogBuffer,
                             cu::jitErrorLogBufferSizeBytes};
  void *values[] = {log, reinterpret_cast<void *>(sizeof log)};
  EXPECT_EQ(driverTable().moduleLoadDataEx(&module, image.c_str(), 2, options,
                                           values),
            cu::success)
      << log;
}

Stub::~Stub() {
  if (module && driverTable().moduleUnload(module) != cu::success) {
    control("revive");
    driverTable().moduleUnload(module);
  }
}

cu::Function Stub::function(const std::string &name) {
  cu::Function f = nullptr;
  EXPECT_EQ(driverTable().moduleGetFunction(&f, module, name.c_str()),
            cu::success)
      << name;
  return f;
}

cu::Result Stub::launchRaw(const std::string &name, Grid grid, unsigned threads,
                           unsigned shared, void **parameters) {
  const DriverTable &cuda = driverTable();
  cu::Function f = function(name);
  if (shared > 48 << 10) {
    EXPECT_EQ(cuda.functionSetAttribute(f,
                                        cu::functionMaxDynamicSharedSizeBytes,
                                        static_cast<int>(shared)),
              cu::success);
  }
  cu::Result r = cuda.launchKernel(f, grid.x, grid.y, grid.z, threads, 1, 1,
                                   shared, nullptr, parameters, nullptr);
  return r ? r : cuda.streamSynchronize(nullptr);
}

} // namespace ingot::emulator
