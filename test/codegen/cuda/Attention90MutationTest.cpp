// Each edit of Hopper's attention must be found, by the emulator or by a wrong
// number: two and more of each kind.
#include "test/codegen/cuda/AttentionRun.h"
#include "test/kernels/Mutant.h"

#include <tuple>

namespace ingot::test {
namespace {

using namespace ingot::emulator;

constexpr const char *kKernel = "attention90.cuh",
                     *kTasks = "attention90_tasks.cuh",
                     *kPages = "attention90_pages.cuh",
                     *kShared = "attention_mma.cuh", *kPlain = "attention.cuh",
                     *kNumbers = "numbers.cuh", *kRing = "pipeline90.cuh";

struct Edit {
  const char *name, *from, *to;
  const char *header = kKernel;
  // What shows it.
  int64_t parts = 0;
  bool zeroEmpty = false;
  Bias bias = Bias::Key;
  bool mean = false;
  int64_t page = 0;
  bool byHeads = false;
};

const Edit kEdits[] = {
    // wait
    {"NoWaitForKeys", "mbar_wait(shared.k_full + keys.stage(), keys.parity());",
     ""},
    {"NoWaitForValues",
     "mbar_wait(shared.v_full + values.stage(), values.parity());", ""},
    {"NoWaitForQueries",
     "mbar_wait(shared.q_full + queries.stage(), queries.parity());", ""},
    {"NoWaitForEmptyKeys", "mbar_wait(shared.k_empty + s, ring.parity() ^ 1);",
     ""},
    {"NoWaitForEmptyValues",
     "mbar_wait(shared.v_empty + s, ring.parity() ^ 1);", ""},
    {"NoWaitForEmptyQueries",
     "mbar_wait(shared.q_empty + s, queries.parity() ^ 1);", ""},
    {"NoWaitForTerms",
     "mbar_wait(shared.terms_full + terms.stage(), terms.parity());", ";"},
    {"NoWaitForEmptyTerms",
     "mbar_wait(shared.terms_empty + s, ring.parity() ^ 1);", ""},
    {"TermsParity", "terms.parity());", "terms.parity() ^ 1);"},
    {"KeysParity", "keys.parity());", "keys.parity() ^ 1);"},
    {"EmptyParity", "shared.v_empty + s, ring.parity() ^ 1",
     "shared.v_empty + s, ring.parity()"},
    {"ScoresTooEarly", "wait_scores<1>();", "wait_scores<2>();"},
    {"FirstScoresTooEarly", "wait_scores<0>();", "wait_scores<1>();"},
    {"ValuesTooEarly", "wait_sums<0>();\n      UNROLL",
     "wait_sums<1>();\n      UNROLL"},
    {"LastValuesTooEarly", "wait_sums<0>();\n      } else",
     "wait_sums<1>();\n      } else"},
    {"ValuesBeforeTheNextTaskTooEarly", "wait_sums<1>();", "wait_sums<2>();"},
    {"ScoresNotCommitted", "wgmma_commit();\n  }\n  // Of", "}\n  // Of"},
    // dependent launch
    {"NobodyWaitsForGrids", "barrier();\n  grid_wait();", "barrier();"},
    {"ConsumersDoNotWaitForGrids", "barrier();\n  grid_wait();",
     "barrier();\n  if (tid() < 128)\n    grid_wait();"},
    {"WhoLoadsDoesNotWaitForGrids", "barrier();\n  grid_wait();",
     "barrier();\n  if (tid() >= 128)\n    grid_wait();"},
    // bytes
    {"TooFewBytes", "mbar_arrive_expect(shared.k_full + s, C::KEYS);",
     "mbar_arrive_expect(shared.k_full + s, C::KEYS - 128);"},
    {"TooManyBytes", "mbar_arrive_expect(shared.v_full + s, C::VALUES);",
     "mbar_arrive_expect(shared.v_full + s, C::VALUES + 16);"},
    {"PanelsOverlap", "bytes / PANELS", "bytes / PANELS / 2", kTasks},
    // fence
    {"NoFenceOfMbarriers", "mbar_fence_init();", ""},
    {"NoFenceOfScores", "fence_regs(s);\n    wgmma_fence();", ""},
    {"NoFenceOfSums", "fence_regs(o);\n    wgmma_fence();", ""},
    // barrier
    {"NoBarrierAfterInit", "  }\n  barrier();", "  }"},
    {"EmptyKeysCountHalf", "mbar_init(shared.k_empty + s, consumers);",
     "mbar_init(shared.k_empty + s, consumers / 2);"},
    {"EmptyQueriesCountOneMore", "mbar_init(shared.q_empty + s, C::CONSUMERS);",
     "mbar_init(shared.q_empty + s, C::CONSUMERS + 1);"},
    {"TermsOfTwoWarps", "tid() >= 128 - C::TERM_THREADS", "tid() >= 64"},
    {"TermsCountOneThreadLess",
     "mbar_init(shared.terms_full + s, C::TERM_THREADS);",
     "mbar_init(shared.terms_full + s, C::TERM_THREADS - 1);"},
    {"EmptyTermsCountHalf", "mbar_init(shared.terms_empty + s, consumers);",
     "mbar_init(shared.terms_empty + s, consumers / 2);"},
    {"TermsOfOneLane", "mbar_arrive(shared.terms_full + s);",
     "if (lane() == 0)\n            for (int n = 0; n < 32; ++n)\n"
     "              mbar_arrive(shared.terms_full + s);"},
    {"TermsReadByOneLane", "warp_sync();\n        leave_terms", "leave_terms"},
    {"AllLanesRelease", "if (lane() == 0)\n      mbar", "mbar"},
    {"NoBarrierOfParts", "[] { barrier_named<256>(1); }", "[] {}", kKernel, 3},
    {"BarrierOfHalfTheConsumers", "barrier_named<256>(1)",
     "barrier_named<128>(1)", kKernel, 3},
    // swizzle and descriptors
    {"StepsTooFarAlongK", "b + i / 4 * (C::BN * 8) + i % 4 * 2",
     "b + i / 4 * (C::BN * 8) + i % 4 * 4"},
    {"PanelOfQueries", "a + i / 4 * (C::BM * 8)", "a + i / 4 * (C::BM * 4)"},
    {"PanelOfValues", "C::BN * 128);\n    fence", "C::BN * 64);\n    fence"},
    {"StepsOfValues", "b + i * 128", "b + i * 64"},
    {"ValuesNotTransposed", "C::VP, 1>(o", "C::VP>(o"},
    {"RowsOfTheOtherConsumer", "+ number * 64 * 128",
     "+ (1 - number) * 64 * 128"},
    {"DescriptorOf64Bytes", "64ull << 32 | 1ull << 62;\n}\n\n// Two",
     "64ull << 32 | 2ull << 62;\n}\n\n// Two", kNumbers},
    {"DescriptorStride", "64ull << 32 | 1ull << 62;\n}\n\n// Two",
     "32ull << 32 | 1ull << 62;\n}\n\n// Two", kNumbers},
    {"WeightsInTurn", "s[i * 8 + x * 2], s[i * 8 + x * 2 + 1]",
     "s[i * 8 + x * 2 + 1], s[i * 8 + x * 2]"},
    // stage
    {"ReleasesOtherKeys", "release(shared.k_empty + keys.stage());",
     "release(shared.k_empty + (keys.stage() ^ 1));"},
    {"NeverReleasesValues", "release(shared.v_empty + values.stage());", ""},
    {"ReleasesValuesInUse", "issue_values();\n      wait_scores",
     "issue_values();\n      release(shared.v_empty + values.stage());\n"
     "      wait_scores"},
    {"ReleasesQueriesTwice", "wait_scores<0>();",
     "wait_scores<0>();\n    release(shared.q_empty + queries.stage());"},
    {"OneStageOfAll", "++i, ring.next()) {\n          const bool",
     "++i) {\n          const bool"},
    {"SameValuesAgain", "next(values);", ""},
    {"RingOfOneStage", "return n % STAGES;", "return 0;", kRing},
    {"ParityStays", "return n / STAGES % 2;", "return 0;", kRing},
    {"QueriesOfOtherStage", "desc(shared.q[queries.stage()]",
     "desc(shared.q[1 - queries.stage()]"},
    {"LeavesQueriesTooEarly", "tile + 1 == at.end", "tile == at.first"},
    {"NeverReleasesTerms", "release(shared.terms_empty + terms.stage());", ""},
    {"SameTermsAgain", "next(terms);", ""},
    {"TermsOfTheFirstTile", "k0 + i}", "i}"},
    {"TermsOfOtherColumns", "[j * 4 + lane() % 4]", "[j * 4]"},
    {"TermsOfOtherStage", "shared.terms[terms.stage()]",
     "shared.terms[1 - terms.stage()]"},
    {"StageTooSmall", "k[C::STAGES][C::KEYS]", "k[C::STAGES][C::KEYS - 1024]",
     kTasks},
    // guard
    {"StoresPastTheEnd", "to[r] = query < (int)shape.queries",
     "to[r] = query < (int)shape.queries + 128"},
    {"ScoresPastTheEnd", "KEPT || (q < queries && (u32)k < keys)", "true",
     kShared, 0, false, Bias::Pair},
    {"TermsPastTheEnd",
     "to[i] = c[3] < shape.keys ? body.keys(c) : typename Body::Keys{};",
     "to[i] = body.keys(c);"},
    {"KeptByTheFirstKey", "k0 + BN - 1};", "k0};", kShared},
    {"KeptByLaterRows", "q0 = heads.query(row0)",
     "q0 = heads.query(row0 + 63)"},
    {"ColumnsPastTheEnd", "if (column < DV)\n        store",
     "if (true)\n        store", kShared},
    {"PartColumnsPastTheEnd", "if (column < DV)\n        *",
     "if (true)\n        *", kShared, 3},
    {"FirstBatchAlone", "b = is_other ? other.b : at.b", "b = 0"},
    {"HeadsOfTheirOwn", "(u32)(is_other ? other.h : at.h) / (u32)shape.group",
     "(u32)(is_other ? other.h : at.h)"},
    {"MoreRegistersThanThereAre", "regs_up<232 + MORE>();", "regs_up<248>();"},
    // mask and empty rows
    {"EndsTooEarly", "query((u32)row0 + C::BM - 1)", "query((u32)row0)",
     kTasks},
    {"NoTail", "int end = ceil_div(keys, C::BN)", "int end = keys / C::BN",
     kTasks},
    {"KeysOfTheFirstTile", "k0 = (u32)(tile * C::BN)",
     "k0 = (u32)(at.first * C::BN)"},
    {"RowsOfTheFirstWarp", "row0 + warp_uniform() % 4 * 16 + lane() / 4, heads",
     "row0 + lane() / 4, heads"},
    {"ShiftsByInfinity", "most == -infinity ? 0 : most", "most", kShared, 0,
     true},
    {"EmptyRowsDivideByZero", "ZERO_EMPTY || keys == 0", "keys == 0", kShared,
     0, true},
    // heads of a group in one tile, and consumers without a row
    {"QueriesOfOneHead", "(u32)row % count", "(u32)row % 1", kPlain},
    {"HeadsInTurn", "(u32)row / count", "(u32)row / 1", kPlain},
    {"NoFenceOfQueries", "fence_async();\n    meet();", "meet();"},
    {"NoMeetingAfterQueries", "fence_async();\n    meet();", "fence_async();"},
    {"QueriesPastTheEnd", "x[j] = row < rows\n", "x[j] = row < rows + 64\n"},
    {"QueriesOfTheOtherConsumer", "swizzle128(number * 64 + i / CHUNKS",
     "swizzle128(64 - number * 64 + i / CHUNKS"},
    {"QueriesNotSwizzled", "i / CHUNKS, chunk % 8", "i / CHUNKS, 0"},
    {"BothLoadQueries", "|| (Body::PACKS && places.heads.count > 1)", ""},
    {"NobodyLoadsQueries", "if (loads)\n          load_queries",
     "if (false)\n          load_queries"},
    {"RowsOfOneHead", "found.row0 < (u32)shape.queries * found.heads.count",
     "found.row0 < (u32)shape.queries"},
    {"PassesNoTerms", "wait_terms();\n        leave_terms();\n", ""},
    {"PassesNoValues", "wait_values();\n      leave_values();\n    }", "}"},
    {"PassesTooEarly", "wait_values();\n      leave_values();\n    }",
     "leave_values();\n    }"},
    // from task to task
    {"GoesOnPastTheEnd", "is_task(place + step) &&", "true &&"},
    {"GoesOnWithoutKeys", "has_products(find(place + step));", "true;"},
    {"GoesOnInParts", "splits.count == 1 && !loads", "!loads", kKernel, 3},
    {"GoesOnWithHeadsTogether", "&& !loads &&", "&&"},
    {"GoesOnWithTheSameTask", "found = find(place + step);\n", ""},
    {"ResultsOfTheNextTask", "out, find(place), shape",
     "out, find(place + step), shape"},
    {"LeavesKeysOfTheNextTask", "wait_sums<1>();",
     "wait_sums<1>();\n          leave_keys();"},
    {"LeavesNoQueries", "tile + 1 == at.end", "false"},
    // rescale
    {"ResultNotRescaled", "o[i] *= decay[i / 2 % 2];", ""},
    {"UnitOfParts", "largest[r] * unit, total", "largest[r], total", kKernel, 3,
     false, Bias::None},
    {"UnitOfWeights", "factor = unit * LOG2E", "factor = LOG2E", kShared, 0,
     false, Bias::None},
    {"FillsAsScores", "math_fabs(origin) > 32768.f", "false", kShared, 0, false,
     Bias::Key, true},
    {"DecayOfFills", "decay = (largest - shift) * factor;", "", kShared, 0,
     false, Bias::Key, true},
    {"RescaledAsTheOtherRow", "decay[i / 2 % 2]", "decay[1 - i / 2 % 2]"},
    {"SumNotRescaled", "sum *= decay;", "", kShared},
    {"MaximumNotShared", "most = row_max4(most);", "", kShared},
    {"SumNotShared", "row_sum4(sum[r])", "sum[r]"},
    {"SumsStayFromTaskToTask", "o[i] = 0;", ";"},
    // parts of the keys
    {"PartsInOnePlace", "done.at.split),", "0),", kKernel, 3},
    {"PartsOverlap", "(int)split * each", "(int)split * (each - 1)", kTasks, 2},
    {"PartsEndTooEarly", "min_(first + each, end)", "min_(first + 1, end)",
     kTasks, 2},
    {"TasksCountTogether", "splits.counters + done.at.task", "splits.counters",
     kKernel, 3},
    // order of tasks
    {"RowsTwice", "? task / heads", "? task / heads / 2", kTasks},
    {"HeadsTwice", "? task % heads", "? task % 1", kTasks},
    {"PlacesOfOnePart", "sets * (u32)splits.count", "sets", kTasks, 3},
    // heads
    {"FirstHeadAlone", "row, head, batch", "row, 0, batch", kTasks},
    {"FirstHeadAloneOfRowsOfHeads", "row, head, batch", "row, 0, batch", kTasks,
     0, false, Bias::Key, false, 0, true},
    {"BatchRowsAsHeads", "row, head, batch", "row, batch, head", kTasks, 0,
     false, Bias::Key, false, 0, true},
    {"FirstHeadOfPages", "head, each", "0, each", kPages, 0, false, Bias::Key,
     false, 16, true},
    {"PagesAsHeads", "head, each", "each, head", kPages, 0, false, Bias::Key,
     false, 16},
    // pages
    {"BoxesInOnePlace", ", to += box() * 128", "", kPages, 0, false, Bias::Key,
     false, 16},
    {"PanelsOfPagesOverlap", "bytes / PANELS", "bytes / PANELS / 2", kPages, 0,
     false, Bias::Key, false, 16},
    {"PastTheLastPage", "&& place(row) < (u32)pages.count", "", kPages, 0,
     false, Bias::Key, false, 16},
    {"AnyPagePastTheLast", ": pages.cached", ": 0", kPages, 0, false,
     Bias::Pair, false, 16},
    {"FirstRowsOfAPage", "in_page, head", "0, head", kPages, 0, false,
     Bias::Key, false, 256},
    {"PagesOfTheFirstTile", "tiles.next(k0 + C::BN, b);", "", kKernel, 0, false,
     Bias::Key, false, 16},
    {"PagesOfNoTile", "tiles.next(at.first * C::BN, at.b);", "", kKernel, 0,
     false, Bias::Key, false, 16},
    {"PagesOfTheNextTile",
     "tiles.here(k0);\n          tiles.next(k0 + C::BN, b);",
     "tiles.next(k0 + C::BN, b);\n          tiles.here(k0);", kKernel, 0, false,
     Bias::Key, false, 16},
    {"PagesOfTheFirstBatchRow", "pages.entry(b, ", "pages.entry(0, ", kPages, 0,
     false, Bias::Key, false, 16},
    {"SecondPageFirst", "shfl_idx(page, 0)", "shfl_idx(page, 1)", kPages, 0,
     false, Bias::Key, false, 16},
    {"SamePageAgain", "shfl_idx(page, i)", "shfl_idx(page, i - 1)", kPages, 0,
     false, Bias::Key, false, 16},
    {"AllLanesCopy", "if (leads())", "if (true)", kPages, 0, false, Bias::Key,
     false, 16},
    {"AllLanesExpect",
     "if (tiles.leads())\n              mbar_arrive_expect(shared.k_full",
     "if (true)\n            mbar_arrive_expect(shared.k_full", kKernel, 0,
     false, Bias::Key, false, 16},
    {"BothWarpsBringKeys", "number == 0", "true", kPages, 0, false, Bias::Key,
     false, 16},
    {"NobodyBringsValues", "LOADERS = PAGED ? 2 : 1", "LOADERS = 1", kTasks, 0,
     false, Bias::Key, false, 16},
    {"WhoCopiesDoesNotWait",
     "mbar_wait(shared.v_empty + s, ring.parity() ^ 1);",
     "if (lane())\n            mbar_wait(shared.v_empty + s, ring.parity() ^ "
     "1);",
     kKernel, 0, false, Bias::Key, false, 16},
};

/// Tasks by how many keys they have, forwards and backwards in turn; without a
/// mask one head after the other.
class Attention90MutationOfRounds : public MutantTest {};
TEST_F(Attention90MutationOfRounds, OfTasks) {
  AttentionVariant v;
  v.isHopper = true;
  auto run = [&](bool causal, int64_t heads, int64_t queries) {
    v.causal = causal;
    Stub stub(v.stub());
    std::string found = runAttention(v, stub, {1, heads, queries, 129});
    control("revive");
    return found;
  };
  // On three blocks: whole rounds, and a last one of a task.
  EXPECT_EQ(run(true, 5, 300), "");
  EXPECT_EQ(run(true, 2, 200), "");
  EXPECT_EQ(run(false, 5, 300), "");
  struct RoundEdit {
    const char *from, *to;
    bool causal = true;
    int64_t heads = 5, queries = 300;
  };
  for (const RoundEdit &each :
       {RoundEdit{"round * grid) - 1 -", "round * grid) - 2 -"},
        {"min_(grid, count - round * grid)", "min_(grid, count - 0 * round)",
         true, 2, 200},
        {": task / row_blocks", ": task / row_blocks / 2", false},
        {": task - pair * row_blocks", ": 0 * row_blocks", false}}) {
    ASSERT_NO_FATAL_FAILURE(edit(kTasks, each.from, each.to));
    EXPECT_NE(run(each.causal, each.heads, each.queries), "") << each.to;
    ASSERT_NO_FATAL_FAILURE(edit(kTasks, each.to, each.from));
  }
}

/// Two tasks a block: queries by TMA, five tasks, in all of one part or of
/// three.
class Attention90MutationOfPairs : public MutantTest {};
TEST_F(Attention90MutationOfPairs, OfShortTasks) {
  AttentionVariant v;
  v.isHopper = true, v.bias = Bias::KeyAndHead;
  auto run = [&](int64_t parts) {
    v.parts = parts;
    Stub stub(v.stub());
    std::string found;
    for (const char *mode : {"mode late", "mode early", "mode random 1"})
      if (found.empty()) {
        control(std::string("reset; ") + mode);
        found = runAttention(v, stub, {5, 1, 40, 300});
        control("revive");
      }
    return found;
  };
  struct PairEdit {
    const char *from, *to, *header = kKernel;
    int64_t parts = 0;
  };
  for (const PairEdit &each : {
           PairEdit{"= (u32)number;", "= 0 * (u32)number;"},
           {"ring.n += 1 + alone;", "ring.n += 1;"},
           {"C::CONSUMERS >>", "C::CONSUMERS + 0 *"},
           {"b = is_other ? other.b", "b = is_other ? at.b"},
           {"{is_other ? other.b", "{is_other ? at.b"},
           {"i * C::ROWS * 128", "0 * C::ROWS * 128"},
           {"i ? other : at", "i ? at : at"},
           {"alone ? 0 : i", "false ? 0 : i"},
           {"alone ? 0 : number", "false ? 0 : number", kTasks},
           {"is_none ? C::BM", "false ? C::BM", kTasks},
           {"alone ? number : 0", "false ? number : 0", kTasks},
           {"i <= done.alone", "i <= 0 * done.alone", kKernel, 3},
       }) {
    ASSERT_NO_FATAL_FAILURE(edit(each.header, each.from, each.to));
    EXPECT_NE(run(each.parts), "") << each.to;
    ASSERT_NO_FATAL_FAILURE(edit(each.header, each.to, each.from));
  }
}

/// What TMA cannot take, of values that are wider than sums fit into registers.
class Attention90MutationOfHalves : public MutantTest {};
TEST_F(Attention90MutationOfHalves, OfWideValues) {
  AttentionVariant v;
  v.isHopper = true, v.d = 16, v.dv = 200;
  auto run = [&] {
    Stub stub(v.stub());
    std::string found = runAttention(v, stub, {1, 2, 30, 40, 1});
    control("revive");
    return found;
  };
  for (auto [from, to, header] :
       {std::tuple("i * (DV - WIDTH)", "i * WIDTH", kKernel),
        {"out + first, q", "out + 0 * first, q", kKernel},
        {"v + first, shape", "v + 0 * first, shape", kKernel},
        {"i < TIMES", "i < TIMES / 2", kKernel},
        {"* PITCH, o[0]", "* DV, o[0]", kShared}}) {
    ASSERT_NO_FATAL_FAILURE(edit(header, from, to));
    EXPECT_NE(run(), "") << to;
    ASSERT_NO_FATAL_FAILURE(edit(header, to, from));
  }
}

/// Queries that fit once only come behind the first keys.
class Attention90MutationOfOneStage : public MutantTest {};
TEST_F(Attention90MutationOfOneStage, OfWideHeads) {
  AttentionVariant v;
  v.isHopper = true, v.d = v.dv = 256;
  auto run = [&] {
    Stub stub(v.stub());
    std::string found = runAttention(v, stub, {2, 2, 130, 100});
    control("revive");
    return found;
  };
  EXPECT_EQ(run(), "");
  for (auto [from, to] :
       {std::pair("QUERY_STAGES == 1 && i == 0", "QUERY_STAGES == 1 && i >= 0"),
        {"QUERY_STAGES == 1 && i == 0", "QUERY_STAGES == 1 && false"},
        {"tile + 1 == at.end", "tile == at.end"}}) {
    ASSERT_NO_FATAL_FAILURE(edit(kKernel, from, to));
    EXPECT_NE(run(), "") << to;
    ASSERT_NO_FATAL_FAILURE(edit(kKernel, to, from));
  }
}

void PrintTo(const Edit &e, std::ostream *out) { *out << e.name; }

class Attention90MutationTest : public MutantTest,
                                public testing::WithParamInterface<Edit> {};

TEST_P(Attention90MutationTest, IsFound) {
  const Edit &edit = GetParam();
  ASSERT_NO_FATAL_FAILURE(this->edit(edit.header, edit.from, edit.to));
  AttentionVariant v;
  v.isHopper = true, v.d = 80, v.dv = 72, v.group = 2, v.causal = true;
  v.parts = edit.parts, v.zeroEmpty = edit.zeroEmpty;
  v.bias = edit.bias, v.mean = edit.mean, v.page = edit.page;
  v.byHeads = edit.byHeads;
  Stub stub(v.stub());
  std::string found;
  for (const char *mode :
       {"mode late", "mode early", "mode random 1", "mode random 2"})
    for (AttentionSizes s :
         {AttentionSizes{2, 2, 70, 420}, AttentionSizes{3, 2, 150, 20},
          AttentionSizes{1, 4, 200, 300}, AttentionSizes{4, 2, 150, 170},
          // Blocks with several tasks of a tile, and some without keys.
          AttentionSizes{3, 4, 200, 60}}) {
      if (!found.empty())
        break;
      if (v.page)
        s.keys = llvm::alignTo(s.keys, v.page);
      control("reset; " + std::string(mode));
      found = runAttention(v, stub, s);
      control("revive");
    }
  EXPECT_NE(found, "") << "not found";
  printf("%s\n", found.c_str());
}

INSTANTIATE_EDITS(Attention90MutationTest, kEdits);

} // namespace
} // namespace ingot::test
