// gemm.cuh against sums in double, over shapes with tails, alignments,
// epilogues and splits.
#include "Gemm.h"

#include "test/emulator/Nvrtc.h"

#include <array>
#include <cmath>
#include <sstream>

namespace ingot::emulator {
namespace {

class GemmTest : public EmulatorTest {
protected:
  void check(const Variant &v, Stub &stub, int m, int n, int k) {
    ASSERT_EQ(runGemm(v, stub, m, n, k), "")
        << v.math << " " << m << "x" << n << "x" << k;
  }
  void checkAll(const Variant &v, const std::vector<std::array<int, 3>> &shapes,
                const std::vector<const char *> &modes = {
                    "mode late", "mode early", "mode random 1",
                    "mode random 2"}) {
    Stub stub(v.stub());
    for (const char *mode : modes)
      for (auto [m, n, k] : shapes) {
        SCOPED_TRACE(mode);
        control(mode);
        check(v, stub, m, n, k);
        if (HasFatalFailure())
          return;
      }
  }
};

class GemmCases : public SampledTest<GemmTest> {};
INSTANTIATE_SAMPLED_TESTS(GemmCases);

const std::vector<std::array<int, 3>> wideShapes = {
    {64, 64, 64},  {1, 8, 1},      {1, 64, 200}, {70, 72, 65},
    {33, 136, 63}, {129, 16, 129}, {5, 24, 0},   {64, 128, 320}};
const std::vector<std::array<int, 3>> oddShapes = {
    {1, 1, 1}, {65, 67, 69}, {3, 130, 33}, {7, 1, 100}, {66, 65, 0}};

TEST_F(GemmTest, Bf16) { checkAll({}, wideShapes); }

TEST_F(GemmTest, F16) {
  Variant v;
  v.math = "f16";
  v.activation = "GeluErf";
  checkAll(v, wideShapes);
}

TEST_F(GemmTest, Tf32) {
  Variant v;
  v.math = "tf32";
  v.v = 4;
  v.activation = "Silu";
  checkAll(v, wideShapes);
}

// Of A to the nearest, halves away from zero; of W tensor cores see the upper
// bits.
TEST_F(GemmTest, Tf32RoundsA) {
  Variant v;
  v.math = "tf32";
  v.v = 4;
  v.activation = "Identity";
  v.bias = v.residual = false;
  Stub stub(v.stub());
  constexpr int K = 32, N = 8;
  for (auto [a, w, want] : {std::array<float, 3>{1 + 0x1p-11f, 1, 1 + 0x1p-10f},
                            {1 + 0x1.8p-12f, 1, 1},
                            {-1 - 0x1p-11f, 1, -1 - 0x1p-10f},
                            {1, 1 + 0x1.8p-11f, 1}}) {
    DeviceArray<float> as(std::vector<float>(K, a)),
        ws(std::vector<float>(N * K, w)), out(N);
    cu::Pointer none = 0;
    ASSERT_EQ(stub.launch("gemm_test", {1}, v.threads(), v.shared(), as, ws,
                          none, none, out, (long long)K, (long long)K, 0ll,
                          (long long)N, 1, N, K, none, none),
              cu::success)
        << control("report");
    for (float got : out.get())
      EXPECT_EQ(got, want * K);
  }
}

TEST_F(GemmTest, Ieee) {
  Variant v;
  v.math = "float";
  v.v = 4;
  checkAll(v, wideShapes);
}

TEST_P(GemmCases, IeeeWithWarpsAlongK) {
  for (auto [wk, splits] :
       cases<std::pair<int, int>>({{2, 2}}, {{4, 1}, {2, 1}, {4, 2}})) {
    Variant v;
    v.math = "float";
    v.wm = 1;
    v.v = 4;
    v.wk = wk;
    v.splits = splits;
    if (splits == 1) {
      checkAll(v, wideShapes);
      continue;
    }
    v.align = 4;
    checkAll(v, {{65, 68, 69}, {7, 4, 100}, {1, 4, 1}, {5, 8, 0}},
             {"mode late", "mode random 4"});
  }
}

TEST_P(GemmCases, EveryAlignment) {
  struct Case {
    const char *math;
    int align, v;
  };
  for (Case c :
       cases<Case>({{"bf16", 2, 1}, {"tf32", 8, 2}}, {{"bf16", 8, 4},
                                                      {"float", 4, 1},
                                                      {"bf16", 4, 2},
                                                      {"f16", 2, 1},
                                                      {"tf32", 4, 1},
                                                      {"float", 8, 2}})) {
    Variant v;
    v.math = c.math;
    v.align = c.align;
    v.v = c.v;
    v.residual = c.align != 4;
    v.bias = c.align != 8;
    std::vector<std::array<int, 3>> shapes = oddShapes;
    for (auto &s : shapes)
      s[1] = (s[1] + c.v - 1) / c.v * c.v;
    checkAll(v, shapes, {"mode late", "mode random 4"});
  }
}

TEST_P(GemmCases, Tiles) {
  struct Case {
    int bm, bn, wm, wn, stages;
  };
  for (Case c : cases<Case>({{128, 128, 2, 4, 3}, {16, 128, 1, 4, 4}},
                            {{128, 64, 4, 1, 2}, {32, 64, 2, 2, 5}})) {
    Variant v;
    v.bm = c.bm;
    v.bn = c.bn;
    v.wm = c.wm;
    v.wn = c.wn;
    v.stages = c.stages;
    checkAll(v, {{130, 200, 136}, {17, 8, 640}},
             {"mode early", "mode random 5"});
  }
}

// Nine rows of tiles: the last band is lower than the others.
TEST_F(GemmTest, BandsOfTiles) {
  Variant v;
  v.bm = v.bn = 32;
  v.wm = v.wn = 2;
  checkAll(v, {{32 * 9 - 5, 32 * 3, 40}}, {"mode late"});
}

TEST_F(GemmTest, SplitsAddUpInOrder) {
  Variant v;
  v.splits = 4;
  v.bm = 16;
  v.wm = 1;
  checkAll(v, {{5, 72, 1024}, {20, 64, 300}, {1, 8, 64}, {3, 16, 0}});
  // The same bits whoever comes last.
  Stub stub(v.stub());
  Matrix a(Type::Bf16, 4, 512, 512, 8, 1), w(Type::Bf16, 64, 512, 512, 8, 2),
      other(Type::Bf16, 4, 64, 64, 8, 3);
  std::vector<std::vector<double>> results;
  for (int seed = 1; seed < 5; ++seed) {
    control("mode random " + std::to_string(seed));
    Matrix out(Type::Bf16, 4, 64, 64, 8, 5, false);
    DeviceArray<float> partial(4 * 4 * 64);
    DeviceArray<uint32_t> counter(std::vector<uint32_t>{0});
    ASSERT_EQ(stub.launch("gemm_test", {1, 4}, v.threads(), v.shared(),
                          a.address(), w.address(), other.address(),
                          other.address(), out.address(), 512ll, 512ll, 64ll,
                          64ll, 4, 64, 512, partial, counter),
              cu::success)
        << control("report");
    results.push_back(*out.read());
    EXPECT_EQ(results.back(), results.front());
  }
}

TEST_F(GemmTest, InfinityAndNanPassThrough) {
  Variant v;
  v.activation = "Identity";
  v.bias = v.residual = false;
  Stub stub(v.stub());
  Matrix a(Type::Bf16, 3, 64, 64, 0, 1), w(Type::Bf16, 8, 64, 64, 0, 2),
      out(Type::Bf16, 3, 8, 8, 0, 5, false);
  uint16_t infinity = 0x7f80, nan = 0x7fc0;
  ASSERT_EQ(cuda.copyToDevice(a.address(), &infinity, 2), cu::success);
  ASSERT_EQ(cuda.copyToDevice(a.address() + 128, &nan, 2), cu::success);
  cu::Pointer none = 0;
  ASSERT_EQ(stub.launch("gemm_test", {1}, v.threads(), v.shared(), a.address(),
                        w.address(), none, none, out.address(), 64ll, 64ll, 0ll,
                        8ll, 3, 8, 64, none, none),
            cu::success)
      << control("report");
  std::vector<double> r = *out.read();
  for (int j = 0; j < 8; ++j) {
    EXPECT_TRUE(std::isinf(r[size_t(j)])) << r[size_t(j)];
    EXPECT_TRUE(std::isnan(r[size_t(8 + j)]));
    EXPECT_TRUE(std::isfinite(r[size_t(16 + j)]));
  }
}

TEST_F(GemmTest, NoBankConflictsNoNarrowLoads) {
  Variant v;
  Stub stub(v.stub());
  control("stats reset");
  check(v, stub, 128, 128, 256);
  EXPECT_EQ(statistic("bank_conflicts"), 0u);
  EXPECT_GT(statistic("matrix_phases"), 0u);
  for (const char *narrow :
       {"loads1", "loads2", "loads4", "loads8", "copies4", "copies8"})
    EXPECT_EQ(statistic(narrow), 0u) << narrow;
}

// What we would ship for sm_80: registers, and what the machine code must hold.
struct Shipped {
  Variant variant;
  const char *instruction;
};
std::vector<Shipped> shipped() {
  std::vector<Shipped> all;
  for (const char *math : {"bf16", "f16", "tf32", "float"}) {
    Variant v;
    v.math = math;
    v.bm = v.bn = 128;
    v.wn = 4;
    v.v = v.type() == Type::F32 ? 4 : 8;
    all.push_back({v, v.math == "float" ? "FFMA" : "HMMA"});
    v.align = v.type() == Type::F32 ? 4 : 2;
    v.v = 1;
    all.push_back({v, v.math == "float" ? "FFMA" : "HMMA"});
  }
  Variant split;
  split.bm = 16;
  split.wm = 1;
  split.wn = 4;
  split.bn = 128;
  split.stages = 4;
  split.splits = 8;
  all.push_back({split, "HMMA"});
  return all;
}

// Instructions of the basic blocks that have at least `least` FFMA.
struct Multiplying {
  int blocks = 0, instructions = 0, products = 0, reads = 0, otherReads = 0;
};
Multiplying multiplyingIn(const std::string &sass, int least) {
  Multiplying all, block;
  auto end = [&] {
    if (block.products >= least) {
      ++all.blocks;
      all.instructions += block.instructions;
      all.products += block.products;
      all.reads += block.reads;
      all.otherReads += block.otherReads;
    }
    block = {};
  };
  std::istringstream lines(sass);
  for (std::string line; std::getline(lines, line);) {
    auto has = [&](const char *what) {
      return line.find(what) != std::string::npos;
    };
    if (line.starts_with(".L"))
      end();
    if (!has("/*") || !has(";"))
      continue;
    ++block.instructions;
    block.products += has(" FFMA ");
    block.reads += has(" LDS.128 ");
    block.otherReads += has(" LDS ") || has(" LDS.64 ");
    if (has(" BRA "))
      end();
  }
  end();
  return all;
}

// The loop of IEEE products is FFMA and wide loads of a sixteenth as many: two
// steps, between which the next slab arrives.
TEST_F(GemmTest, ProductsFillTheLoop) {
  if (!nvrtcFound())
    GTEST_SKIP() << "no libnvrtc";
  for (const char *arch : {"sm_80", "sm_90a"})
    for (bool isSmall : {false, true}) {
      Variant v;
      v.math = "float";
      v.v = 4;
      v.bm = v.bn = isSmall ? 64 : 128;
      v.wm = isSmall ? 1 : 2;
      v.wn = isSmall ? 2 : 4;
      v.wk = isSmall ? 4 : 1;
      NvrtcResult r = nvrtcCompile(v.stub(), arch);
      ASSERT_TRUE(r.ok) << r.log;
      EXPECT_EQ(r.kernels[0].spillBytes, 0);
      EXPECT_EQ(r.kernels[0].frameBytes, 0);
      std::string sass = disassemble(r.code);
      if (sass.empty())
        GTEST_SKIP() << "no nvdisasm";
      Multiplying loop = multiplyingIn(sass, 16);
      EXPECT_EQ(loop.products, 512);
      EXPECT_EQ(loop.reads, 32);
      EXPECT_EQ(loop.otherReads, 0);
      printf("%s, %dx%d: %d FFMA of %d instructions in %d blocks\n", arch, v.bm,
             v.bn, loop.products, loop.instructions, loop.blocks);
      EXPECT_GE(loop.products, loop.instructions * (isSmall ? 0.8 : 0.89));
    }
}

TEST_F(GemmTest, DeviceCode) {
  if (!nvrtcFound())
    GTEST_SKIP() << "no libnvrtc";
  for (const Shipped &s : shipped()) {
    std::string stub = s.variant.stub();
    SCOPED_TRACE(stub);
    NvrtcResult r = nvrtcCompile(stub, "sm_80");
    ASSERT_TRUE(r.ok) << r.log;
    ASSERT_EQ(r.kernels.size(), 1u) << r.log;
    EXPECT_EQ(r.kernels[0].spillBytes, 0);
    EXPECT_EQ(r.kernels[0].frameBytes, 0);
    EXPECT_LE(r.kernels[0].registers, 255);
    printf("%s, rows at multiples of %d bytes: %d registers\n",
           s.variant.math.c_str(), s.variant.align, r.kernels[0].registers);
    std::string sass = disassemble(r.code);
    if (sass.empty())
      continue;
    EXPECT_NE(sass.find(s.instruction), std::string::npos);
    // ALIGN 2 has no asynchronous copy that narrow.
    if (s.variant.align >= 4) {
      EXPECT_NE(sass.find("LDGSTS"), std::string::npos);
    }
    EXPECT_EQ(sass.find("STL"), std::string::npos);
  }
}

TEST_F(GemmTest, PtxForLaterArchitectures) {
  if (!nvrtcFound())
    GTEST_SKIP() << "no libnvrtc";
  EXPECT_TRUE(nvrtcCompile(Variant().stub(), "compute_80").ok);
}

} // namespace
} // namespace ingot::emulator
