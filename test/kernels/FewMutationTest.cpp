// Each edit of the product of few rows must be found, by a finding or by a
// wrong number.
#include "Gemm.h"
#include "Mutant.h"

#include "test/emulator/Nvrtc.h"

#include <cmath>
#include <sstream>

namespace ingot::emulator {
namespace {

struct Edit {
  const char *name, *from, *to, *header = "linear_few.cuh";
  int rows = 16; ///< of the configuration
};

const Edit edits[] = {
    // wait
    {"WaitsForOneLess", "copy_wait<STAGES - 1>();", "copy_wait<STAGES>();"},
    {"WaitsForNone", "copy_wait<STAGES - 1>();", ""},
    {"CommitsNever", "copy_commit(); // also", "// also"},
    {"CommitsOnlyFullGroups", "copy_commit(); // also",
     "if (ahead < groups)\n      copy_commit(); // also"},
    // dependent launch
    {"NobodyWaitsForGrids", "  grid_wait();\n", ""},
    {"OneWarpWaitsForGrids", "  grid_wait();\n",
     "  if (part == 0)\n    grid_wait();\n"},
    {"FetchesRowsEarly", "/*with_a=*/false", "/*with_a=*/true"},
    // barrier
    {"NoBarrierBeforeSums", "barrier(); // the sums", "; // the sums"},
    {"NoBarrierAfterSums", "barrier(); // all parts", "// all parts"},
    // guard
    {"NoGuardOfK", "C::EXACT || k < C::K", "k >= 0"},
    {"ZerosOfWAlone", "row + 8 * f < p.m && is_inside(k)", "row + 8 * f < p.m"},
    {"FetchesPastTheColumns", "if (ahead < groups) {", "{"},
    {"NoGuardOfColumns", "min_(ahead * C::COLUMNS + 8 * j + row, (i64)p.n - 1)",
     "(ahead * C::COLUMNS + 8 * j + row)"},
    {"NoGuardOfTheResult", "row < m && column < n", "row < m", "part_sums.cuh"},
    {"FirstRowsAlone", "p.m > C::ROWS - 8", "p.m > C::ROWS"},
    // stage
    {"ReadsTheNextStage", "from = ring + stage * C::STAGE",
     "from = ring + (stage + 1) % STAGES * C::STAGE"},
    {"FillsTheNextStage", "fetch(stage, /*with_a=*/true)",
     "fetch((stage + 1) % STAGES, /*with_a=*/true)"},
    {"RingTurnsLate", "stage + 1 < STAGES", "stage < STAGES"},
    {"StageTooSmall", "PIECES = TILES + EIGHTS", "PIECES = TILES + 1"},
    {"WarpsInOnePlace", "tid() * 16", "lane() * 16"},
    {"FirstRowsGoOn", "s % C::STEPS * C::STEP", "s * C::STEP"},
    // order
    {"ColumnsStay", "ahead += block_count();", ";"},
    {"WeightsStay", "      next_columns();\n", ""},
    {"StepsStay", "++next == C::STEPS", "C::STEPS == 1"},
    {"LosesAPart", "UNROLL for (int part = 0;", "UNROLL for (int part = 1;",
     "part_sums.cuh"},
    {"HalvesOfK", "right[j][h], right[j][h + 1]",
     "right[j][h + 1], right[j][h]"},
    // 32 rows
    {"LastRowsNever", "p.m > C::ROWS - 8", "p.m > C::ROWS", "linear_few.cuh",
     32},
    {"LastRowsLate", "p.m > C::ROWS - 8", "p.m > C::ROWS - 7", "linear_few.cuh",
     32},
    {"UpperRowsTwice", "upper = left[2 * l]", "upper = left[0]",
     "linear_few.cuh", 32},
    {"LowerRowsTwice", "lower = left[2 * l + 1]", "lower = left[1]",
     "linear_few.cuh", 32},
    {"SumsOfOneLeftOperand", "to[l][j], both", "to[0][j], both",
     "linear_few.cuh", 32},
    {"ResultsOfOneLeftOperand", "16 * left", "0", "linear_few.cuh", 32},
    {"ResidualsOfOneLeftOperand", "epilogue, in[l]);\n\n",
     "epilogue, in[0]);\n\n", "linear_few.cuh", 32},
    {"SumsStay", "sum[i - 1][j][e] = sum[i][j][e]", "(void)0", "linear_few.cuh",
     32},
    {"ResidualsStay", "in[i - 1][j] = in[i][j]", "(void)0", "linear_few.cuh",
     32},
    {"NoBarrierBetweenSums", "l > 0 || group", "group", "linear_few.cuh", 32},
    {"NoBarrierAfterLaterSums", "barrier(); // all parts",
     "if (l == 0)\n        barrier(); // all parts", "linear_few.cuh", 32},
    {"RowsPastTheEnd", "min_(row + 8 * f, max_(p.m - 1, 0))", "(row + 8 * f)",
     "linear_few.cuh", 32},
};

void PrintTo(const Edit &e, std::ostream *out) { *out << e.name; }

struct Few {
  int k, rows, tiles = 2, warps = 4;

  std::string stub(bool isEarly = true) const {
    std::ostringstream s;
    s << "#include \"linear_few.cuh\"\n"
      << "using Config = FewConfig<bf16, " << k << ", " << tiles << ", "
      << warps << ", 0, " << rows << ">;\n"
      << "using Epilogue = LinearEpilogue<bf16, 1, Identity, true, true>;\n"
      << "KERNEL(" << 32 * warps
      << ", 1) few_test(const bf16 *a, const bf16 *w, const bf16 *bias, const "
         "bf16 *residual, bf16 *out, i64 lda, i64 ldw, i64 ldr, int m, int n) "
         "{\n"
      << (isEarly ? "  grid_launch_next();\n" : "")
      << "  linear_few<Config>({a, w, lda, ldw, 0, 0, m, n, " << k
      << "}, Epilogue{out, n, bias, residual, ldr});\n}\n"
      << "EXPORT_KERNEL(few_test)\n";
    return s.str();
  }
  /// Three steps at most, and sums.
  unsigned shared() const {
    int pieces = tiles + rows / 8,
        stages = std::min(std::max(21 / pieces, 2), 3);
    return unsigned(warps * 512 * (stages * pieces + tiles));
  }
};

/// 70 columns, two blocks. What is wrong, or nothing. `poisoned`: rows of NaN
/// past the end.
std::string runFew(const Few &few, Stub &stub, int m, int poisoned = 0,
                   std::vector<double> *results = nullptr) {
  constexpr int kColumns = 70;
  const int k = few.k;
  Matrix w(Type::Bf16, kColumns, k, k + 8, 8, 2);
  EarlyLaunches early;
  Matrix a(Type::Bf16, m + poisoned, k, k + 16, 24, 1),
      bias(Type::Bf16, 1, kColumns, kColumns, 1, 3),
      residual(Type::Bf16, m, kColumns, kColumns + 3, 5, 4),
      out(Type::Bf16, m, kColumns, kColumns, 1, 5, /*filled=*/false);
  for (int i = m; i < m + poisoned; ++i)
    for (int j = 0; j < k; ++j)
      a.set(i, j, NAN);
  auto i64 = [](int x) { return static_cast<long long>(x); };
  cu::Result r = stub.launch(
      "few_test", {2}, unsigned(32 * few.warps), few.shared(), a.address(),
      w.address(), bias.address(), residual.address(), out.address(),
      i64(a.pitch), i64(w.pitch), i64(residual.pitch), m, kColumns);
  if (r)
    return control("report") + "\nresult " + std::to_string(r);
  if (results)
    *results = out.read().value_or(std::vector<double>());
  return judge(a, w, &bias, &residual, out, "Identity", 0x1p-23);
}

/// Steps of a warp: three, of which the last warp lacks some; one, so that the
/// ring is ahead by groups of columns.
std::string runAll(int rows) {
  std::string found;
  for (auto [m, k] : {std::pair(rows - 7, 328), {rows - 11, 104}}) {
    const Few few{k, rows};
    Stub stub(few.stub());
    for (const char *mode :
         {"mode late", "mode early", "mode random 1", "mode random 2"}) {
      if (!found.empty())
        break;
      control("reset; " + std::string(mode));
      found = runFew(few, stub, m);
      control("revive");
    }
  }
  return found;
}

class FewMutationTest : public MutantTest,
                        public testing::WithParamInterface<Edit> {};

TEST_P(FewMutationTest, IsFound) {
  const Edit &edit = GetParam();
  ASSERT_NO_FATAL_FAILURE(this->edit(edit.header, edit.from, edit.to));
  std::string found = runAll(edit.rows);
  EXPECT_NE(found, "") << "not found";
  printf("%s\n", found.c_str());
}

INSTANTIATE_EDITS(FewMutationTest, edits);

TEST_F(EmulatorTest, FewRowsAsTheyAre) {
  for (int rows : {16, 32})
    EXPECT_EQ(runAll(rows), "");
}

/// Numbers of rows that 32 stand for: what lies behind does not matter, and
/// results are the same bits each time.
TEST_F(EmulatorTest, FewRowsUpTo32) {
  // The second as wide as Hopper's.
  for (const Few &few : {Few{328, 32}, {328, 32, /*tiles=*/7, /*warps=*/12}}) {
    Stub stub(few.stub());
    for (int m : {1, 8, 9, 15, 16, 17, 24, 25, 31, 32}) {
      SCOPED_TRACE(testing::Message() << few.tiles << " tiles, m " << m);
      std::vector<double> first, second;
      EXPECT_EQ(runFew(few, stub, m, /*poisoned=*/40 - m, &first), "");
      control("mode random 3");
      EXPECT_EQ(runFew(few, stub, m, /*poisoned=*/0, &second), "");
      control("reset");
      EXPECT_EQ(first, second);
    }
  }
}

TEST_F(EmulatorTest, DeviceCodeOfFewRows) {
  if (!nvrtcFound())
    GTEST_SKIP() << "no libnvrtc";
  for (auto [name, few] :
       {std::pair<const char *, Few>{"sm_80", {4096, 16, 4, 8}},
        {"sm_80", {4096, 32, 1, 8}},
        {"sm_80", {4096, 32, 4, 8}},
        {"sm_90a", {4096, 16, 4, 12}},
        {"sm_90a", {4096, 32, 1, 12}},
        {"sm_90a", {4096, 32, 8, 12}},
        {"sm_90a", {4096, 32, 8, 8}}}) {
    const std::string arch = name, stub = few.stub(arch == "sm_90a");
    SCOPED_TRACE(arch + "\n" + stub);
    NvrtcResult r = nvrtcCompile(stub, arch);
    ASSERT_TRUE(r.ok) << r.log;
    ASSERT_EQ(r.kernels.size(), 1u) << r.log;
    EXPECT_EQ(r.kernels[0].spillBytes, 0);
    EXPECT_EQ(r.kernels[0].frameBytes, 0);
    EXPECT_LE(r.kernels[0].registers * 32 * few.warps, 65536);
    printf("%s, %d rows, %d columns, %d warps: %d registers\n", name, few.rows,
           8 * few.tiles, few.warps, r.kernels[0].registers);
    std::string sass = disassemble(r.code);
    if (sass.empty())
      continue;
    EXPECT_NE(sass.find("HMMA.16816.F32"), std::string::npos);
    EXPECT_NE(sass.find("LDGSTS.E.BYPASS.LTC128B.128"), std::string::npos);
  }
}

} // namespace
} // namespace ingot::emulator
