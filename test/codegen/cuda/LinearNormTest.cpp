// linear_norm kernels of plan text, and where they are taken.
#include "codegen/cuda/LinearNormChoice.h"
#include "test/codegen/cuda/KernelTest.h"

using namespace ingot;
using namespace ingot::test;
using namespace ingot::cuda;

namespace {

class CudaLinearNorm : public CudaKernel {
protected:
  int64_t blocks = 1;

  /// norm(relu(A W + bias) + residual) * scale, with outputs `outs`.
  void loadNorm(int64_t n, int64_t k, int64_t columns, const std::string &outs,
                const std::string &kind, const std::string &result,
                bool copies) {
    arch = "sm_90a";
    std::string name = std::to_string(n);
    load("plan.kernel linear_norm @k outs [" + outs +
         "] ins [bf16, bf16, f32, f32, f32] scalars 1 params {m = -1, n = " +
         name + ", k = " + std::to_string(k) + ", lda = " +
         std::to_string(k + 8) + ", columns = " + std::to_string(columns) +
         (copies ? ", copy" : "") + ", kind = \"" + kind +
         R"mlir(", epsilon = 1.0e-5, taken = array<i64: 1>} {
    ^bb0(%acc: f32, %m: i64, %n: i64, %x: tensor<?xbf16>, %w: tensor<?xbf16>,
         %b: tensor<?xf32>, %r: tensor<?xf32>, %s: tensor<?xf32>, %M: i64):
      %N = arith.constant )mlir" +
         name + R"mlir( : i64
      %0 = tfm.load %b[%n] : tensor<?xf32> -> f32
      %1 = tfm.apply add(%acc, %0) : (f32, f32) -> f32
      %2 = tfm.apply relu(%1) : (f32) -> f32
      %3 = tfm.apply mul(%m, %N) : (i64, i64) -> i64
      %4 = tfm.apply add(%3, %n) : (i64, i64) -> i64
      %5 = tfm.load %r[%4] : tensor<?xf32> -> f32
      %6 = tfm.apply add(%2, %5) : (f32, f32) -> f32
      tfm.yield %6 : f32
    }, {
    ^bb0(%y: f32, %m: i64, %n: i64, %x: tensor<?xbf16>, %w: tensor<?xbf16>,
         %b: tensor<?xf32>, %r: tensor<?xf32>, %s: tensor<?xf32>, %M: i64):
      %0 = tfm.load %s[%n] : tensor<?xf32> -> f32
      %1 = tfm.apply mul(%y, %0) : (f32, f32) -> f32
      %2 = tfm.convert %1 : f32 to )mlir" +
         result + "\n tfm.yield %2 : " + result + "\n}");
    blocks = static_cast<int64_t>(printed.cluster);
  }

  void checkRows(int64_t m, int64_t n, int64_t k, double relative) {
    checkInAllModes({noise(m * (k + 8) - 8, 1, 1, ElementType::BF16),
                     noise(n * k, 2, 1, ElementType::BF16), noise(n, 3),
                     noise(m * n, 4), noise(n, 5)},
                    {m}, {1e-5, relative},
                    {static_cast<unsigned>(blocks), 1, 1});
  }
};

// As the plans of encoders have it; several tiles of a cluster.
TEST_F(CudaLinearNorm, SumOfTheNormAlone) {
  loadNorm(136, 72, 64, "f32, bf16", "layer", "f32", true);
  EXPECT_EQ(printed.cluster, 3u);
  EXPECT_NE(printed.choice.find("wgmma 128x64 in clusters of 3 blocks"),
            std::string::npos)
      << printed.choice;
  for (int64_t m : {1, 300})
    checkRows(m, 136, 72, 2 * roundingOf(ElementType::BF16));
}

// As those of decoders.
TEST_F(CudaLinearNorm, SumThatIsKept) {
  loadNorm(256, 64, 128, "bf16, f32", "rms", "bf16", false);
  EXPECT_EQ(printed.cluster, 2u);
  checkRows(150, 256, 64, 2 * roundingOf(ElementType::BF16));
}

// No result of 16 bits leaves by TMA.
TEST_F(CudaLinearNorm, ResultInF32Alone) {
  loadNorm(128, 40, 64, "f32", "layer", "f32", false);
  EXPECT_EQ(printed.maps.size(), 2u);
  checkRows(150, 128, 40, 1e-4);
}

LinearNormProblem problem(int64_t m, int64_t n, int64_t k) {
  return {{m, n, k, Math::Half, 16, 32}, 0, 6 * n, true};
}

// Rows whose tiles nearly fill waves of 30 clusters: 4096 are one past it.
TEST(LinearNormChoice, AtRowsThatFillTheGpu) {
  EXPECT_FALSE(chooseLinearNorm(problem(128, 768, 768)));
  EXPECT_FALSE(chooseLinearNorm(problem(16, 768, 768)));
  EXPECT_FALSE(chooseLinearNorm(problem(4096, 768, 3072)));
  for (int64_t k : {768, 3072}) {
    auto choice = chooseLinearNorm(problem(3840, 768, k));
    ASSERT_TRUE(choice) << k;
    EXPECT_EQ(choice->columns, 192);
    EXPECT_EQ(choice->blocks, 4);
    EXPECT_LT(choice->nanoseconds, choice->pair * 0.95);
    EXPECT_EQ(choice->sharedBytes, 217296u);
  }
  auto any = chooseLinearNorm(problem(-1, 768, 3072));
  ASSERT_TRUE(any);
  EXPECT_EQ(any->text(),
            "wgmma 128x192 in clusters of 4 blocks, rows normalized, at M 2817 "
            "to 3840, 6529 to 7680, 11265 to 11520");
  EXPECT_EQ(chooseLinearNorm(problem(-1, 1536, 64))->blocks, 8);
}

TEST(LinearNormChoice, NotWhereAClusterDoesNotOwnARow) {
  EXPECT_FALSE(chooseLinearNorm(problem(4096, 1600, 1600)));
  EXPECT_FALSE(chooseLinearNorm(problem(4096, 772, 768)));
  EXPECT_FALSE(chooseLinearNorm(problem(4096, 768, 764)));
  LinearNormProblem exact = problem(4096, 768, 768);
  exact.linear.math = Math::TF32;
  exact.linear.bits = 32;
  EXPECT_FALSE(chooseLinearNorm(exact));
}

TEST(LinearNormChoice, ClustersAtOnce) {
  EXPECT_EQ(clustersAtOnce(132, 4), 30);
  EXPECT_EQ(clustersAtOnce(132, 3), 39);
  EXPECT_EQ(clustersAtOnce(132, 8), 15);
  EXPECT_EQ(clustersAtOnce(4, 4), 1);
}

} // namespace
