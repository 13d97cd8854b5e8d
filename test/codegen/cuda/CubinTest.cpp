// The cubin reader against bytes of all kinds; against the assembler's own
// words in NvrtcTest.
#include "codegen/cuda/Cubin.h"
#include "codegen/cuda/Nvrtc.h"

#include <gtest/gtest.h>
#include <random>

using namespace ingot::cuda;

namespace {

TEST(Cubin, NoCubinHasNoFacts) {
  EXPECT_FALSE(readCubin("", "k"));
  EXPECT_FALSE(readCubin("\x7f"
                         "ELF",
                         "k"));
  EXPECT_FALSE(readCubin(std::string(200, '\x7f'), "k"));
}

TEST(Cubin, ReadsWhatTheAssemblerSaid) {
  llvm::Expected<const Nvrtc *> nvrtc = Nvrtc::get();
  if (!nvrtc)
    GTEST_SKIP() << llvm::toString(nvrtc.takeError());
  CudaStub stub;
  stub.name = "kernel";
  stub.text = "#include \"ops.cuh\"\nKERNEL(96, 2) kernel(float *y, i64 n) { "
              "float x[40]; for (int i = 0; i < 40; ++i) x[i] = y[i];"
              " for (i64 i = 0; i < n; ++i) y[i] = x[(int)y[i]]; }\n"
              "EXPORT_KERNEL(kernel)\n";
  CudaImage image = (*nvrtc)->compile(stub, "sm_80");
  ASSERT_EQ(image.error, "");
  std::optional<CubinFacts> facts = readCubin(image.image, "kernel");
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->maxThreads, 96u);
  EXPECT_EQ(facts->parameterBytes, 16u);
  EXPECT_EQ(facts->frameBytes, 160u);
  EXPECT_NE(
      image.log.find("Used " + std::to_string(facts->registers) + " registers"),
      std::string::npos)
      << image.log;
  EXPECT_FALSE(readCubin(image.image, "kern"));

  // Broken ones end, and read nothing outside.
  std::mt19937 random(5);
  for (int i = 0; i < 2000; ++i) {
    std::string bytes = image.image.substr(
        0, random() % 3 ? std::string::npos : random() % image.image.size());
    for (int j = 0; j < 4 && !bytes.empty(); ++j)
      bytes[random() % 4 ? random() % std::min<size_t>(bytes.size(), 2048)
                         : random() % bytes.size()] =
          static_cast<char>(random());
    readCubin(bytes, "kernel");
  }
}

} // namespace
