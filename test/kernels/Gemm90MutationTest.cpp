// Each edit of the Hopper product must be found, by a finding or by a wrong
// number: two and more of each kind.
#include "Gemm90.h"
#include "Mutant.h"

#include <array>

namespace ingot::emulator {
namespace {

struct Edit {
  const char *name, *from, *to;
  // What shows it, and where it is if not in gemm90.cuh.
  int cm = 1, cn = 1;
  const char *header = "gemm90.cuh";
  int parts = 0;
  const char *math = "bf16";
  bool turns = false;
  bool rolls = false; // panels in turn
};

// Of gemm90_turns.cuh, or what it has of others.
constexpr Edit inTurns(const char *name, const char *from, const char *to,
                       const char *header = "gemm90_turns.cuh") {
  return {name, from, to, 1, 1, header, 0, "bf16", true};
}

constexpr Edit ofPanelsInTurn(const char *name, const char *from,
                              const char *to) {
  return {name, from, to, 1, 1, "gemm90.cuh", 0, "bf16", false, true};
}

const Edit edits[] = {
    // wait
    {"NoWaitForEmpty", "mbar_wait(empty + ring.stage, ring.parity ^ 1);", ""},
    {"NoWaitForFull", "mbar_wait(full + ring.stage, ring.parity);", ""},
    {"EmptyParity", "ring.parity ^ 1);", "ring.parity);"},
    {"FullParity", "mbar_wait(full + ring.stage, ring.parity);",
     "mbar_wait(full + ring.stage, ring.parity ^ 1);"},
    {"WaitsForOneLessAtTheEnd", "wgmma_wait<0>();", "wgmma_wait<1>();"},
    {"WaitsForTwoLessInTheLoop", "C::ROUNDS ? 0 : 1", "2"},
    {"CommitsNever", "wgmma_commit();", ""},
    {"NoWaitForTheLastPanels",
     "tma_store_wait_read<ROLLS ? C::HELD - 1 : 0>();", ";"},
    {"NoWaitAtTheEnd",
     "if (warp_uniform() % 4 == 0 && lane() == 0)\n        "
     "tma_store_wait_read<0>();",
     ";"},
    {"StoresNotCommitted", "tma_store_commit();", ""},
    // bytes
    {"TooFewBytes", "mbar_arrive_expect(full, C::STAGE);",
     "mbar_arrive_expect(full, C::BM * 128);"},
    {"TooManyBytes", "mbar_arrive_expect(full, C::STAGE);",
     "mbar_arrive_expect(full, C::STAGE + 16);"},
    {"HalfTheBytesOfACluster", "mbar_arrive_expect(full, C::STAGE);",
     "mbar_arrive_expect(full, C::STAGE - C::BOX_W * 128);", 2},
    // fence
    {"NoFenceOfMbarriers", "mbar_fence_init();", ""},
    {"NoFenceOfPanels", "fence_async(); // what", "// what"},
    {"FenceOfPanelsByOne", "fence_async(); // what",
     "if (leads)\n      fence_async(); // what"},
    {"NoFenceOfRegisters", "wgmma_fence();", ""},
    // barrier
    {"NoBarrierAfterInit", "C::CLUSTER > 1 ? cluster_sync() : barrier();", ""},
    {"NoClusterBarrierAfterInit",
     "C::CLUSTER > 1 ? cluster_sync() : barrier();", "barrier();", 2},
    {"NoClusterBarrierAtTheEnd",
     "if constexpr (C::CLUSTER > 1)\n    cluster_sync();", ";", 1, 2},
    {"NoBarrierBeforePanels", "HELD - 1 : 0>();\n    meet();",
     "HELD - 1 : 0>();"},
    {"NoBarrierBeforeStore", "stored above\n    meet();", "stored above"},
    {"OneBarrierForBothConsumers", "barrier_named<128>(2)",
     "barrier_named<128>(1)"},
    {"EmptyCountsHalf", "empty() + s, C::CONSUMERS * C::CLUSTER);",
     "empty() + s, C::CONSUMERS * C::CLUSTER / 2);"},
    {"EmptyCountsOneBlock", "empty() + s, C::CONSUMERS * C::CLUSTER);",
     "empty() + s, C::CONSUMERS);", 1, 2},
    {"EmptyCountsTwo", "empty() + s, C::CONSUMERS * C::CLUSTER);",
     "empty() + s, C::CONSUMERS * 2);"},
    {"NobodyTellsTheOtherBlock", "mbar_arrive_remote(empty, rank ^ 1);", ";",
     2},
    {"TellsItself", "mbar_arrive_remote(empty, rank ^ 1);",
     "mbar_arrive_remote(empty, rank);", 2},
    // swizzle and descriptors
    {"NoSwizzleOfPanels", "swizzle128(lane() % 16, chunk + lane() / 16)",
     "lane() % 16 * 128 + (chunk + lane() / 16) * 16"},
    {"WrongHalfOfPanels", "chunk + lane() / 16)", "chunk + 1 - lane() / 16)"},
    {"StepsTooFarAlongK", "a + s * 2, w + s * 2", "a + s * 2, w + s * 4"},
    {"RowsOfTheOtherConsumer", "shared.a[ring.stage] + consumer * 64 * 128",
     "shared.a[ring.stage] + (1 - consumer) * 64 * 128"},
    {"DescriptorWithoutSwizzle",
     "64ull << 32 |\n         1ull << 62;\n}\n// MN-major",
     "64ull << 32;\n}\n// "
     "MN-major",
     1, 1, "numbers.cuh"},
    {"DescriptorOf64Bytes",
     "64ull << 32 |\n         1ull << 62;\n}\n// MN-major",
     "64ull << 32 |\n         2ull << 62;\n}\n// MN-major", 1, 1,
     "numbers.cuh"},
    {"DescriptorStride", "1ull << 16 | 64ull << 32", "1ull << 16 | 32ull << 32",
     1, 1, "numbers.cuh"},
    // stage
    {"ReleasesTheSlabInUse",
     "gemm90_release<C>(empty + last, rank);\n        };",
     "gemm90_release<C>(empty + ring.stage, rank);\n        };"},
    {"NeverReleasesTheLast",
     "fence_regs(sum);\n      gemm90_release<C>(empty + "
     "last, rank);",
     "fence_regs(sum);"},
    {"StageTooSmall", "STAGE = (BM + BN) * 128;",
     "STAGE = (BM + BN) * 128 - 1024;"},
    {"RingTurnsLate", "++stage == STAGES", "++stage > STAGES", 1, 1,
     "pipeline90.cuh"},
    {"ParityStays", "parity ^= 1;", ";", 1, 1, "pipeline90.cuh"},
    {"LoadsTheOtherHalf", "w + rank * C::BOX_W * 128", "w", 2},
    {"MulticastToOne", "m0 + rank * C::BOX_A, 3);", "m0 + rank * C::BOX_A, 1);",
     1, 2},
    // dependent launch
    {"LoadsRowsEarly", "grid_wait();\n  for (int t", "for (int t"},
    {"WaitsAfterTheRows",
     "grid_wait();\n  for (int t = first; t < tasks; t += step) {",
     "for (int t = first; t < tasks; grid_wait(), t += step) {"},
    {"ConsumersDoNotWait", "regs_up<232>();\n    grid_wait();",
     "regs_up<232>();"},
    {"OneConsumerWaits", "regs_up<232>();\n    grid_wait();",
     "regs_up<232>();\n    if (group == 1)\n      grid_wait();"},
    {"LoadsTwoStagesTooMany", "ahead < min_(task.slabs, C::STAGES)",
     "ahead < min_(task.slabs, C::STAGES + 2)"},
    // guard and order
    {"StoresPastTheEnd", "if (r < place.m && (", "if ((", 0, 1,
     "gemm90_columns.cuh"},
    {"StoresPastTheLastColumn", "(place.n % 64 == 0 || c + e * V < place.n)",
     "true", 0, 1, "gemm90_columns.cuh"},
    {"LoadsPastTheEnd", "min_(place.row + q % 2 * 8, place.m - 1)",
     "place.row + q % 2 * 8", 1, 1, "gemm90_columns.cuh"},
    {"LoadsPastTheLastColumn", "min_(c, place.n - V)", "c", 1, 1,
     "gemm90_columns.cuh"},
    {"LoadsOverWhatIsAhead", "reads[at % AHEAD]", "reads[0]"},
    {"KeepsTheLastTilesSums", "a + s * 2, w + s * 2, keep);",
     "a + s * 2, w + s * 2, 1);"},
    {"ForgetsSums", "bool keep = (C::PROMOTES ? s : i + s) > 0;",
     "bool keep = s > 0;"},
    {"TileOrder", "within / height * C::CN", "within / BAND * C::CN"},
    {"TooManyRegisters", "regs_up<232>();", "regs_up<240>();"},
    // K in parts
    {"NoBarrierBeforeParts", "barrier_named<WARPS * 32>(3); // all", "// all",
     1, 1, "gemm90.cuh", 3},
    {"NoBarrierAfterShares",
     "parts);\n  barrier_named<WARPS * 32>(3);\n  if (warp == WARPS - 1",
     "parts);\n  if (warp == WARPS - 1", 1, 1, "gemm90.cuh", 3},
    {"LeavesRowsPastTheEnd", "if (row + warp >= rows || column + j >= columns)",
     "if (column + j >= columns)", 1, 1, "gemm90.cuh", 3},
    {"LeavesColumnsPastTheEnd",
     "if (row + warp >= rows || column + j >= columns)",
     "if (row + warp >= rows)", 1, 1, "gemm90.cuh", 3},
    {"TilesShareACounter", "task.m0 / C::BM * ceil_div(n, C::BN) +",
     "task.m0 / C::BM +", 1, 1, "gemm90.cuh", 3},
    {"PartsBeginAtTheFirstSlab", "task.first = task.part * slabs / parts;",
     "task.first = 0;", 1, 1, "gemm90.cuh", 3},
    {"PartsLeaveTheLastSlab", "(task.part + 1) * slabs / parts - task.first;",
     "slabs / parts;", 1, 1, "gemm90.cuh", 4},
    {"NobodyLeaves", "splits_leave(counter, parts);", ";", 1, 1, "gemm90.cuh",
     3},
    {"TheLastShareIsNobodys", "share < parts; ++share",
     "share + 1 < parts; ++share", 1, 1, "gemm90.cuh", 3},
    {"AddsUpPartOfAShare", "i < count; i += WARPS * parts",
     "i < count - parts; i += WARPS * parts", 1, 1, "gemm90.cuh", 3},
    {"ComesWithoutRelease", "before = atomic_add_acq_rel(counter, 1), share",
     "before = atomic_add(counter, 1u), share", 1, 1, "splits.cuh", 3},
    {"LooksWithoutAcquire", "(load_acquire(counter) & 255)", "(*counter & 255)",
     1, 1, "splits.cuh", 3},
    {"LeavesWithoutRelease", "before = atomic_add_acq_rel(counter, 1u << 8);",
     "before = atomic_add(counter, 1u << 8);", 1, 1, "splits.cuh", 3},
    {"NobodyTakesWhatOthersLeave", "return share | before >> 16;",
     "return share;", 1, 1, "splits.cuh", 3},
    {"NobodyKnowsWhatIsLeft",
     "before = atomic_add_acq_rel(counter, share << 16);",
     "before = atomic_add_acq_rel(counter, 0);", 1, 1, "splits.cuh", 3},
    {"LeavesAShareAndTakesIt", "(before & 255) == (u32)parts ? share : 0;",
     "share;", 1, 1, "splits.cuh", 3},
    {"NobodyClearsTheCounter", "*counter = 0; // for the next launch\n}",
     ";\n}", 1, 1, "splits.cuh", 3},
    // rounded
    {"LoadsWhileProductsRun", "C::ROUNDS ? 0 : 1", "1", 0, 1, "gemm90.cuh", 0,
     "tf32"},
    {"ReleasesWhileLanesRead", "warp_sync(); // all lanes", "; // all lanes", 0,
     1, "gemm90.cuh", 0, "tf32"},
    {"RowsOfAnotherWarp", "rows + warp_uniform() % 4 * 16 * 128",
     "rows + warp_uniform() % 2 * 16 * 128", 0, 1, "gemm90.cuh", 0, "tf32"},
    {"HalvesOfKExchanged", "s * 2 + lane() / 16)", "s * 2 + 1 - lane() / 16)",
     0, 1, "gemm90.cuh", 0, "tf32"},
    {"RowsNotSwizzled", "rows + swizzle128(lane() % 16, s * 2 + lane() / 16)",
     "rows + lane() % 16 * 128 + s * 32 + lane() / 16 * 16", 0, 1, "gemm90.cuh",
     0, "tf32"},
    {"ClearsTheCounterEarly", "(before >> 8 & 255) + 1 == (u32)parts",
     "(before >> 8 & 255) + 2 == (u32)parts", 1, 1, "splits.cuh", 3},
    // panels in turn
    ofPanelsInTurn("EntersPanelsTooEarly", "ROLLS ? C::HELD - 1 : 0",
                   "ROLLS ? C::HELD : 0"),
    ofPanelsInTurn("EntersNoPanel", "if (at % 64 == 0)\n        enter();", ""),
    ofPanelsInTurn("PanelsInOnePlace", "at / 64 % C::HELD", "at / 64 % 1"),
    ofPanelsInTurn("StoresTheOtherPanel", "ROLLS ? p % C::HELD",
                   "ROLLS ? (p + 1) % C::HELD"),
    ofPanelsInTurn("LeavesPanelsHalfFull", "(at + WIDTH) % 64 == 0",
                   "at % 64 == 0"),
    ofPanelsInTurn("LeavesTheFirstPanelAgain", "leave(at / 64, 1);",
                   "leave(0, 1);"),
    // in turns: order
    inTurns("NoWaitForTheTurn", "mbar_wait(turns + consumer, parity);", ""),
    inTurns("WaitsForTheOthersTurn", "mbar_wait(turns + consumer, parity);",
            "mbar_wait(turns + (consumer ^ 1), parity);"),
    inTurns("NobodyBegins", "int parity = consumer ^ 1;", "int parity = 0;"),
    inTurns("BothBegin", "int parity = consumer ^ 1;", "int parity = 1;"),
    inTurns("EachTurnIsTheFirst", "parity ^= 1;", ""),
    inTurns("KeepsTheTurn", "mbar_arrive(turns + (consumer ^ 1));", ";"),
    inTurns("TakesTheNextTurnToo", "mbar_arrive(turns + (consumer ^ 1));",
            "mbar_arrive(turns + consumer);"),
    inTurns("EachLanePassesTheTurn", "if (lane() == 0)\n      mbar_arrive",
            "mbar_arrive"),
    inTurns("TheFirstWarpPassesTheTurn",
            "mbar_init(shared.turns() + i, C::CONSUMERS);",
            "mbar_init(shared.turns() + i, 1);", "gemm90.cuh"),
    inTurns("OneHasNoTurns", "for (int i = 0; i < 2; ++i)\n        mbar_init",
            "for (int i = 0; i < 1; ++i)\n        mbar_init", "gemm90.cuh"),
    inTurns("BothFreeASlab", "CONSUMERS = 4;", "CONSUMERS = 8;"),
    inTurns("TilesOfTheOther", "t = first + consumer * step;", "t = first;"),
    inTurns("TakesAllTiles", "t += 2 * step", "t += step"),
    // in turns: waits and stages
    inTurns("TurnNoWaitForFull", "mbar_wait(full + ring.stage, ring.parity);",
            ""),
    inTurns("TurnFullParity", "mbar_wait(full + ring.stage, ring.parity);",
            "mbar_wait(full + ring.stage, ring.parity ^ 1);"),
    inTurns("TurnWaitsForOneLess", "wgmma_wait<0>();", "wgmma_wait<1>();"),
    inTurns("TurnWaitsForTwoLess", "wgmma_wait<1>();", "wgmma_wait<2>();"),
    inTurns("TurnCommitsNever", "wgmma_commit();", ""),
    inTurns("TurnNoFenceOfRegisters", "wgmma_fence();", ""),
    inTurns("BeginsAtTheOthersSlab", "ring.skip(consumer * slabs);", ""),
    inTurns("GoesOnAtTheOthersSlab", "ring.skip(slabs);", ""),
    inTurns("SkipsWithoutParity", "parity ^= at / STAGES & 1;", "",
            "pipeline90.cuh"),
    inTurns("TurnReleasesTheSlabInUse",
            "if (i > 0)\n        gemm90_release<C>(empty + last, 0);",
            "if (i > 0)\n        gemm90_release<C>(empty + ring.stage, 0);"),
    inTurns("TurnNeverReleasesTheLast",
            "gemm90_release<C>(empty + last, 0);\n    gemm90_finish",
            "gemm90_finish"),
    // in turns: halves and panels
    inTurns("RowsOfTheFirstHalf", "shared.a[ring.stage] + 64 * 128)",
            "shared.a[ring.stage])"),
    inTurns("StoresOverTheFirstHalf", "m0 + p / C::PANELS * 64", "m0",
            "gemm90.cuh"),
    inTurns("ReadsOfTheFirstHalf", "place.below(next / EACH * 64)", "place",
            "gemm90.cuh"),
    inTurns("SumsOfTheFirstHalf", "sum + half * C::BN / 2", "sum",
            "gemm90.cuh"),
    inTurns("TurnForgetsSums", "i + s > 0", "s > 0"),
    inTurns("HalvesShareAPanel", "half * C::PANELS + at / 64", "at / 64",
            "gemm90.cuh"),
    inTurns("TurnsShareAPanel", "consumer * C::HALVES * C::HELD * C::PANEL",
            "0", "gemm90.cuh"),
    inTurns("HalfOfThePanelsLeave", "leave(0, C::HALVES * C::PANELS);",
            "leave(0, C::PANELS);", "gemm90.cuh"),
    inTurns("NoRoomForPanels", "2 * Base::PANELS * 64", "Base::PANELS * 64"),
    inTurns("TurnNoWaitAtTheEnd",
            "if (warp == 0 && lane() == 0)\n      "
            "tma_store_wait_read<0>();",
            ";"),
    inTurns("TurnNoFenceOfPanels", "fence_async(); // what", "// what",
            "gemm90.cuh"),
    // in turns: bytes, guards
    inTurns("TurnTooFewBytes", "mbar_arrive_expect(full, C::STAGE);",
            "mbar_arrive_expect(full, C::STAGE - 64 * 128);", "gemm90.cuh"),
    inTurns("TurnLoadsPastTheEnd", "min_(place.row + q % 2 * 8, place.m - 1)",
            "place.row + q % 2 * 8", "gemm90_columns.cuh"),
    inTurns("TurnPastTheLastTile", "t < tasks; t += 2 * step",
            "t < tasks + step; t += 2 * step"),
    // in turns: dependent launch, registers
    inTurns("TurnDoesNotWait", "grid_wait();", ""),
    inTurns("TheFirstTurnWaits", "grid_wait();",
            "if (group == 1)\n    grid_wait();"),
    inTurns("TurnTakesTooManyRegisters", "regs_up<232>();", "regs_up<240>();"),
};

void PrintTo(const Edit &e, std::ostream *out) { *out << e.name; }

class Gemm90MutationTest : public MutantTest,
                           public testing::WithParamInterface<Edit> {};

TEST_P(Gemm90MutationTest, IsFound) {
  const Edit &edit = GetParam();
  ASSERT_NO_FATAL_FAILURE(this->edit(edit.header, edit.from, edit.to));
  Variant90 v;
  v.math = edit.math;
  v.bn = edit.rolls ? 256 : 64;
  v.stages = edit.turns || edit.rolls ? 4 : 3; // of 6 slabs
  v.cm = std::max(edit.cm, 1);
  v.cn = edit.cn;
  v.stores = edit.cm > 0;
  v.parts = edit.parts;
  v.turns = edit.turns;
  Stub stub(v.stub());
  std::string found;
  for (const char *mode :
       {"mode late", "mode early", "mode random 1", "mode random 2"})
    for (auto [m, n, k, blocks] : {std::array<int, 4>{300, 136, 328, 2},
                                   {200, 72, 72, 2},
                                   {300, 520, 72, 2},
                                   {200, 72, 328, 12}}) {
      bool isFor = edit.parts ? edit.parts * 64 < k
                              : blocks == 2 && edit.rolls == (n > 256);
      if (!isFor || !found.empty())
        continue;
      control("reset; " + std::string(mode));
      v.blocks = blocks;
      found = runGemm90(v, stub, m, n, k);
      control("revive");
    }
  EXPECT_NE(found, "") << "not found";
  printf("%s\n", found.c_str());
}

INSTANTIATE_EDITS(Gemm90MutationTest, edits);

} // namespace
} // namespace ingot::emulator
