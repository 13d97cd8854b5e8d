// Is the emulator worth trusting? Each edit of a shipped kernel must be found,
// by a finding or by a wrong number. An edit that no longer applies fails too,
// so that the list follows the kernels.
#include "Gemm.h"
#include "Mutant.h"

#include <array>

namespace ingot::emulator {
namespace {

struct Edit {
  const char *name, *from, *to;
  // What shows it.
  bool split = false;
  const char *math = "bf16";
  const char *file = "gemm.cuh";
};

constexpr const char *kSplits = "splits.cuh";

const Edit edits[] = {
    // wait
    {"WaitsForOneLess", "copy_wait<STAGES - 2>();", "copy_wait<STAGES - 1>();"},
    {"WaitsForNone", "copy_wait<STAGES - 2>();", ""},
    {"CommitsNever", "copy_commit(); // also", "// also"},
    {"CommitsOnlyFullGroups", "copy_commit(); // also",
     "if (i < count)\n      copy_commit(); // also"},
    // barrier
    {"NoBarrierInTheLoop", "barrier(); // slab i", "// slab i"},
    {"NoBarrierBeforeStaging", "barrier(); // the sums", "// the sums"},
    {"NoBarrierAfterStaging", "tile.stage(staged, wm, wn);\n  barrier();",
     "tile.stage(staged, wm, wn);"},
    {"NoBarrierBeforeCounting", "meet(); // everybody's part", "// part", true,
     "bf16", kSplits},
    {"NoBarrierAfterCounting", "  }\n  meet();\n  bool is_last",
     "  }\n  bool is_last", true, "bf16", kSplits},
    // fence
    {"RelaxedCounter", "*last = atomic_add_acq_rel(counter, 1)",
     "*last = atomic_add(counter, 1u)", true, "bf16", kSplits},
    {"CounterStays", "if (*last)\n      *counter = 0;", "", true, "bf16",
     kSplits},
    {"CountsOneLess", "== count - 1", "== count - 2", true, "bf16", kSplits},
    // bytes
    {"CopiesWholeChunks", "inside ? valid : 0", "inside ? C::ALIGN : 0"},
    {"ValidInElements", "(k - column) * (int)sizeof(E)", "(k - column)"},
    // swizzle
    {"NoSwizzleInTheCopy", "swizzle128(row + more, byte / 16) + byte % 16",
     "(row + more) * 128 + byte"},
    {"WrongHalfOfK", "step * 2 + l / 16)", "step * 2 + 1 - l / 16)"},
    // stage
    {"ReadsTheStageBeingFilled",
     "slab = smem + i % STAGES * C::STAGE;\n    tile",
     "slab = smem + (i + STAGES - 1) % STAGES * C::STAGE;\n    tile"},
    {"FetchesTooFarAhead", "fetch(i + STAGES - 1);", "fetch(i + STAGES);"},
    {"StageTooSmall", "STAGE = (BM + BN) * 128;",
     "STAGE = (BM + BN) * 128 - 1024;"},
    // guard
    {"NoGuardOfRows", "row0 + row + more < rows && valid > 0", "valid > 0"},
    {"NoGuardOfColumns", "row0 + row + more < rows && valid > 0",
     "row0 + row + more < rows"},
    {"NoGuardOfTheResult", "unit >= UNITS || m0 + row >= m ||",
     "unit >= UNITS ||"},
    {"NoGuardOfParts", "if (m0 + row < m && n0 + column < n)", "", true},
    {"LoadsPastTheEnd", "min_(m0 + unit / PER_ROW, m - 1)",
     "m0 + unit / PER_ROW"},
    // order and scale
    {"TileOrder", "within / height * BN", "within / BAND * BN"},
    {"LosesAPart", "i64 s = 0; s <", "i64 s = 1; s <", true},
    {"FinishesWithItsPart", "sum[i] += column(x, i);", "sum[i] = column(x, i);",
     true},
    {"SplitsOverlap", "split * each", "split * (each - 1)", true},
    {"PartsInOnePlace", "splits.partials + (i64)split * m * n",
     "splits.partials", true},
    {"TilesCountTogether", "splits.counters + place", "splits.counters", true},
    {"NoRoundingToTf32", "r[i] = to_tf32(bits_f32(r[i]))",
     "r[i] = r[i] & 0xffffff00 << 8", false, "tf32"},
};

void PrintTo(const Edit &e, std::ostream *out) { *out << e.name; }

class GemmMutationTest : public MutantTest,
                         public testing::WithParamInterface<Edit> {};

TEST_P(GemmMutationTest, IsFound) {
  const Edit &edit = GetParam();
  ASSERT_NO_FATAL_FAILURE(this->edit(edit.file, edit.from, edit.to));

  Variant v;
  v.math = edit.math;
  v.bm = v.bn = 32;
  if (v.type() == Type::F32)
    v.v = 4;
  if (edit.split)
    v.splits = 3;
  Stub stub(v.stub());
  std::string found;
  for (const char *mode :
       {"mode late", "mode early", "mode random 1", "mode random 2"})
    for (auto [m, n, k] : {std::array<int, 3>{37, 72, 333}, {300, 40, 200}}) {
      control("reset; " + std::string(mode));
      std::string wrong = runGemm(v, stub, m, n, k);
      control("revive");
      if (found.empty())
        found = wrong;
    }
  EXPECT_NE(found, "") << "not found";
  printf("%s\n", found.c_str());
}

INSTANTIATE_TEST_SUITE_P(Gemm, GemmMutationTest, testing::ValuesIn(edits),
                         [](const testing::TestParamInfo<Edit> &info) {
                           return std::string(info.param.name);
                         });

} // namespace
} // namespace ingot::emulator
