// Each edit of the product of few rows must be found, by a finding or by a
// wrong number.
#include "Gemm.h"
#include "Mutant.h"

namespace ingot::emulator {
namespace {

struct Edit {
  const char *name, *from, *to, *header = "linear_few.cuh";
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
    {"FirstRowsAlone", "p.m > 8", "p.m > 16"},
    // stage
    {"ReadsTheNextStage", "from = ring + stage * C::STAGE",
     "from = ring + (stage + 1) % STAGES * C::STAGE"},
    {"FillsTheNextStage", "fetch(stage, /*with_a=*/true)",
     "fetch((stage + 1) % STAGES, /*with_a=*/true)"},
    {"RingTurnsLate", "stage + 1 < STAGES", "stage < STAGES"},
    {"StageTooSmall", "(TILES + 2) * PIECE", "(TILES + 1) * PIECE"},
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
};

void PrintTo(const Edit &e, std::ostream *out) { *out << e.name; }

/// 70 columns in groups of 16, two blocks, four warps.
std::string runFew(int m, int k) {
  constexpr int kColumns = 70, kThreads = 128, kShared = 3 * 4 * 2048 + 4096;
  Stub stub(
      "#include \"linear_few.cuh\"\n"
      "using Epilogue = LinearEpilogue<bf16, 1, Identity, true, true>;\n"
      "KERNEL(128, 1) few_test(const bf16 *a, const bf16 *w, const bf16 *bias, "
      "const bf16 *residual, bf16 *out, i64 lda, i64 ldw, i64 ldr, int m, "
      "int n) {\n  grid_launch_next();\n  linear_few<FewConfig<bf16, " +
      std::to_string(k) + ", 2, 4>>({a, w, lda, ldw, 0, 0, m, n, " +
      std::to_string(k) +
      "}, Epilogue{out, n, bias, residual, ldr});\n}\n"
      "EXPORT_KERNEL(few_test)\n");
  Matrix w(Type::Bf16, kColumns, k, k + 8, 8, 2);
  EarlyLaunches early;
  Matrix a(Type::Bf16, m, k, k + 16, 24, 1),
      bias(Type::Bf16, 1, kColumns, kColumns, 1, 3),
      residual(Type::Bf16, m, kColumns, kColumns + 3, 5, 4),
      out(Type::Bf16, m, kColumns, kColumns, 1, 5, /*filled=*/false);
  auto i64 = [](int x) { return static_cast<long long>(x); };
  cu::Result r =
      stub.launch("few_test", {2}, kThreads, kShared, a.address(), w.address(),
                  bias.address(), residual.address(), out.address(),
                  i64(a.pitch), i64(w.pitch), i64(residual.pitch), m, kColumns);
  if (r)
    return control("report") + "\nresult " + std::to_string(r);
  return judge(a, w, &bias, &residual, out, "Identity", 0x1p-23);
}

/// Steps of a warp: three, of which the last warp lacks some; one, so that the
/// ring is ahead by groups of columns.
std::string runAll() {
  std::string found;
  for (const char *mode :
       {"mode late", "mode early", "mode random 1", "mode random 2"})
    for (auto [m, k] : {std::pair(13, 328), {5, 104}}) {
      if (!found.empty())
        break;
      control("reset; " + std::string(mode));
      found = runFew(m, k);
      control("revive");
    }
  return found;
}

class FewMutationTest : public MutantTest,
                        public testing::WithParamInterface<Edit> {};

TEST_P(FewMutationTest, IsFound) {
  const Edit &edit = GetParam();
  ASSERT_NO_FATAL_FAILURE(this->edit(edit.header, edit.from, edit.to));
  std::string found = runAll();
  EXPECT_NE(found, "") << "not found";
  printf("%s\n", found.c_str());
}

INSTANTIATE_TEST_SUITE_P(Few, FewMutationTest, testing::ValuesIn(edits),
                         [](const testing::TestParamInfo<Edit> &info) {
                           return std::string(info.param.name);
                         });

TEST_F(EmulatorTest, FewRowsAsTheyAre) { EXPECT_EQ(runAll(), ""); }

} // namespace
} // namespace ingot::emulator
