// Attention on tensor cores: bf16, f16 and tf32 against double, and what NVRTC
// makes of it.
#include "codegen/cuda/Nvrtc.h"
#include "test/codegen/cuda/AttentionRun.h"
#include "test/emulator/Nvrtc.h"

using namespace ingot;
using namespace ingot::test;
using namespace ingot::emulator;

namespace {

class CudaAttentionMma : public EmulatorTest {
protected:
  static void check(const AttentionVariant &v, Stub &stub,
                    const AttentionSizes &s) {
    EXPECT_EQ(runAttention(v, stub, s), "")
        << v.math << " d " << v.d << " " << v.dv << ", batch " << s.batch
        << " heads " << s.heads << " queries " << s.queries << " keys "
        << s.keys << " pad " << s.pad;
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

TEST_F(CudaAttentionMma, ShapesOfEachType) {
  for (const char *math : {"bf16", "f16", "tf32"}) {
    AttentionVariant v;
    v.math = math;
    Stub stub(v.stub());
    checkInAllModes(v, stub, {1, 2, 70, 130});
    check(v, stub, {1, 1, 1, 1});
    check(v, stub, {2, 2, 3, 64, 8});
    check(v, stub, {1, 1, 65, 63, 1}); // element by element
    check(v, stub, {0, 2, 3, 4});
    check(v, stub, {1, 1, 3, 0});
  }
}

/// Of a kind of products, and which cases of it.
using Products = std::pair<const char *, Cases>;
class CudaAttentionProducts : public CudaAttentionMma,
                              public testing::WithParamInterface<Products> {
protected:
  const char *math = GetParam().first;
  Cases which = GetParam().second;
};
auto nameOfMath = [](const testing::TestParamInfo<Products> &info) {
  return info.param.first;
};
INSTANTIATE_TEST_SUITE_P(Main, CudaAttentionProducts,
                         testing::Values(Products("bf16", Cases::Few)),
                         nameOfMath);
INSTANTIATE_TEST_SUITE_P(Rest, CudaAttentionProducts,
                         testing::Values(Products("bf16", Cases::Others),
                                         Products("tf32", Cases::All),
                                         Products("float", Cases::All)),
                         nameOfMath);

TEST_P(CudaAttentionProducts, HeadDims) {
  for (auto [d, dv] : casesOf<std::pair<int64_t, int64_t>>(
           which, {{16, 5}, {256, 200}},
           {{80, 96}, {32, 32}, {128, 128}, {40, 33}})) {
    AttentionVariant v;
    v.math = math, v.d = d, v.dv = dv;
    Stub stub(v.stub());
    check(v, stub, {1, 2, 20, 70});
    check(v, stub, {1, 1, 5, 3, 3});
  }
}

TEST_F(CudaAttentionMma, GroupsCausalAndEmptyRows) {
  for (bool zero : {false, true}) {
    AttentionVariant v;
    v.d = v.dv = 32, v.group = 3, v.causal = true, v.zeroEmpty = zero;
    Stub stub(v.stub());
    checkInAllModes(v, stub, {1, 6, 90, 70}); // the first rows see nothing
    check(v, stub, {2, 3, 9, 150});
  }
}

/// Heads of a group in one tile: their terms, masks and tails; parts of keys.
TEST_P(CudaAttentionProducts, HeadsTogether) {
  for (auto [group, bias] : casesOf<std::pair<int64_t, Bias>>(
           which, {{3, Bias::None}, {7, Bias::Pair}},
           {{2, Bias::KeyAndHead}, {4, Bias::Key}, {8, Bias::KeyAndHead}})) {
    AttentionVariant v;
    v.math = math, v.d = v.dv = 32, v.group = group, v.bias = bias;
    v.causal = true, v.parts = 3;
    Stub stub(v.stub());
    SCOPED_TRACE(group);
    checkInAllModes(v, stub, {2, group * 2, 1, 150});
    check(v, stub, {1, group * 2, 16, 130, 8});
    check(v, stub, {1, group, 50, 35}); // rows without a key
    check(v, stub, {1, group, 64, 70}); // each head by itself
    check(v, stub, {1, group, 5, 20, 1});
    check(v, stub, {1, group, 0, 20});
    v.mean = true, v.parts = 0;
    Stub mean(v.stub());
    check(v, mean, {1, group, 50, 35});
  }
}

/// As many parts as are loaded at once, more and fewer; values of widths that
/// are read in 16, 8 and 4 bytes.
class CudaAttentionMmaCases : public SampledTest<CudaAttentionMma> {};
INSTANTIATE_SAMPLED_TESTS(CudaAttentionMmaCases);
TEST_P(CudaAttentionMmaCases, PartsAddUp) {
  struct Case {
    const char *math;
    int64_t dv, parts;
  };
  for (auto [math, dv, parts] :
       cases<Case>({{"bf16", 40, 8}, {"float", 30, 9}}, {{"bf16", 33, 2},
                                                         {"bf16", 30, 9},
                                                         {"bf16", 24, 17},
                                                         {"float", 40, 8},
                                                         {"float", 33, 2},
                                                         {"float", 24, 17}})) {
    AttentionVariant v;
    v.math = math, v.d = 16, v.dv = dv, v.parts = parts;
    Stub stub(v.stub());
    SCOPED_TRACE(testing::Message() << math << dv << " parts " << parts);
    checkInAllModes(v, stub, {1, 2, 3, 64 * parts});
    check(v, stub, {1, 1, 70, 64 * parts - 70});
    check(v, stub, {2, 1, 1, 20});
  }
}

TEST_F(CudaAttentionMma, DeviceCode) {
  llvm::Expected<const cuda::Nvrtc *> nvrtc = cuda::Nvrtc::get();
  if (!nvrtc)
    GTEST_SKIP() << llvm::toString(nvrtc.takeError());
  struct Instance {
    const char *math;
    int64_t d, group = 1;
  };
  for (auto [math, d, group] : {Instance{"bf16", 64},
                                {"f16", 128},
                                {"bf16", 256},
                                {"tf32", 64},
                                {"tf32", 128},
                                {"bf16", 128, 4},
                                {"tf32", 128, 4}}) {
    AttentionVariant v;
    v.math = math, v.d = v.dv = d, v.causal = true;
    v.group = group, v.parts = group > 1 ? 3 : 0;
    SCOPED_TRACE(testing::Message() << math << d << " in groups of " << group);
    cuda::CudaStub stub;
    stub.name = "attention_test";
    stub.text = v.stub();
    cuda::CudaImage cubin = (*nvrtc)->compile(stub, "sm_80"),
                    ptx = (*nvrtc)->compile(stub, "compute_80");
    ASSERT_EQ(cubin.error, "");
    EXPECT_EQ(cubin.spillBytes, 0u);
    EXPECT_EQ(cubin.frameBytes, 0u);
    printf("%s, heads of %lld: %u registers, %u bytes\n", math,
           static_cast<long long>(d), cubin.registers, v.shared());
    EXPECT_NE(ptx.image.find("mma.sync"), std::string::npos);
    EXPECT_NE(ptx.image.find("cp.async.cg"), std::string::npos);
    std::string sass = disassemble(cubin.image);
    if (sass.empty())
      continue;
    EXPECT_NE(sass.find("HMMA"), std::string::npos);
    EXPECT_NE(sass.find("LDGSTS"), std::string::npos);
  }
}

} // namespace
