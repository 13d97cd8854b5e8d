// Each edit of the product with quantized weights must be found, by a finding
// or by a wrong number.
#include "Mutant.h"
#include "Quant.h"

namespace ingot::emulator {
namespace {

struct Edit {
  const char *name, *from, *to, *header = "linear_quant.cuh";
};

const Edit edits[] = {
    // wait
    {"WaitsForOneLess", "copy_wait<STAGES - 2>();", "copy_wait<STAGES - 1>();"},
    {"WaitsForNone", "copy_wait<STAGES - 2>();", ""},
    {"CommitsNever", "copy_commit();\n      advance(ahead);",
     "advance(ahead);"},
    {"FirstStagesAreNoGroups", "copy_commit(); // also", "// also"},
    // dependent launch
    {"NobodyWaitsForGrids", "  grid_wait();\n", ""},
    {"OneWarpWaitsForGrids", "  grid_wait();\n",
     "  if (part == 0)\n    grid_wait();\n"},
    {"FetchesRowsEarly", "    fetch_weights(ahead, s);\n",
     "    fetch_weights(ahead, s);\n    fetch_rows(ahead, s);\n"},
    // barrier
    {"NoBarrierBeforeSums", "barrier(); // the sums", "; // the sums"},
    {"NoBarrierAfterSums", "barrier(); // all parts", "// all parts"},
    {"NoBarrierOfSharedRows", "barrier(); // all have this stage",
     "; // all have this stage"},
    // guard
    {"NoGuardOfK", "C::NO_TAIL || k < F::K;", "k >= 0;"},
    {"NoGuardOfSteps", "C::EXACT || step < F::STEPS", "step >= 0"},
    {"NoGuardOfRows", "max_(min_(m, p.m - 1), 0)", "m"},
    {"NoGuardOfTasks", "    if (at.task >= tasks)\n      return;\n    u8 *to",
     "    u8 *to"},
    {"NoGuardOfTasksOfRows",
     "    if (at.task >= tasks)\n      return;\n    UNROLL", "    UNROLL"},
    {"NoGuardOfTiles", "* TILES + j, tiles - 1)", "* TILES + j, tiles + 7)"},
    {"NoGuardOfTheResult", "row < m && column < n", "row < m", "part_sums.cuh"},
    {"FirstRowsAlone", "m + 8 * t < p.m", "m + 8 * t < 8"},
    // stage
    {"ReadsTheNextStage", "from = ring + stage * C::STAGE",
     "from = ring + (stage + 1) % STAGES * C::STAGE"},
    {"FillsThisStage", "fetch_weights(ahead, before)",
     "fetch_weights(ahead, stage)"},
    {"FillsRowsOfThisStage", "fetch_rows(ahead, before)",
     "fetch_rows(ahead, stage)"},
    {"RingTurnsLate", "stage + 1 < STAGES", "stage < STAGES"},
    {"StageTooSmall", "STAGE = A_AT + WK * PIECES * ROW_TILES * 512",
     "STAGE = A_AT + WK * PIECES * ROW_TILES * 256"},
    {"WarpsInOnePlace", "(part * C::PIECES * ROW_TILES + number_of(i)) * 512",
     "number_of(i) * 512"},
    {"ScalesInThePlaceOfUnits", "SCALES_AT = TILES * UNITS * THREADS * 16",
     "SCALES_AT = TILES * THREADS * 16"},
    // order
    {"TasksStay", "      at.task += block_count();\n", ""},
    {"PlacesStay", "      at.task += block_count();\n      enter(at);\n",
     "      at.task += block_count();\n"},
    {"StepsStay", "++at.step == C::STEPS", "C::STEPS == 1"},
    {"LosesAPart", "UNROLL for (int part = 0;", "UNROLL for (int part = 1;",
     "part_sums.cuh"},
    {"LosesABatch", "batch < C::Sums::BATCHES; ++batch",
     "batch + 1 < C::Sums::BATCHES; ++batch"},
    {"HalvesOfK", "right[t].w[2 * h], right[t].w[2 * h + 1]",
     "right[t].w[2 * h + 1], right[t].w[2 * h]"},
    {"BandsOfOneTask", "at.m = (int)(at.task - group * bands) * C::ROWS;",
     "at.m = 0;"},
    // scale and zero
    {"ScaleOfTheOtherColumn", "column(scale, i / 2)", "column(scale, 0)"},
    {"ScaleOfTheFirstBlock", "                  2 * block);",
     "                  0);"},
    {"BlocksAreOneSum", "number % C::BLOCK_FRAGMENTS == 0", "number == 0"},
    {"ZeroOfTheFirstRecord", "F::record(step_of(step) + u) % F::RECORDS_A_WORD",
     "0"},
    {"ZeroOfTheOtherColumn", "(2 * block + i) * F::BITS",
     "2 * block * F::BITS"},
    {"RecordOfTheFirstStep", "at.scales[j] + F::scales_at(0, F::record(step)",
     "at.scales[j] + F::scales_at(0, F::record(0)"},
    {"ScaleOfAColumnLeftOut", "F::scales_at(n / 16, 0, n % 8) + n / 8 % 2",
     "F::scales_at(0, 0, n % 8)"},
    {"FactorLeftOut", "F8_FACTOR = 256", "F8_FACTOR = 1", "quant.cuh"},
    {"WrongMagic", "0x43004300; // 128", "0x43804380;", "quant.cuh"},
    {"EighthBitLeftOut", "and_xor(u, 0x00800080, 0xc380c380)", "0xc300c300",
     "quant.cuh"},
    {"SignOfF8LeftOut", "and_or(high_bytes, 0x80008000, high_bytes >> 1",
     "and_or(high_bytes, 0, high_bytes >> 1", "quant.cuh"},
    {"NibblesInOrder", "32 * f + 4 * (i + 4 * e)", "32 * f + 4 * (2 * i + e)",
     "quant.cuh"},
    // arrangement
    {"ArrangesPastK", "if (k < F::K && n < from.n)", "if (n < from.n)",
     "quant_arrange.cuh"},
    {"ArrangesPastN", "if (k < F::K && n < from.n)", "if (k < F::K)",
     "quant_arrange.cuh"},
    {"ScaleOfTheNextColumn", "scale = from.scale_of(b, n);",
     "scale = from.scale_of(b, n + 1);", "quant_arrange.cuh"},
    {"NumbersStayNegative", "4 * half & 15) ^ W::NEUTRAL", "4 * half & 15)",
     "quant_arrange.cuh"},
    {"HighNibbleFirst", ">> 4 * half &", ">> 4 * (1 - half) &",
     "quant_arrange.cuh"},
    {"ZerosStayNegative", "((1u << W::BITS) - 1)) ^\n           W::NEUTRAL",
     "((1u << W::BITS) - 1))", "quant_arrange.cuh"},
    {"ZerosOfOneColumn", "n0 + place % 2 * 8", "n0", "quant_arrange.cuh"},
    {"NanIsANumber", "return vote_any(found);", "return false;",
     "quant_arrange.cuh"},
};

void PrintTo(const Edit &e, std::ostream *out) { *out << e.name; }

/// Few rows: three steps of a warp, of which the last warp lacks some; and one
/// step, so that the ring is ahead by groups of columns. Many: three bands.
/// Bytes, one scale a column, NaN.
std::vector<std::pair<QuantVariant, QuantCase>> cases() {
  QuantVariant v;
  v.zeros = true;
  v.k = 1096;
  v.block = 32;
  v.units = 2;
  QuantVariant ahead = v;
  ahead.k = 104;
  ahead.units = 1;
  ahead.block = 64;
  QuantVariant many = v;
  many.k = 232;
  many.rowTiles = 4;
  many.wk = 1;
  many.wn = 4;
  many.weight = "QuantI8";
  QuantVariant bytes = ahead;
  bytes.weight = "QuantF8";
  bytes.math = "f16";
  bytes.zeros = false;
  bytes.block = 0;
  QuantCase nan{5, 70};
  nan.weights = {{3 * 70 + 7, 0x7f}};
  return {{v, {13, 70}}, {ahead, {5, 300}}, {many, {70, 70}}, {bytes, nan}};
}

std::string runAll() {
  std::string found;
  for (const char *mode : {"mode late", "mode early", "mode random 1"})
    for (auto &[variant, shape] : cases()) {
      if (!found.empty())
        break;
      control("reset; " + std::string(mode));
      Stub stub(variant.stub());
      found = runQuant(variant, stub, shape);
      control("revive");
    }
  return found;
}

class QuantMutationTest : public MutantTest,
                          public testing::WithParamInterface<Edit> {};

TEST_P(QuantMutationTest, IsFound) {
  const Edit &edit = GetParam();
  ASSERT_NO_FATAL_FAILURE(this->edit(edit.header, edit.from, edit.to));
  std::string found = runAll();
  EXPECT_NE(found, "") << "not found";
  printf("%s\n", found.c_str());
}

INSTANTIATE_EDITS(QuantMutationTest, edits);

TEST_F(EmulatorTest, QuantizedAsTheyAre) { EXPECT_EQ(runAll(), ""); }

} // namespace
} // namespace ingot::emulator
