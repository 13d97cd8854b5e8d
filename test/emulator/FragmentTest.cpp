// mma and load_matrix4 against the figures of the PTX manual (section 9.7.14,
// "Matrix fragments for mma.m16n8k16" and "mma.m16n8k8"; 9.7.14.5.15,
// ldmatrix), copied as tables: each entry is lane.element, as "T5: a2" is 5.2
// there.
#include "Harness.h"

#include <cmath>
#include <sstream>

namespace ingot::emulator {
namespace {

// clang-format off
// A of m16n8k16, rows 0-15, k 0-15.
const char *const a16 = R"(
     0.0  0.1  1.0  1.1  2.0  2.1  3.0  3.1  0.4  0.5  1.4  1.5  2.4  2.5  3.4  3.5
     4.0  4.1  5.0  5.1  6.0  6.1  7.0  7.1  4.4  4.5  5.4  5.5  6.4  6.5  7.4  7.5
     8.0  8.1  9.0  9.1 10.0 10.1 11.0 11.1  8.4  8.5  9.4  9.5 10.4 10.5 11.4 11.5
    12.0 12.1 13.0 13.1 14.0 14.1 15.0 15.1 12.4 12.5 13.4 13.5 14.4 14.5 15.4 15.5
    16.0 16.1 17.0 17.1 18.0 18.1 19.0 19.1 16.4 16.5 17.4 17.5 18.4 18.5 19.4 19.5
    20.0 20.1 21.0 21.1 22.0 22.1 23.0 23.1 20.4 20.5 21.4 21.5 22.4 22.5 23.4 23.5
    24.0 24.1 25.0 25.1 26.0 26.1 27.0 27.1 24.4 24.5 25.4 25.5 26.4 26.5 27.4 27.5
    28.0 28.1 29.0 29.1 30.0 30.1 31.0 31.1 28.4 28.5 29.4 29.5 30.4 30.5 31.4 31.5
     0.2  0.3  1.2  1.3  2.2  2.3  3.2  3.3  0.6  0.7  1.6  1.7  2.6  2.7  3.6  3.7
     4.2  4.3  5.2  5.3  6.2  6.3  7.2  7.3  4.6  4.7  5.6  5.7  6.6  6.7  7.6  7.7
     8.2  8.3  9.2  9.3 10.2 10.3 11.2 11.3  8.6  8.7  9.6  9.7 10.6 10.7 11.6 11.7
    12.2 12.3 13.2 13.3 14.2 14.3 15.2 15.3 12.6 12.7 13.6 13.7 14.6 14.7 15.6 15.7
    16.2 16.3 17.2 17.3 18.2 18.3 19.2 19.3 16.6 16.7 17.6 17.7 18.6 18.7 19.6 19.7
    20.2 20.3 21.2 21.3 22.2 22.3 23.2 23.3 20.6 20.7 21.6 21.7 22.6 22.7 23.6 23.7
    24.2 24.3 25.2 25.3 26.2 26.3 27.2 27.3 24.6 24.7 25.6 25.7 26.6 26.7 27.6 27.7
    28.2 28.3 29.2 29.3 30.2 30.3 31.2 31.3 28.6 28.7 29.6 29.7 30.6 30.7 31.6 31.7)";
// B of m16n8k16, k 0-15, columns 0-7.
const char *const b16 = R"(
     0.0  4.0  8.0 12.0 16.0 20.0 24.0 28.0
     0.1  4.1  8.1 12.1 16.1 20.1 24.1 28.1
     1.0  5.0  9.0 13.0 17.0 21.0 25.0 29.0
     1.1  5.1  9.1 13.1 17.1 21.1 25.1 29.1
     2.0  6.0 10.0 14.0 18.0 22.0 26.0 30.0
     2.1  6.1 10.1 14.1 18.1 22.1 26.1 30.1
     3.0  7.0 11.0 15.0 19.0 23.0 27.0 31.0
     3.1  7.1 11.1 15.1 19.1 23.1 27.1 31.1
     0.2  4.2  8.2 12.2 16.2 20.2 24.2 28.2
     0.3  4.3  8.3 12.3 16.3 20.3 24.3 28.3
     1.2  5.2  9.2 13.2 17.2 21.2 25.2 29.2
     1.3  5.3  9.3 13.3 17.3 21.3 25.3 29.3
     2.2  6.2 10.2 14.2 18.2 22.2 26.2 30.2
     2.3  6.3 10.3 14.3 18.3 22.3 26.3 30.3
     3.2  7.2 11.2 15.2 19.2 23.2 27.2 31.2
     3.3  7.3 11.3 15.3 19.3 23.3 27.3 31.3)";
// C and D, rows 0-15, columns 0-7; the same for all shapes.
const char *const c8 = R"(
     0.0  0.1  1.0  1.1  2.0  2.1  3.0  3.1
     4.0  4.1  5.0  5.1  6.0  6.1  7.0  7.1
     8.0  8.1  9.0  9.1 10.0 10.1 11.0 11.1
    12.0 12.1 13.0 13.1 14.0 14.1 15.0 15.1
    16.0 16.1 17.0 17.1 18.0 18.1 19.0 19.1
    20.0 20.1 21.0 21.1 22.0 22.1 23.0 23.1
    24.0 24.1 25.0 25.1 26.0 26.1 27.0 27.1
    28.0 28.1 29.0 29.1 30.0 30.1 31.0 31.1
     0.2  0.3  1.2  1.3  2.2  2.3  3.2  3.3
     4.2  4.3  5.2  5.3  6.2  6.3  7.2  7.3
     8.2  8.3  9.2  9.3 10.2 10.3 11.2 11.3
    12.2 12.3 13.2 13.3 14.2 14.3 15.2 15.3
    16.2 16.3 17.2 17.3 18.2 18.3 19.2 19.3
    20.2 20.3 21.2 21.3 22.2 22.3 23.2 23.3
    24.2 24.3 25.2 25.3 26.2 26.3 27.2 27.3
    28.2 28.3 29.2 29.3 30.2 30.3 31.2 31.3)";
// A of m16n8k8 for tf32, rows 0-15, k 0-7.
const char *const a8 = R"(
     0.0  1.0  2.0  3.0  0.2  1.2  2.2  3.2
     4.0  5.0  6.0  7.0  4.2  5.2  6.2  7.2
     8.0  9.0 10.0 11.0  8.2  9.2 10.2 11.2
    12.0 13.0 14.0 15.0 12.2 13.2 14.2 15.2
    16.0 17.0 18.0 19.0 16.2 17.2 18.2 19.2
    20.0 21.0 22.0 23.0 20.2 21.2 22.2 23.2
    24.0 25.0 26.0 27.0 24.2 25.2 26.2 27.2
    28.0 29.0 30.0 31.0 28.2 29.2 30.2 31.2
     0.1  1.1  2.1  3.1  0.3  1.3  2.3  3.3
     4.1  5.1  6.1  7.1  4.3  5.3  6.3  7.3
     8.1  9.1 10.1 11.1  8.3  9.3 10.3 11.3
    12.1 13.1 14.1 15.1 12.3 13.3 14.3 15.3
    16.1 17.1 18.1 19.1 16.3 17.3 18.3 19.3
    20.1 21.1 22.1 23.1 20.3 21.3 22.3 23.3
    24.1 25.1 26.1 27.1 24.3 25.3 26.3 27.3
    28.1 29.1 30.1 31.1 28.3 29.3 30.3 31.3)";
// B of m16n8k8 for tf32, k 0-7, columns 0-7.
const char *const b8 = R"(
     0.0  4.0  8.0 12.0 16.0 20.0 24.0 28.0
     1.0  5.0  9.0 13.0 17.0 21.0 25.0 29.0
     2.0  6.0 10.0 14.0 18.0 22.0 26.0 30.0
     3.0  7.0 11.0 15.0 19.0 23.0 27.0 31.0
     0.1  4.1  8.1 12.1 16.1 20.1 24.1 28.1
     1.1  5.1  9.1 13.1 17.1 21.1 25.1 29.1
     2.1  6.1 10.1 14.1 18.1 22.1 26.1 30.1
     3.1  7.1 11.1 15.1 19.1 23.1 27.1 31.1)";
// clang-format on

struct Entry {
  int lane, element;
};

std::vector<Entry> parse(const char *table) {
  std::vector<Entry> entries;
  std::istringstream in(table);
  Entry e;
  char dot;
  while (in >> e.lane >> dot >> e.element)
    entries.push_back(e);
  return entries;
}

const char *const stubs = R"(
#include "vocabulary.cuh"
template <class T> DEV void one(const u32 *a, const u32 *b, float *c) {
  int l = lane();
  u32 x[4] = {a[l * 4], a[l * 4 + 1], a[l * 4 + 2], a[l * 4 + 3]};
  float d[4] = {c[l * 4], c[l * 4 + 1], c[l * 4 + 2], c[l * 4 + 3]};
  mma<T>(d, x, b[l * 2], b[l * 2 + 1]);
  for (int i = 0; i < 4; ++i)
    c[l * 4 + i] = d[i];
}
KERNEL(32, 1) mma_bf16(const u32 *a, const u32 *b, float *c) { one<bf16>(a, b, c); }
EXPORT_KERNEL(mma_bf16)
KERNEL(32, 1) mma_f16(const u32 *a, const u32 *b, float *c) { one<f16>(a, b, c); }
EXPORT_KERNEL(mma_f16)
KERNEL(32, 1) mma_tf32(const u32 *a, const u32 *b, float *c) { one<tf32>(a, b, c); }
EXPORT_KERNEL(mma_tf32)
// 2 x 4 tiles at once and one by one.
KERNEL(32, 1) tiles(const u32 *in, float *whole, float *parts) {
  u32 a[2][4], b[2][4];
  for (int i = 0; i < 8; ++i) {
    a[i / 4][i % 4] = in[(lane() * 7 + i * 3) % 64];
    b[i / 4][i % 4] = in[(lane() * 5 + i) % 64];
  }
  float x[2][4][4] = {}, y[4] = {};
  mma_tile<bf16>(x, a, b);
  for (int i = 0; i < 2; ++i)
    for (int j = 0; j < 4; ++j) {
      for (int e = 0; e < 4; ++e)
        y[e] = 0;
      mma<bf16>(y, a[i], b[j / 2][j % 2 * 2], b[j / 2][j % 2 * 2 + 1]);
      for (int e = 0; e < 4; ++e) {
        whole[((i * 4 + j) * 4 + e) * 32 + lane()] = x[i][j][e];
        parts[((i * 4 + j) * 4 + e) * 32 + lane()] = y[e];
      }
    }
}
EXPORT_KERNEL(tiles)
// Four 8x8 matrices of 16-bit numbers, dense in shared memory.
KERNEL(32, 1) matrices(const u32 *in, u32 *out) {
  u32 *s = shared_base<u32>();
  for (int i = 0; i < 4; ++i)
    s[i * 32 + lane()] = in[i * 32 + lane()];
  warp_sync();
  u32 r[4], t[4];
  load_matrix4(r, s + lane() * 4);
  load_matrix4_t(t, s + lane() * 4);
  for (int i = 0; i < 4; ++i) {
    out[i * 32 + lane()] = r[i];
    out[128 + i * 32 + lane()] = t[i];
  }
}
EXPORT_KERNEL(matrices)
)";

class FragmentTest : public EmulatorTest {
protected:
  // Small integers are exact in every format: products are compared bit for
  // bit.
  void check(const char *kernel, const char *tableA, const char *tableB,
             int depth, uint32_t (*bits)(int)) {
    std::vector<Entry> a = parse(tableA), b = parse(tableB), c = parse(c8);
    ASSERT_EQ(a.size(), size_t(16 * depth));
    ASSERT_EQ(b.size(), size_t(8 * depth));
    ASSERT_EQ(c.size(), size_t(16 * 8));
    auto elementA = [](int i) { return i * 7 % 11 - 5; };
    auto elementB = [](int i) { return i * 5 % 13 - 6; };
    auto elementC = [](int i) { return i * 3 % 17 - 8; };
    // Two 16-bit elements a register, or one of 32.
    int each = depth == 16 ? 2 : 1;
    std::vector<uint32_t> registersA(128), registersB(64);
    std::vector<float> registersC(128);
    for (int i = 0; i < 16 * depth; ++i)
      registersA[size_t(a[i].lane * 4 + a[i].element / each)] |=
          bits(elementA(i)) << a[i].element % each * 16;
    for (int i = 0; i < 8 * depth; ++i)
      registersB[size_t(b[i].lane * 2 + b[i].element / each)] |=
          bits(elementB(i)) << b[i].element % each * 16;
    for (int i = 0; i < 128; ++i)
      registersC[size_t(c[i].lane * 4 + c[i].element)] = float(elementC(i));
    Stub stub(stubs);
    DeviceArray<uint32_t> deviceA(registersA), deviceB(registersB);
    DeviceArray<float> deviceC(registersC);
    ASSERT_EQ(stub.launch(kernel, {1}, 32, 0, deviceA, deviceB, deviceC),
              cu::success)
        << control("report");
    std::vector<float> result = deviceC.get();
    for (int m = 0; m < 16; ++m)
      for (int n = 0; n < 8; ++n) {
        int sum = elementC(m * 8 + n);
        for (int k = 0; k < depth; ++k)
          sum += elementA(m * depth + k) * elementB(k * 8 + n);
        const Entry &at = c[size_t(m * 8 + n)];
        EXPECT_EQ(result[size_t(at.lane * 4 + at.element)], float(sum))
            << m << " " << n;
      }
  }
};

uint32_t floatBits(int x) { return __builtin_bit_cast(uint32_t, float(x)); }

TEST_F(FragmentTest, Bf16) {
  check("mma_bf16", a16, b16, 16, [](int x) { return floatBits(x) >> 16; });
}

TEST_F(FragmentTest, F16) {
  check("mma_f16", a16, b16, 16, [](int x) {
    if (!x)
      return 0u;
    int exponent = std::ilogb(std::abs(x));
    return (x < 0 ? 0x8000u : 0u) | uint32_t(exponent + 15) << 10 |
           (uint32_t(std::abs(x)) << (10 - exponent) & 0x3ff);
  });
}

TEST_F(FragmentTest, Tf32IgnoresLowBits) {
  check("mma_tf32", a8, b8, 8, [](int x) { return floatBits(x) | 0x1fff; });
}

TEST_F(FragmentTest, TileIsItsParts) {
  std::vector<uint32_t> in(64);
  for (uint32_t i = 0; i < 64; ++i)
    in[i] = floatBits(int(i) - 30) >> 16 |
            (floatBits(int(i * 3 % 19)) & 0xffff0000);
  Stub stub(stubs);
  DeviceArray<uint32_t> deviceIn(in);
  DeviceArray<float> whole(32 * 32), parts(32 * 32);
  ASSERT_EQ(stub.launch("tiles", {1}, 32, 0, deviceIn, whole, parts),
            cu::success)
      << control("report");
  EXPECT_EQ(whole.get(), parts.get());
}

TEST_F(FragmentTest, LoadMatrix) {
  // Element (row, column) of matrix m is m * 1000 + row * 10 + column.
  std::vector<uint32_t> in(128);
  for (uint32_t i = 0; i < 256; ++i)
    in[i / 2] |= (i / 64 * 1000 + i / 8 % 8 * 10 + i % 8) << i % 2 * 16;
  Stub stub(stubs);
  DeviceArray<uint32_t> deviceIn(in), out(256);
  ASSERT_EQ(stub.launch("matrices", {1}, 32, 512, deviceIn, out), cu::success)
      << control("report");
  std::vector<uint32_t> r = out.get();
  // The figure: row 0 belongs to lanes 0-3, two columns each, row 1 to lanes
  // 4-7, ...
  for (uint32_t m = 0; m < 4; ++m) {
    EXPECT_EQ(r[m * 32 + 0], (m * 1000 + 0) | (m * 1000 + 1) << 16);
    EXPECT_EQ(r[m * 32 + 3], (m * 1000 + 6) | (m * 1000 + 7) << 16);
    EXPECT_EQ(r[m * 32 + 4], (m * 1000 + 10) | (m * 1000 + 11) << 16);
    EXPECT_EQ(r[m * 32 + 31], (m * 1000 + 76) | (m * 1000 + 77) << 16);
    // Transposed: lane 0 gets column 0 of rows 0 and 1, lane 4 column 1.
    EXPECT_EQ(r[128 + m * 32 + 0], (m * 1000 + 0) | (m * 1000 + 10) << 16);
    EXPECT_EQ(r[128 + m * 32 + 3], (m * 1000 + 60) | (m * 1000 + 70) << 16);
    EXPECT_EQ(r[128 + m * 32 + 4], (m * 1000 + 1) | (m * 1000 + 11) << 16);
    EXPECT_EQ(r[128 + m * 32 + 31], (m * 1000 + 67) | (m * 1000 + 77) << 16);
  }
}

} // namespace
} // namespace ingot::emulator
