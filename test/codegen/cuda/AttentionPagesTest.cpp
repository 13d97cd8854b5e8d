// Attention over pages of a cache: of each kernel, pages in any order and used
// twice, of one row, of 16, of an odd number and of more than a tile; a last
// page that is partly masked; tables with numbers that no page has.
#include "codegen/cuda/Nvrtc.h"
#include "test/codegen/cuda/AttentionRun.h"
#include "test/codegen/cuda/KernelTest.h"
#include "test/emulator/Nvrtc.h"

using namespace ingot;
using namespace ingot::test;

namespace {

struct Cache {
  ElementType type;
  std::string index = "i64"; ///< of the table
  bool isTf32 = false, isSplit = false;
  int64_t rows = 0;     ///< of a page, for Hopper a number; 0: any
  bool byHeads = false; ///< pages of Hopper are [head][row]
};

std::string name(const Cache &cache) {
  return (cache.isTf32 ? "tf32" : nameOf(cache.type)) +
         (cache.isSplit ? "_split" : "") +
         (cache.rows ? "_sm90_" + std::to_string(cache.rows) : "") +
         (cache.byHeads ? "_by_heads" : "");
}
void PrintTo(const Cache &cache, std::ostream *out) { *out << name(cache); }

class CudaAttentionPages : public CudaKernel,
                           public testing::WithParamInterface<Cache> {
protected:
  static constexpr int64_t kHeads = 4, kGroups = 2, kD = 64, kDV = 48;
  bool isHopper = GetParam().rows > 0;

  CudaAttentionPages() {
    if (isHopper)
      arch = "sm_90a";
    const Cache &cache = GetParam();
    std::string t = nameOf(cache.type), flat = ": tensor<?x" + t + ">";
    auto n = [](int64_t value) { return std::to_string(value); };
    // Rows of all heads, or of each head by itself.
    auto strides = [&](int64_t width) {
      int64_t row = cache.byHeads ? width : kGroups * width,
              head = cache.byHeads ? cache.rows * width : width;
      return isHopper ? n(cache.rows * kGroups * width) + ", " + n(row) + ", " +
                            n(head)
             : width == kD ? "-7, -8, -9"
                           : "-10, -11, -12";
    };
    load("plan.kernel attention @k outs [f32] ins [" + t + ", " + t + ", " + t +
         ", " + cache.index + ", i64] scalars " + n(cache.isSplit ? 14 : 13) +
         " params {batch = -1, heads = " + n(kHeads) +
         ", queries = -2, keys = -3, d = " + n(kD) + ", dv = " + n(kDV) +
         ", group = " + n(kHeads / kGroups) +
         ", scale = 0.25 : f64, q_strides = array<i64: -4, " + n(kHeads * kD) +
         ", " + n(kD) + ">, k_strides = array<i64: " + strides(kD) +
         ">, v_strides = array<i64: " + strides(kDV) +
         ">, page_rows = " + (isHopper ? n(cache.rows) : "-5") +
         ", pages = -6, cached_pages = -13" +
         ", rows = 32, empty_rows = \"zero\"" +
         (cache.isTf32 ? ", math = \"tf32\"" : "") +
         (cache.isSplit ? ", splits = -14" : "") +
         "} {\n^bb0(%s: f32, %b: i64, %h: i64, %q: i64, %k: i64, %iq" + flat +
         ", %ik" + flat + ", %iv" + flat + ", %table: tensor<?x" + cache.index +
         ">, %lengths: tensor<?xi64>, %B: i64, %Q: i64, %K: i64, %s3: i64, "
         "%rows: i64, %P: i64, %s6: i64, %s7: i64, %s8: i64, %s9: i64, %s10: "
         "i64, %s11: i64, %cached: i64" +
         (cache.isSplit ? ", %parts: i64" : "") + R"mlir():
      %inf = arith.constant 0xFF800000 : f32
      %length = tfm.load %lengths[%b] : tensor<?xi64> -> i64
      %there = tfm.apply lt(%k, %length) : (i64, i64) -> i1
      %r = tfm.choose %there, %s, %inf : f32
      tfm.yield %r : f32
    })mlir");
  }
  static constexpr int64_t kCached = 7;

  struct Shape {
    int64_t batch, queries, rows, pages;
    bool byHeads = false; ///< pages are [head][row]
  };
  /// Lengths end in the last page.
  void checkShape(const Shape &s, std::vector<int64_t> table = {},
                  int64_t pad = 0, bool allModes = false) {
    SCOPED_TRACE(testing::Message()
                 << "batch " << s.batch << " queries " << s.queries << ", "
                 << s.pages << " pages of " << s.rows);
    const Cache &cache = GetParam();
    int64_t keys = s.rows * s.pages;
    if (table.empty())
      for (int64_t i = 0; i < s.batch * s.pages; ++i)
        table.push_back((i * 3 + 5) % kCached - (i % 2 ? kCached : 0));
    std::vector<int64_t> lengths;
    for (int64_t b = 0; b < s.batch; ++b)
      lengths.push_back(std::max<int64_t>(0, keys - b - s.rows / 2));
    ElementType index =
        cache.index == "i32" ? ElementType::I32 : ElementType::I64;
    int64_t row = kGroups * kD + pad, valueRow = kGroups * kDV + pad;
    std::vector<int64_t> scalars{
        s.batch, s.queries, keys, s.queries * kHeads * kD, s.rows, s.pages};
    for (auto [all, width] : {std::pair(row, kD), std::pair(valueRow, kDV)})
      scalars.insert(scalars.end(), {s.rows * all, s.byHeads ? width : all,
                                     s.byHeads ? s.rows * width : width});
    scalars.push_back(kCached);
    if (cache.isSplit)
      scalars.push_back(3);
    std::vector<Tensor> inputs{
        noise(s.batch * s.queries * kHeads * kD, 1, 1, cache.type),
        noise(kCached * s.rows * row, 2, 1, cache.type),
        noise(kCached * s.rows * valueRow, 3, 1, cache.type),
        integers(index, table), integers(ElementType::I64, lengths)};
    double rounded = cache.type != ElementType::F32
                         ? 1.5 * roundingOf(cache.type)
                     : cache.isTf32 ? 1.5e-3
                                    : 0;
    Tolerance tolerance{3e-6 + rounded, 3e-6};
    if (allModes)
      checkInAllModes(inputs, scalars, tolerance, {2, 1, 1});
    else
      check(inputs, scalars, tolerance, {2, 1, 1});
  }
  /// Runs it with a table and gives the status.
  std::vector<int64_t> statusOf(std::vector<int64_t> table,
                                int64_t cached = kCached) {
    const Cache &cache = GetParam();
    int64_t rows = isHopper ? cache.rows : 16,
            pages = static_cast<int64_t>(table.size());
    std::vector<int64_t> scalars{1,    3,    rows * pages, 3 * kHeads * kD,
                                 rows, pages};
    for (int64_t width : {kD, kDV})
      scalars.insert(scalars.end(),
                     {rows * kGroups * width, kGroups * width, width});
    scalars.push_back(cached);
    if (cache.isSplit)
      scalars.push_back(2);
    ElementType index =
        cache.index == "i32" ? ElementType::I32 : ElementType::I64;
    run({noise(3 * kHeads * kD, 1, 1, cache.type),
         noise(cached * rows * kGroups * kD, 2, 1, cache.type),
         noise(cached * rows * kGroups * kDV, 3, 1, cache.type),
         integers(index, table), integers(ElementType::I64, {rows})},
        scalars, {1, 1, 1});
    return status;
  }
};

INSTANTIATE_TEST_SUITE_P(
    All, CudaAttentionPages,
    testing::Values(Cache{ElementType::F32, "i64", false, true},
                    Cache{ElementType::F32, "i32", true},
                    Cache{ElementType::BF16, "i32"},
                    Cache{ElementType::BF16, "i64", false, true, 16},
                    Cache{ElementType::F16, "i32", false, false, 256},
                    Cache{ElementType::BF16, "i32", false, true, 16, true}),
    [](const auto &info) { return name(info.param); });

TEST_P(CudaAttentionPages, Shapes) {
  if (isHopper) {
    int64_t rows = GetParam().rows;
    checkShape({2, 70, rows, rows == 16 ? 11 : 2}, {}, 0, true);
    checkShape({1, 1, rows, 1});
    EXPECT_NE(printed.text.find("attention90<"), std::string::npos);
    return;
  }
  checkShape({2, 3, 16, 9}, {}, 0, true);
  checkShape({2, 70, 5, 27});
  checkShape({1, 2, 1, 130});
  checkShape({1, 1, 150, 2, true});
  checkShape({2, 3, 16, 3}, {4, 4, 0, 4, 1, 6}, 1); // by elements
  checkShape({1, 2, 16, 0});
  checkShape({1, 0, 16, 2});
}

TEST_P(CudaAttentionPages, NumbersOfNoPage) {
  EXPECT_EQ(statusOf({3, kCached, 2}),
            (std::vector<int64_t>{1, kCached, kCached, 77}));
  EXPECT_EQ(statusOf({3, 1, -kCached - 1}),
            (std::vector<int64_t>{1, -kCached - 1, kCached, 77}));
  EXPECT_EQ(statusOf({3, -kCached, kCached - 1}), std::vector<int64_t>(4, 0));
  EXPECT_EQ(statusOf({3, 1}, 0), (std::vector<int64_t>{1, 0, 0, 77}));
  EXPECT_EQ(statusOf({}, 0), std::vector<int64_t>(4, 0));
}

/// What the assembler makes of each instance.
TEST(CudaAttentionPagesCode, NothingSpills) {
  llvm::Expected<const cuda::Nvrtc *> nvrtc = cuda::Nvrtc::get();
  if (!nvrtc)
    GTEST_SKIP() << llvm::toString(nvrtc.takeError());
  for (auto [math, d, isHopper, byHeads] :
       {std::tuple("bf16", 64, false, false),
        {"tf32", 128, false, false},
        {"float", 128, false, false},
        {"bf16", 64, true, false},
        {"f16", 128, true, false},
        {"f16", 192, true, false},
        {"bf16", 256, true, false},
        {"bf16", 128, true, true},
        {"bf16", 256, true, true}}) {
    AttentionVariant v;
    v.math = math, v.d = d, v.dv = d, v.isHopper = isHopper, v.page = 16;
    v.causal = true, v.parts = 3, v.group = 4, v.byHeads = byHeads;
    SCOPED_TRACE(testing::Message() << math << d << isHopper << byHeads);
    cuda::CudaStub stub;
    stub.name = "attention_test";
    stub.text = v.stub();
    cuda::CudaImage cubin =
        (*nvrtc)->compile(stub, isHopper ? "sm_90a" : "sm_80");
    ASSERT_EQ(cubin.error, "");
    EXPECT_EQ(cubin.frameBytes, 0u);
    EXPECT_EQ(cubin.spillBytes, 0u);
    for (const char *note : {"C7508", "C7510", "C7517"})
      EXPECT_EQ(cubin.log.find(note), std::string::npos) << cubin.log;
    if (!isHopper)
      continue;
    // A box is one instruction; where the compiler does not know that a thread
    // is alone, it is a loop over lanes.
    std::string sass = emulator::disassemble(cubin.image);
    EXPECT_EQ(sass.find("BRA.U.ANY"), std::string::npos);
    EXPECT_TRUE(sass.empty() || sass.find("UTMALDG.4D") != std::string::npos);
  }
}

} // namespace
