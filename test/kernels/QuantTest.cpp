// linear_quant.cuh and quant_arrange.cuh against sums in double.
#include "Quant.h"

#include "test/emulator/Nvrtc.h"

#include <cmath>

namespace ingot::emulator {
namespace {

class QuantTest : public EmulatorTest {
protected:
  void check(const QuantVariant &v, const std::vector<QuantCase> &cases,
             const std::vector<const char *> &modes = {
                 "mode late", "mode early", "mode random 1"}) {
    Stub stub(v.stub());
    for (const char *mode : modes)
      for (const QuantCase &c : cases) {
        control(mode);
        ASSERT_EQ(runQuant(v, stub, c), "")
            << mode << ", " << v.math << " " << v.weight << " scales "
            << v.scale << (v.zeros ? " and zeros" : "") << " of " << v.block
            << ", " << c.m << "x" << c.n << "x" << v.k;
      }
  }
};

const std::vector<QuantCase> fewRows = {{1, 48},  {0, 16}, {3, 33},
                                        {8, 100}, {16, 1}, {13, 70}};

QuantVariant few(const char *weight, int block, int k) {
  QuantVariant v;
  v.weight = weight;
  v.block = block;
  v.k = k;
  return v;
}
QuantVariant many(const char *weight, int block, int k) {
  QuantVariant v = few(weight, block, k);
  v.rowTiles = 8;
  v.wk = 1;
  v.wn = 4;
  return v;
}

const std::vector<QuantCase> manyRows = {
    {17, 48}, {64, 65}, {100, 16}, {3, 130}, {0, 16}};

class QuantCases : public SampledTest<QuantTest> {};
INSTANTIATE_SAMPLED_TESTS(QuantCases);

struct QuantForm {
  const char *weight;
  int block;
  bool zeros = false;
};
class QuantForms : public QuantTest,
                   public testing::WithParamInterface<QuantForm> {};

TEST_P(QuantForms, WeightAndBlock) {
  auto [weight, block, zeros] = GetParam();
  QuantVariant v = few(weight, block, 328);
  v.math = block % 64 ? "bf16" : "f16";
  v.scale = block == 32 ? "float" : block == 128 ? "bf16" : "f16";
  v.zeros = zeros;
  v.units = zeros ? 2 : 1;
  check(v, {{13, 35}}, {"mode late", "mode random 1"});
}

// Each weight and each block, with zeros and without; then the other pairs.
constexpr const char *kWeights[] = {"QuantI4", "QuantU4", "QuantI8", "QuantU8",
                                    "QuantF8"};
const std::vector<QuantForm> kMainForms = {{"QuantI4", 32},
                                           {"QuantU4", 16, true},
                                           {"QuantI8", 0, true},
                                           {"QuantU8", 64},
                                           {"QuantF8", 128}};
std::vector<QuantForm> otherForms() {
  std::vector<QuantForm> forms;
  for (const char *weight : kWeights)
    for (int block : {0, 16, 32, 64, 128})
      for (bool zeros : {false, true})
        if ((!zeros || weight != std::string("QuantF8")) &&
            std::none_of(kMainForms.begin(), kMainForms.end(),
                         [&](const QuantForm &form) {
                           return form.weight == std::string(weight) &&
                                  form.block == block && form.zeros == zeros;
                         }))
          forms.push_back({weight, block, zeros});
  return forms;
}
std::string nameOfForm(const testing::TestParamInfo<QuantForm> &info) {
  return info.param.weight + std::to_string(info.param.block) +
         (info.param.zeros ? "_zeros" : "");
}
INSTANTIATE_TEST_SUITE_P(Main, QuantForms, testing::ValuesIn(kMainForms),
                         nameOfForm);
INSTANTIATE_TEST_SUITE_P(Rest, QuantForms, testing::ValuesIn(otherForms()),
                         nameOfForm);

TEST_P(QuantCases, FewRows) {
  QuantVariant i4 = few("QuantI4", 32, 1096);
  i4.tiles = 2;
  i4.zeros = true;
  QuantVariant i8 = few("QuantI8", 128, 520);
  i8.math = "f16";
  i8.wk = 8;
  i8.units = 2;
  i8.activation = "Silu";
  QuantVariant fewWarps = i8;
  fewWarps.units = 4;
  fewWarps.wk = 3;
  for (const QuantVariant &v : cases<QuantVariant>({i4, fewWarps}, {i8}))
    check(v, fewRows);
}

// Rings ahead by groups of columns, a tile of eight rows.
TEST_F(QuantTest, RingsAheadByColumns) {
  QuantVariant v = few("QuantU4", 0, 104);
  v.zeros = true;
  v.tiles = 4;
  v.rowTiles = 1;
  check(v, {{5, 300}, {8, 17}, {0, 4}});
}

TEST_P(QuantCases, ManyRows) {
  QuantVariant i4 = many("QuantI4", 128, 328), u8 = many("QuantU8", 32, 168),
               f8 = many("QuantF8", 0, 264), u4 = many("QuantU4", 16, 104);
  u8.zeros = u4.zeros = true;
  u8.math = u4.math = "f16";
  u8.activation = "GeluTanh";
  QuantVariant alongBoth = u8; // warps
  alongBoth.wk = 2;
  alongBoth.wn = 2;
  alongBoth.tiles = 2;
  f8.wn = 8;
  for (const QuantVariant &v :
       cases<QuantVariant>({i4, alongBoth, f8}, {u8, u4}))
    check(v, v.wn == 8 ? std::vector<QuantCase>{{100, 260}, {1, 1}} : manyRows);
}

// Pitches and addresses of activations that no copy takes, K of any number.
TEST_P(QuantCases, NarrowRows) {
  for (QuantVariant v : cases<QuantVariant>(
           {many("QuantI8", 16, 37), few("QuantI4", 32, 100)},
           {few("QuantI4", 32, 1), many("QuantI8", 16, 1),
            few("QuantI4", 32, 37), many("QuantI8", 16, 100)})) {
    v.wide = false;
    check(v, {{3, 40}, {12, 17, 1, 3}, {40, 20, 8, 1}});
  }
}

// As the artifact has them beside code for CPUs.
TEST_F(QuantTest, FromPanels) {
  for (const char *weight : {"QuantI4", "QuantU8"}) {
    QuantVariant v = few(weight, 32, 101);
    v.wide = false;
    v.scale = "float";
    v.panel = 48;
    v.zeros = true;
    check(v, {{3, 100}, {2, 48}, {1, 5}}, {"mode late"});
  }
}

// Formats are exact where bits are: each weight there is, times a power of two.
TEST_P(QuantCases, Numbers) {
  for (auto [math, zeros, weight] :
       cases<std::tuple<const char *, bool, const char *>>(
           {{"bf16", false, "QuantI4"}, {"bf16", false, "QuantF8"}},
           {{"f16", true, "QuantU8"},
            {"f16", true, "QuantU4"},
            {"bf16", false, "QuantI8"},
            {"bf16", false, "QuantU4"},
            {"bf16", false, "QuantU8"},
            {"bf16", true, "QuantI4"},
            {"bf16", true, "QuantU4"},
            {"bf16", true, "QuantI8"},
            {"bf16", true, "QuantU8"},
            {"f16", false, "QuantI4"},
            {"f16", false, "QuantU4"},
            {"f16", false, "QuantI8"},
            {"f16", false, "QuantU8"},
            {"f16", false, "QuantF8"},
            {"f16", true, "QuantI4"},
            {"f16", true, "QuantI8"}})) {
    QuantVariant v = few(weight, 64, 64);
    v.math = math;
    v.scale = "float";
    v.bias = v.residual = false;
    v.zeros = zeros;
    QuantCase c{16, 256};
    int count = 1 << v.bits();
    for (int n = 0; n < c.n; ++n)
      if (v.weight != "QuantF8" || (n & 127) != 127)
        c.weights.push_back({n, unsigned(n % count)});
    for (int m = 0; m < c.m; ++m)
      for (int k = 0; k < v.k; ++k)
        c.rows.push_back({m * v.k + k, k ? 0 : std::ldexp(1., m - 8)});
    check(v, {c}, {"mode late"});
  }
}

// One kernel for all rows; also where A lies so that no copy takes it.
TEST_F(QuantTest, AllRowsInOneKernel) {
  for (const char *weight : {"QuantI4", "QuantU8"}) {
    QuantVariant v = few(weight, 32, 136);
    v.math = v.weight == "QuantI4" ? "bf16" : "f16";
    v.zeros = v.weight == "QuantU8";
    v.isWhole = true;
    v.columns = 37;
    check(v, {{0, 37},
              {1, 37},
              {16, 37},
              {17, 37},
              {100, 37},
              {18, 37, 3},
              {2, 37, 8, 1}});
  }
}

TEST_P(QuantCases, InfinityAndNan) {
  for (int block : cases<int>({32}, {0})) {
    QuantCase c{5, 20};
    c.rows = {{0, INFINITY}, {130, -INFINITY}, {260, NAN}};
    QuantVariant v = few("QuantI8", block, 128);
    check(v, {c});
    check(many("QuantU4", block, 128), {c});
    // A weight that is NaN takes its column, in all rows.
    v.weight = "QuantF8";
    c.weights = {{3 * 20 + 7, 0x7f}, {127 * 20 + 19, 0xff}};
    check(v, {c});
  }
}

TEST_F(QuantTest, NoNarrowLoads) {
  QuantVariant v = few("QuantI4", 128, 1024);
  v.tiles = v.units = 2;
  v.bytes = 160 * 1024;
  v.bias = v.residual = false;
  Stub stub(v.stub());
  ASSERT_EQ(runQuant(v, stub, {16, 128}), "");
  // Units and A, of which the first come by loads, in 16 bytes; scales in 4.
  for (const char *narrow : {"loads1", "loads2", "loads8", "copies8"})
    EXPECT_EQ(statistic(narrow), 0u) << narrow;
  constexpr unsigned tiles = 8, lanes = 32, steps = 8;
  EXPECT_EQ(statistic("copies4"), tiles * lanes * steps);
  EXPECT_GE(statistic("copies16"), tiles * lanes * steps * 2);
  EXPECT_EQ(statistic("bank_conflicts"), 0u);
}

// As stubs have them: for few rows, for many, element by element.
std::vector<QuantVariant> shipped(const std::string &arch) {
  std::vector<QuantVariant> all;
  auto add = [&](const QuantVariant &base, int tiles, int rowTiles, int wk,
                 int units = 1) {
    QuantVariant v = base;
    v.tiles = tiles;
    v.rowTiles = rowTiles;
    v.wk = wk;
    v.units = units;
    v.wn = 8 / wk;
    v.bytes = (arch == "sm_80" ? 99 : 224) * 1024;
    all.push_back(v);
  };
  for (const char *weight :
       {"QuantI4", "QuantU4", "QuantI8", "QuantU8", "QuantF8"}) {
    QuantVariant v = few(weight, 128, 4096);
    v.zeros = v.weight == "QuantU4" || v.weight == "QuantU8";
    add(v, 2, 2, 8, arch == "sm_80" ? 1 : 2);
    v.math = "f16";
    v.scale = "float";
    v.block = v.zeros ? 32 : 0;
    add(v, 1, 8, 1);
  }
  QuantVariant v = few("QuantU4", 32, 4096);
  v.zeros = true;
  add(v, arch == "sm_80" ? 2 : 4, 2, 8);
  v.block = 16;
  v.scale = "float";
  add(v, 1, 8, 2);
  v.wide = false;
  v.k = 1001;
  add(v, 1, 1, 8);
  v.isWhole = true;
  v.columns = 4096;
  for (int k : {4096, 1001}) {
    v.k = k;
    for (const char *weight : {"QuantI4", "QuantU8"}) {
      v.weight = weight;
      v.block = v.weight == "QuantI4" ? 32 : 128;
      add(v, 2, 2, 8);
    }
  }
  return all;
}

TEST_F(QuantTest, DeviceCode) {
  if (!nvrtcFound())
    GTEST_SKIP() << "no libnvrtc";
  for (const char *arch : {"sm_80", "sm_90a"})
    for (const QuantVariant &v : shipped(arch)) {
      std::string stub = v.stub(/*launchesNext=*/arch == std::string("sm_90a"));
      SCOPED_TRACE(arch + ("\n" + stub));
      NvrtcResult r = nvrtcCompile(stub, arch);
      ASSERT_TRUE(r.ok) << r.log;
      for (const CompiledKernel &kernel : r.kernels) {
        EXPECT_EQ(kernel.spillBytes, 0);
        EXPECT_EQ(kernel.frameBytes, 0);
        printf(
            "%s, %s, %s in blocks of %d, %d rows, %d columns: %d registers\n",
            arch, kernel.name.c_str(), v.weight.c_str(), v.block,
            8 * v.rowTiles, 16 * v.tiles * v.wn, kernel.registers);
      }
      std::string sass = disassemble(r.code);
      if (sass.empty())
        continue;
      EXPECT_NE(sass.find("HMMA"), std::string::npos);
      EXPECT_NE(sass.find("LDGSTS"), std::string::npos);
      EXPECT_EQ(sass.find("STL"), std::string::npos);
    }
}

} // namespace
} // namespace ingot::emulator
