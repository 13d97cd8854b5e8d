// Linears with quantized weights, arranged by one kernel and multiplied by
// another, both as plans have them.
#include "test/codegen/cuda/KernelTest.h"

#include <cmath>

using namespace ingot;
using namespace ingot::test;

namespace {

struct Case {
  std::string type = "ui4", input = "bf16";
  int64_t k = 96, n = 50, block = 32;
  bool hasZeros = false;
  int64_t panel = 0; ///< columns; 0: as it lies

  int64_t bits() const { return type.back() == '4' ? 4 : 8; }
  int64_t blocks() const { return llvm::divideCeil(k, block); }
  std::string zerosType() const { return type[0] == 'u' ? "ui8" : "i8"; }
  /// Elements of a matrix of `rows` as it is stored.
  int64_t stored(int64_t rows) const {
    return panel
               ? static_cast<int64_t>(llvm::divideCeil(n, panel)) * panel * rows
               : n * rows;
  }
  std::string params() const {
    return "n = " + std::to_string(n) + ", k = " + std::to_string(k) +
           ", block = " + std::to_string(block) +
           (hasZeros ? ", zeros = true" : "");
  }
  std::string arrange() const {
    return "plan.kernel arrange @k outs [ui8, f32" +
           std::string(hasZeros ? ", ui32" : "") + "] ins [" + type + ", f32" +
           (hasZeros ? ", " + zerosType() : "") + "] scalars 0 params {" +
           params() + (panel ? ", panel = " + std::to_string(panel) : "") + "}";
  }
  /// A W + bias, rows 8 elements longer than K.
  std::string linear(const std::string &rows) const {
    auto flat = [](const std::string &type) {
      return ": tensor<?x" + type + ">";
    };
    return "plan.kernel linear @k outs [" + input + "] ins [" + input + ", " +
           type + ", f32" + (hasZeros ? ", " + zerosType() : "") +
           ", f32] scalars 2 params {" + params() + ", m = " + rows +
           ", lda = -2, rows = 64, panels = 1} {\n^bb0(%acc: f32, %m: i64, "
           "%n: i64, %x" +
           flat(input) + ", %w" + flat(type) + ", %s" + flat("f32") +
           (hasZeros ? ", %z" + flat(zerosType()) : "") + ", %b" + flat("f32") +
           ", %M: i64, %l: i64):\n"
           "  %0 = tfm.load %b[%n] : tensor<?xf32> -> f32\n"
           "  %1 = tfm.apply add(%acc, %0) : (f32, f32) -> f32\n"
           "  %2 = tfm.convert %1 : f32 to " +
           input + "\n  tfm.yield %2 : " + input + "\n}";
  }
};

class CudaQuantizedLinear : public CudaKernel {
protected:
  void checkCase(const Case &c,
                 const std::vector<int64_t> &rows = {0, 1, 5, 17},
                 bool allModes = false) {
    SCOPED_TRACE(testing::Message()
                 << c.input << " by " << c.type << " " << c.n << "x" << c.k
                 << " in blocks of " << c.block << (c.hasZeros ? ", zeros" : "")
                 << ", panel " << c.panel << ", " << arch);
    std::mt19937 random(5);
    auto bytes = [&](int64_t count) {
      Tensor tensor = *Tensor::create(ElementType::U8, {count});
      for (int64_t i = 0; i < count; ++i)
        tensor.setInteger(i, random() >> 8 & 255);
      return tensor;
    };
    int64_t perByte = 8 / c.bits();
    // Of floats one alone is NaN.
    auto withOneNan = [&](Tensor tensor) {
      for (int64_t i = 0; c.type[0] == 'f' && i < tensor.size(); ++i)
        if (i == 3 || (tensor.integer(i) & 127) == 127)
          tensor.setInteger(i, i == 3 ? 127 : 0x28);
      return tensor;
    };
    std::vector<Tensor> stored{
        withOneNan(bytes(c.panel ? c.stored(llvm::divideCeil(c.k, perByte))
                                 : static_cast<int64_t>(llvm::divideCeil(
                                       c.stored(c.k), perByte)))),
        noise(c.stored(c.blocks()), 3, 0.1f)};
    if (c.hasZeros)
      stored.push_back(bytes(c.stored(c.blocks())));
    load(c.arrange());
    std::vector<Tensor> weights = check(stored, {});
    ElementType type = c.input == "bf16" ? ElementType::BF16 : ElementType::F16;
    load(c.linear("-1"));
    for (int64_t m : rows) {
      SCOPED_TRACE(m);
      int64_t lda = c.k + 8;
      std::vector<Tensor> inputs{noise(m * lda, 1, 1, type)};
      inputs.insert(inputs.end(), weights.begin(), weights.end());
      inputs.push_back(noise(c.n, 4));
      // Numbers of up to 8 bits times scales of up to 0.1, summed in f32.
      double largest = 0.1 * static_cast<double>((1 << c.bits()) * c.k);
      Tolerance tolerance{2e-6 * largest, 2 * roundingOf(type)};
      if (allModes)
        checkInAllModes(inputs, {m, lda}, tolerance);
      else
        check(inputs, {m, lda}, tolerance);
    }
  }
};

/// Types with zeros and without, as they lie and in panels; K in blocks of
/// every size, that ends within a unit. QuantTest has every weight and every
/// block in CI.
class CudaQuantizedForms : public CudaQuantizedLinear,
                           public testing::WithParamInterface<Case> {};
TEST_P(CudaQuantizedForms, AgreeWithTheReference) {
  const Case &c = GetParam();
  checkCase(c, c.k == 136 ? std::vector<int64_t>{1, 18}
                          : std::vector<int64_t>{0, 1, 5, 17});
}

Case ofType(const char *type, bool hasZeros, int64_t panel) {
  Case c{type, hasZeros ? "f16" : "bf16"};
  c.hasZeros = hasZeros;
  c.panel = panel;
  return c;
}
Case ofBlock(const char *type, int64_t block) {
  return {type, "bf16", 136, 50, block, true};
}
const std::vector<Case> kMainForms = {ofType("ui8", true, 48),
                                      ofType("i4", false, 0)};
std::string nameOf(const Case &c) {
  return c.input + "_" + c.type + "_block" + std::to_string(c.block) + "_k" +
         std::to_string(c.k) + (c.hasZeros ? "_zeros" : "") +
         (c.panel ? "_panels" : "");
}
std::vector<Case> otherForms() {
  std::vector<Case> forms;
  auto add = [&](const Case &c) {
    if (llvm::none_of(kMainForms, [&](const Case &form) {
          return nameOf(form) == nameOf(c);
        }))
      forms.push_back(c);
  };
  for (const char *type : {"i8", "ui8", "i4", "ui4"})
    for (bool hasZeros : {false, true})
      for (int64_t panel : {0, 48})
        add(ofType(type, hasZeros, panel));
  for (const char *type : {"ui4", "i8"})
    for (int64_t block : {16, 32, 64, 128, 136})
      add(ofBlock(type, block));
  return forms;
}
std::string nameOfForm(const testing::TestParamInfo<Case> &info) {
  return nameOf(info.param);
}
INSTANTIATE_TEST_SUITE_P(Main, CudaQuantizedForms,
                         testing::ValuesIn(kMainForms), nameOfForm);
INSTANTIATE_TEST_SUITE_P(Rest, CudaQuantizedForms,
                         testing::ValuesIn(otherForms()), nameOfForm);

class CudaQuantizedCases : public emulator::SampledTest<CudaQuantizedLinear> {};
INSTANTIATE_SAMPLED_TESTS(CudaQuantizedCases);

TEST_P(CudaQuantizedCases, FloatsOf8Bits) {
  // One weight is NaN: all of its column is, and no other.
  Case rows{"f8E4M3FN"}, panels = rows;
  panels.input = "f16";
  panels.block = panels.k;
  panels.panel = 48;
  for (const Case &c : cases<Case>({panels}, {rows}))
    checkCase(c);
}

TEST_F(CudaQuantizedLinear, ElementByElement) {
  Case c{"i4"};
  c.k = 33;
  c.block = 33;
  c.n = 7;
  checkCase(c);
}

TEST_P(CudaQuantizedCases, OnHopper) {
  arch = "sm_90a";
  for (const char *type : cases<const char *>({"ui4"}, {"i8"})) {
    Case c{type, "f16", 520, 130, 128};
    c.hasZeros = true;
    checkCase(c, {1, 16, 70}, /*allModes=*/true);
  }
}

/// Rows of f8 too, on Hopper: tails of all dims, parts of K, blocks, and what
/// TMA cannot take.
TEST_P(CudaQuantizedCases, RowsOfF8) {
  arch = "sm_90a";
  auto loads = [] { return emulator::statistic("loads"); };
  auto numbers = [](int64_t count, unsigned seed) {
    std::mt19937 random(seed);
    Tensor tensor = *Tensor::create(ElementType::F8E4M3FN, {count});
    for (int64_t i = 0; i < count; ++i)
      tensor.setNumber(i, double(random() % 225) / 8 - 14);
    return tensor;
  };
  auto check = [&](int64_t m, int64_t n, int64_t k, int64_t block, int64_t pad,
                   const std::string &out, bool allModes,
                   const char *splits = "", const char *rows = "-1") {
    SCOPED_TRACE(testing::Message() << m << "x" << n << "x" << k << " in blocks"
                                    << " of " << block << ", pitch + " << pad);
    load("plan.kernel linear @k outs [" + out +
         "] ins [f8E4M3FN, f8E4M3FN, f32, f32] scalars 2 params {n = " +
         std::to_string(n) + ", k = " + std::to_string(k) +
         ", block = " + std::to_string(block) + ", m = " + rows +
         ", lda = -2, rows = 64, panels = 1" + splits +
         "} {\n^bb0(%acc: f32, %m: i64, %n: i64, %x: tensor<?xf8E4M3FN>, %w: "
         "tensor<?xf8E4M3FN>, %s: "
         "tensor<?xf32>, %b: tensor<?xf32>, %M: i64, %l: i64):\n"
         "  %0 = tfm.load %b[%n] : tensor<?xf32> -> f32\n"
         "  %1 = tfm.apply add(%acc, %0) : (f32, f32) -> f32\n" +
         (out == "f32" ? "  tfm.yield %1 : f32\n}"
                       : "  %2 = tfm.convert %1 : f32 to bf16\n  tfm.yield "
                         "%2 : bf16\n}"));
    int64_t blocks = static_cast<int64_t>(llvm::divideCeil(k, block));
    std::vector<Tensor> inputs{numbers(m * (k + pad), 1), numbers(n * k, 2),
                               noise(blocks * n, 3, 1e-3f), noise(n, 4)};
    // Sums of a slab have some 14 bits; of few rows they are f32.
    Tolerance tolerance{2e-4 * 0.2 * static_cast<double>(k), 0x1p-7};
    if (m <= 16)
      tolerance = {1e-6 * static_cast<double>(k), out == "f32" ? 1e-5 : 0x1p-8};
    if (allModes)
      checkInAllModes(inputs, {m, k + pad}, tolerance, {12, 1, 1});
    else
      CudaKernel::check(inputs, {m, k + pad}, tolerance);
  };
  // Few rows, in one part whatever the plan says, by a stub for any number and
  // by one for few alone.
  auto checkFew = [&](const char *rows) {
    uint64_t before = loads();
    check(11, 72, 144, 144, 16, "bf16", true, "", rows);
    check(11, 51, 272, 128, 0, "f32", true, "", rows);
    check(11, 72, 2064, 2064, 0, "f32", false, ", splits = 8", rows);
    check(11, 24, 2064, 128, 0, "f32", false, "", rows);
    EXPECT_EQ(printed.maps.empty(), rows[0] != '-');
    check(11, 72, 144, 144, 3, "bf16", false, "", rows);
    EXPECT_EQ(loads(), before);
  };
  if (GetParam() == emulator::Cases::Others)
    return checkFew("11");
  check(130, 72, 144, 144, 16, "bf16", true);
  EXPECT_GT(loads(), 0u);
  check(5, 72, 144, 144, 0, "bf16", false);
  check(0, 72, 144, 144, 0, "bf16", false);
  check(130, 51, 272, 128, 0, "f32", true);
  check(20, 72, 2064, 2064, 0, "f32", true, ", splits = 8");
  EXPECT_EQ(printed.choice, "few rows up to 16, 8 columns a block; wgmma "
                            "128x64, K in up to 6 parts");
  uint64_t before = loads();
  checkFew("-1");
  check(1, 72, 144, 144, 0, "f32", false);
  check(16, 72, 144, 144, 0, "f32", false);
  EXPECT_EQ(loads(), before);
  check(33, 72, 144, 144, 3, "bf16", true); // not by TMA
  shifts = {0, 8};
  check(33, 51, 272, 128, 0, "f32", false);
  EXPECT_EQ(loads(), before);
}

TEST_F(CudaQuantizedLinear, KnownRowsHaveOneKernel) {
  Case c;
  load(c.linear("4"));
  EXPECT_NE(printed.text.find(", 50, 1, "), std::string::npos) << printed.text;
  EXPECT_NE(printed.text.find(", 0, 101376>("), std::string::npos);
  load(c.linear("40"));
  EXPECT_NE(printed.text.find(", 50, 0, 1, 1, "), std::string::npos)
      << printed.text;
  EXPECT_TRUE(printed.isPersistent);
}

} // namespace
