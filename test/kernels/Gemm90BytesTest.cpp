// Results of 8 bits of gemm90.cuh and gemm90_turns.cuh: byte for byte what
// those of f32 are when they are rounded. Edits of how lanes exchange bytes,
// each of which must be found; what the device's compiler makes of it.
#include "Float8.h"
#include "Gemm90.h"
#include "Mutant.h"

#include "test/emulator/Nvrtc.h"

#include <array>
#include <sstream>

namespace ingot::emulator {
namespace {

// Two kernels of one configuration: `to_float` and `to_e4m3`.
struct Variant {
  std::string math = "bf16", activation = "Silu";
  int bn = 64, stages = 3, v = 2, parts = 0, blocks = 3;
  bool turns = false;

  unsigned shared() const {
    return unsigned(stages * (128 + bn) * 128 + stages * 16 + 16);
  }
  std::string kernel(const std::string &out) const {
    std::ostringstream s;
    std::string name = "to_" + out, epilogue = "Epilogue<" + out + ">";
    s << "KERNEL(384, 1) " << name
      << "(GRID_CONST TensorMap a, GRID_CONST TensorMap w, const float "
         "*scales, "
      << out
      << " *out, i64 ldo, int m, int n, int k, float *partials, u32 *counters, "
         "i64 parts) {\n  "
      << epilogue << " rows{out, ldo};\n  gemm90" << (turns ? "_turns" : "")
      << "<Config>({&a, &w, nullptr}, m, n, k, "
      << (math == "e4m3" ? "ScaledEpilogue<" + epilogue + ">{rows, scales}"
                         : "rows")
      << (parts ? ", Splits{partials, counters, parts}" : "")
      << ");\n}\nEXPORT_KERNEL(" << name << ")\n";
    return s.str();
  }
  std::string head() const {
    std::ostringstream s;
    s << "#include \"gemm90_turns.cuh\"\n"
      << "using Config = Gemm90" << (turns ? "Turns" : "") << "Config<" << math
      << ", " << bn << ", " << stages << ", false>;\n"
      << "struct Apply {\n  struct Element {};\n"
      << "  DEV Element load(int, int) const { return {}; }\n"
      << "  DEV float apply(const Element &, float x, int, int) const { return "
      << activation << "()(x); }\n};\n"
      << "template <class Out> using Epilogue = PointwiseEpilogue<Out, " << v
      << ", Apply>;\n";
    return s.str();
  }
};

// What is wrong with one product, or nothing.
std::string runBytes(const Variant &v, Stub &stub, int m, int n, int k) {
  bool isF8 = v.math == "e4m3";
  // Weights and scales first: kernels read them before those before are done.
  Bytes w8(n, k, 2, false);
  Matrix w16(Type::Bf16, n, k, (k + 7) / 8 * 8 + 8, 8, 2);
  std::vector<float> scales(size_t(n), 0x1p-14f);
  DeviceArray<float> deviceScales(scales);
  EarlyLaunches early;
  Bytes a8(m, k, 1, false);
  Matrix a16(Type::Bf16, m, k, (k + 7) / 8 * 8 + 8, 8, 1);
  if (m > 3) {
    // Beyond the largest byte, infinite, and no number.
    a16.set(1, 0, 4096);
    a16.set(2, 0, -INFINITY);
    a16.set(3, 0, NAN);
  }
  auto map16 = [](const Matrix &x, int boxRows) {
    return makeMap(x.address(), {uint64_t(x.columns), uint64_t(x.rows),
                                 uint64_t(x.pitch), unsigned(boxRows)});
  };
  cu::TensorMap a = isF8 ? a8.map(128) : map16(a16, 128),
                w = isF8 ? w8.map(v.bn) : map16(w16, v.bn);
  auto i64 = [](int x) { return static_cast<long long>(x); };
  auto up = [](int x) { return size_t(x + 15) / 16 * 16; };
  size_t tiles = size_t((m + 127) / 128 * ((n + v.bn - 1) / v.bn));
  DeviceArray<float> partials(size_t(v.parts) * up(m) * up(n));
  DeviceArray<unsigned> counters(std::vector<unsigned>(v.parts ? tiles : 0));
  // The least pitch and offset that stores of eight bytes take.
  int unit = n % 8 ? v.v : 8, pitch = (n + unit - 1) / unit * unit + unit;
  Matrix floats(Type::F32, m, n, pitch, unit, 5, /*filled=*/false);
  DeviceBytes bytes(size_t(unit + (m - 1) * pitch + n));
  auto launch = [&](const char *name, cu::Pointer out) {
    return stub.launch(name, {unsigned(v.blocks)}, 384, v.shared(), a, w,
                       deviceScales, out, i64(pitch), m, n, k, partials,
                       counters, i64(v.parts));
  };
  if (launch("to_float", floats.address()) ||
      launch("to_e4m3", bytes.pointer + size_t(unit)))
    return control("report") + "\na launch failed";
  std::optional<std::vector<double>> want = floats.read();
  if (!want)
    return control("report") + "the floats cannot be read";
  std::vector<uint8_t> line(static_cast<size_t>(n));
  for (int r = 0; r < m; ++r) {
    if (driverTable().copyToHost(
            line.data(), bytes.pointer + size_t(unit + r * pitch), line.size()))
      return control("report") + "the bytes cannot be read";
    for (int c = 0; c < n; ++c) {
      double x = (*want)[size_t(r * n + c)];
      if (line[size_t(c)] != nearestBits(x))
        return "row " + std::to_string(r) + " column " + std::to_string(c) +
               ": " + std::to_string(line[size_t(c)]) + " for " +
               std::to_string(x);
    }
  }
  return "";
}

class Gemm90BytesTest : public EmulatorTest {
protected:
  void checkAll(const Variant &v,
                const std::vector<std::array<int, 3>> &shapes) {
    Stub stub(v.head() + v.kernel("float") + v.kernel("e4m3"));
    for (const char *mode : {"mode late", "mode random 1"})
      for (auto [m, n, k] : shapes) {
        SCOPED_TRACE(mode);
        control(mode);
        ASSERT_EQ(runBytes(v, stub, m, n, k), "")
            << v.bn << " columns: " << m << "x" << n << "x" << k;
      }
  }
};

// Columns that are a multiple of 64, of 8 and of 2; rows that end.
TEST_F(Gemm90BytesTest, Bf16) {
  checkAll({}, {{128, 64, 64}, {130, 136, 72}, {5, 200, 72}, {70, 50, 64}});
  Variant wide;
  wide.bn = 256;
  checkAll(wide, {{70, 328, 72}});
}

TEST_F(Gemm90BytesTest, RowsOfE4m3) {
  Variant v;
  v.math = "e4m3";
  v.activation = "Identity";
  v.bn = 96;
  checkAll(v, {{130, 200, 144}, {1, 8, 16}});
}

TEST_F(Gemm90BytesTest, InTurns) {
  Variant v;
  v.turns = true;
  v.stages = 4;
  checkAll(v, {{300, 136, 72}});
}

// What parts have left is stored two bytes at a time.
TEST_F(Gemm90BytesTest, Parts) {
  Variant v;
  v.parts = 3;
  v.blocks = 9;
  checkAll(v, {{130, 72, 200}});
}

TEST_F(Gemm90BytesTest, OneColumn) {
  Variant v;
  v.v = 1;
  checkAll(v, {{20, 35, 64}});
}

// A quad stores a sector, eight bytes a lane, where it can.
TEST_F(Gemm90BytesTest, WholeSectors) {
  Variant v;
  Stub stub(v.head() + v.kernel("float") + v.kernel("e4m3"));
  control("stats reset");
  EXPECT_EQ(runBytes(v, stub, 128, 64, 64), "");
  // Those of f32 are pairs.
  // Eight bytes are two words to the emulator; DeviceCode has one store.
  EXPECT_EQ(statistic("stores4"), 128u * 64 / 4 + 128u * 64);
  EXPECT_EQ(statistic("stores1") + statistic("stores2"), 0u);
}

TEST_F(Gemm90BytesTest, DeviceCode) {
  if (!nvrtcFound())
    GTEST_SKIP() << "no libnvrtc";
  Variant wide, turns, eight;
  wide.bn = 256;
  wide.stages = 4;
  turns.bn = 128;
  turns.stages = 6;
  turns.turns = true;
  eight.math = "e4m3";
  eight.bn = 128;
  eight.stages = 6;
  eight.parts = 8;
  for (Variant v : {wide, turns, eight}) {
    v.activation = "GeluErf";
    SCOPED_TRACE(v.head());
    std::string sass = expectHopperCode(v.head() + v.kernel("e4m3"));
    if (sass.empty())
      continue;
    EXPECT_NE(sass.find("F2FP.SATFINITE.E4M3.F32.PACK_AB_MERGE_C"),
              std::string::npos);
    EXPECT_NE(sass.find("STG.E.64"), std::string::npos);
  }
}

struct Edit {
  const char *name, *from, *to;
  const char *header = "gemm90_columns.cuh";
};

const Edit edits[] = {
    {"OtherWords", "is_upper ? high : low,", "is_upper ? low : high,"},
    {"KeptIsGiven", "is_upper ? low : high, 2)", "is_upper ? high : low, 2)"},
    {"OfTheNeighbour", "low : high, 2);", "low : high, 1);"},
    {"OfTheSameLanes", "first : second), 1);", "first : second), 2);"},
    {"LowerLaneSecond", "is_upper ? 0x1054 : 0x5410", "0x5410"},
    {"LowerLaneSecondOfOdd", "is_upper ? 0x3276 : 0x7632", "0x7632"},
    {"EightOfTheNeighbour", "is_odd ? second : first);",
     "is_odd ? first : second);"},
    {"GivesItsOwn", "is_odd ? first : second), 1)",
     "is_odd ? second : first), 1)"},
    {"OddLanesFirst", "others, is_odd ? 0x1054 : 0x5410", "others, 0x5410"},
    {"OddLanesFirstOfUpper", "others, is_odd ? 0x3276 : 0x7632",
     "others, 0x7632"},
    {"RowsOfTheFirstColumns", "packed[i] | packed[2 + i] << 16",
     "packed[i] | packed[i] << 16"},
    {"RowsMixed", "packed[i] | packed[2 + i] << 16",
     "packed[2 * i] | packed[2 * i + 1] << 16"},
    {"HalvesSwapped", "bytes.take(from / 16 % 2,",
     "bytes.take(1 - from / 16 % 2,", "gemm90.cuh"},
    {"StoredTooEarly", "if (from / 16 % 2)\n", "if (from / 16 % 2 == 0)\n",
     "gemm90.cuh"},
    {"StoredBehind", "n0 + from - 16, epilogue);", "n0 + from, epilogue);",
     "gemm90.cuh"},
    {"ColumnsInPairs", "n0 + lane() % 4 * 8;", "n0 + lane() % 4 * 2;"},
    {"TheSameRowTwice", "place.row + i * 8, c", "place.row, c"},
    {"PastTheLastRow", "r < place.m && is_inside", "is_inside"},
    {"PastTheLastColumn", "r < place.m && is_inside", "r < place.m"},
    {"EightsOfAnyRow", "BYTES && place.n % 8 == 0", "BYTES", "gemm90.cuh"},
    {"PairsInTheWrongHalf", "i % EACH * 8", "(2 - i % EACH) * 8",
     "epilogue.cuh"},
};

void PrintTo(const Edit &e, std::ostream *out) { *out << e.name; }

class Gemm90BytesMutationTest : public MutantTest,
                                public testing::WithParamInterface<Edit> {};

TEST_P(Gemm90BytesMutationTest, IsFound) {
  const Edit &edit = GetParam();
  ASSERT_NO_FATAL_FAILURE(this->edit(edit.header, edit.from, edit.to));
  Variant v;
  Stub stub(v.head() + v.kernel("float") + v.kernel("e4m3"));
  std::string found;
  for (auto [m, n, k] : {std::array{140, 136, 72}, {20, 50, 64}})
    if (found.empty()) {
      control("reset; mode late");
      found = runBytes(v, stub, m, n, k);
      control("revive");
    }
  EXPECT_NE(found, "") << "not found";
  printf("%s\n", found.c_str());
}

INSTANTIATE_EDITS(Gemm90BytesMutationTest, edits);

} // namespace
} // namespace ingot::emulator
