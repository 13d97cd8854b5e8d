// gemm.cuh against sums in double, over shapes with tails, alignments,
// epilogues and splits.
#include "test/emulator/Harness.h"
#include "test/emulator/Nvrtc.h"

#include <cmath>
#include <random>
#include <sstream>

namespace ingot::emulator {
namespace {

enum class Type { Bf16, F16, F32 };
size_t sizeOf(Type t) { return t == Type::F32 ? 4 : 2; }
const char *nameOf(Type t) {
  return t == Type::Bf16 ? "bf16" : t == Type::F16 ? "f16" : "float";
}

// The nearest number of the type, by trying: the test shares no code with the
// kernels.
double round(double x, Type t) {
  if (t == Type::F32 || x == 0 || !std::isfinite(x))
    return static_cast<float>(x);
  int digits = t == Type::Bf16 ? 8 : 11, least = t == Type::Bf16 ? -133 : -24;
  int exponent = std::max(std::ilogb(x) + 1 - digits, least);
  double rounded =
      std::ldexp(std::nearbyint(std::ldexp(x, -exponent)), exponent);
  return t == Type::F16 && std::fabs(rounded) > 65504
             ? std::copysign(INFINITY, x)
             : rounded;
}

void put(std::vector<uint8_t> &bytes, size_t i, double x, Type t) {
  if (t == Type::F32) {
    float f = static_cast<float>(x);
    memcpy(&bytes[i * 4], &f, 4);
    return;
  }
  uint16_t h;
  if (t == Type::Bf16) {
    h = static_cast<uint16_t>(
        __builtin_bit_cast(uint32_t, static_cast<float>(x)) >> 16);
  } else {
    int e = x == 0 ? -15 : std::max(std::ilogb(x), -15);
    double m = x == 0 ? 0 : std::fabs(x);
    h = static_cast<uint16_t>(
        (std::signbit(x) ? 0x8000 : 0) |
        (e == -15 ? static_cast<int>(std::ldexp(m, 24))
                  : (e + 15) << 10 |
                        (static_cast<int>(std::ldexp(m, 10 - e)) & 0x3ff)));
  }
  memcpy(&bytes[i * 2], &h, 2);
}

double get(const std::vector<uint8_t> &bytes, size_t i, Type t) {
  if (t == Type::F32) {
    float f;
    memcpy(&f, &bytes[i * 4], 4);
    return f;
  }
  uint16_t h;
  memcpy(&h, &bytes[i * 2], 2);
  if (t == Type::Bf16)
    return __builtin_bit_cast(float, uint32_t(h) << 16);
  int e = h >> 10 & 31, m = h & 0x3ff;
  double x = e == 31 ? (m ? NAN : INFINITY)
             : e     ? std::ldexp(m + 1024, e - 25)
                     : std::ldexp(m, -24);
  return h & 0x8000 ? -x : x;
}

// Rows of a matrix in device memory, `pitch` elements apart and `offset` past
// 256 bytes; what lies between rows is not written.
struct Matrix {
  Type type;
  int rows, columns, pitch, offset;
  std::vector<double> values;
  DeviceBytes memory;
  Matrix(Type type, int rows, int columns, int pitch, int offset, unsigned seed,
         bool filled = true)
      : type(type), rows(rows), columns(columns), pitch(pitch), offset(offset),
        values(size_t(rows) * columns),
        memory(
            (size_t(offset) + (rows ? size_t(rows - 1) * pitch + columns : 0)) *
            sizeOf(type)) {
    std::mt19937 random(seed);
    std::uniform_real_distribution<double> any(-1, 1);
    for (double &v : values)
      v = round(any(random), type);
    std::vector<uint8_t> line(size_t(columns) * sizeOf(type));
    for (int r = 0; filled && columns && r < rows; ++r) {
      for (int c = 0; c < columns; ++c)
        put(line, size_t(c), at(r, c), type);
      EXPECT_EQ(driverTable().copyToDevice(address() +
                                               size_t(r) * pitch * sizeOf(type),
                                           line.data(), line.size()),
                cu::success);
    }
  }
  double at(int r, int c) const { return values[size_t(r) * columns + c]; }
  cu::Pointer address() const {
    return memory.pointer + size_t(offset) * sizeOf(type);
  }
  std::vector<double> read() const {
    std::vector<double> result;
    std::vector<uint8_t> line(size_t(columns) * sizeOf(type));
    for (int r = 0; columns && r < rows; ++r) {
      EXPECT_EQ(driverTable().copyToHost(
                    line.data(), address() + size_t(r) * pitch * sizeOf(type),
                    line.size()),
                cu::success)
          << control("report");
      for (int c = 0; c < columns; ++c)
        result.push_back(get(line, size_t(c), type));
    }
    return result;
  }
};

struct Variant {
  std::string math = "bf16";
  int bm = 64, bn = 64, wm = 2, wn = 2, stages = 3, align = 16, splits = 1,
      v = 8;
  std::string activation = "GeluTanh";
  bool bias = true, residual = true;
  int minBlocks = 1;
  Type type() const {
    return math == "bf16" ? Type::Bf16 : math == "f16" ? Type::F16 : Type::F32;
  }
  unsigned threads() const { return unsigned(32 * wm * wn); }
  unsigned shared() const {
    return unsigned(std::max(stages * (bm + bn) * 128, bm * (bn + 8) * 4) +
                    (splits > 1 ? 16 : 0));
  }
  std::string stub() const {
    std::ostringstream s;
    std::string t = nameOf(type());
    s << "#include \"gemm.cuh\"\n"
      << "using Config = GemmConfig<" << math << ", " << bm << ", " << bn
      << ", " << wm << ", " << wn << ", " << stages << ", " << align << ", "
      << splits << ">;\n"
      << "using Epilogue = LinearEpilogue<" << t << ", " << v << ", "
      << activation << ", " << bias << ", " << residual << ">;\n"
      << "KERNEL(" << threads() << ", " << minBlocks << ") gemm_test(const "
      << t << " *a, const " << t << " *w, const " << t << " *bias, const " << t
      << " *residual, " << t
      << " *out, i64 lda, i64 ldw, i64 ldr, i64 ldo, int m, int n, int k, "
         "float *partial, u32 *counter) {\n"
      << "  gemm<Config>({a, w, lda, ldw, 0, 0, m, n, k}, Epilogue{out, ldo, "
         "bias, residual, ldr}, {partial, counter});\n"
      << "}\nEXPORT_KERNEL(gemm_test)\n";
    return s.str();
  }
};

double activate(const std::string &name, double x) {
  if (name == "GeluTanh")
    return x / 2 *
           (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
  if (name == "GeluErf")
    return x / 2 * (1 + std::erf(x / std::sqrt(2.0)));
  if (name == "Silu")
    return x / (1 + std::exp(-x));
  return x;
}

class GemmTest : public EmulatorTest {
protected:
  // Pitches and offsets are the least that the variant's alignment allows
  // beyond the row, so that nothing more than promised holds.
  void check(const Variant &v, Stub &stub, int m, int n, int k) {
    SCOPED_TRACE(v.math + " " + std::to_string(m) + "x" + std::to_string(n) +
                 "x" + std::to_string(k));
    int unit = v.align / static_cast<int>(sizeOf(v.type()));
    auto pitch = [](int columns, int unit) {
      return (columns + unit - 1) / unit * unit + unit;
    };
    Matrix a(v.type(), m, k, pitch(k, unit), unit, 1),
        w(v.type(), n, k, pitch(k, unit), 3 * unit, 2);
    int wide = std::min(v.v, 16 / static_cast<int>(sizeOf(v.type())));
    Matrix bias(v.type(), 1, n, n, wide, 3),
        residual(v.type(), m, n, pitch(n, wide), wide, 4);
    Matrix out(v.type(), m, n, pitch(n, wide), 3 * wide, 5, false);
    int tiles = (m + v.bm - 1) / v.bm * ((n + v.bn - 1) / v.bn);
    DeviceArray<float> partial(
        v.splits > 1 ? size_t(tiles) * v.splits * v.bm * v.bn : 0);
    DeviceArray<uint32_t> counter(
        std::vector<uint32_t>(v.splits > 1 ? size_t(tiles) : 0));
    auto i64 = [](int x) { return static_cast<long long>(x); };
    cu::Result r = stub.launch(
        "gemm_test", {unsigned(tiles), unsigned(v.splits)}, v.threads(),
        v.shared(), a.address(), w.address(), bias.address(),
        residual.address(), out.address(), i64(a.pitch), i64(w.pitch),
        i64(residual.pitch), i64(out.pitch), m, n, k, partial, counter);
    ASSERT_EQ(r, cu::success) << control("report");
    std::vector<double> result = out.read();
    // One rounding to the type, sums in f32, and tf32's 11 bits of the
    // operands.
    double unitOfType = v.type() == Type::Bf16  ? 0x1p-8
                        : v.type() == Type::F16 ? 0x1p-11
                                                : 0x1p-23;
    double product = v.math == "tf32" ? 0x1p-10 : 0x1p-23;
    for (int i = 0; i < m; ++i)
      for (int j = 0; j < n; ++j) {
        double sum = 0, scale = 0;
        for (int l = 0; l < k; ++l) {
          sum += a.at(i, l) * w.at(j, l);
          scale += std::fabs(a.at(i, l) * w.at(j, l));
        }
        double want =
            activate(v.activation, sum + (v.bias ? bias.at(0, j) : 0)) +
            (v.residual ? residual.at(i, j) : 0);
        double got = result[size_t(i) * n + j];
        double tolerance =
            (std::fabs(want) + 1e-3) * unitOfType + (scale + 2) * 2 * product;
        ASSERT_NEAR(got, want, tolerance) << "row " << i << " column " << j;
      }
    if (v.splits > 1) {
      EXPECT_EQ(counter.get(), std::vector<uint32_t>(size_t(tiles), 0));
    }
  }
  void checkAll(const Variant &v, const std::vector<std::array<int, 3>> &shapes,
                const std::vector<const char *> &modes = {
                    "mode late", "mode early", "mode random 1",
                    "mode random 2"}) {
    Stub stub(v.stub());
    for (const char *mode : modes)
      for (auto [m, n, k] : shapes) {
        SCOPED_TRACE(mode);
        control(mode);
        check(v, stub, m, n, k);
        if (HasFatalFailure())
          return;
      }
  }
};

const std::vector<std::array<int, 3>> wideShapes = {
    {64, 64, 64},  {1, 8, 1},      {1, 64, 200}, {70, 72, 65},
    {33, 136, 63}, {129, 16, 129}, {5, 24, 0},   {64, 128, 320}};
const std::vector<std::array<int, 3>> oddShapes = {
    {1, 1, 1}, {65, 67, 69}, {3, 130, 33}, {7, 1, 100}, {66, 65, 0}};

TEST_F(GemmTest, Bf16) { checkAll({}, wideShapes); }

TEST_F(GemmTest, F16) {
  Variant v;
  v.math = "f16";
  v.activation = "GeluErf";
  checkAll(v, wideShapes);
}

TEST_F(GemmTest, Tf32) {
  Variant v;
  v.math = "tf32";
  v.v = 4;
  v.activation = "Silu";
  checkAll(v, wideShapes);
}

TEST_F(GemmTest, Ieee) {
  Variant v;
  v.math = "float";
  v.v = 4;
  checkAll(v, wideShapes);
}

TEST_F(GemmTest, EveryAlignment) {
  struct Case {
    const char *math;
    int align, v;
  };
  for (Case c : {Case{"bf16", 8, 4},
                 {"bf16", 4, 2},
                 {"bf16", 2, 1},
                 {"f16", 2, 1},
                 {"tf32", 8, 2},
                 {"tf32", 4, 1},
                 {"float", 8, 2},
                 {"float", 4, 1}}) {
    Variant v;
    v.math = c.math;
    v.align = c.align;
    v.v = c.v;
    v.residual = c.align != 4;
    v.bias = c.align != 8;
    std::vector<std::array<int, 3>> shapes = oddShapes;
    for (auto &s : shapes)
      s[1] = (s[1] + c.v - 1) / c.v * c.v;
    checkAll(v, shapes, {"mode late", "mode random 4"});
  }
}

TEST_F(GemmTest, Tiles) {
  struct Case {
    int bm, bn, wm, wn, stages;
  };
  for (Case c : {Case{128, 128, 2, 4, 3},
                 {128, 64, 4, 1, 2},
                 {16, 128, 1, 4, 4},
                 {32, 64, 2, 2, 5}}) {
    Variant v;
    v.bm = c.bm;
    v.bn = c.bn;
    v.wm = c.wm;
    v.wn = c.wn;
    v.stages = c.stages;
    checkAll(v, {{130, 200, 136}, {17, 8, 640}},
             {"mode early", "mode random 5"});
  }
}

// Nine rows of tiles: the last band is lower than the others.
TEST_F(GemmTest, BandsOfTiles) {
  Variant v;
  v.bm = v.bn = 32;
  v.wm = v.wn = 2;
  checkAll(v, {{32 * 9 - 5, 32 * 3, 40}}, {"mode late"});
}

TEST_F(GemmTest, SplitsAddUpInOrder) {
  Variant v;
  v.splits = 4;
  v.bm = 16;
  v.wm = 1;
  checkAll(v, {{5, 72, 1024}, {20, 64, 300}, {1, 8, 64}, {3, 16, 0}});
  // The same bits whoever comes last.
  Stub stub(v.stub());
  Matrix a(Type::Bf16, 4, 512, 512, 8, 1), w(Type::Bf16, 64, 512, 512, 8, 2),
      other(Type::Bf16, 4, 64, 64, 8, 3);
  std::vector<std::vector<double>> results;
  for (int seed = 1; seed < 5; ++seed) {
    control("mode random " + std::to_string(seed));
    Matrix out(Type::Bf16, 4, 64, 64, 8, 5, false);
    DeviceArray<float> partial(4 * 16 * 64);
    DeviceArray<uint32_t> counter(std::vector<uint32_t>{0});
    ASSERT_EQ(stub.launch("gemm_test", {1, 4}, v.threads(), v.shared(),
                          a.address(), w.address(), other.address(),
                          other.address(), out.address(), 512ll, 512ll, 64ll,
                          64ll, 4, 64, 512, partial, counter),
              cu::success)
        << control("report");
    results.push_back(out.read());
    EXPECT_EQ(results.back(), results.front());
  }
}

TEST_F(GemmTest, InfinityAndNanPassThrough) {
  Variant v;
  v.activation = "Identity";
  v.bias = v.residual = false;
  Stub stub(v.stub());
  Matrix a(Type::Bf16, 3, 64, 64, 0, 1), w(Type::Bf16, 8, 64, 64, 0, 2),
      out(Type::Bf16, 3, 8, 8, 0, 5, false);
  uint16_t infinity = 0x7f80, nan = 0x7fc0;
  ASSERT_EQ(cuda.copyToDevice(a.address(), &infinity, 2), cu::success);
  ASSERT_EQ(cuda.copyToDevice(a.address() + 128, &nan, 2), cu::success);
  cu::Pointer none = 0;
  ASSERT_EQ(stub.launch("gemm_test", {1}, v.threads(), v.shared(), a.address(),
                        w.address(), none, none, out.address(), 64ll, 64ll, 0ll,
                        8ll, 3, 8, 64, none, none),
            cu::success)
      << control("report");
  std::vector<double> r = out.read();
  for (int j = 0; j < 8; ++j) {
    EXPECT_TRUE(std::isinf(r[size_t(j)])) << r[size_t(j)];
    EXPECT_TRUE(std::isnan(r[size_t(8 + j)]));
    EXPECT_TRUE(std::isfinite(r[size_t(16 + j)]));
  }
}

TEST_F(GemmTest, NoBankConflictsNoNarrowLoads) {
  Variant v;
  Stub stub(v.stub());
  control("stats reset");
  check(v, stub, 128, 128, 256);
  EXPECT_EQ(stat("bank_conflicts"), 0u);
  EXPECT_GT(stat("matrix_phases"), 0u);
  for (const char *narrow :
       {"loads1", "loads2", "loads4", "loads8", "copies4", "copies8"})
    EXPECT_EQ(stat(narrow), 0u) << narrow;
}

// What we would ship for sm_80: registers, and what the machine code must hold.
struct Shipped {
  Variant variant;
  const char *instruction;
};
std::vector<Shipped> shipped() {
  std::vector<Shipped> all;
  for (const char *math : {"bf16", "f16", "tf32", "float"}) {
    Variant v;
    v.math = math;
    v.bm = v.bn = 128;
    v.wn = 4;
    v.v = v.type() == Type::F32 ? 4 : 8;
    all.push_back({v, v.math == "float" ? "FFMA" : "HMMA"});
    v.align = v.type() == Type::F32 ? 4 : 2;
    v.v = 1;
    all.push_back({v, v.math == "float" ? "FFMA" : "HMMA"});
  }
  Variant split;
  split.bm = 16;
  split.wm = 1;
  split.wn = 4;
  split.bn = 128;
  split.stages = 4;
  split.splits = 8;
  all.push_back({split, "HMMA"});
  return all;
}

TEST_F(GemmTest, DeviceCode) {
  if (!nvrtcFound())
    GTEST_SKIP() << "no libnvrtc";
  for (const Shipped &s : shipped()) {
    std::string stub = s.variant.stub();
    SCOPED_TRACE(stub);
    NvrtcResult r = nvrtcCompile(stub, "sm_80");
    ASSERT_TRUE(r.ok) << r.log;
    ASSERT_EQ(r.kernels.size(), 1u) << r.log;
    EXPECT_EQ(r.kernels[0].spillBytes, 0);
    EXPECT_EQ(r.kernels[0].frameBytes, 0);
    EXPECT_LE(r.kernels[0].registers, 255);
    printf("%s, rows at multiples of %d bytes: %d registers\n",
           s.variant.math.c_str(), s.variant.align, r.kernels[0].registers);
    std::string sass = disassemble(r.code);
    if (sass.empty())
      continue;
    EXPECT_NE(sass.find(s.instruction), std::string::npos);
    // ALIGN 2 has no asynchronous copy that narrow.
    if (s.variant.align >= 4) {
      EXPECT_NE(sass.find("LDGSTS"), std::string::npos);
    }
    EXPECT_EQ(sass.find("STL"), std::string::npos);
  }
}

TEST_F(GemmTest, PtxForLaterArchitectures) {
  if (!nvrtcFound())
    GTEST_SKIP() << "no libnvrtc";
  EXPECT_TRUE(nvrtcCompile(Variant().stub(), "compute_80").ok);
}

} // namespace
} // namespace ingot::emulator
