// linear kernels: few and many rows, sizes beside the tiles', alignment,
// epilogues, types.
#include "test/codegen/cuda/LinearTest.h"

using namespace ingot;
using namespace ingot::test;

namespace {

TEST_F(CudaLinear, RowsThatAreANumber) {
  loadLinear(24, 64, "4");
  EXPECT_EQ(printed.sharedBytes, 0u);
  EXPECT_FALSE(printed.isPersistent);
  checkRows(4);
  loadLinear(24, 64, "20");
  checkRows(20);
}

/// Each kind of products; then the others. Linear90Test has f16, GemmTest its
/// products on an sm_80.
const std::vector<LinearTypes> kMainTypes = {
    {F32, F32}, {F32, BF16, true, true}, {BF16, BF16}};
const std::vector<LinearTypes> kOtherTypes = {{F16, F32, false, true},
                                              {F32, BF16},
                                              {F32, F32, true},
                                              {F32, BF16, true},
                                              {BF16, F32},
                                              {F16, F32},
                                              {F16, F16},
                                              {BF16, F16},
                                              {F32, F32, false, true},
                                              {BF16, BF16, false, true}};
INSTANTIATE_TEST_SUITE_P(Main, CudaLinearTypes, testing::ValuesIn(kMainTypes),
                         nameOfTypes);
INSTANTIATE_TEST_SUITE_P(Rest, CudaLinearTypes, testing::ValuesIn(kOtherTypes),
                         nameOfTypes);

/// N and K of many kinds: of each type CI has few.
class CudaLinearForms : public CudaLinearTypes {};
std::vector<LinearTypes> withCases(std::vector<LinearTypes> types,
                                   emulator::Cases cases) {
  for (LinearTypes &t : types)
    t.cases = cases;
  return types;
}
INSTANTIATE_TEST_SUITE_P(Main, CudaLinearForms,
                         testing::ValuesIn(withCases(kMainTypes,
                                                     emulator::Cases::Few)),
                         nameOfTypes);
std::vector<LinearTypes> otherForms() {
  std::vector<LinearTypes> types =
      withCases(kMainTypes, emulator::Cases::Others);
  types.insert(types.end(), kOtherTypes.begin(), kOtherTypes.end());
  return types;
}
INSTANTIATE_TEST_SUITE_P(Rest, CudaLinearForms, testing::ValuesIn(otherForms()),
                         nameOfTypes);

TEST_P(CudaLinearTypes, FewRows) {
  loadLinear(40, 600);
  for (int64_t m : {0, 1, 7, 8, 9, 16})
    checkRows(m);
  checkRows(2, 0, false, {1, 2, 1});
  checkRows(3, 8);
  for (int64_t m : {3, 12})
    checkRows(m, 1); // rows at odd addresses
  checkRows(5, 0, true, {1, 1, 1});
  checkRows(13, 0, true, {2, 1, 1});
  if (type == F32)
    return;
  for (int64_t m : {17, 24, 31, 32, 33})
    checkRows(m);
  checkRows(25, 0, true, {2, 1, 1});
  checkRows(32, 8, false, {1, 1, 1});
  checkRows(20, 1);
}

/// Alone; parts of K that are whole steps, end within one, and have nothing.
TEST_P(CudaLinearForms, FewRowsAlone) {
  if (isSplit)
    return;
  bool isHalf = type != F32;
  using Case = std::array<int64_t, 3>;
  std::vector<Case> few{{8, 8, 1}, {41, 1000, 16}},
      others{{70, 768, 8},  {70, 768, 1},  {70, 768, 16}, {8, 8, 8}, {8, 8, 16},
             {41, 1000, 1}, {41, 1000, 8}, {70, 768, 32}, {8, 8, 17}};
  if (isHalf)
    few.push_back({41, 1000, 29});
  for (auto [n, k, m] : emulator::casesOf(GetParam().cases, few, others)) {
    loadLinear(n, k, std::to_string(m));
    EXPECT_EQ(printed.choice.find("few rows") == 0, m <= (isHalf ? 32 : 8));
    checkRows(m, 0, m == 16 || m == 29, {2, 1, 1});
    checkRows(m, 1, false, {2, 1, 1});
  }
}

/// Operands of 16 bits come in 16 bytes, single elements are the residual's.
TEST_P(CudaLinearTypes, WidthsOfFewRows) {
  if (type == F32)
    return;
  loadLinear(40, 600); // FewRows' stub
  auto reads = [&](int64_t m, std::initializer_list<const char *> names) {
    auto count = [&] {
      uint64_t sum = 0;
      for (const char *name : names)
        sum += emulator::statistic(name);
      return sum;
    };
    uint64_t before = count();
    checkRows(m);
    return count() - before;
  };
  for (int64_t m : {1, 16, 32}) {
    EXPECT_GE(reads(m, {"loads16"}), (40u + m) * 600 * 2 / 16);
    EXPECT_LE(reads(m, {"loads1", "loads2"}), 40u * m);
  }
}

TEST_P(CudaLinearTypes, ManyRows) {
  loadLinear(72, 200);
  checkRows(33, 0, true);
  checkRows(70, 8, false, {1, 1, 1});
  checkRows(65, 3); // A by elements
}

/// Columns in ones, W by elements, a few rows of it, one element. CI has two of
/// them in bf16, one in f32 and in tf32.
TEST_P(CudaLinearForms, NarrowColumnsAndRows) {
  using Size = std::pair<int64_t, int64_t>;
  std::vector<Size> few{{50, 72}, {72, 33}, {33, 7}, {1, 1}}, others;
  if (type == BF16) {
    others = {few[1], few[3]};
    few = {few[0], few[2]};
  } else {
    others = few;
    few = {few[isTf32 ? 1 : 3]};
    llvm::erase(others, few[0]);
  }
  for (auto [columns, depth] :
       emulator::casesOf(GetParam().cases, few, others)) {
    loadLinear(columns, depth);
    if (columns == 50)
      checkRows(64);
    else if (columns == 72)
      checkRows(67, 0, true, {2, 1, 1});
    else if (columns == 33)
      checkRows(5);
    else
      for (int64_t m : {1, 100})
        checkRows(m);
  }
}

/// As many parts as tiles would have slabs, more, and one.
TEST_P(CudaLinearTypes, Parts) {
  if (!isSplit)
    return;
  loadLinear(72, 520);
  for (int64_t count : {1, 2, 5, 17, 40}) {
    parts = count;
    checkRows(33, 0, count == 5, {7, 1, 1});
    checkRows(130, 3, false, {7, 1, 1});
  }
  // Few rows share nothing.
  for (int64_t m : {8, 20})
    checkRows(m);
}

TEST_P(CudaLinearTypes, LargeTiles) {
  if (type == ElementType::F32 && !isTf32) {
    // Beside small ones, but for thousands of rows: alone.
    loadLinear(128 * 32 - 4, 8, "383");
    EXPECT_EQ(printed.choice, "128x128");
    checkRows(383, 0, false, {5, 1, 1});
    return;
  }
  loadLinear(128 * 32 - 4, 8);
  EXPECT_EQ(printed.choice,
            type == F32 ? "few rows up to 8; 64x64; 128x128 from M 65"
                        : "few rows up to 16, 24 columns a block; few rows up "
                          "to 32, 24 columns a block; 64x64; 128x128 from M "
                          "65");
  checkRows(65, 0, false, {5, 1, 1}); // what a pack for GPUs carries
  checkRows(128 * 2 + 1, 0, false, {5, 1, 1});
}

/// All ways of reading in an epilogue: rows of the residual `pitch` apart, a
/// number a row, a table with two others between its elements, a mask that
/// is not read in the first 8 columns, and an index that is looked up.
std::string readsText(const std::string &t, const std::string &out) {
  return "plan.kernel linear @k outs [" + out + "] ins [" + t + ", " + t +
         ", " + t + R"mlir(, f32, f32, i1, i64] scalars 2
      params {m = -1, n = 76, k = 64, lda = 64, rows = 6, panels = 2} {
    ^bb0(%acc: f32, %m: i64, %n: i64, %x: tensor<?x)mlir" +
         t + ">, %w: tensor<?x" + t + ">, %r: tensor<?x" + t +
         R"mlir(>, %s: tensor<?xf32>, %t: tensor<?xf32>, %k: tensor<?xi1>, %i: tensor<?xi64>, %M: i64, %pitch: i64):
      %three = arith.constant 3 : i64
      %eight = arith.constant 8 : i64
      %yes = arith.constant true
      %0 = tfm.apply mul(%m, %pitch) : (i64, i64) -> i64
      %1 = tfm.apply add(%0, %n) : (i64, i64) -> i64
      %2 = tfm.load %r[%1] : tensor<?x)mlir" +
         t + "> -> " + t + "\n%3 = tfm.convert %2 : " + t +
         R"mlir( to f32
      %4 = tfm.load %s[%m] : tensor<?xf32> -> f32
      %5 = tfm.apply mul(%n, %three) : (i64, i64) -> i64
      %6 = tfm.load %t[%5] : tensor<?xf32> -> f32
      %7 = tfm.apply lt(%n, %eight) : (i64, i64) -> i1
      %8 = tfm.apply sub(%n, %eight) : (i64, i64) -> i64
      %9 = tfm.load %k[%8] : tensor<?xi1> -> i1
      %10 = tfm.choose %7, %yes, %9 : i1
      %11 = tfm.load %i[%n] : tensor<?xi64> -> i64
      %12 = tfm.check_index %11, %eight
      %13 = tfm.load %s[%12] : tensor<?xf32> -> f32
      %14 = tfm.apply add(%acc, %3) : (f32, f32) -> f32
      %15 = tfm.apply mul(%14, %4) : (f32, f32) -> f32
      %16 = tfm.apply add(%15, %6) : (f32, f32) -> f32
      %17 = tfm.choose %10, %16, %13 : f32
      %18 = tfm.apply silu(%17) : (f32) -> f32
      %19 = tfm.convert %18 : f32 to )mlir" +
         out + "\ntfm.yield %19 : " + out + "\n}";
}

TEST_P(CudaLinearForms, WhatEpiloguesRead) {
  if (isTf32 || isSplit)
    return;
  // Of IEEE f32 an sm_90a has the sm_80's template.
  for (const char *target :
       type == F32 ? emulator::casesOf<const char *>(GetParam().cases,
                                                     {"sm_80"}, {"sm_90a"})
                   : emulator::casesOf<const char *>(GetParam().cases,
                                                     {"sm_80", "sm_90a"}, {})) {
    SCOPED_TRACE(target);
    arch = target;
    n = 76, k = 64;
    load(readsText(nameOf(type), nameOf(outType)));
    std::vector<int64_t> mask, index;
    for (int64_t i = 0; i < n; ++i) {
      if (i < n - 8)
        mask.push_back(i % 5 > 0);
      index.push_back(i * 7 % 8);
    }
    for (auto [m, pitch] : {std::pair<int64_t, int64_t>{20, 76},
                            {40, 76},
                            {130, 80},
                            {9, 77},
                            {9, 78},
                            {5, 76}})
      checkInAllModes({noise(m * k, 1, 1, type), noise(n * k, 2, 1, type),
                       noise(m * pitch, 4, 1, type),
                       noise(std::max<int64_t>(m, 8), 5), noise(3 * n, 6),
                       integers(ElementType::Bool, mask),
                       integers(ElementType::I64, index)},
                      {m, pitch}, tolerance());
  }
}

/// 0 * inf and what a NaN meets stay in their rows and columns. The stub is
/// FewRows' too.
TEST_P(CudaLinearTypes, ValuesThatAreNotFinite) {
  loadLinear(40, 600);
  for (int64_t m : {3, 13, 30, 40}) {
    Tensor a = noise(m * k, 1, 1, type), w = noise(n * k, 2, 1, type);
    a.setNumber(k + 5, INFINITY);
    a.setNumber(2 * k + 39, NAN);
    w.setNumber(4 * k + 5, 0);
    w.setNumber(7 * k + 1, -INFINITY);
    std::vector<int64_t> scalars{m, k};
    if (isSplit)
      scalars.push_back(parts);
    check({a, w, noise(n, 3), noise(m / 2 * n, 4, 1, type)}, scalars,
          tolerance());
  }
}

} // namespace
