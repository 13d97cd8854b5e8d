// attention90.cuh against double, over shapes with tails, widths of heads,
// masks and groups; and what the device's compiler makes of it.
#include "codegen/cuda/Nvrtc.h"
#include "test/codegen/cuda/AttentionRun.h"
#include "test/emulator/Nvrtc.h"

using namespace ingot;
using namespace ingot::test;
using namespace ingot::emulator;

namespace {

class Attention90Test : public EmulatorTest {
protected:
  static AttentionVariant variant(const char *math, int64_t d, int64_t dv) {
    AttentionVariant v;
    v.isHopper = true;
    v.math = math, v.d = d, v.dv = dv;
    return v;
  }
  static void check(const AttentionVariant &v, Stub &stub,
                    const AttentionSizes &s, bool byTma = true) {
    control("stats reset");
    EXPECT_EQ(runAttention(v, stub, s), "")
        << v.math << " d " << v.d << " " << v.dv << ", batch " << s.batch
        << " heads " << s.heads << " queries " << s.queries << " keys "
        << s.keys << " pad " << s.pad;
    EXPECT_EQ(statistic("loads") > 0, byTma);
  }
  static void checkInAllModes(const AttentionVariant &v, Stub &stub,
                              const AttentionSizes &s) {
    for (const char *mode : {"late", "early", "random 1", "random 2"}) {
      SCOPED_TRACE(mode);
      control(std::string("mode ") + mode);
      check(v, stub, s);
    }
    control("mode late");
  }
};

class Attention90Cases : public SampledTest<Attention90Test> {};
INSTANTIATE_SAMPLED_TESTS(Attention90Cases);

TEST_F(Attention90Test, Shapes) {
  for (const char *math : {"bf16", "f16"}) {
    AttentionVariant v = variant(math, 64, 64);
    Stub stub(v.stub());
    checkInAllModes(v, stub, {2, 1, 150, 300});
    check(v, stub, {1, 1, 1, 1});
    check(v, stub, {2, 2, 129, 128, 8});
    check(v, stub, {3, 1, 65, 63});
    check(v, stub, {1, 5, 300, 129});
  }
}

TEST_P(Attention90Cases, HeadDims) {
  for (auto [d, dv] : cases<std::pair<int64_t, int64_t>>(
           {{32, 40}, {128, 128}, {256, 256}},
           {{96, 96}, {80, 80}, {192, 128}, {64, 184}})) {
    AttentionVariant v = variant("bf16", d, dv);
    Stub stub(v.stub());
    check(v, stub, {1, 2, 140, 260});
    checkInAllModes(v, stub, {2, 1, 20, 140, 8});
  }
}

TEST_P(Attention90Cases, GroupsCausalAndEmptyRows) {
  for (auto [d, zero] : cases<std::pair<int64_t, bool>>(
           {{64, false}, {128, true}}, {{64, true}})) {
    AttentionVariant v = variant("bf16", d, d);
    v.group = 3, v.causal = true, v.zeroEmpty = zero;
    Stub stub(v.stub());
    checkInAllModes(v, stub, {1, 3, 150, 140}); // the first rows see nothing
    check(v, stub, {2, 3, 9, 150});
    check(v, stub, {1, 3, 300, 100}); // blocks without a key
    check(v, stub, {4, 3, 150, 170});
    check(v, stub, {1, 3, 140, 400});
    check(v, stub, {1, 3, 3, 0}, false);
  }
}

/// What scores depend on, and where it comes from.
TEST_P(Attention90Cases, TermsOfKeysAndPairs) {
  for (auto [bias, causal] : cases<std::pair<Bias, bool>>(
           {{Bias::WideKey, true}, {Bias::Pair, false}},
           {{Bias::None, true},
            {Bias::None, false},
            {Bias::WideKey, false},
            {Bias::Pair, true},
            {Bias::Key, false},
            {Bias::Key, true}})) {
    AttentionVariant v = variant("bf16", 64, 64);
    v.bias = bias, v.causal = causal, v.group = 2;
    Stub stub(v.stub());
    SCOPED_TRACE(testing::Message() << int(bias) << causal);
    checkInAllModes(v, stub, {2, 2, 70, 420});
    check(v, stub, {1, 4, 300, 256});
    check(v, stub, {1, 2, 300, 200});
  }
}

/// Rows of a head one after the other, as caches of decoders have them.
TEST_P(Attention90Cases, HeadsOneAfterTheOther) {
  for (auto [d, group] : cases<std::pair<int64_t, int64_t>>(
           {{64, 1}, {80, 3}}, {{128, 4}, {192, 2}, {256, 1}})) {
    AttentionVariant v = variant("bf16", d, d);
    v.byHeads = true, v.group = group, v.causal = true, v.parts = 3;
    SCOPED_TRACE(testing::Message() << d << " in groups of " << group);
    Stub stub(v.stub());
    checkInAllModes(v, stub, {2, group * 2, 70, 200});
    check(v, stub, {2, group * 2, 1, 300, 8});
    check(v, stub, {3, group, 150, 140});
    check(v, stub, {1, group, 1, 1});
    check(v, stub, {1, group * 2, 5, 40, 1}, false);
  }
}

/// Heads of a group in one tile: their terms, masks and tails; parts of keys.
TEST_P(Attention90Cases, HeadsTogether) {
  for (auto [group, bias] : cases<std::pair<int64_t, Bias>>(
           {{2, Bias::KeyAndHead}, {8, Bias::Pair}},
           {{3, Bias::None}, {4, Bias::WideKey}, {7, Bias::KeyAndHead}})) {
    AttentionVariant v = variant("bf16", 64, 64);
    v.group = group, v.bias = bias, v.causal = true, v.parts = 3;
    Stub stub(v.stub());
    SCOPED_TRACE(group);
    checkInAllModes(v, stub, {2, group * 2, 1, 300});
    check(v, stub, {1, group * 2, 16, 290, 8});
    check(v, stub, {1, group, 100, 70});  // rows without a key
    check(v, stub, {1, group, 128, 130}); // each head by itself
    check(v, stub, {1, group, 5, 40, 1}, false);
  }
}

/// More tasks of up to 64 rows than blocks: a consumer has one to itself. Also
/// an odd number of them, parts, and terms of keys that are each batch's.
TEST_F(Attention90Test, TwoTasksABlock) {
  AttentionVariant v = variant("bf16", 64, 64);
  Stub stub(v.stub());
  checkInAllModes(v, stub, {5, 1, 40, 300});
  check(v, stub, {1, 7, 1, 200, 8});
  check(v, stub, {2, 2, 64, 128});
  // 2 blocks: one panel of queries, and of keys and values, for each task.
  EXPECT_EQ(statistic("loads"), 4u * 3);
  check(v, stub, {2, 2, 65, 128});
  EXPECT_EQ(statistic("loads"), 4u * 4);
  v.group = 2, v.bias = Bias::KeyAndHead, v.causal = true, v.parts = 3;
  Stub together(v.stub());
  checkInAllModes(v, together, {3, 2, 17, 290});
  check(v, together, {2, 4, 32, 260});
  check(v, together, {5, 2, 30, 20}); // rows without a key
}

/// Keys and values come once for all heads.
TEST_F(Attention90Test, HeadsTogetherShareKeys) {
  AttentionVariant v = variant("bf16", 128, 128);
  v.group = 4;
  for (bool alone : {false, true}) {
    v.alone = alone;
    Stub stub(v.stub());
    check(v, stub, {1, 8, 16, 256});
    // Two panels of each of two tiles; of queries where they are alone.
    EXPECT_EQ(statistic("loads"),
              alone ? 8u * 2 * (1 + 2 * 2) : 2u * 2 * 2 * 2);
  }
}

/// Fills of the least float: rows without a key are the mean of all.
TEST_P(Attention90Cases, MeanOfAllKeys) {
  for (auto [bias, parts] :
       cases<std::pair<Bias, int64_t>>({{Bias::None, 3}, {Bias::Key, 0}},
                                       {{Bias::None, 0}, {Bias::Key, 3}})) {
    AttentionVariant v = variant("bf16", 64, 64);
    v.bias = bias, v.causal = v.mean = true;
    v.parts = parts, v.group = parts ? 2 : 1;
    Stub stub(v.stub());
    check(v, stub, {1, 2, 300, 200});
    check(v, stub, {1, v.group, 40, 300});
  }
}

/// A few queries and many keys: as many parts as tiles, more, and one.
TEST_F(Attention90Test, Parts) {
  AttentionVariant v = variant("bf16", 64, 64);
  v.group = 2, v.causal = true;
  for (int64_t parts : {3, 9, 1}) {
    v.parts = parts;
    Stub stub(v.stub());
    if (parts == 3)
      checkInAllModes(v, stub, {1, 4, 2, 700});
    check(v, stub, {2, 2, 130, 300});
    check(v, stub, {1, 2, 150, 100}); // rows without a key
  }
}

/// Rows at other places than multiples of 16 bytes.
TEST_F(Attention90Test, WithoutTma) {
  // Values of more than 128 columns in halves, which overlap here.
  for (auto [d, dv] : {std::pair<int64_t, int64_t>{64, 64}, {256, 200}}) {
    AttentionVariant v = variant("bf16", d, dv);
    v.parts = 3;
    Stub stub(v.stub());
    check(v, stub, {1, 2, 210, 150, 1}, false);
    check(v, stub, {0, 2, 30, 4}, false);
    check(v, stub, {1, 1, 30, 0}, false);
  }
}

TEST_F(Attention90Test, MovesByTheBulk) {
  AttentionVariant v = variant("bf16", 128, 128);
  Stub stub(v.stub());
  check(v, stub, {1, 2, 256, 384});
  // 4 tasks: two panels of queries in halves, and of keys and values of three
  // tiles.
  EXPECT_EQ(statistic("loads"), 4u * 2 * (2 + 3 * 2));
  EXPECT_EQ(statistic("wgmmas"), 4u * 3 * 2 * (8 + 8));
  EXPECT_EQ(statistic("copies16"), 0u);
}

struct Instance {
  const char *math;
  int64_t d, group = 1;
  Bias bias = Bias::Key;
};

class Attention90Code : public Attention90Test {
protected:
  static void check(const cuda::Nvrtc &nvrtc, const Instance &instance,
                    bool byHeads) {
    auto [math, d, group, bias] = instance;
    AttentionVariant v = variant(math, d, d);
    v.causal = true, v.parts = 3, v.group = group, v.bias = bias;
    v.byHeads = byHeads;
    SCOPED_TRACE(testing::Message() << math << d << " in groups of " << group);
    cuda::CudaStub stub;
    stub.name = "attention_test";
    stub.text = v.stub();
    cuda::CudaImage cubin = nvrtc.compile(stub, "sm_90a");
    ASSERT_EQ(cubin.error, "");
    EXPECT_EQ(cubin.frameBytes, 0u);
    EXPECT_EQ(cubin.spillBytes, 0u);
    EXPECT_LE(cubin.registers, 168u);
    printf("%s, %lld heads of %lld: %u registers, %u bytes\n", math,
           static_cast<long long>(group), static_cast<long long>(d),
           cubin.registers, v.hopperShared());
    // Of the assembler: waits injected, setmaxnreg ignored, wgmma serialized.
    for (const char *note : {"C7508", "C7510", "C7513", "C7514", "C7515",
                             "C7517", "C7519", "C7520"})
      EXPECT_EQ(cubin.log.find(note), std::string::npos) << cubin.log;
    std::string sass = disassemble(cubin.image);
    if (sass.empty())
      return;
    for (const char *instruction : {"HGMMA.64x", "UTMALDG.4D", "USETMAXREG"})
      EXPECT_NE(sass.find(instruction), std::string::npos) << instruction;
  }
};

TEST_F(Attention90Code, HeadsSideBySide) {
  llvm::Expected<const cuda::Nvrtc *> nvrtc = cuda::Nvrtc::get();
  if (!nvrtc)
    GTEST_SKIP() << llvm::toString(nvrtc.takeError());
  for (const Instance &each : {Instance{"bf16", 64},
                               {"bf16", 96},
                               {"f16", 128},
                               {"bf16", 192},
                               {"bf16", 64, 4},
                               {"bf16", 128, 4, Bias::KeyAndHead},
                               {"bf16", 192, 4},
                               {"bf16", 256},
                               {"f16", 256, 4, Bias::KeyAndHead},
                               {"bf16", 256, 1, Bias::Pair}})
    check(**nvrtc, each, /*byHeads=*/false);
}

TEST_F(Attention90Code, HeadsOneAfterTheOther) {
  llvm::Expected<const cuda::Nvrtc *> nvrtc = cuda::Nvrtc::get();
  if (!nvrtc)
    GTEST_SKIP() << llvm::toString(nvrtc.takeError());
  for (const Instance &each : {Instance{"bf16", 64, 4},
                               {"f16", 256, 4, Bias::KeyAndHead},
                               {"bf16", 256, 1, Bias::Pair}})
    check(**nvrtc, each, /*byHeads=*/true);
}

} // namespace
