// Kernels in tests: load a stub into the emulated driver, give it arrays, look
// at what comes back or at what was found.
#pragma once

#include "runtime/cuda_api.h"

#include <cstring>
#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace ingot::emulator {

namespace cu = ingot::cuda;

// The driver's functions, by their member names in cuda_symbols.def.
struct DriverTable {
#define CUDA_SYMBOL(member, name, parameters) cu::Result(*member) parameters;
  using Context = cu::Context;
  using Module = cu::Module;
  using Function = cu::Function;
  using Stream = cu::Stream;
  using Event = cu::Event;
  using Graph = cu::Graph;
  using GraphNode = cu::GraphNode;
  using GraphExec = cu::GraphExec;
  using Device = cu::Device;
  using Pointer = cu::Pointer;
  using Result = cu::Result;
  using DeviceAttribute = cu::DeviceAttribute;
  using FunctionAttribute = cu::FunctionAttribute;
  using PointerAttribute = cu::PointerAttribute;
  using CaptureMode = cu::CaptureMode;
  using CaptureStatus = cu::CaptureStatus;
  using NodeType = cu::NodeType;
  using JitOption = cu::JitOption;
  using KernelNodeParams = cu::KernelNodeParams;
  using MemsetNodeParams = cu::MemsetNodeParams;
  using CopyNodeParams = cu::CopyNodeParams;
  using EdgeData = cu::EdgeData;
  using GraphUpdateInfo = cu::GraphUpdateInfo;
  using TensorMap = cu::TensorMap;
  using TensorMapType = cu::TensorMapType;
  using TensorMapInterleave = cu::TensorMapInterleave;
  using TensorMapSwizzle = cu::TensorMapSwizzle;
  using TensorMapPromotion = cu::TensorMapPromotion;
  using TensorMapFill = cu::TensorMapFill;
#include "runtime/cuda_symbols.def"
};

// Opens the library, once; not initialized.
const DriverTable &driverTable();
// One or more commands of emulator.h; the answer.
std::string control(const std::string &commands);
// The number of a line "NAME NUMBER" of `stats`.
uint64_t statistic(const std::string &name);

// Current context of device 0, findings silent. Each test starts with no
// finding, mode late, and ends with nothing left allocated.
class EmulatorTest : public testing::Test {
protected:
  EmulatorTest();
  ~EmulatorTest() override;
  const DriverTable &cuda = driverTable();
};

// The cases that an instantiation of a test has, so that CI compiles few stubs:
// `Main` has few, `Rest`, which only `make test-all` has, the others, or all
// where `Main` has none of their kind.
enum class Cases { Few, Others, All };
template <class Case>
std::vector<Case> casesOf(Cases which, std::vector<Case> few,
                          const std::vector<Case> &others) {
  if (which == Cases::Others)
    return others;
  if (which == Cases::All)
    few.insert(few.end(), others.begin(), others.end());
  return few;
}
template <class Fixture>
class SampledTest : public Fixture, public testing::WithParamInterface<Cases> {
protected:
  template <class Case>
  std::vector<Case> cases(const std::vector<Case> &few,
                          const std::vector<Case> &others) const {
    return casesOf(GetParam(), few, others);
  }
};
#define INSTANTIATE_SAMPLED_TESTS(SUITE)                                       \
  INSTANTIATE_TEST_SUITE_P(Main, SUITE,                                        \
                           testing::Values(ingot::emulator::Cases::Few),       \
                           [](const auto &) { return "few"; });                \
  INSTANTIATE_TEST_SUITE_P(Rest, SUITE,                                        \
                           testing::Values(ingot::emulator::Cases::Others),    \
                           [](const auto &) { return "others"; })

// While it lives, each kernel counts as one that begins while those before it
// run, and what is written as theirs: only what was there before may be read
// ahead of grid_wait.
class EarlyLaunches {
public:
  EarlyLaunches() { control("early on"); }
  ~EarlyLaunches() { control("early off"); }
  EarlyLaunches(const EarlyLaunches &) = delete;
};

// An image of a stub for cuModuleLoadData. `file` names it in reports.
std::string stubImage(const std::string &text,
                      const std::string &file = "stub.cu");
std::string readFile(const std::string &path);
std::string kernelFolder(); // codegen/cuda/kernels

// Device memory of a test, freed with it.
class DeviceBytes {
public:
  explicit DeviceBytes(size_t bytes);
  ~DeviceBytes();
  DeviceBytes(const DeviceBytes &) = delete;
  cu::Pointer pointer = 0;
  size_t bytes;
};

// `size` elements, some extra on request so that the next byte is out of
// bounds.
template <class T>
class DeviceArray : public DeviceBytes {
public:
  explicit DeviceArray(size_t size) : DeviceBytes(size * sizeof(T)) {}
  explicit DeviceArray(const std::vector<T> &values)
      : DeviceBytes(values.size() * sizeof(T)) {
    if (bytes) {
      EXPECT_EQ(driverTable().copyToDevice(pointer, values.data(), bytes),
                cu::success);
    }
  }
  std::vector<T> get() const {
    std::vector<T> values(bytes / sizeof(T));
    if (bytes) {
      EXPECT_EQ(driverTable().copyToHost(values.data(), pointer, bytes),
                cu::success)
          << control("report");
    }
    return values;
  }
};

struct Grid {
  unsigned x = 1, y = 1, z = 1;
};

// A map of rows of 16-bit elements (`type` bf16 or f16), `pitch` elements
// apart, in boxes of a swizzled row of 64 elements; with more dims each box is
// in one plane of rows.
struct MapShape {
  uint64_t columns, rows, pitch;
  unsigned boxRows = 8;
  struct Dim {
    uint64_t extent, stride; // elements
  };
  std::vector<Dim> outer = {};
  cu::TensorMapType type = cu::tensorMapBf16;
  unsigned boxColumns = 64;
  cu::TensorMapSwizzle swizzle = cu::tensorMapSwizzle128;
};
cu::TensorMap makeMap(cu::Pointer base, const MapShape &shape);

// A loaded stub.
class Stub {
public:
  explicit Stub(const std::string &text, const std::string &file = "stub.cu");
  ~Stub();
  cu::Function function(const std::string &name);
  // Launches and waits. Parameters are passed as the kernel declares them:
  // device memory as a DeviceBytes or Pointer, numbers in their exact type.
  template <class... P>
  cu::Result launch(const std::string &name, Grid grid, unsigned threads,
                    unsigned shared, const P &...parameters) {
    void *pointers[] = {address(parameters)..., nullptr};
    return launchRaw(name, grid, threads, shared, pointers);
  }
  cu::Module module = nullptr;

private:
  template <class T>
  static void *address(const T &value) {
    if constexpr (std::is_base_of_v<DeviceBytes, T>)
      return const_cast<cu::Pointer *>(&value.pointer);
    else
      return const_cast<T *>(&value);
  }
  cu::Result launchRaw(const std::string &name, Grid grid, unsigned threads,
                       unsigned shared, void **parameters);
};

} // namespace ingot::emulator
