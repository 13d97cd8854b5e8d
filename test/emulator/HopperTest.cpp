// What TMA, wgmma and stmatrix put where, against the tables of the PTX manual
// (sections "Swizzling modes", "Register Fragments and Shared Memory Matrix
// Layouts" of wgmma, "stmatrix"), and what the driver takes for a tensor map.
#include "Harness.h"
#include "Nvrtc.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <random>

namespace ingot::emulator {
namespace {

class HopperTest : public EmulatorTest {
protected:
  // Also compiles for the device, without notes of the assembler.
  static void compiles(const std::string &text) {
    if (!nvrtcFound())
      return;
    NvrtcResult r = nvrtcCompile(text, "sm_90a");
    EXPECT_TRUE(r.ok) << r.log;
    EXPECT_EQ(r.log.find("C75"), std::string::npos) << r.log;
  }
};

const char *const modes[] = {"mode late", "mode early", "mode random 1"};

// Which 16 bytes of a 128-byte line of shared memory hold chunk 0, 1, ... of
// it, line by line; lines repeat after eight.
using Lines = std::array<std::array<int, 8>, 8>;
const Lines lines128 = {{{0, 1, 2, 3, 4, 5, 6, 7},
                         {1, 0, 3, 2, 5, 4, 7, 6},
                         {2, 3, 0, 1, 6, 7, 4, 5},
                         {3, 2, 1, 0, 7, 6, 5, 4},
                         {4, 5, 6, 7, 0, 1, 2, 3},
                         {5, 4, 7, 6, 1, 0, 3, 2},
                         {6, 7, 4, 5, 2, 3, 0, 1},
                         {7, 6, 5, 4, 3, 2, 1, 0}}};
const Lines lines64 = {{{0, 1, 2, 3, 4, 5, 6, 7},
                        {1, 0, 3, 2, 5, 4, 7, 6},
                        {2, 3, 0, 1, 6, 7, 4, 5},
                        {3, 2, 1, 0, 7, 6, 5, 4},
                        {0, 1, 2, 3, 4, 5, 6, 7},
                        {1, 0, 3, 2, 5, 4, 7, 6},
                        {2, 3, 0, 1, 6, 7, 4, 5},
                        {3, 2, 1, 0, 7, 6, 5, 4}}};
const Lines lines32 = {{{0, 1, 2, 3, 4, 5, 6, 7},
                        {1, 0, 3, 2, 5, 4, 7, 6},
                        {0, 1, 2, 3, 4, 5, 6, 7},
                        {1, 0, 3, 2, 5, 4, 7, 6},
                        {0, 1, 2, 3, 4, 5, 6, 7},
                        {1, 0, 3, 2, 5, 4, 7, 6},
                        {0, 1, 2, 3, 4, 5, 6, 7},
                        {1, 0, 3, 2, 5, 4, 7, 6}}};
const Lines linesPlain = {{{0, 1, 2, 3, 4, 5, 6, 7},
                           {0, 1, 2, 3, 4, 5, 6, 7},
                           {0, 1, 2, 3, 4, 5, 6, 7},
                           {0, 1, 2, 3, 4, 5, 6, 7},
                           {0, 1, 2, 3, 4, 5, 6, 7},
                           {0, 1, 2, 3, 4, 5, 6, 7},
                           {0, 1, 2, 3, 4, 5, 6, 7},
                           {0, 1, 2, 3, 4, 5, 6, 7}}};

const char *const boxStub = R"(
#include "vocabulary.cuh"
// A box of `bytes` at x, y, z as it lies in shared memory, 2048 bytes on.
template <int RANK>
DEV void load_box(const TensorMap &m, u32 *out, int bytes, int x, int y, int z,
                  int w) {
  u8 *s = shared_base<u8>();
  u64 *b = shared_base<u64>();
  if (tid() == 0) {
    tma_prefetch_map(&m);
    mbar_init(b, 1);
    mbar_fence_init();
    mbar_arrive_expect(b, bytes);
    if (RANK == 2)
      tma_load2(s + 2048, &m, b, x, y);
    else
      tma_load4(s + 2048, &m, b, x, y, z, w);
  }
  barrier();
  mbar_wait(b, 0);
  for (int i = tid(); i < bytes / 4; i += threads())
    out[i] = reinterpret_cast<u32 *>(s + 2048)[i];
}
KERNEL(64, 1) box2(GRID_CONST TensorMap m, u32 *out, int bytes, int x, int y) {
  load_box<2>(m, out, bytes, x, y, 0, 0);
}
EXPORT_KERNEL(box2)
KERNEL(64, 1)
box4(GRID_CONST TensorMap m, u32 *out, int bytes, int x, int y, int z, int w) {
  load_box<4>(m, out, bytes, x, y, z, w);
}
EXPORT_KERNEL(box4)
KERNEL(64, 1) store2(GRID_CONST TensorMap m, int x, int y) {
  u16 *s = shared_base<u16>();
  for (int i = tid(); i < 16 * 64; i += threads())
    s[swizzle128(i / 64, i % 64 / 8) / 2 + i % 8] = (u16)(1000 + i);
  fence_async();
  barrier();
  if (tid() == 0) {
    tma_store2(&m, s, x, y);
    tma_store_commit();
    tma_store_wait_read<0>();
  }
}
EXPORT_KERNEL(store2)
)";

// The element of row and column, distinct and never 0.
uint16_t element(uint64_t row, uint64_t column) {
  return static_cast<uint16_t>(1 + row * 251 + column);
}

std::vector<uint16_t> elements(uint64_t rows, uint64_t pitch) {
  std::vector<uint16_t> values;
  for (uint64_t i = 0; i < rows * pitch; ++i)
    values.push_back(element(i / pitch, i % pitch));
  return values;
}

TEST_F(HopperTest, Boxes) {
  compiles(boxStub);
  Stub stub(boxStub);
  constexpr int rows = 37, columns = 91, pitch = 96, boxRows = 16;
  DeviceArray<uint16_t> data(elements(rows, pitch));
  struct Case {
    cu::TensorMapSwizzle swizzle;
    const Lines &lines;
    unsigned width; // elements
  };
  for (Case c : {Case{cu::tensorMapSwizzle128, lines128, 64},
                 {cu::tensorMapSwizzle64, lines64, 32},
                 {cu::tensorMapSwizzle32, lines32, 16},
                 {cu::tensorMapNoSwizzle, linesPlain, 72},
                 {cu::tensorMapSwizzle128, lines128, 8}})
    for (const char *mode : modes)
      for (auto [x, y] : {std::array<int, 2>{0, 0},
                          {64, 32},
                          {-3, -5},
                          {90, 8},
                          {200, 0},
                          {0, 37}}) {
        control(mode);
        MapShape shape{columns, rows, pitch, boxRows};
        shape.boxColumns = c.width;
        shape.swizzle = c.swizzle;
        int bytes = boxRows * static_cast<int>(c.width) * 2;
        DeviceArray<uint16_t> out(static_cast<size_t>(bytes) / 2);
        ASSERT_EQ(stub.launch("box2", {1}, 64, 8192,
                              makeMap(data.pointer, shape), out, bytes, x, y),
                  cu::success)
            << control("report");
        std::vector<uint16_t> got = out.get();
        for (int r = 0; r < boxRows; ++r)
          for (int i = 0; i < static_cast<int>(c.width); ++i) {
            int byte = (r * static_cast<int>(c.width) + i) * 2;
            auto line = static_cast<size_t>(byte / 128),
                 chunk = static_cast<size_t>(byte % 128 / 16);
            auto at = line * 64 +
                      static_cast<size_t>(c.lines[line % 8][chunk]) * 8 +
                      static_cast<size_t>(i % 8);
            bool isInside =
                x + i >= 0 && x + i < columns && y + r >= 0 && y + r < rows;
            ASSERT_EQ(got[at], isInside ? element(static_cast<uint64_t>(y + r),
                                                  static_cast<uint64_t>(x + i))
                                        : 0)
                << "row " << r << " element " << i << " at " << x << ", " << y;
          }
      }
}

TEST_F(HopperTest, PlanesEndWhereTheyEnd) {
  Stub stub(boxStub);
  // Planes of 10 rows, the next plane's rows follow at once; three of them, and
  // then those of the next three.
  constexpr int rows = 10, pitch = 64, planes = 3, more = 2;
  DeviceArray<uint16_t> data(elements(rows * planes * more, pitch));
  MapShape shape{64, rows, pitch, 8};
  shape.outer = {{planes, rows * pitch}, {more, planes * rows * pitch}};
  cu::TensorMap map = makeMap(data.pointer, shape);
  for (const char *mode : modes)
    for (auto [z, w] : {std::pair{0, 0}, {2, 0}, {3, 0}, {1, 1}, {0, 2}}) {
      control(mode);
      DeviceArray<uint16_t> out(8 * 64);
      ASSERT_EQ(stub.launch("box4", {1}, 64, 8192, map, out, 1024, 0, 8, z, w),
                cu::success)
          << control("report");
      std::vector<uint16_t> got = out.get();
      int row = (w * planes + z) * rows + 8;
      for (int r = 0; r < 8; ++r)
        ASSERT_EQ(got[static_cast<size_t>(r * 64 + lines128[r][0] * 8)],
                  r < 2 && z < planes && w < more
                      ? element(static_cast<uint64_t>(row + r), 0)
                      : 0);
    }
}

TEST_F(HopperTest, StoresEndWhereTheTensorEnds) {
  Stub stub(boxStub);
  constexpr int rows = 20, columns = 91, pitch = 96;
  for (const char *mode : modes)
    for (auto [x, y] :
         {std::array<int, 2>{0, 0}, {64, 16}, {40, -3}, {96, 0}}) {
      control(mode);
      DeviceArray<uint16_t> data(elements(rows, pitch));
      ASSERT_EQ(stub.launch("store2", {1}, 64, 8192,
                            makeMap(data.pointer, {columns, rows, pitch, 16}),
                            x, y),
                cu::success)
          << control("report");
      std::vector<uint16_t> got = data.get();
      for (int r = 0; r < rows; ++r)
        for (int c = 0; c < pitch; ++c) {
          int br = r - y, bc = c - x;
          bool isStored =
              c < columns && br >= 0 && br < 16 && bc >= 0 && bc < 64;
          ASSERT_EQ(got[static_cast<size_t>(r * pitch + c)],
                    isStored ? 1000 + br * 64 + bc
                             : element(static_cast<uint64_t>(r),
                                       static_cast<uint64_t>(c)))
              << r << ", " << c;
        }
    }
}

// A: 64 rows, 128 bytes of k. B: N columns. K-major as [N][k], MN-major as
// [k][N].
std::string productStub(const char *type, int n, bool transposed,
                        bool registers) {
  std::string t = transposed ? "1" : "0";
  return std::string("#include \"vocabulary.cuh\"\nusing T = ") + type +
         ";\nconstexpr int N = " + std::to_string(n) + ", TB = " + t + R"(;
KERNEL(128, 1)
product(GRID_CONST TensorMap ma, GRID_CONST TensorMap mb, float *out) {
  u8 *a = shared_base<u8>(), *b = a + 64 * 128;
  u64 *full = reinterpret_cast<u64 *>(b + 256 * 128);
  if (tid() == 0) {
    mbar_init(full, 1);
    mbar_fence_init();
    mbar_arrive_expect(full, (64 + N) * 128);
    tma_load2(a, &ma, full, 0, 0);
    if (TB)
      for (int panel = 0; panel < N / 64; ++panel)
        tma_load2(b + panel * 64 * 128, &mb, full, panel * 64, 0);
    else
      tma_load2(b, &mb, full, 0, 0);
  }
  barrier();
  mbar_wait(full, 0);
  float d[N / 2];
  UNROLL for (int i = 0; i < N / 2; ++i) d[i] = 100.f;
  u64 da = wgmma_desc(a), db = TB ? wgmma_desc_t(b, 64 * 128) : wgmma_desc(b);
  u32 fa[4][4];
  UNROLL for (int k = 0; k < 4; ++k) load_matrix4(
      fa[k],
      a + swizzle128(warp() * 16 + lane() % 16, k * 2 + lane() / 16));
  fence_regs(d);
  wgmma_fence();
  UNROLL for (int k = 0; k < 4; ++k) )" +
         (registers ? "wgmma<T, N, TB>(d, fa[k], db + k * (TB ? 128 : 2), 1);"
                    : "wgmma<T, N, TB>(d, da + k * 2, db + k * (TB ? 128 : 2), "
                      "k > 0);") +
         R"(
  wgmma_commit();
  wgmma_wait<0>();
  fence_regs(d);
  UNROLL for (int i = 0; i < N / 2; ++i) out[tid() * (N / 2) + i] = d[i];
}
EXPORT_KERNEL(product)
)";
}

// Small whole numbers, exact in all types. The low bits of a tf32 do not count.
uint32_t numberOf(int value, const std::string &type) {
  if (type == "tf32")
    return __builtin_bit_cast(uint32_t, static_cast<float>(value)) | 0x1fff;
  if (type == "bf16")
    return __builtin_bit_cast(uint32_t, static_cast<float>(value)) >> 16;
  if (!value)
    return 0;
  int m = std::abs(value), e = 31 - __builtin_clz(static_cast<unsigned>(m));
  if (type == "e4m3")
    return static_cast<uint32_t>((value < 0 ? 0x80 : 0) | (e + 7) << 3 |
                                 ((m << (3 - e)) & 7));
  return static_cast<uint32_t>((value < 0 ? 0x8000 : 0) | (e + 15) << 10 |
                               ((m << (10 - e)) & 0x3ff));
}

TEST_F(HopperTest, Products) {
  struct Case {
    const char *type;
    int n;
    bool transposed, registers;
  };
  for (Case c : {Case{"bf16", 64, false, false},
                 {"f16", 128, false, false},
                 {"bf16", 256, false, false},
                 {"bf16", 64, true, true},
                 {"f16", 128, true, true},
                 {"bf16", 128, true, false},
                 {"f16", 192, true, true},
                 {"bf16", 96, false, true},
                 {"tf32", 64, false, false},
                 {"tf32", 256, false, true},
                 {"e4m3", 128, false, false},
                 {"e4m3", 64, false, true}}) {
    SCOPED_TRACE(std::string(c.type) + " " + std::to_string(c.n));
    std::string type = c.type,
                text = productStub(c.type, c.n, c.transposed, c.registers);
    compiles(text);
    Stub stub(text);
    std::mt19937 random(7);
    int bytes = type == "tf32"   ? 4
                : type == "e4m3" ? 1
                                 : 2,
        depth = 128 / bytes;
    std::vector<int> a(static_cast<size_t>(64 * depth)),
        b(static_cast<size_t>(depth * c.n)); // [k][n]
    for (int &x : a)
      x = static_cast<int>(random() % 15) - 7;
    for (int &x : b)
      x = static_cast<int>(random() % 15) - 7;
    std::vector<uint8_t> ha(a.size() * size_t(bytes)),
        hb(b.size() * size_t(bytes));
    auto put = [&](std::vector<uint8_t> &to, int at, int value) {
      uint32_t word = numberOf(value, type);
      memcpy(&to[static_cast<size_t>(at * bytes)], &word, size_t(bytes));
    };
    for (size_t i = 0; i < a.size(); ++i)
      put(ha, static_cast<int>(i), a[i]);
    for (int k = 0; k < depth; ++k)
      for (int n = 0; n < c.n; ++n)
        put(hb, c.transposed ? k * c.n + n : n * depth + k,
            b[static_cast<size_t>(k * c.n + n)]);
    DeviceArray<uint8_t> da(ha), db(hb);
    auto columns = static_cast<uint64_t>(c.n), k64 = uint64_t(depth);
    MapShape shape{k64, 64, k64, 64};
    shape.type = type == "bf16"   ? cu::tensorMapBf16
                 : type == "f16"  ? cu::tensorMapF16
                 : type == "e4m3" ? cu::tensorMapU8
                                  : cu::tensorMapF32;
    shape.boxColumns = unsigned(depth);
    cu::TensorMap ma = makeMap(da.pointer, shape);
    if (c.transposed)
      shape.columns = shape.pitch = columns;
    else
      shape.rows = columns, shape.boxRows = static_cast<unsigned>(c.n);
    cu::TensorMap mb = makeMap(db.pointer, shape);
    for (const char *mode : modes) {
      control(mode);
      DeviceArray<float> out(static_cast<size_t>(128 * c.n / 2));
      ASSERT_EQ(stub.launch("product", {1}, 128, 64 * 128 + 256 * 128 + 8, ma,
                            mb, out),
                cu::success)
          << control("report");
      std::vector<float> got = out.get();
      for (int thread = 0; thread < 128; ++thread)
        for (int i = 0; i < c.n / 2; ++i) {
          // d0, d1: row groupID; d2, d3: 8 below; then 8 columns on.
          static const int rowOf[] = {0, 0, 8, 8}, columnOf[] = {0, 1, 0, 1};
          int row = 16 * (thread / 32) + thread % 32 / 4 + rowOf[i % 4],
              column = 8 * (i / 4) + 2 * (thread % 4) + columnOf[i % 4];
          int sum = c.registers ? 100 : 0;
          for (int k = 0; k < depth; ++k)
            sum += a[static_cast<size_t>(row * depth + k)] *
                   b[static_cast<size_t>(k * c.n + column)];
          ASSERT_EQ(got[static_cast<size_t>(thread * c.n / 2 + i)],
                    static_cast<float>(sum))
              << "thread " << thread << " sum " << i;
        }
    }
  }
}

// All of e4m3 times 1 in one column and 0 in the others: "Floating-point
// formats", 4 bits of exponent with a bias of 7, subnormal numbers in units of
// 2^-9, no infinities, NaN where all bits are set.
TEST_F(HopperTest, EveryE4m3) {
  Stub stub(productStub("e4m3", 128, false, false));
  std::vector<uint8_t> a(64 * 128), b(128 * 128);
  for (size_t i = 0; i < a.size(); ++i)
    a[i] = static_cast<uint8_t>((i & 127) == 127 ? 0 : i);
  a[63 * 128 + 5] = 0x7f;
  a[62 * 128 + 6] = 0xff;
  for (size_t i = 0; i < 128; ++i)
    b[i * 128 + i] = 0x38;
  DeviceArray<uint8_t> da(a), db(b);
  MapShape shape{128, 64, 128, 64};
  shape.type = cu::tensorMapU8;
  shape.boxColumns = 128;
  cu::TensorMap ma = makeMap(da.pointer, shape);
  shape.rows = shape.boxRows = 128;
  DeviceArray<float> out(128 * 64);
  ASSERT_EQ(stub.launch("product", {1}, 128, 64 * 128 + 256 * 128 + 8, ma,
                        makeMap(db.pointer, shape), out),
            cu::success)
      << control("report");
  std::vector<float> got = out.get();
  for (int row = 0; row < 64; ++row)
    for (int column = 0; column < 128; ++column) {
      int thread = row / 16 * 32 + row % 8 * 4 + column % 8 / 2,
          i = column / 8 * 4 + row % 16 / 8 * 2 + column % 2;
      float value = got[static_cast<size_t>(thread * 64 + i)];
      unsigned bits = a[static_cast<size_t>(row * 128 + column)];
      int exponent = bits >> 3 & 15, mantissa = bits & 7;
      double size = exponent ? std::ldexp(8 + mantissa, exponent - 10)
                             : std::ldexp(mantissa, -9);
      if (row >= 62)
        EXPECT_TRUE(std::isnan(value)) << row << ", " << column;
      else
        EXPECT_EQ(value, bits & 128 ? -size : size) << bits;
    }
}

// Sums begin in f32 and keep some 14 bits from product to product.
TEST_F(HopperTest, SumsOfE4m3HaveFewBits) {
  Stub stub(productStub("e4m3", 64, false, true));
  // 100 + 128 * 2^-18: that is 2^-11, and the last of 14 bits is 2^-7.
  std::vector<uint8_t> a(64 * 128, 0x01), b(64 * 128, 0x01);
  DeviceArray<uint8_t> da(a), db(b);
  MapShape shape{128, 64, 128, 64};
  shape.type = cu::tensorMapU8;
  shape.boxColumns = 128;
  cu::TensorMap map = makeMap(da.pointer, shape);
  DeviceArray<float> out(128 * 32);
  ASSERT_EQ(stub.launch("product", {1}, 128, 64 * 128 + 256 * 128 + 8, map,
                        makeMap(db.pointer, shape), out),
            cu::success)
      << control("report");
  for (float value : out.get())
    EXPECT_EQ(value, 100.f);
}

TEST_F(HopperTest, StoreMatrix) {
  const char *text = R"(
#include "vocabulary.cuh"
KERNEL(32, 1) store_matrix(u32 *out) {
  u32 *s = shared_base<u32>();
  u32 r[4];
  for (int m = 0; m < 4; ++m)
    r[m] = m << 16 | lane();
  // Row lane % 8 of matrix lane / 8.
  store_matrix4(s + lane() * 4, r);
  warp_sync();
  for (int i = 0; i < 4; ++i)
    out[lane() * 4 + i] = s[lane() * 4 + i];
}
EXPORT_KERNEL(store_matrix)
)";
  compiles(text);
  Stub stub(text);
  DeviceArray<uint32_t> out(128);
  ASSERT_EQ(stub.launch("store_matrix", {1}, 32, 512, out), cu::success)
      << control("report");
  std::vector<uint32_t> got = out.get();
  for (uint32_t i = 0; i < 128; ++i) // matrix, row, pair of columns
    EXPECT_EQ(got[i], (i / 32) << 16 | (i / 4 % 8 * 4 + i % 4));
}

TEST_F(HopperTest, Multicast) {
  const char *text = R"(
#include "vocabulary.cuh"
KERNEL_CLUSTER(64, 1, 2) halves(GRID_CONST TensorMap m, u32 *out) {
  u8 *s = shared_base<u8>();
  u64 *full = reinterpret_cast<u64 *>(s + 2048);
  int rank = cluster_rank();
  if (tid() == 0) {
    mbar_init(full, 1);
    mbar_fence_init();
  }
  cluster_sync();
  if (tid() == 0) {
    mbar_arrive_expect(full, 2048);
    // Each block brings its half for both.
    tma_load2_multicast(s + rank * 1024, &m, full, 0, rank * 8, 3);
  }
  mbar_wait(full, 0);
  for (int i = tid(); i < 512; i += threads())
    out[bid_x() * 512 + i] = reinterpret_cast<u32 *>(s)[i];
  cluster_sync();
}
EXPORT_KERNEL(halves)
)";
  compiles(text);
  Stub stub(text);
  DeviceArray<uint16_t> data(elements(16, 64));
  cu::TensorMap map = makeMap(data.pointer, {64, 16, 64, 8});
  for (const char *mode : modes) {
    control(mode);
    DeviceArray<uint16_t> out(4 * 1024);
    ASSERT_EQ(stub.launch("halves", {4}, 64, 2056, map, out), cu::success)
        << control("report");
    std::vector<uint16_t> got = out.get();
    for (size_t block = 0; block < 4; ++block)
      for (size_t row = 0; row < 16; ++row)
        for (size_t i = 0; i < 64; ++i) {
          auto chunk = static_cast<size_t>(lines128[row % 8][i / 8]);
          ASSERT_EQ(got[block * 1024 + row * 64 + chunk * 8 + i % 8],
                    element(row, i));
        }
  }
  DeviceArray<uint16_t> out(3 * 1024);
  EXPECT_EQ(stub.launch("halves", {3}, 64, 2056, map, out),
            cu::invalidClusterSize);
}

// "mapa": the address of the same variable in the shared memory window of the
// block of that rank; "%cluster_ctarank": of a block within its cluster;
// "st.async": a store, then "complete-tx" of its bytes on the mbarrier.
TEST_F(HopperTest, StoreRemote) {
  const char *text = R"(
#include "vocabulary.cuh"
KERNEL_CLUSTER(64, 1, 3) exchange(u32 *out) {
  u64 *b = shared_base<u64>();
  float *s = shared_base<float>() + 3;
  if (tid() == 0) {
    mbar_init(b, 1);
    mbar_fence_init();
  }
  cluster_sync();
  // Bytes may come before they are expected.
  for (int rank = 0; rank < 3; ++rank)
    store_remote(s + cluster_rank() * 64 + tid(), bid_x() * 100 + tid(), b,
                 rank);
  if (tid() == 7)
    mbar_arrive_expect(b, 768);
  mbar_wait_cluster(b, 0);
  for (int i = tid(); i < 192; i += threads())
    out[bid_x() * 192 + i] = (u32)s[i];
}
EXPORT_KERNEL(exchange)
)";
  compiles(text);
  Stub stub(text);
  for (const char *mode : modes) {
    control(mode);
    DeviceArray<uint32_t> out(6 * 192);
    ASSERT_EQ(stub.launch("exchange", {6}, 64, 780, out), cu::success)
        << control("report");
    std::vector<uint32_t> got = out.get();
    for (uint32_t i = 0; i < got.size(); ++i)
      ASSERT_EQ(got[i], (i / 576 * 3 + i % 192 / 64) * 100 + i % 64);
  }
}

// "elect.sync": one of the lanes of each warp, always the same.
TEST_F(HopperTest, ElectOne) {
  const char *text = R"(
#include "vocabulary.cuh"
KERNEL(96, 1) elections(u32 *out) {
  for (int i = 0; i < 2; ++i)
    if (elect_one())
      atomic_add(out + i * 96 + tid(), 1u);
}
EXPORT_KERNEL(elections)
)";
  compiles(text);
  Stub stub(text);
  DeviceArray<uint32_t> out(std::vector<uint32_t>(192, 0));
  ASSERT_EQ(stub.launch("elections", {1}, 96, 0, out), cu::success)
      << control("report");
  std::vector<uint32_t> got = out.get();
  for (int warp = 0; warp < 3; ++warp) {
    auto first = got.begin() + warp * 32;
    EXPECT_EQ(std::count(first, first + 32, 1u), 1);
  }
  EXPECT_TRUE(std::equal(got.begin(), got.begin() + 96, got.begin() + 96));
}

TEST_F(HopperTest, WhatTheDriverTakesForAMap) {
  DeviceArray<uint16_t> data(4096);
  struct Arguments {
    uint64_t base;
    int type = cu::tensorMapBf16;
    unsigned rank = 2;
    uint64_t columns = 64, rows = 32, pitch = 128;
    unsigned boxColumns = 64, boxRows = 32, step = 1;
    int swizzle = cu::tensorMapSwizzle128;
  };
  auto encode = [&](auto change) {
    Arguments a{data.pointer};
    change(a);
    cu::TensorMap map;
    uint64_t dims[] = {a.columns, a.rows}, strides[] = {a.pitch};
    unsigned box[] = {a.boxColumns, a.boxRows}, steps[] = {a.step, 1};
    return cuda.tensorMapEncode(&map, static_cast<cu::TensorMapType>(a.type),
                                a.rank, reinterpret_cast<void *>(a.base), dims,
                                strides, box, steps, cu::tensorMapNoInterleave,
                                static_cast<cu::TensorMapSwizzle>(a.swizzle),
                                cu::tensorMapNoPromotion, cu::tensorMapZeros);
  };
  EXPECT_EQ(encode([](Arguments &) {}), cu::success);
  EXPECT_EQ(encode([](Arguments &a) { a.base += 16; }), cu::success);
  EXPECT_EQ(encode([](Arguments &a) { a.columns = 61; }), cu::success);
  EXPECT_EQ(encode([](Arguments &a) { a.boxRows = 256; }), cu::success);
  EXPECT_EQ(encode([](Arguments &a) { a.base += 8; }), cu::invalidValue);
  EXPECT_EQ(encode([](Arguments &a) { a.base = 0; }), cu::invalidValue);
  EXPECT_EQ(encode([](Arguments &a) { a.type = 77; }), cu::invalidValue);
  EXPECT_EQ(encode([](Arguments &a) { a.rank = 0; }), cu::invalidValue);
  EXPECT_EQ(encode([](Arguments &a) { a.rank = 6; }), cu::invalidValue);
  EXPECT_EQ(encode([](Arguments &a) { a.rows = 0; }), cu::invalidValue);
  EXPECT_EQ(encode([](Arguments &a) { a.columns = (1ull << 32) + 1; }),
            cu::invalidValue);
  EXPECT_EQ(encode([](Arguments &a) { a.pitch = 130; }), cu::invalidValue);
  EXPECT_EQ(encode([](Arguments &a) { a.pitch = 1ull << 40; }),
            cu::invalidValue);
  EXPECT_EQ(encode([](Arguments &a) { a.boxRows = 257; }), cu::invalidValue);
  EXPECT_EQ(encode([](Arguments &a) { a.boxRows = 0; }), cu::invalidValue);
  EXPECT_EQ(encode([](Arguments &a) { a.boxColumns = 72; }), cu::invalidValue);
  EXPECT_EQ(encode([](Arguments &a) { a.boxColumns = 4; }), cu::invalidValue);
  EXPECT_EQ(encode([](Arguments &a) { a.step = 9; }), cu::invalidValue);
  EXPECT_EQ(encode([](Arguments &a) { a.swizzle = 4; }), cu::invalidValue);
}

} // namespace
} // namespace ingot::emulator
