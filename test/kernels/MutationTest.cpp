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
  const char *header = "gemm.cuh";
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
    {"NoBarrierInTheLoop", "barrier(); // the next slab", "// the next slab"},
    {"NoBarrierBeforeStaging", "barrier(); // the sums", "// the sums"},
    {"NoBarrierAfterStaging", "tile.stage(staged);\n  barrier();",
     "tile.stage(staged);"},
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
    {"ReadsTheStageBeingFilled", "return smem + i % STAGES * C::STAGE;",
     "return smem + (i + STAGES - 1) % STAGES * C::STAGE;"},
    {"ReadsTheNextSlabTooEarly",
     "if (is_last)\n          arrive();\n        tile.load(fragments[(s",
     "if (is_last && s < 0)\n          arrive();\n        "
     "tile.load(fragments[(s"},
    {"ReadsASlabTwice", "slab(min_(i + 1, count - 1))", "slab(i)"},
    {"ReadsPastTheLastSlab", "slab(min_(i + 1, count - 1))", "slab(i + 1)"},
    {"OverwritesFragments", "fragments[(s + 1) % 2]", "fragments[s % 2]"},
    {"StepsInOnePlace", "is_last ? 0 : step + 1", "is_last ? 0 : step"},
    {"FetchesTooFarAhead", "fetch(i + STAGES - 1);", "fetch(i + STAGES);"},
    {"StageTooSmall", "STAGE = (BM + BN) * 128;",
     "STAGE = (BM + BN) * 128 - 1024;"},
    // guard
    {"WholeThoughRowsEnd", "m0 + BM <= p.m && n0 + BN <= p.n",
     "n0 + BN <= p.n"},
    {"WholeThoughColumnsEnd", "m0 + BM <= p.m && n0 + BN <= p.n",
     "m0 + BM <= p.m"},
    {"WholeThoughKEnds", "is_whole && k0 + C::BK <= p.k", "is_whole"},
    {"WholeInOnePlace", "g + offset + (first + i) * STEP * pitch",
     "g + offset + first * STEP * pitch"},
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
    // lanes and warps of IEEE f32
    {"PlainLanesOfRows", "lane() >> 1 & 7", "lane() >> 1 & 3", false, "float"},
    {"PlainLanesOfColumns", "(lane() >> 4) * 2", "(lane() >> 4)", false,
     "float"},
    {"PlainStepsOfA", "at_a ^ step * 16", "at_a", false, "float"},
    {"PlainSwizzleOfW", "step ^ j % 2 * 4", "step", false, "float"},
    {"PlainOrderOfK", "f.w[j].w[k]", "f.w[j].w[3 - k]", false, "float"},
    {"PlainGroupsReadTheSame", "swizzle128(n0 + column(), group * STEPS)",
     "swizzle128(n0 + column(), 0)", false, "float"},
    {"PlainGroupsStageInOnePlace", "tile += group * C::BM * C::PITCH;", "",
     false, "float"},
    {"PlainLosesAGroup", "int g = 1; g < C::WK", "int g = 2; g < C::WK", false,
     "float"},
    {"NoRoundingToTf32", "r[i] = to_tf32(bits_f32(r[i]))",
     "r[i] = r[i] & 0xff800000", false, "tf32"},
};

void PrintTo(const Edit &e, std::ostream *out) { *out << e.name; }

class GemmMutationTest : public MutantTest,
                         public testing::WithParamInterface<Edit> {};

TEST_P(GemmMutationTest, IsFound) {
  const Edit &edit = GetParam();
  ASSERT_NO_FATAL_FAILURE(this->edit(edit.header, edit.from, edit.to));

  Variant v;
  v.math = edit.math;
  v.bm = v.bn = 32;
  if (v.type() == Type::F32)
    v.v = 4;
  if (v.math == "float") {
    v.wm = v.wn = 1;
    v.wk = 4;
  }
  if (edit.split)
    v.splits = 3;
  Stub stub(v.stub());
  std::string found;
  for (const char *mode :
       {"mode late", "mode early", "mode random 1", "mode random 2"})
    for (auto [m, n, k] :
         {std::array<int, 3>{37, 72, 333}, {300, 40, 200}, {9, 8, 40}}) {
      control("reset; " + std::string(mode));
      std::string wrong = runGemm(v, stub, m, n, k);
      control("revive");
      if (found.empty())
        found = wrong;
    }
  EXPECT_NE(found, "") << "not found";
  printf("%s\n", found.c_str());
}

INSTANTIATE_EDITS(GemmMutationTest, edits);

} // namespace
} // namespace ingot::emulator
