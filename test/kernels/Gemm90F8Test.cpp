// Products of e4m3 by gemm90.cuh, against sums in double; edits of what they
// have beside others, each of which must be found; what the device's compiler
// makes of them.
#include "Float8.h"
#include "Gemm90.h"
#include "Mutant.h"

#include "test/emulator/Nvrtc.h"

#include <array>
#include <cmath>
#include <random>
#include <sstream>

namespace ingot::emulator {
namespace {

// bias and residual have the result's type, `out`.
struct Variant {
  std::string out = "bf16", activation = "GeluTanh";
  int bn = 64, stages = 3;
  bool inBlocks = false; // scales of 128 k
  int v = 2, blocks = 3, parts = 0;
  // Weights and rows that are positive, in a narrow range.
  bool alike = false;

  Type type() const { return out == "bf16" ? Type::Bf16 : Type::F32; }
  bool stores() const { return out == "bf16" && v == 2; }
  unsigned shared() const {
    return unsigned(stages * (128 + bn) * 128 +
                    (stores() ? bn / 64 * 64 * 256 : 0) + stages * 16 + 16);
  }
  std::string stub() const {
    std::ostringstream s;
    s << "#include \"gemm90.cuh\"\n"
      << "using Config = Gemm90Config<e4m3, " << bn << ", " << stages << ", "
      << stores() << ", 1, 1, " << inBlocks << ">;\n"
      << "using Epilogue = LinearEpilogue<" << out << ", " << v << ", "
      << activation << ", true, true>;\n"
      << "KERNEL(384, 1) f8_test(GRID_CONST TensorMap a, GRID_CONST TensorMap "
         "w, GRID_CONST TensorMap c, const float *scales, const "
      << out << " *bias, const " << out << " *residual, " << out
      << " *out, i64 ldr, i64 ldo, int m, int n, int k, float *partials, u32 "
         "*counters, i64 parts) {\n"
      << (inBlocks ? "  gemm90<Config>({&a, &w, &c, scales}, m, n, k, "
                     "Epilogue{out, ldo, bias, residual, ldr}"
                   : "  gemm90<Config>({&a, &w, &c}, m, n, k, "
                     "ScaledEpilogue<Epilogue>{{out, ldo, bias, residual, "
                     "ldr}, scales}")
      << (parts ? ", Splits{partials, counters, parts}" : "")
      << ");\n}\nEXPORT_KERNEL(f8_test)\n";
    return s.str();
  }
};

// What is wrong with one product, or nothing. `nan`: row 1 of A and column 2
// have one NaN each.
std::string runF8(const Variant &v, Stub &stub, int m, int n, int k,
                  bool nan = false) {
  int blocks = v.inBlocks ? (k + 127) / 128 : 1;
  Bytes w(n, k, 2, v.alike);
  std::vector<float> scales(size_t(blocks * n));
  std::mt19937 random(6);
  for (float &s : scales)
    s = float(random() % 64 + 1) * 0x1p-18f;
  DeviceArray<float> deviceScales(scales);
  Matrix bias(v.type(), 1, n, n, v.v, 3);
  if (nan)
    w.set(2, k - 1, 0xff);
  EarlyLaunches early;
  Bytes a(m, k, 1, v.alike);
  Matrix residual(v.type(), m, n, (n + 1) / 2 * 2 + 2, v.v, 4);
  int unit = v.stores() ? 8 : v.v;
  Matrix out(v.type(), m, n, (n + unit - 1) / unit * unit + unit, 3 * unit, 5,
             false);
  if (nan)
    a.set(1, 0, 0x7f);
  MapShape shape{uint64_t(n), uint64_t(m), uint64_t(out.pitch), 64};
  auto i64 = [](int x) { return static_cast<long long>(x); };
  auto up = [](int x) { return size_t(x + 15) / 16 * 16; };
  size_t tiles = size_t((m + 127) / 128 * ((n + v.bn - 1) / v.bn));
  DeviceArray<float> partials(size_t(v.parts) * up(m) * up(n));
  DeviceArray<unsigned> counters(std::vector<unsigned>(v.parts ? tiles : 0));
  cu::Result r = stub.launch(
      "f8_test", {unsigned(v.blocks)}, 384, v.shared(), a.map(128), w.map(v.bn),
      v.stores() ? makeMap(out.address(), shape) : cu::TensorMap{},
      deviceScales, bias.address(), residual.address(), out.address(),
      i64(residual.pitch), i64(out.pitch), m, n, k, partials, counters,
      i64(v.parts));
  if (r)
    return control("report") + "\nresult " + std::to_string(r);
  std::optional<std::vector<double>> got = out.read();
  if (!got)
    return control("report") + "the result cannot be read";
  for (int i = 0; i < m; ++i)
    for (int j = 0; j < n; ++j) {
      double sum = 0, size = 0;
      for (int l = 0; l < k; ++l) {
        double term = a.at(i, l) * w.at(j, l) *
                      scales[size_t((v.inBlocks ? l / 128 : 0) * n + j)];
        sum += term;
        size += std::fabs(term);
      }
      double x = sum + bias.at(0, j);
      if (v.activation == "GeluTanh")
        x = x / 2 *
            (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
      double want = x + residual.at(i, j), is = (*got)[size_t(i * n + j)];
      if (std::isnan(want) && std::isnan(is))
        continue;
      // Four times the last of 14 bits of a slab's sums, and a rounding.
      double tolerance =
          size * 0x1p-12 +
          (std::fabs(want) + 1e-3) * (v.out == "bf16" ? 0x1p-8 : 0x1p-20);
      if (!(std::fabs(is - want) <= tolerance))
        return "row " + std::to_string(i) + " column " + std::to_string(j) +
               ": " + std::to_string(is) + " instead of " +
               std::to_string(want);
    }
  for (unsigned left : counters.get())
    if (left)
      return "a counter is left at " + std::to_string(left);
  return "";
}

class Gemm90F8Test : public EmulatorTest {
protected:
  void checkAll(const Variant &v,
                const std::vector<std::array<int, 3>> &shapes) {
    Stub stub(v.stub());
    for (const char *mode :
         {"mode late", "mode early", "mode random 1", "mode random 2"})
      for (auto [m, n, k] : shapes) {
        SCOPED_TRACE(mode);
        control(mode);
        ASSERT_EQ(runF8(v, stub, m, n, k), "")
            << v.bn << " columns: " << m << "x" << n << "x" << k;
      }
  }
};

// Tails of rows, columns and k, fewer slabs than stages and more; all numbers
// of e4m3, subnormal ones and both zeros among them.
TEST_F(Gemm90F8Test, Shapes) {
  checkAll({}, {{128, 64, 128}, {1, 8, 16}, {130, 136, 144}, {260, 72, 640}});
}

TEST_F(Gemm90F8Test, Widths) {
  for (int bn : {96, 128}) {
    Variant v;
    v.bn = bn;
    checkAll(v, {{130, 264, 144}, {5, 88, 400}});
  }
}

// Sums over many slabs stay as good as one slab's.
TEST_F(Gemm90F8Test, LongSums) {
  Variant v;
  v.out = "float";
  v.activation = "Identity";
  v.alike = true;
  checkAll(v, {{20, 18, 4096}});
}

TEST_F(Gemm90F8Test, ScalesInBlocks) {
  Variant v;
  v.inBlocks = true;
  checkAll(v, {{130, 136, 256}, {1, 8, 272}, {64, 70, 128}});
  v.bn = 128;
  v.v = 1;
  checkAll(v, {{130, 131, 400}});
}

TEST_F(Gemm90F8Test, Parts) {
  Variant v;
  v.parts = 3;
  v.blocks = 9;
  checkAll(v, {{130, 136, 400}, {20, 72, 1040}});
}

// A NaN is one of its row, or of its column, in TMA's zeros as anywhere.
TEST_F(Gemm90F8Test, NaN) {
  for (bool inBlocks : {false, true}) {
    Variant v;
    v.inBlocks = inBlocks;
    Stub stub(v.stub());
    EXPECT_EQ(runF8(v, stub, 70, 72, 144, /*nan=*/true), "");
  }
}

TEST_F(Gemm90F8Test, DeviceCode) {
  if (!nvrtcFound())
    GTEST_SKIP() << "no libnvrtc";
  struct Case {
    int bn, stages;
    bool inBlocks;
    int parts;
  };
  for (Case c : {Case{64, 8, false, 8},
                 {96, 7, false, 8},
                 {128, 6, false, 8},
                 {64, 8, true, 0},
                 {96, 7, true, 0},
                 {128, 6, true, 0}}) {
    Variant v;
    v.bn = c.bn;
    v.stages = c.stages;
    v.inBlocks = c.inBlocks;
    v.parts = c.parts;
    v.activation = "GeluErf";
    SCOPED_TRACE(v.stub());
    std::string sass = expectHopperCode(v.stub());
    if (sass.empty())
      continue;
    size_t product =
        sass.find("QGMMA.64x" + std::to_string(c.bn) + "x32.F32.E4M3.E4M3");
    ASSERT_NE(product, std::string::npos);
    // Behind the wait for a slab's products, as many additions as sums.
    size_t wait = sass.find("WARPGROUP.DEPBAR.LE gsb0, 0x0", product);
    ASSERT_NE(wait, std::string::npos);
    const char *add = c.inBlocks ? "FFMA" : "FADD";
    int additions = 0;
    for (size_t at = wait, end = sass.find("BRA", wait);
         (at = sass.find(add, at + 1)) < end;)
      ++additions;
    EXPECT_GE(additions, c.bn / 2);
  }
}

struct Edit {
  const char *name, *from, *to;
  bool inBlocks = false;
  const char *header = "gemm90_f8.cuh";
};

const Edit edits[] = {
    // sums
    {"NothingPromoted", "PROMOTES = BK == 128", "PROMOTES = false", false,
     "gemm90.cuh"},
    {"SumsGoOnFromSlabToSlab", "(C::PROMOTES ? s : i + s) > 0", "i + s > 0",
     false, "gemm90.cuh"},
    {"AddsBeforeTheyAreThere", "    wgmma_wait<0>();\n",
     "    wgmma_wait<1>();\n"},
    {"TheLastSlabAlone", "total[i] += sum[i];", "total[i] = sum[i];"},
    {"TotalsOfTheTileBefore", "for (float &t : total) t = 0;",
     "for (float &t : total) t = 4096;"},
    {"GivesTheSumsOfASlab", "sum[i] = total[i];", ";"},
    {"HalfOfThemPromoted",
     "for (int i = 0; i < BN / 2; ++i) {\n      if constexpr",
     "for (int i = 0; i < BN / 4; ++i) {\n      if constexpr"},
    // scales
    {"ScaleOfTheNextColumn", "load_columns<V>(scales + n)",
     "load_columns<V>(scales + (n ? n - V : 0))"},
    {"StoresUnscaled", "x[i] = sum[i] * column(in.scale, i);",
     "x[i] = sum[i];"},
    {"AppliesUnscaled", "x[i] *= column(in.scale, i);", ";"},
    {"ScalesOfTheFirstBlock", "(i64)block * n", "(i64)0 * n", true},
    {"BlocksCountedFromATasksFirst", "task.first + i, task.n0, n",
     "i + 1, task.n0, n", true, "gemm90.cuh"},
    {"ScalesPastTheLastColumn", "min_(c, n - 1)", "c", true},
    {"ScalesOfOtherColumns", "scale[i / 4 * 2 + i % 2]", "scale[i / 2]", true},
    {"ScalesOfOtherLanes", "lane() % 4 * 2 + i % 2;", "lane() % 2 * 2 + i % 2;",
     true},
};

void PrintTo(const Edit &e, std::ostream *out) { *out << e.name; }

class Gemm90F8MutationTest : public MutantTest,
                             public testing::WithParamInterface<Edit> {};

TEST_P(Gemm90F8MutationTest, IsFound) {
  const Edit &edit = GetParam();
  ASSERT_NO_FATAL_FAILURE(this->edit(edit.header, edit.from, edit.to));
  std::string found;
  for (const char *out : {"bf16", "float"}) {
    Variant v;
    v.out = out;
    v.activation = "Identity";
    v.alike = out[0] == 'f';
    v.inBlocks = edit.inBlocks;
    v.blocks = 1;
    Stub stub(v.stub());
    for (const char *mode : {"mode late", "mode random 1"}) {
      if (!found.empty())
        continue;
      control("reset; " + std::string(mode));
      found = runF8(v, stub, 140, 70, v.alike ? 4096 : 400);
      control("revive");
    }
  }
  EXPECT_NE(found, "") << "not found";
  printf("%s\n", found.c_str());
}

INSTANTIATE_EDITS(Gemm90F8MutationTest, edits);

} // namespace
} // namespace ingot::emulator
