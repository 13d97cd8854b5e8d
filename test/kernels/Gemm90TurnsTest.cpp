// gemm90_turns.cuh against sums in double, and what the device's compiler makes
// of it.
#include "Gemm90.h"

#include "test/emulator/Nvrtc.h"

#include <array>

namespace ingot::emulator {
namespace {

class Gemm90TurnsTest : public EmulatorTest {
protected:
  Variant90 v;
  Gemm90TurnsTest() { v.turns = true; }
  void checkAll(const std::vector<std::array<int, 3>> &shapes) {
    expectGemm90(v, shapes);
  }
};

// Tails of all three, K of a slab and of more than the ring has; one tile, an
// odd number of them for a block, as many as blocks.
TEST_F(Gemm90TurnsTest, Bf16) {
  checkAll({{128, 128, 64},
            {1, 8, 8},
            {130, 200, 72},
            {300, 264, 200},
            {64, 72, 320}});
  Stub stub(v.stub());
  for (int blocks : {1, 2, 5, 9, 16}) {
    v.blocks = blocks;
    for (int k : {64, 200, 520})
      EXPECT_EQ(runGemm90(v, stub, 260, 264, k), "") << blocks << " blocks";
  }
}

// Panels of 64 columns and what is left of them.
TEST_F(Gemm90TurnsTest, F16OfOtherWidths) {
  v.math = "f16";
  v.activation = "GeluErf";
  for (int bn : {64, 96}) {
    v.bn = bn;
    v.stages = 3;
    v.blocks = 1;
    checkAll({{130, 264, 72}, {70, 200, 328}, {5, 96, 8}});
  }
}

// What is no multiple of 16 bytes leaves without TMA.
TEST_F(Gemm90TurnsTest, PlainStores) {
  v.stores = v.residual = false;
  v.v = 1;
  v.activation = "Identity";
  checkAll({{130, 131, 72}, {1, 1, 8}, {260, 202, 200}});
}

TEST_F(Gemm90TurnsTest, MovesByTheBulk) { expectMovesByTheBulk(v); }

TEST_F(Gemm90TurnsTest, DeviceCode) {
  if (!nvrtcFound())
    GTEST_SKIP() << "no libnvrtc";
  struct Case {
    const char *math;
    int bn, stages;
    bool stores;
  };
  for (Case c : {Case{"bf16", 128, 5, true},
                 {"f16", 128, 7, false},
                 {"f16", 96, 6, true},
                 {"bf16", 64, 8, true}}) {
    v.math = c.math;
    v.bn = c.bn;
    v.stages = c.stages;
    v.stores = c.stores;
    v.activation = "GeluErf";
    SCOPED_TRACE(v.stub());
    std::string sass = expectHopperCode(v.stub());
    if (sass.empty())
      continue;
    EXPECT_NE(sass.find("HGMMA.64x" + std::to_string(c.bn) + "x16"),
              std::string::npos);
    EXPECT_NE(sass.find("UTMALDG.2D"), std::string::npos);
    EXPECT_EQ(sass.find("UTMASTG") != std::string::npos, c.stores);
    EXPECT_NE(sass.find("USETMAXREG"), std::string::npos);
  }
}

} // namespace
} // namespace ingot::emulator
