// gemm90.cuh against sums in double, over shapes with tails, tiles, outputs and
// clusters; and what the device's compiler makes of it.
#include "Gemm90.h"

#include "test/emulator/Nvrtc.h"

#include <array>

namespace ingot::emulator {
namespace {

class Gemm90Test : public EmulatorTest {};
class Gemm90Cases : public SampledTest<Gemm90Test> {};
INSTANTIATE_SAMPLED_TESTS(Gemm90Cases);

const std::vector<std::array<int, 3>> shapes = {
    {128, 128, 64}, {1, 8, 8}, {130, 200, 72}, {300, 264, 200}, {64, 72, 320}};

TEST_F(Gemm90Test, Bf16) { expectGemm90({}, shapes); }

TEST_F(Gemm90Test, F16) {
  Variant90 v;
  v.math = "f16";
  v.activation = "GeluErf";
  expectGemm90(v, shapes);
}

// f32 through tf32: four elements of k to 16 bytes.
TEST_F(Gemm90Test, Tf32) {
  Variant90 v;
  v.math = "tf32";
  v.stores = false;
  v.activation = "Silu";
  v.stages = 3;
  v.bn = 64;
  for (int parts : {2, 5}) {
    v.parts = parts;
    v.blocks = 3 * parts;
    expectGemm90(v, {{130, 136, 32 * parts}, {20, 72, 32 * parts + 228}});
  }
}

TEST_P(Gemm90Cases, TilesOfTf32) {
  for (int bn : cases<int>({256}, {64, 96, 128, 192})) {
    Variant90 v;
    v.math = "tf32";
    v.stores = false;
    v.activation = "Silu";
    v.stages = 3;
    v.bn = bn;
    expectGemm90(v, {{130, 202, 72},
                     {5, 520, 160},
                     {128, 256, 64},
                     {1, 8, 4},
                     {300, 264, 100}});
  }
}

// Of A to the nearest tf32, halves away from zero, as tensor cores alone would
// not; of W they see the upper bits.
TEST_F(Gemm90Test, RoundsA) {
  Variant90 v;
  v.math = "tf32";
  v.stores = v.bias = v.residual = false;
  v.activation = "Identity";
  Stub stub(v.stub());
  constexpr int K = 32, N = 8;
  for (auto [a, w, want] : {std::array<float, 3>{1 + 0x1p-11f, 1, 1 + 0x1p-10f},
                            {1 + 0x1.8p-12f, 1, 1},
                            {-1 - 0x1p-11f, 1, -1 - 0x1p-10f},
                            {1, 1 + 0x1.8p-11f, 1}}) {
    DeviceArray<float> as(std::vector<float>(K, a)),
        ws(std::vector<float>(N * K, w)), out(N), none(0);
    auto map = [&](const DeviceArray<float> &x, uint64_t rows, unsigned box) {
      return makeMap(x.pointer, {K, rows, K, box, {}, cu::tensorMapF32, 32});
    };
    ASSERT_EQ(stub.launch("gemm_test", {1}, 384, v.shared(), map(as, 1, 128),
                          map(ws, N, 128), cu::TensorMap{}, none, none, out,
                          0ll, (long long)N, 1, N, K, none, none, 0ll),
              cu::success)
        << control("report");
    for (float got : out.get())
      EXPECT_EQ(got, want * K);
  }
}

TEST_F(Gemm90Test, Tiles) {
  Variant90 wide, narrow;
  wide.bn = 256;
  wide.stages = 3;
  expectGemm90(wide, {{130, 264, 72}, {260, 520, 136}});
  narrow.bn = 64;
  narrow.stages = 2;
  narrow.activation = "Silu";
  expectGemm90(narrow, {{130, 72, 200}, {1, 200, 64}});
}

// Panels of 64 columns and what is left of them.
TEST_P(Gemm90Cases, WidthsBeside64) {
  struct Case {
    int bn;
    bool stores = true;
    int cm = 1, cn = 1;
  };
  for (Case c : cases<Case>({{96}, {192, true, 1, 2}}, {{192},
                                                        {192, false},
                                                        {96, true, 1, 2},
                                                        {96, false},
                                                        {96, true, 2, 1},
                                                        {192, true, 2, 1}})) {
    Variant90 v;
    v.bn = c.bn;
    v.stages = 3;
    v.stores = c.stores;
    v.cm = c.cm;
    v.cn = c.cn;
    if (!c.stores)
      expectGemm90(v, {{130, 202, 72}});
    else if (c.cm * c.cn > 1)
      expectGemm90(v, {{260, 200, 72}, {8, 392, 64}});
    else
      expectGemm90(
          v, {{130, 264, 72}, {70, 520, 136}, {128, 88, 64}, {5, 192, 8}});
  }
}

// K in parts: fewer slabs than stages and more, tiles and parts of them past
// the end, blocks for all parts at once and for a few.
TEST_P(Gemm90Cases, Parts) {
  struct Case {
    int bn, parts, blocks, cm = 1, cn = 1;
    bool stores = true;
  };
  for (Case c :
       cases<Case>({{64, 2, 8}, {64, 5, 15}, {64, 8, 3}, {128, 4, 16, 2}},
                   {{96, 2, 4, 1, 1, false},
                    {96, 3, 12},
                    {64, 3, 12, 1, 2},
                    {128, 3, 1}})) {
    Variant90 v;
    v.bn = c.bn;
    v.stages = 3;
    v.parts = c.parts;
    v.blocks = c.blocks;
    v.cm = c.cm;
    v.cn = c.cn;
    v.stores = c.stores;
    SCOPED_TRACE(testing::Message() << c.bn << " columns, " << c.parts
                                    << " parts, " << c.blocks << " blocks");
    expectGemm90(v, {{130, 136, 64 * c.parts}, {20, 72, 64 * c.parts + 456}});
  }
}

// In one part they are as without.
TEST_F(Gemm90Test, OnePart) {
  Variant90 one;
  one.parts = 1;
  expectGemm90(one, {{130, 200, 200}});
}

// What is no multiple of 16 bytes leaves without TMA.
TEST_P(Gemm90Cases, PlainStores) {
  for (int lanes : cases<int>({1}, {2})) {
    Variant90 v;
    v.stores = false;
    v.v = lanes;
    if (lanes == 1) {
      v.residual = false;
      v.activation = "Identity";
      expectGemm90(v, {{130, 131, 72}, {1, 1, 8}});
    } else {
      expectGemm90(v, {{130, 202, 72}, {5, 2, 128}});
    }
  }
}

TEST_P(Gemm90Cases, Clusters) {
  for (auto [cm, cn] : cases<std::array<int, 2>>({{2, 1}}, {{1, 2}})) {
    Variant90 v;
    v.cm = cm;
    v.cn = cn;
    v.stages = 3;
    expectGemm90(v,
                 {{256, 256, 128}, {130, 264, 200}, {300, 136, 72}, {1, 8, 8}});
  }
}

/// Panels of a tile one after the other, two of which there is room for.
TEST_P(Gemm90Cases, PanelsInTurn) {
  for (auto [cm, v2] : cases<std::array<int, 2>>({{2, 2}}, {{1, 1}})) {
    Variant90 v;
    v.bn = 256;
    v.stages = 4;
    v.cm = cm;
    v.v = v2;
    expectGemm90(v, {{256, 512, 72}, {300, 264, 200}, {130, 136, 64}});
  }
}

TEST_F(Gemm90Test, Grids) {
  Variant90 v;
  Stub stub(v.stub());
  for (int blocks : {1, 2, 7, 16}) {
    v.blocks = blocks;
    EXPECT_EQ(runGemm90(v, stub, 260, 264, 72), "");
  }
}

TEST_F(Gemm90Test, MovesByTheBulk) {
  Variant90 v;
  v.residual = false;
  expectMovesByTheBulk(v);
}

TEST_F(Gemm90Test, DeviceCode) {
  if (!nvrtcFound())
    GTEST_SKIP() << "no libnvrtc";
  struct Case {
    const char *math;
    int bn, stages;
    bool stores;
    int cm, cn, parts = 0;
  };
  for (Case c : {Case{"bf16", 256, 3, true, 1, 1},
                 {"bf16", 192, 4, true, 1, 1},
                 {"bf16", 128, 6, true, 1, 1, 8},
                 {"f16", 96, 7, true, 1, 1, 8},
                 {"f16", 64, 8, true, 1, 1, 8},
                 {"f16", 64, 8, true, 1, 1},
                 {"f16", 256, 4, false, 1, 1},
                 {"tf32", 64, 8, false, 1, 1, 8},
                 {"tf32", 96, 8, false, 1, 1, 8},
                 {"tf32", 128, 7, false, 1, 1, 8},
                 {"tf32", 128, 7, false, 1, 1},
                 {"tf32", 192, 5, false, 1, 1},
                 {"tf32", 256, 4, false, 1, 1},
                 {"bf16", 256, 4, true, 2, 1},
                 {"f16", 256, 4, true, 1, 1},
                 {"bf16", 256, 3, true, 2, 1},
                 {"bf16", 256, 3, true, 1, 2}}) {
    Variant90 v;
    v.math = c.math;
    v.bn = c.bn;
    v.stages = c.stages;
    v.stores = c.stores;
    v.cm = c.cm;
    v.cn = c.cn;
    v.parts = c.parts;
    v.activation = "GeluErf";
    SCOPED_TRACE(v.stub());
    std::string sass = expectHopperCode(v.stub());
    if (sass.empty())
      continue;
    EXPECT_NE(sass.find("HGMMA.64x" + std::to_string(c.bn) +
                        (v.math == "tf32" ? "x8" : "x16")),
              std::string::npos);
    EXPECT_NE(sass.find("UTMALDG.2D"), std::string::npos);
    EXPECT_EQ(sass.find("UTMALDG.2D.MULTICAST") != std::string::npos,
              c.cm * c.cn > 1);
    EXPECT_EQ(sass.find("UTMASTG") != std::string::npos, c.stores);
    EXPECT_NE(sass.find("USETMAXREG"), std::string::npos);
  }
}

} // namespace
} // namespace ingot::emulator
