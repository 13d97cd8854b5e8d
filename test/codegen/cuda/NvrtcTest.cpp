// Every stub of the golden tests in this folder compiles, without spills, for
// the two architectures that sm_80 stands for. Skipped where NVRTC is absent.
#include "codegen/cuda/Nvrtc.h"
#include "codegen/cuda/KernelChoice.h"
#include "codegen/cuda/Toolkits.h"
#include "ir/tfm/Tfm.h"

#include "mlir/Parser/Parser.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

#include <gtest/gtest.h>

using namespace ingot;
using namespace ingot::cuda;

namespace {

class NvrtcTest : public testing::Test {
protected:
  void SetUp() override {
    llvm::Expected<const Nvrtc *> found = Nvrtc::get();
    if (!found)
      GTEST_SKIP() << llvm::toString(found.takeError());
    nvrtc = *found;
    ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("ingot-cache", folder));
  }
  void TearDown() override {
    if (!folder.empty())
      llvm::sys::fs::remove_directories(folder);
  }
  ImageOptions options() {
    ImageOptions result;
    result.jobs = 2;
    result.cacheFolder = folder.str().str();
    return result;
  }
  std::vector<CudaImage> compile(std::vector<CudaStub> &stubs,
                                 llvm::StringRef arch) {
    std::vector<ImageJob> jobs;
    for (const CudaStub &stub : stubs)
      jobs.push_back({&stub, arch.str()});
    llvm::Expected<std::vector<CudaImage>> images =
        compileStubs(jobs, options());
    EXPECT_TRUE(!!images);
    return images ? *images : std::vector<CudaImage>();
  }
  /// By warpgroups, from what the copy engine brings, and between other grids.
  void compileForHopper(std::vector<CudaStub> &stubs) {
    std::string nvdisasm = findNvdisasm();
    for (auto [stub, cubin] :
         llvm::zip_equal(stubs, compile(stubs, "sm_90a"))) {
      ASSERT_EQ(cubin.error, "") << stub.text;
      EXPECT_EQ(cubin.frameBytes, 0u) << stub.text;
      EXPECT_EQ(cubin.spillBytes, 0u) << stub.text;
      // Waits injected, setmaxnreg ignored, wgmma serialized.
      EXPECT_EQ(cubin.log.find("C75"), std::string::npos) << cubin.log;
      if (nvdisasm.empty())
        continue;
      SCOPED_TRACE(stub.name);
      std::string sass = disassemble(nvdisasm, cubin.image);
      for (const char *instruction :
           {"GMMA.64x", "UTMALDG", "USETMAXREG", "PREEXIT", "ACQBULK"})
        EXPECT_NE(sass.find(instruction), std::string::npos) << instruction;
    }
  }

  const Nvrtc *nvrtc = nullptr;
  llvm::SmallString<128> folder;
};

CudaStub stubOf(std::string body) {
  CudaStub stub;
  stub.name = "k";
  stub.threads = 32;
  stub.text = "#include \"ops.cuh\"\nKERNEL(32, 1) k(float *y) {\n" + body +
              "\n}\nEXPORT_KERNEL(k)\n";
  return stub;
}

/// The stubs of all kernels in a file.
std::vector<CudaStub> stubsIn(const std::string &file,
                              llvm::StringRef arch = "sm_80",
                              const TuningRecord *record = nullptr) {
  mlir::DialectRegistry registry;
  registry.insert<plan::PlanDialect, tfm::TfmDialect, mlir::arith::ArithDialect,
                  mlir::func::FuncDialect>();
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  std::vector<CudaStub> stubs;
  auto module = mlir::parseSourceFile<mlir::ModuleOp>(file, &context);
  EXPECT_TRUE(module) << file;
  if (module)
    for (auto kernel : module->getOps<plan::KernelOp>()) {
      if (multipliesF8(kernel) && arch != "sm_90a")
        continue;
      llvm::FailureOr<CudaStub> stub = printStub(kernel, arch, record);
      EXPECT_TRUE(llvm::succeeded(stub)) << kernel.getSymName().str();
      if (llvm::succeeded(stub))
        stubs.push_back(*stub);
    }
  return stubs;
}

/// The golden tests; by hand INGOT_PLANS names further files, separated by
/// colons.
std::vector<std::string> filesWithKernels() {
  std::vector<std::string> files;
  std::error_code error;
  for (llvm::sys::fs::directory_iterator
           i(INGOT_SOURCE_DIR "/test/codegen/cuda", error),
       end;
       !error && i != end; i.increment(error))
    if (llvm::StringRef(i->path()).ends_with(".mlir") &&
        !llvm::StringRef(i->path()).ends_with("-invalid.mlir"))
      files.push_back(i->path());
  if (const char *more = getenv("INGOT_PLANS")) {
    llvm::SmallVector<llvm::StringRef> names;
    llvm::StringRef(more).split(names, ':', -1, /*KeepEmpty=*/false);
    for (llvm::StringRef name : names)
      files.push_back(name.str());
  }
  llvm::sort(files);
  return files;
}

class GoldenStubs : public NvrtcTest,
                    public testing::WithParamInterface<std::string> {};
INSTANTIATE_TEST_SUITE_P(All, GoldenStubs,
                         testing::ValuesIn(filesWithKernels()), [](auto &info) {
                           std::string name =
                               llvm::sys::path::stem(info.param).str();
                           std::replace_if(
                               name.begin(), name.end(),
                               [](char c) { return !isalnum(c); }, '_');
                           return name;
                         });

TEST_P(GoldenStubs, CompileForHopper) {
  std::vector<CudaStub> stubs = stubsIn(GetParam(), "sm_90a");
  // The others are what they are on sm_80.
  llvm::erase_if(stubs, [](const CudaStub &stub) { return stub.maps.empty(); });
  compileForHopper(stubs);
}

/// Of linear90.mlir, those of a record's tiles that have `last`.
static std::vector<CudaStub> stubsOfTiles(const std::string &tiles,
                                          const char *last) {
  TuningRecord record = llvm::cantFail(parseTuningRecord(
      R"({"architecture": "sm_90a", "measured": "made up for this test",
          "linear": [{"type": "bf16", "tiles": )" +
          tiles + "}]}",
      "test"));
  std::vector<CudaStub> stubs = stubsIn(
      INGOT_SOURCE_DIR "/test/codegen/cuda/linear90.mlir", "sm_90a", &record);
  llvm::erase_if(stubs, [last](const CudaStub &stub) {
    return stub.text.find(last) == std::string::npos;
  });
  return stubs;
}

TEST_F(NvrtcTest, TilesInTurns) {
  std::vector<CudaStub> stubs =
      stubsOfTiles(R"([["64 in turns"], ["96 in turns"], ["128 in turns"]])",
                   "Linear90Turns<128");
  EXPECT_EQ(stubs.size(), 4u);
  compileForHopper(stubs);
}

TEST_F(NvrtcTest, TilesInPairs) {
  std::vector<CudaStub> stubs = stubsOfTiles(
      R"([["64 in turns"], [192], ["256 in pairs"]])", "Linear90Pairs<256");
  EXPECT_EQ(stubs.size(), 4u);
  for (const CudaStub &stub : stubs)
    EXPECT_EQ(stub.cluster, 2u);
  compileForHopper(stubs);
}

TEST_P(GoldenStubs, CompileWithoutSpills) {
  std::vector<CudaStub> stubs = stubsIn(GetParam());
  std::vector<CudaImage> cubins = compile(stubs, "sm_80"),
                         ptx = compile(stubs, "compute_80");
  for (auto [stub, cubin] : llvm::zip_equal(stubs, cubins)) {
    ASSERT_EQ(cubin.error, "") << stub.text;
    EXPECT_EQ(cubin.frameBytes, 0u) << stub.text;
    EXPECT_EQ(cubin.spillBytes, 0u) << stub.text;
    EXPECT_GT(cubin.registers, 0u) << cubin.log;
    EXPECT_LE(cubin.registers * stub.threads * stub.minBlocks, 65536u);
    EXPECT_EQ(cubin.log.find("warning"), std::string::npos) << cubin.log;
    if (getenv("INGOT_PLANS"))
      printf("%4u registers %s\n", cubin.registers, stub.name.c_str());
  }
  for (auto [stub, image] : llvm::zip_equal(stubs, ptx)) {
    ASSERT_EQ(image.error, "") << stub.text;
    EXPECT_TRUE(llvm::StringRef(image.image).contains(".target sm_80"));
    EXPECT_EQ(image.image.find('\0'), std::string::npos);
  }
}

/// bf16, f16 and tf32 multiply on tensor cores, from shared memory that is
/// filled past registers; IEEE f32 does not. Weights of few rows come in 16
/// bytes.
TEST_F(NvrtcTest, SassOfProducts) {
  std::string nvdisasm = findNvdisasm();
  if (nvdisasm.empty())
    GTEST_SKIP() << "no nvdisasm (INGOT_NVDISASM, a toolkit, the wheel, PATH)";
  std::vector<CudaStub> stubs;
  for (const char *file : {"linear.mlir", "attention.mlir"})
    llvm::append_range(stubs, stubsIn(INGOT_SOURCE_DIR "/test/codegen/cuda/" +
                                      std::string(file)));
  unsigned seen = 0;
  for (auto [name, onTensorCores] :
       {std::pair<const char *, bool>{"linear_f32_k768_n3072", false},
        {"linear_bf16_k768_n3072", true},
        {"linear_tf32", true},
        {"attention_f32_d64", false},
        {"attention_bf16_d64", true},
        {"attention_f16_d256", true},
        {"attention_tf32_d128", true}}) {
    SCOPED_TRACE(name);
    for (const CudaStub &stub : stubs) {
      if (stub.name != name)
        continue;
      ++seen;
      std::string sass =
          disassemble(nvdisasm, nvrtc->compile(stub, "sm_80").image);
      EXPECT_EQ(sass.find("HMMA") != std::string::npos, onTensorCores);
      EXPECT_NE(sass.find("LDGSTS"), std::string::npos);
      if (llvm::StringRef(stub.text).contains(", true, true>")) {
        EXPECT_NE(sass.find("LDG.E.NA.128"), std::string::npos);
      }
    }
  }
  EXPECT_EQ(seen, 7u);
}

/// Floats of 8 bits are rounded two by two by an instruction that GPUs from
/// sm_89 on have, between loads of 16 bytes and stores of eight.
TEST_F(NvrtcTest, SassOfFloat8) {
  std::string nvdisasm = findNvdisasm();
  if (nvdisasm.empty())
    GTEST_SKIP() << "no nvdisasm (INGOT_NVDISASM, a toolkit, the wheel, PATH)";
  for (const char *arch : {"sm_80", "sm_89", "sm_90a"})
    for (const CudaStub &stub :
         stubsIn(INGOT_SOURCE_DIR "/test/codegen/cuda/map.mlir", arch)) {
      if (stub.name != "to_f8")
        continue;
      SCOPED_TRACE(arch);
      std::string sass =
          disassemble(nvdisasm, nvrtc->compile(stub, arch).image);
      EXPECT_EQ(sass.find("F2FP.SATFINITE.E4M3") != std::string::npos,
                llvm::StringRef(arch) != "sm_80");
      EXPECT_NE(sass.find("LDG.E.128"), std::string::npos);
      EXPECT_NE(sass.find("STG.E.64"), std::string::npos);
    }
}

/// The compiler moves no access to global memory before the wait.
TEST_F(NvrtcTest, SassWaitsFirst) {
  std::string nvdisasm = findNvdisasm();
  if (nvdisasm.empty())
    GTEST_SKIP() << "no nvdisasm (INGOT_NVDISASM, a toolkit, the wheel, PATH)";
  for (const CudaStub &stub :
       stubsIn(INGOT_SOURCE_DIR "/test/codegen/cuda/map.mlir", "sm_90")) {
    SCOPED_TRACE(stub.name);
    std::string sass =
        disassemble(nvdisasm, nvrtc->compile(stub, "sm_90").image);
    size_t next = sass.find("PREEXIT"), wait = sass.find("ACQBULK");
    ASSERT_NE(wait, std::string::npos);
    EXPECT_LT(next, wait);
    for (const char *access : {"LDG", "STG", "ATOMG", "RED.", "LD.E", "ST.E"})
      EXPECT_LT(wait, sass.find(access)) << access;
  }
}

TEST_F(NvrtcTest, SameBytesEachTime) {
  CudaStub stub = stubOf("y[tid()] = F32::gelu(y[tid()]);");
  CudaImage a = nvrtc->compile(stub, "sm_80"),
            b = nvrtc->compile(stub, "sm_80");
  EXPECT_EQ(a.error, "");
  EXPECT_EQ(a.image, b.image);
}

TEST_F(NvrtcTest, ErrorsNameTheLine) {
  CudaImage image = nvrtc->compile(stubOf("y[0] = nothing;"), "sm_80");
  EXPECT_NE(image.error.find("k.cu(3): error"), std::string::npos)
      << image.error;
  EXPECT_EQ(image.image, "");
  EXPECT_NE(nvrtc->compile(stubOf(""), "sm_12").error, "");
}

TEST_F(NvrtcTest, SpillsAreSeen) {
  CudaStub stub = stubOf("float x[300]; for (int i = 0; i < 300; ++i) x[i] = "
                         "y[i]; y[tid()] = x[(int)y[tid()]];");
  EXPECT_GE(nvrtc->compile(stub, "sm_80").frameBytes, 1200u);
}

TEST_F(NvrtcTest, ProductsAndSumsStayApart) {
  CudaImage ptx =
      nvrtc->compile(stubOf("y[0] = y[1] * y[2] + y[3];"), "compute_80");
  EXPECT_EQ(ptx.image.find("fma"), std::string::npos);
}

TEST_F(NvrtcTest, CacheIsUsedAndDistrusted) {
  std::vector<CudaStub> stubs{stubOf("y[0] = 1;"), stubOf("y[0] = 2;"),
                              stubOf("y[0] = 1;")};
  std::vector<CudaImage> images = compile(stubs, "sm_80");
  EXPECT_EQ(images[0].image, images[2].image);
  EXPECT_NE(images[0].image, images[1].image);
  std::vector<std::string> files;
  std::error_code error;
  for (llvm::sys::fs::directory_iterator i(folder + "/cuda", error), end;
       !error && i != end; i.increment(error))
    files.push_back(i->path());
  ASSERT_EQ(files.size(), 2u) << "equal stubs are compiled once";

  std::vector<CudaImage> cached = compile(stubs, "sm_80");
  EXPECT_EQ(cached[1].image, images[1].image);
  EXPECT_EQ(cached[1].registers, images[1].registers);
  EXPECT_EQ(cached[1].log, images[1].log);
  // One file cut short, one with a byte changed.
  for (auto [i, file] : llvm::enumerate(files)) {
    auto buffer = llvm::MemoryBuffer::getFile(file);
    std::string bytes = (*buffer)->getBuffer().str();
    i ? bytes.resize(bytes.size() - 1) : void(bytes[bytes.size() / 2] ^= 1);
    std::error_code failed;
    llvm::raw_fd_ostream(file, failed) << bytes;
    EXPECT_FALSE(failed);
  }
  EXPECT_EQ(compile(stubs, "sm_80")[0].image, images[0].image);
}

TEST(NvrtcLibrary, MissingOneSaysHowToInstall) {
  // In a process of its own: the library is opened once.
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        setenv("INGOT_NVRTC", "/nowhere/libnvrtc.so", 1);
        llvm::Expected<const Nvrtc *> found = Nvrtc::get();
        fputs(found ? "found" : llvm::toString(found.takeError()).c_str(),
              stderr);
        exit(0);
      },
      testing::ExitedWithCode(0),
      "INGOT_NVRTC names[[:space:]]+/nowhere/libnvrtc.so");
}

} // namespace
