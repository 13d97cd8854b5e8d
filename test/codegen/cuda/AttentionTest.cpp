// Attention of each type: odd shapes, layouts, grouped heads, masks of each
// kind, rows without keys.
#include "test/codegen/cuda/KernelTest.h"

#include <cmath>
#include <functional>

using namespace ingot;
using namespace ingot::test;

namespace {

struct Shape {
  int64_t batch, heads, queries, keys, group = 1;
};

struct Types {
  ElementType type, outType; ///< of q, k and v; of the result
  bool isTf32 = false;
  bool isSplit = false; ///< whether blocks may share keys
  bool isHopper = false;
  emulator::Cases cases = emulator::Cases::All; ///< of masks and forms
};

class CudaAttention : public CudaKernel,
                      public testing::WithParamInterface<Types> {
protected:
  CudaAttention() {
    if (GetParam().isHopper)
      arch = "sm_90a";
  }
  int64_t d = 0, dv = 0, group = 1, parts = 3;
  ElementType type = GetParam().type;
  /// What is loaded, without how many heads it has: Hopper wants a number.
  std::function<std::string(int64_t)> kernelOf;

  /// q [B, S, H, D], k [B, T, G, D], v [B, T, G, E] with `pad` floats after
  /// each row; `extra` has types of further inputs %x0, ...; `body` names the
  /// score in its last line.
  void loadAttention(int64_t width, int64_t valueWidth, int64_t groupSize,
                     const std::string &extra, const std::string &body,
                     const std::string &result,
                     const std::string &empty = "scores",
                     const std::string &params = "") {
    d = width, dv = valueWidth, group = groupSize;
    std::string inputs, types;
    int i = 0;
    for (char c : extra) {
      std::string type = c == 'f' ? "f32" : c == 'b' ? "i1" : "i64";
      inputs += ", %x" + std::to_string(i++) + ": tensor<?x" + type + ">";
      types += ", " + type;
    }
    auto n = [](int64_t value) { return std::to_string(value); };
    std::string t = nameOf(type), flat = ": tensor<?x" + t + ">";
    kernelOf = [=, this](int64_t heads) {
      return "plan.kernel attention @k outs [" + nameOf(GetParam().outType) +
             "] ins [" + t + ", " + t + ", " + t + types + "] scalars " +
             (GetParam().isSplit ? "12" : "11") +
             " params {batch = -1, heads = " + n(heads) +
             ", queries = -3, keys = "
             "-4, d = " +
             n(d) + ", dv = " + n(dv) + ", group = " + n(group) +
             ", scale = 0.25 : f64, q_strides = array<i64: -5, -6, " + n(d) +
             ">, k_strides = array<i64: -7, -8, " + n(d) +
             ">, v_strides = array<i64: -9, -10, " + n(dv) +
             ">, rows = 32, empty_rows = \"" + empty + "\"" + params +
             (GetParam().isTf32 ? ", math = \"tf32\"" : "") +
             (GetParam().isSplit ? ", splits = -12" : "") +
             "} {\n^bb0(%s: f32, %b: i64, %h: i64, %q: i64, %k: i64, %iq" +
             flat + ", %ik" + flat + ", %iv" + flat + inputs +
             ", %B: i64, %H: i64, %Q: i64, %K: i64, %s0: i64, %s1: i64, %s2: "
             "i64, "
             "%s3: i64, %s4: i64, %s5: i64, %c: i64" +
             (GetParam().isSplit ? ", %parts: i64" : "") +
             "):\n"
             "%inf = arith.constant 0xFF800000 : f32\n" +
             body + "\ntfm.yield " + result + " : f32\n}";
    };
    if (!GetParam().isHopper)
      load(kernelOf(-2));
  }

  void checkShape(const Shape &s, std::vector<Tensor> extra = {},
                  int64_t pad = 0, bool allModes = false, float scale = 1) {
    SCOPED_TRACE(testing::Message()
                 << "batch " << s.batch << " heads " << s.heads << " queries "
                 << s.queries << " keys " << s.keys << " pad " << pad);
    if (GetParam().isHopper)
      load(kernelOf(s.heads));
    int64_t g = s.heads / group;
    int64_t q = s.heads * d + pad, k = g * d + pad, v = g * dv + pad;
    std::vector<Tensor> inputs{noise(s.batch * s.queries * q, 1, scale, type),
                               noise(s.batch * s.keys * k, 2, scale, type),
                               noise(s.batch * s.keys * v, 3, 1, type)};
    inputs.insert(inputs.end(), extra.begin(), extra.end());
    std::vector<int64_t> scalars{
        s.batch,    s.heads, s.queries,  s.keys, s.queries * q,         q,
        s.keys * k, k,       s.keys * v, v,      s.keys - s.queries + 1};
    if (GetParam().isSplit)
      scalars.push_back(parts);
    // 16-bit types round weights once, tf32 products; then the result is.
    double rounded = type != ElementType::F32 ? 1.5 * roundingOf(type)
                     : GetParam().isTf32      ? 1.5e-3 * scale * scale
                                              : 0;
    Tolerance tolerance{3e-6 + rounded,
                        3e-6 + 2 * roundingOf(GetParam().outType)};
    if (allModes)
      checkInAllModes(inputs, scalars, tolerance, {2, 1, 1});
    else
      check(inputs, scalars, tolerance, {2, 1, 1});
  }
};
std::string nameOfTypes(const testing::TestParamInfo<Types> &info) {
  return (info.param.isTf32 ? "tf32" : nameOf(info.param.type)) + "_to_" +
         nameOf(info.param.outType) + (info.param.isSplit ? "_split" : "") +
         (info.param.isHopper ? "_sm90" : "");
}
/// Those of Main in CI, one of each kernel, and the others.
const std::vector<Types> kMainTypes = {
    {ElementType::F32, ElementType::F32},
    {ElementType::BF16, ElementType::BF16, false, true},
    {ElementType::F16, ElementType::F32, false, true, true}};
const std::vector<Types> kOtherTypes = {
    {ElementType::F32, ElementType::BF16},
    {ElementType::F32, ElementType::F32, true},
    {ElementType::BF16, ElementType::F32},
    {ElementType::BF16, ElementType::BF16},
    {ElementType::F16, ElementType::F16},
    {ElementType::F32, ElementType::F32, false, true},
    {ElementType::F32, ElementType::F32, true, true},
    {ElementType::BF16, ElementType::BF16, false, false, true}};
INSTANTIATE_TEST_SUITE_P(Main, CudaAttention, testing::ValuesIn(kMainTypes),
                         nameOfTypes);
INSTANTIATE_TEST_SUITE_P(Rest, CudaAttention, testing::ValuesIn(kOtherTypes),
                         nameOfTypes);

/// Masks, widths and groups, of which many stubs come: CI has few of them,
/// masks in f32 and on Hopper, the others in f32 alone. AttentionMmaTest,
/// Attention90Test and whole models have them on tensor cores.
class CudaAttentionMasks : public CudaAttention {};
class CudaAttentionForms : public CudaAttention {};
std::vector<Types> inMain(std::vector<Types> types) {
  for (Types &t : types)
    t.cases = emulator::Cases::Few;
  return types;
}
/// All types; of those that Main has the other cases.
std::vector<Types> inRest(std::vector<Types> main) {
  std::vector<Types> types = main;
  for (Types &t : types)
    t.cases = emulator::Cases::Others;
  for (const std::vector<Types> *all : {&kMainTypes, &kOtherTypes})
    for (const Types &t : *all)
      if (llvm::none_of(main, [&](const Types &m) {
            return m.type == t.type && m.outType == t.outType &&
                   m.isTf32 == t.isTf32 && m.isSplit == t.isSplit &&
                   m.isHopper == t.isHopper;
          }))
        types.push_back(t);
  return types;
}
const std::vector<Types> kMaskTypes = inMain({kMainTypes[0], kMainTypes[2]}),
                         kFormTypes = inMain({kMainTypes[0]});
INSTANTIATE_TEST_SUITE_P(Main, CudaAttentionMasks,
                         testing::ValuesIn(kMaskTypes), nameOfTypes);
INSTANTIATE_TEST_SUITE_P(Rest, CudaAttentionMasks,
                         testing::ValuesIn(inRest(kMaskTypes)), nameOfTypes);
INSTANTIATE_TEST_SUITE_P(Main, CudaAttentionForms,
                         testing::ValuesIn(kFormTypes), nameOfTypes);
INSTANTIATE_TEST_SUITE_P(Rest, CudaAttentionForms,
                         testing::ValuesIn(inRest(kFormTypes)), nameOfTypes);

TEST_P(CudaAttention, Shapes) {
  loadAttention(64, 64, 1, "", "", "%s");
  checkShape({2, 2, 70, 130}, {}, 0, true);
  checkShape({1, 1, 1, 1});
  checkShape({1, 2, 3, 64}, {}, 4);
  checkShape({1, 1, 65, 63}, {}, 1); // by elements
  checkShape({0, 2, 3, 4});
  checkShape({2, 1, 0, 4});
}

/// A few queries and many keys; more parts than tiles of keys, and one.
TEST_P(CudaAttention, Parts) {
  if (!GetParam().isSplit)
    return;
  loadAttention(64, 48, 2, "", "", "%s");
  for (int64_t count : {1, 2, 7, 32}) {
    parts = count;
    checkShape({2, 4, 1, 517}, {}, 0, count == 7);
    checkShape({1, 2, 5, 130}, {}, 1);
    checkShape({1, 2, 70, 1});
  }
}

/// Keys from q + n on are not looked at; nothing changes by that, whatever else
/// is masked: the reference looks at all.
TEST_P(CudaAttentionForms, LaterKeysAreSkipped) {
  struct Case {
    const char *rule, *fill;
    int64_t n;
  };
  for (auto [rule, fill, n] :
       emulator::casesOf<Case>(GetParam().cases, {{"mean", "%lowest", 70}},
                               {{"zero", "%inf", 1},
                                {"nan", "%inf", 1},
                                {"nan", "%inf", 70},
                                {"zero", "%inf", 70},
                                {"mean", "%lowest", 1}})) {
    SCOPED_TRACE(testing::Message() << rule << n);
    std::string count = std::to_string(n);
    loadAttention(32, 32, 1, "b",
                  R"mlir(
      %lowest = arith.constant -3.4028235e+38 : f32
      %zero = arith.constant 0.0 : f32
      %n = arith.constant )mlir" +
                      count + R"mlir( : i64
      %1 = tfm.apply add(%q, %n) : (i64, i64) -> i64
      %2 = tfm.apply lt(%k, %1) : (i64, i64) -> i1
      %3 = tfm.apply mul(%b, %K) : (i64, i64) -> i64
      %4 = tfm.apply add(%3, %k) : (i64, i64) -> i64
      %5 = tfm.load %x0[%4] : tensor<?xi1> -> i1
      %6 = tfm.apply and(%2, %5) : (i1, i1) -> i1
      %7 = tfm.choose %6, %zero, )mlir" +
                      fill + R"mlir( : f32
      %8 = tfm.apply add(%s, %7) : (f32, f32) -> f32)mlir",
                  "%8", rule, ", causal_keys = " + count);
    for (auto [queries, keys] :
         {std::pair<int64_t, int64_t>{1, 130}, {150, 150}, {70, 20}, {3, 0}})
      for (bool padded : {false, true}) {
        // Of the second batch no early key is kept: its first rows are empty.
        std::vector<int64_t> keep(2 * keys, 1);
        for (int64_t k = 0; padded && k < keys; ++k) {
          keep[k] = k % 3 != 0;
          keep[keys + k] = k >= 70;
        }
        checkShape({2, 1, queries, keys}, {integers(ElementType::Bool, keep)},
                   0, padded);
      }
  }
}

constexpr const char *kCausal = R"mlir(
  %far = tfm.apply le(%k, %q) : (i64, i64) -> i1
  %r = tfm.choose %far, %s, %inf : f32)mlir";

/// Of three blocks of rows the first needs one tile of keys, the last three.
/// In f32 one of the stubs is CausalAndEmptyRows' too.
TEST_P(CudaAttentionMasks, LaterKeysAreNotFetched) {
  if (GetParam().cases == emulator::Cases::Others)
    return; // all are few
  parts = 1;
  auto fetched = [&](const std::string &rule, const std::string &more) {
    // What is 16 wide is no work for TMA.
    int64_t width = GetParam().isHopper ? 16 : 32;
    loadAttention(width, width, 1, "", rule == "nan" ? kCausal : R"mlir(
      %lowest = arith.constant -3.4028235e+38 : f32
      %far = tfm.apply le(%k, %q) : (i64, i64) -> i1
      %r = tfm.choose %far, %s, %lowest : f32)mlir",
                  "%r", rule, more);
    emulator::control("stats reset");
    checkShape({1, 2, 192, 192});
    std::istringstream lines(emulator::control("stats"));
    std::string name;
    int64_t total = 0;
    for (int64_t count; lines >> name >> count;)
      if (name.starts_with("copies") || name == "loads2")
        total += count;
    return total;
  };
  int64_t all = fetched("nan", "");
  EXPECT_LT(fetched("nan", ", causal_keys = 1"), all * 3 / 4);
  // On tensor cores rows are not asked whether they have a key.
  bool asks = type == ElementType::F32 && !GetParam().isTf32;
  int64_t some = fetched("mean", ", causal_keys = 1");
  if (asks)
    EXPECT_LT(some, all * 3 / 4);
  else
    EXPECT_EQ(some, all);
}

TEST_P(CudaAttentionForms, HeadDims) {
  for (auto [width, valueWidth] :
       emulator::casesOf<std::pair<int64_t, int64_t>>(
           GetParam().cases, {{80, 96}, {300, 16}},
           {{16, 5}, {32, 32}, {128, 128}, {40, 33}, {256, 200}})) {
    SCOPED_TRACE(width);
    loadAttention(width, valueWidth, 1, "", "", "%s");
    checkShape({1, 2, 20, 37}, {}, 0, width == 80);
    checkShape({1, 2, 5, 3}, {}, 3);
  }
}

TEST_P(CudaAttentionForms, GroupedHeads) {
  if (GetParam().cases == emulator::Cases::Others)
    return;
  loadAttention(32, 32, 3, "", "", "%s");
  checkShape({2, 6, 9, 20});
}

/// Queries beyond the keys: with keys counted from the end the first rows see
/// nothing.
constexpr const char *kCausalFromEnd = R"mlir(
  %o = tfm.apply sub(%K, %Q) : (i64, i64) -> i64
  %last = tfm.apply add(%q, %o) : (i64, i64) -> i64
  %far = tfm.apply le(%k, %last) : (i64, i64) -> i1
  %r = tfm.choose %far, %s, %inf : f32)mlir";

TEST_P(CudaAttentionMasks, CausalAndEmptyRows) {
  struct Case {
    const char *empty;
    bool isKnown, isFromEnd;
  };
  for (auto [empty, isKnown, isFromEnd] : emulator::casesOf<Case>(
           GetParam().cases, {{"nan", true, false}, {"zero", true, true}},
           {{"zero", false, false},
            {"zero", false, true},
            {"nan", true, true},
            {"zero", true, false},
            {"nan", false, false},
            {"nan", false, true}})) {
    SCOPED_TRACE(testing::Message() << empty << isKnown << isFromEnd);
    if (!isFromEnd) {
      loadAttention(32, 32, 1, "", kCausal, "%r", empty,
                    isKnown ? ", causal_keys = 1" : "");
      checkShape({1, 2, 70, 70}, {}, 0, true);
      checkShape({1, 2, 90, 20});
      continue;
    }
    loadAttention(32, 32, 1, "", kCausalFromEnd, "%r", empty,
                  isKnown ? ", causal_keys = -11" : "");
    checkShape({1, 2, 190, 20}, {}, 0, isKnown); // blocks without a key
    checkShape({1, 2, 20, 90});
    checkShape({2, 2, 3, 0}); // no keys at all
  }
}

/// Finite fills: one that absorbs scores gives the mean over the keys it
/// leaves finite, one that does not gives what the formula says.
TEST_P(CudaAttentionForms, EmptyRowsMeanAndScores) {
  if (GetParam().cases == emulator::Cases::Others)
    return; // all are few
  for (auto [fill, empty] :
       {std::pair<const char *, const char *>{"-3.40282347E+38", "mean"},
        {"-10000.0", "scores"}}) {
    SCOPED_TRACE(empty);
    loadAttention(32, 32, 1, "bb",
                  std::string("%fill = arith.constant ") + fill + R"mlir( : f32
      %zero = arith.constant 0.0 : f32
      %at = tfm.apply mul(%b, %K) : (i64, i64) -> i64
      %i = tfm.apply add(%at, %k) : (i64, i64) -> i64
      %v = tfm.load %x0[%i] : tensor<?xi1> -> i1
      %w = tfm.load %x1[%k] : tensor<?xi1> -> i1
      %m0 = tfm.choose %v, %zero, %fill : f32
      %m1 = tfm.choose %w, %zero, %fill : f32
      %r0 = tfm.apply add(%s, %m0) : (f32, f32) -> f32
      %r = tfm.apply add(%r0, %m1) : (f32, f32) -> f32)mlir",
                  "%r", empty);
    // Batch 0 keeps every other key, batch 1 none; the second mask drops the
    // first ten, where two fills overflow to -inf.
    int64_t keys = 80;
    std::vector<int64_t> first, second;
    for (int64_t i = 0; i < 2 * keys; ++i)
      first.push_back(i < keys && i % 2);
    for (int64_t i = 0; i < keys; ++i)
      second.push_back(i >= 10);
    checkShape({2, 2, 9, keys}, {integers(ElementType::Bool, first),
                                 integers(ElementType::Bool, second)});
  }
}

TEST_P(CudaAttentionMasks, BiasAndSoftCap) {
  if (GetParam().cases == emulator::Cases::Others)
    return;
  loadAttention(32, 32, 1, "f", R"mlir(
      %fifty = arith.constant 50.0 : f32
      %t0 = tfm.apply div(%s, %fifty) : (f32, f32) -> f32
      %t1 = tfm.apply tanh(%t0) : (f32) -> f32
      %t2 = tfm.apply mul(%t1, %fifty) : (f32, f32) -> f32
      %r0 = tfm.apply mul(%h, %Q) : (i64, i64) -> i64
      %r1 = tfm.apply add(%r0, %q) : (i64, i64) -> i64
      %r2 = tfm.apply mul(%r1, %K) : (i64, i64) -> i64
      %r3 = tfm.apply add(%r2, %k) : (i64, i64) -> i64
      %bias = tfm.load %x0[%r3] : tensor<?xf32> -> f32
      %r = tfm.apply add(%t2, %bias) : (f32, f32) -> f32)mlir",
                "%r");
  checkShape({2, 2, 33, 65}, {noise(2 * 33 * 65)}, 0, true, 10);
}

TEST_P(CudaAttentionForms, ValuesThatAreNotFinite) {
  if (GetParam().cases == emulator::Cases::Others)
    return;
  loadAttention(32, 32, 1, "f", R"mlir(
      %bias = tfm.load %x0[%k] : tensor<?xf32> -> f32
      %r = tfm.apply add(%s, %bias) : (f32, f32) -> f32)mlir",
                "%r");
  Tensor bias = noise(70);
  bias.setNumber(68, NAN);
  checkShape({1, 1, 5, 70}, {bias});
  bias.setNumber(68, INFINITY);
  checkShape({1, 1, 5, 70}, {bias});
  bias.setNumber(68, 1e30);
  checkShape({1, 1, 5, 70}, {bias});
}

} // namespace
