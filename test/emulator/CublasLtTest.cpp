// The stand-in takes and refuses descriptors as NVIDIA's library does, which
// needs no GPU for them; and what is inconsistent it refuses when it is to
// multiply.
#include "Harness.h"

#include "runtime/cublaslt_api.h"

#include <dlfcn.h>

namespace ingot::cublaslt {
namespace {

struct Library {
#define CUBLASLT_SYMBOL(result, member, name, parameters)                      \
  result(*member) parameters;
#include "runtime/cublaslt_symbols.def"
};

bool open(Library &functions, const char *path) {
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (!library)
    return false;
#define CUBLASLT_SYMBOL(result, member, name, parameters)                      \
  *reinterpret_cast<void **>(&functions.member) = dlsym(library, #name);       \
  EXPECT_TRUE(functions.member) << #name;
#include "runtime/cublaslt_symbols.def"
  return true;
}

std::vector<Status> describe(const Library &lt) {
  Operation operation = nullptr;
  std::vector<Status> said = {
      lt.operationCreate(&operation, computeTf32, real32)};
  int32_t transpose = transposed;
  uint32_t epilogue = epilogueGelu | epilogueBias, unknown = 77;
  const void *bias = &said;
  uint64_t bytes = 4 << 20;
  auto set = [&](int attribute, const void *value, size_t size) {
    said.push_back(
        lt.operationSet(operation, OperationAttribute(attribute), value, size));
  };
  set(operationTransposeA, &transpose, 4);
  set(operationTransposeB, &transpose, 4);
  set(operationEpilogue, &epilogue, 4);
  set(operationEpilogue, &unknown, 4);
  set(operationBiasPointer, &bias, 8);
  set(operationBiasPointer, &bias, 4);
  set(operationTransposeA, &bytes, 8);
  set(99, &transpose, 4);
  for (auto [type, stride] :
       {std::pair(realB16, 8), {real16, 8}, {real32, 4}}) {
    Layout layout = nullptr;
    said.push_back(lt.layoutCreate(&layout, type, 8, 5, stride));
    said.push_back(lt.layoutDestroy(layout));
  }
  Preference preference = nullptr;
  said.push_back(lt.preferenceCreate(&preference));
  auto prefer = [&](PreferenceAttribute attribute, size_t size) {
    said.push_back(lt.preferenceSet(preference, attribute, &bytes, size));
  };
  prefer(preferWorkspaceBytes, 8);
  prefer(preferWorkspaceBytes, 4);
  for (auto attribute : {preferReductionSchemes, preferAlignmentA,
                         preferAlignmentB, preferAlignmentC, preferAlignmentD})
    prefer(attribute, 4);
  said.push_back(lt.preferenceDestroy(preference));
  said.push_back(lt.operationDestroy(operation));
  return said;
}

class CublasLt : public emulator::EmulatorTest {
protected:
  CublasLt() { EXPECT_TRUE(open(lt, INGOT_EMULATOR_CUBLASLT)); }
  Library lt;
  const emulator::DriverTable &driver = emulator::driverTable();
};

TEST_F(CublasLt, DescriptorsAreTheLibrarys) {
  Library real;
  bool isFound = false;
  for (const char *path :
       {"libcublasLt.so.13", "/usr/local/cuda/lib64/libcublasLt.so.13",
        "/usr/local/cuda-13.0/lib/libcublasLt.so.13", "libcublasLt.so.12"})
    isFound = isFound || open(real, path);
  if (!isFound)
    GTEST_SKIP() << "no cuBLASLt here";
  EXPECT_GE(real.getVersion(), 120000u);
  EXPECT_EQ(describe(real), describe(lt));
}

// One product of the form that Ingot asks for, and one mistake at a time.
class Product : public CublasLt {
protected:
  Product() {
    EXPECT_EQ(lt.create(&handle), success);
    EXPECT_EQ(lt.preferenceCreate(&preference), success);
    uint64_t bytes = workspace.bytes;
    EXPECT_EQ(lt.preferenceSet(preference, preferWorkspaceBytes, &bytes, 8),
              success);
  }
  ~Product() override {
    emulator::control("revive");
    for (Layout layout : layouts)
      EXPECT_EQ(lt.layoutDestroy(layout), success);
    if (operation) {
      EXPECT_EQ(lt.operationDestroy(operation), success);
    }
    EXPECT_EQ(lt.preferenceDestroy(preference), success);
    EXPECT_EQ(lt.destroy(handle), success);
  }
  Layout layout(DataType type, uint64_t rows, uint64_t columns,
                int64_t stride) {
    Layout made = nullptr;
    EXPECT_EQ(lt.layoutCreate(&made, type, rows, columns, stride), success);
    layouts.push_back(made);
    return made;
  }
  void describe(ComputeType compute = computeF32,
                int32_t transpose = transposed,
                uint32_t epilogue = epilogueNone, const void *bias = nullptr) {
    if (operation) {
      EXPECT_EQ(lt.operationDestroy(operation), success);
    }
    EXPECT_EQ(lt.operationCreate(&operation, compute, real32), success);
    for (auto [attribute, value, size] :
         {std::tuple<OperationAttribute, const void *, size_t>(
              operationTransposeA, &transpose, 4),
          {operationEpilogue, &epilogue, 4},
          {operationBiasPointer, &bias, 8}})
      EXPECT_EQ(lt.operationSet(operation, attribute, value, size), success);
  }
  Status choose(Layout a, Layout b, Layout d) {
    Heuristic result = {};
    int found = 0;
    Status status = lt.heuristic(handle, operation, a, b, d, d, preference, 1,
                                 &result, &found);
    EXPECT_EQ(found, status == success);
    algorithm = result.algorithm;
    needed = result.workspaceBytes;
    return status;
  }
  Status multiply(Layout a, Layout b, Layout d, size_t offset = 0) {
    float one = 1, zero = 0;
    auto at = [](const emulator::DeviceBytes &bytes) {
      return reinterpret_cast<char *>(bytes.pointer);
    };
    return lt.multiply(handle, operation, &one, at(w) + offset, a, at(x), b,
                       &zero, at(y), d, at(y), d, &algorithm, at(workspace),
                       workspaceBytes, stream);
  }

  Handle handle = nullptr;
  Operation operation = nullptr;
  Preference preference = nullptr;
  std::vector<Layout> layouts;
  Algorithm algorithm = {};
  size_t needed = 0;
  emulator::DeviceArray<float> w{std::vector<float>(32 * 5 + 1, 2)},
      x{std::vector<float>(32 * 7, 3)}, y{5 * 7}, workspace{2 * 5 * 7};
  size_t workspaceBytes = workspace.bytes;
  cuda::Stream stream = nullptr;
};

TEST_F(Product, InTwoPartsOrOne) {
  Layout a = layout(real32, 32, 5, 32), b = layout(real32, 32, 7, 32),
         d = layout(real32, 5, 7, 5);
  describe();
  ASSERT_EQ(choose(a, b, d), success);
  EXPECT_EQ(needed, 2 * 5 * 7 * 4u);
  EXPECT_EQ(multiply(a, b, d), success);
  EXPECT_EQ(y.get(), std::vector<float>(35, 192));
  uint64_t none = 0;
  ASSERT_EQ(lt.preferenceSet(preference, preferWorkspaceBytes, &none, 8),
            success);
  ASSERT_EQ(choose(a, b, d), success);
  EXPECT_EQ(needed, 0u);
  workspaceBytes = 0;
  EXPECT_EQ(multiply(a, b, d), success);
  EXPECT_EQ(y.get(), std::vector<float>(35, 192));
}

TEST_F(Product, WhatIsInconsistentIsRefused) {
  Layout a = layout(real32, 32, 5, 32), b = layout(real32, 32, 7, 32),
         d = layout(real32, 5, 7, 5);
  describe();
  EXPECT_EQ(choose(a, b, layout(real32, 7, 5, 7)), invalidValue);
  EXPECT_EQ(choose(a, layout(real32, 31, 7, 32), d), invalidValue);
  EXPECT_EQ(choose(a, layout(real32, 32, 7, 31), d), invalidValue);
  EXPECT_EQ(choose(a, layout(realB16, 32, 7, 32), d), notSupported);
  EXPECT_EQ(choose(a, b, layout(real16, 5, 7, 5)), notSupported);
  describe(computeF32, asIs);
  EXPECT_EQ(choose(a, b, d), notSupported);
  describe(computeF32, transposed, epilogueBias);
  EXPECT_EQ(choose(a, b, d), invalidValue); // no bias
  describe(computeF32, transposed, 77);
  EXPECT_EQ(choose(a, b, d), invalidValue);
  Layout a16 = layout(real16, 32, 5, 32), b16 = layout(real16, 32, 7, 32);
  describe(computeTf32);
  EXPECT_EQ(choose(a16, b16, d), notSupported);
  EXPECT_EQ(choose(a, b, d), success);
  // Of another problem, elsewhere than it was told, with less memory.
  describe();
  EXPECT_EQ(multiply(a, b, d), invalidValue);
  EXPECT_EQ(choose(a, b, d), success);
  EXPECT_EQ(multiply(a, b, d, 4), invalidValue);
  workspaceBytes = 16;
  EXPECT_EQ(multiply(a, b, d), invalidValue);
}

// Operands are read when it is their turn, and checked as any kernel's.
TEST_F(Product, OperandsOutOfBoundsAreFound) {
  Layout a = layout(real32, 32, 5, 32), b = layout(real32, 32, 8, 32),
         d = layout(real32, 5, 8, 5);
  describe();
  ASSERT_EQ(choose(a, b, d), success);
  EXPECT_EQ(multiply(a, b, d), success);
  EXPECT_EQ(emulator::control("report"), "");
  EXPECT_NE(driver.streamSynchronize(nullptr), cuda::success);
  EXPECT_NE(emulator::control("report").find("out of bounds"),
            std::string::npos)
      << emulator::control("report");
}

} // namespace
} // namespace ingot::cublaslt
