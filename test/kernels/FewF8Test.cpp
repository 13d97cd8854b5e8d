// Few rows of e4m3 by linear_few.cuh, against sums in double; edits of what
// they have beside those of 16 bits, each of which must be found; what the
// device's compiler makes of them.
#include "Float8.h"
#include "Gemm.h"
#include "Gemm90.h"
#include "Mutant.h"

#include "test/emulator/Nvrtc.h"

namespace ingot::emulator {
namespace {

std::string stubOf(int k, bool inBlocks, int tiles, int warps) {
  std::ostringstream s;
  s << "#include \"linear90_f8.cuh\"\n"
    << "using Config = FewConfig<e4m3, " << k << ", " << tiles << ", " << warps
    << ", " << (inBlocks ? 128 : 0) << ">;\n"
    << "using Epilogue = LinearEpilogue<float, 1, Identity, true, false>;\n"
    << "KERNEL(" << 32 * warps
    << ", 1) few_test(const u8 *a, const u8 *w, const float *scales, const "
       "float *bias, float *out, i64 lda, i64 ldw, int m, int n) {\n"
    << "  grid_launch_next();\n"
    << "  GemmOperands<e4m3> p{reinterpret_cast<const e4m3 *>(a), "
       "reinterpret_cast<const e4m3 *>(w), lda, ldw, 0, 0, m, n, "
    << k << "};\n  Epilogue epilogue{out, n, bias, nullptr, 0};\n"
    << (inBlocks ? "  linear_few<Config>(p, epilogue, scales);\n"
                 : "  linear_few<Config>(p, ScaledEpilogue<Epilogue>{epilogue, "
                   "scales});\n")
    << "}\nEXPORT_KERNEL(few_test)\n";
  return s.str();
}

constexpr int kTiles = 2, kWarps = 4;

/// 70 columns in groups of 16, two blocks, four warps. What is wrong, or
/// nothing. `nan`: row 1 of A and column 2 have one NaN each.
std::string runFew(Stub &stub, int m, int k, bool inBlocks, bool nan = false) {
  constexpr int n = 70, kShared = 3 * (4 * 2048 + 2 * 1024) + 4096;
  int blocks = inBlocks ? (k + 127) / 128 : 1;
  Bytes w(n, k, 2, false);
  std::vector<float> scales(size_t(blocks * n)), bias(n);
  std::mt19937 random(6);
  for (float &s : scales)
    s = float(random() % 64 + 1) * 0x1p-18f;
  for (float &b : bias)
    b = float(random() % 64) / 64;
  DeviceArray<float> deviceScales(scales), deviceBias(bias);
  if (nan)
    w.set(2, k - 1, 0xff);
  EarlyLaunches early;
  Bytes a(m, k, 1, false);
  if (nan)
    a.set(1, 0, 0x7f);
  DeviceArray<float> out(size_t(m * n));
  auto i64 = [](int x) { return static_cast<long long>(x); };
  cu::Result r =
      stub.launch("few_test", {2}, 32 * kWarps, kShared, a.memory.pointer + 16,
                  w.memory.pointer + 16, deviceScales, deviceBias, out,
                  i64(a.pitch), i64(w.pitch), m, n);
  if (r)
    return control("report") + "\nresult " + std::to_string(r);
  std::vector<float> got = out.get();
  for (int i = 0; i < m; ++i)
    for (int j = 0; j < n; ++j) {
      double sum = 0, size = 0;
      for (int l = 0; l < k; ++l) {
        double term = a.at(i, l) * w.at(j, l) *
                      scales[size_t((inBlocks ? l / 128 : 0) * n + j)];
        sum += term;
        size += std::fabs(term);
      }
      double want = sum + bias[size_t(j)], is = got[size_t(i * n + j)];
      if (std::isnan(want) && std::isnan(is))
        continue;
      // Products are exact, and sums f32.
      if (!(std::fabs(is - want) <= size * 0x1p-20 + 1e-7))
        return "row " + std::to_string(i) + " column " + std::to_string(j) +
               ": " + std::to_string(is) + " instead of " +
               std::to_string(want);
    }
  return "";
}

/// Steps of a warp: three, of which the last warp has none; one, so that the
/// ring is ahead by groups of columns.
std::string runAll(bool inBlocks) {
  std::string found;
  for (int k : {528, 208}) {
    Stub stub(stubOf(k, inBlocks, kTiles, kWarps));
    for (const char *mode :
         {"mode late", "mode early", "mode random 1", "mode random 2"})
      for (int m : {13, 1, 16}) {
        if (!found.empty())
          break;
        control("reset; " + std::string(mode));
        found = runFew(stub, m, k, inBlocks);
        control("revive");
      }
  }
  return found;
}

class FewF8Test : public EmulatorTest {};

TEST_F(FewF8Test, ScalesOfColumns) { EXPECT_EQ(runAll(false), ""); }
TEST_F(FewF8Test, ScalesOfBlocks) { EXPECT_EQ(runAll(true), ""); }

// A NaN is one of its row, or of its column.
TEST_F(FewF8Test, NaN) {
  for (bool inBlocks : {false, true}) {
    Stub stub(stubOf(528, inBlocks, kTiles, kWarps));
    EXPECT_EQ(runFew(stub, 5, 528, inBlocks, /*nan=*/true), "");
  }
}

// "cvt.rn.f16x2.e4m3x2": the low byte becomes the lower number.
TEST_F(FewF8Test, EveryNumberIsUnpacked) {
  Stub stub(R"(#include "vocabulary.cuh"
KERNEL(256, 1) unpack_test(float *low, float *high) {
  u32 w = unpack_e4m3(tid() | (tid() ^ 0xff) << 8);
  low[tid()] = lo_f32<f16>(w);
  high[tid()] = hi_f32<f16>(w);
}
EXPORT_KERNEL(unpack_test)
)");
  DeviceArray<float> low(256), high(256);
  ASSERT_EQ(stub.launch("unpack_test", {1}, 256, 0, low, high), cu::success);
  std::vector<float> lows = low.get(), highs = high.get();
  for (unsigned i = 0; i < 256; ++i)
    for (auto [got, bits] :
         {std::pair(lows[i], i), std::pair(highs[i], i ^ 0xff)}) {
      double want = meaning(bits);
      EXPECT_TRUE(std::isnan(want)
                      ? std::isnan(got)
                      : got == want && std::signbit(got) == (bits >> 7))
          << bits << " is " << got;
    }
}

TEST_F(FewF8Test, DeviceCode) {
  if (!nvrtcFound())
    GTEST_SKIP() << "no libnvrtc";
  for (int tiles : {1, 4})
    for (bool inBlocks : {false, true}) {
      std::string stub = stubOf(4096, inBlocks, tiles, 12);
      SCOPED_TRACE(stub);
      std::string sass = expectHopperCode(stub);
      if (sass.empty())
        continue;
      EXPECT_NE(sass.find("HMMA.16816.F32"), std::string::npos);
      EXPECT_NE(sass.find("F2FP.F16.E4M3.UNPACK_B"), std::string::npos);
      EXPECT_NE(sass.find("LDGSTS.E.BYPASS.LTC128B.128"), std::string::npos);
    }
}

struct Edit {
  const char *name, *from, *to;
  bool inBlocks = true;
  const char *header = "linear_few.cuh";
};

const Edit edits[] = {
    {"ScalesOfTheFirstBlock", "has_scale ? begin / C::BLOCK : 0", "0"},
    {"ScalesPastTheLastBlock", "has_scale ? begin / C::BLOCK : 0",
     "begin / C::BLOCK"},
    {"ScalesOfOneColumn", "lane() % 4 * 2 + i % 2;", "lane() % 4 * 2;"},
    {"ScalesPastTheLastColumn", "from + min_(n, (i64)p.n - 1)", "from + n"},
    {"ScalesOfTheNextStage", "scale_ring + stage * C::STAGE + j * C::SCALES",
     "scale_ring + (stage + 1) % STAGES * C::STAGE + j * C::SCALES"},
    {"ScalesOfTheFirstTile", "stage * C::STAGE + j * C::SCALES",
     "stage * C::STAGE"},
    {"ScalesInOnePlace", "tid() * 8", "lane() * 8"},
    {"ScalesHaveNoRoom", "SCALES_AT + TILES * SCALES", "SCALES_AT"},
    {"ScaleOfTheOtherColumn", "scale.w[i % 2]", "scale.w[i / 2]"},
    {"StepsUnscaled", "bits_f32(scale.w[i % 2])", "0x1p-13f"},
    {"SumsOfTheLastStep", "bits_f32(scale.w[i % 2]), sum[l][j][i])",
     "bits_f32(scale.w[i % 2]), 0.f)"},
    {"TheLowHalfTwice", "16 * (i % 2)", "0 * (i % 2)", false,
     "linear90_f8.cuh"},
    {"TheFirstWordsAlone", "v.w[i / 2]", "v.w[i / 4]", false,
     "linear90_f8.cuh"},
    {"StepsOfHalf", "STEP = 4 * UNIT", "STEP = 2 * UNIT", false},
};

void PrintTo(const Edit &e, std::ostream *out) { *out << e.name; }

class FewF8MutationTest : public MutantTest,
                          public testing::WithParamInterface<Edit> {};

TEST_P(FewF8MutationTest, IsFound) {
  const Edit &edit = GetParam();
  ASSERT_NO_FATAL_FAILURE(this->edit(edit.header, edit.from, edit.to));
  std::string found = runAll(edit.inBlocks);
  EXPECT_NE(found, "") << "not found";
  printf("%s\n", found.c_str());
}

INSTANTIATE_EDITS(FewF8MutationTest, edits);

} // namespace
} // namespace ingot::emulator
