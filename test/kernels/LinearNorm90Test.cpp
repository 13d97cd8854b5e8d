// linear_norm90.cuh against products and norms in double; and what the device's
// compiler makes of it.
#include "LinearNorm90.h"
#include "Gemm90.h"

#include "test/emulator/Nvrtc.h"

#include <array>

namespace ingot::emulator {
namespace {

class LinearNorm90Test : public EmulatorTest {
protected:
  void checkAll(const NormVariant90 &v,
                const std::vector<std::array<int, 4>> &shapes) {
    Stub stub(v.stub());
    for (const char *mode : {"mode late", "mode early", "mode random 1"})
      for (auto [m, n, k, clusters] : shapes) {
        SCOPED_TRACE(mode);
        control(mode);
        NormVariant90 each = v;
        each.clusters = clusters;
        ASSERT_EQ(runLinearNorm90(each, stub, m, n, k, /*special=*/true), "")
            << v.math << " " << m << "x" << n << "x" << k;
      }
  }
};

// Columns that end within a panel, within a block and with one; rows that end
// within a tile; several tiles a cluster.
TEST_F(LinearNorm90Test, Layer) {
  checkAll({}, {{130, 136, 72, 2}, {1, 192, 8, 1}, {520, 184, 136, 1}});
}

TEST_F(LinearNorm90Test, RmsWithItsSum) {
  NormVariant90 v;
  v.math = v.out = "f16";
  v.blocks = 2;
  v.layer = v.copy = false;
  v.keep = true;
  checkAll(v, {{700, 128, 72, 1}, {20, 72, 64, 1}});
}

TEST_F(LinearNorm90Test, EightBlocks) {
  NormVariant90 v;
  v.blocks = 8;
  v.keep = true;
  checkAll(v, {{140, 512, 64, 1}, {10, 456, 72, 1}});
}

TEST_F(LinearNorm90Test, Wide) {
  NormVariant90 v;
  v.bn = 192;
  v.blocks = 2;
  checkAll(v, {{130, 264, 136, 1}});
}

TEST_F(LinearNorm90Test, MovesByTheBulk) {
  NormVariant90 v;
  Stub stub(v.stub());
  control("stats reset");
  EXPECT_EQ(runLinearNorm90(v, stub, 256, 192, 192), "");
  // Of each of six tiles 3 slabs of two boxes; a panel of two consumers.
  EXPECT_EQ(statistic("loads"), 36u);
  EXPECT_EQ(statistic("multicasts"), 0u);
  EXPECT_EQ(statistic("stores"), 12u);
  EXPECT_EQ(statistic("bank_conflicts"), 0u);
  EXPECT_EQ(statistic("stores2"), 0u);
}

TEST_F(LinearNorm90Test, DeviceCode) {
  if (!nvrtcFound())
    GTEST_SKIP() << "no libnvrtc";
  struct Case {
    int bn, blocks;
    bool layer, half, keep, copy;
  };
  for (Case c : {Case{64, 2, true, false, false, true},
                 {128, 6, true, false, false, true},
                 {128, 8, false, true, true, false},
                 {192, 4, true, false, false, true},
                 {192, 4, true, true, true, false},
                 {192, 2, false, false, false, false},
                 {192, 8, true, false, true, true}}) {
    NormVariant90 v;
    v.bn = c.bn;
    v.blocks = c.blocks;
    v.layer = c.layer;
    v.out = c.half ? v.math : "float";
    v.keep = c.keep;
    v.copy = c.copy;
    v.columns = c.bn * c.blocks;
    SCOPED_TRACE(v.stub());
    std::string sass = expectHopperCode(v.stub());
    if (sass.empty())
      continue;
    EXPECT_NE(sass.find("HGMMA.64x" + std::to_string(c.bn) + "x16"),
              std::string::npos);
    // Of shared memory of the cluster, and both barriers.
    EXPECT_NE(sass.find("UCGABAR_WAIT"), std::string::npos);
    EXPECT_NE(sass.find("STAS"), std::string::npos);
    EXPECT_EQ(sass.find("UTMASTG") != std::string::npos, v.stores());
  }
}

} // namespace
} // namespace ingot::emulator
