// Each edit of what a cluster does with its rows must be found, by a finding or
// by a wrong number.
#include "LinearNorm90.h"
#include "Mutant.h"

#include <array>

namespace ingot::emulator {
namespace {

struct Edit {
  const char *name, *from, *to;
  const char *header = "linear_norm90.cuh";
  int bn = 64;
};

const Edit edits[] = {
    // clusters
    {"NoClusterBarrier", "  cluster_sync();\n", ""},
    {"BarrierOfTheBlockAlone", "  cluster_sync();\n", "  barrier();\n"},
    {"ToItself", "x[i], full, block);", "x[i], full, cluster_rank());"},
    {"ToTheFirstBlock", "x[i], full, block);", "x[i], full, 0);"},
    {"InThePlaceOfAll", "shared.sums[slot][cluster_rank()]",
     "shared.sums[slot][0]"},
    {"NotToAll", "if (block < C::BLOCKS)", "if (block + 1 < C::BLOCKS)"},
    {"ToOneTooMany", "if (block < C::BLOCKS)", "if (block <= C::BLOCKS)"},
    {"TellsTheOtherSlot", "x[i], full, block);",
     "x[i], &shared.full[1 - slot][warp], block);"},
    {"LanesStillRead", "warp_sync(); // all lanes", "; // all lanes"},
    {"NothingExpected", "mbar_arrive_expect(full, C::BLOCKS * 16 * 4);",
     "mbar_arrive(full);"},
    {"ExpectsTooLittle", "C::BLOCKS * 16 * 4);", "C::BLOCKS * 8 * 4);"},
    {"ExpectsItsOwnToo", "C::BLOCKS * 16 * 4);", "(C::BLOCKS + 1) * 16 * 4);"},
    {"AllLanesExpect", "if (lane() == 0)\n    mbar_arrive_expect",
     "mbar_arrive_expect"},
    {"LeavesEarly", "mbar_wait_cluster(full, number / 2 % 2);", ""},
    {"SeesThisBlockAlone", "mbar_wait_cluster(full", "mbar_wait(full"},
    {"Parity", "number / 2 % 2);", "(number / 2 + 1) % 2);"},
    {"ParityStays", "number / 2 % 2);", "0);"},
    {"CountsOneMore", "mbar_init(&shared.full[slot][w], 1);",
     "mbar_init(&shared.full[slot][w], 2);"},
    {"NoFenceOfMbarriers", "mbar_fence_init();", ""},
    {"OneSlot", "int slot = number % 2,", "int slot = 0,"},
    {"ExchangesNotCounted", "exchange_rows<C>(mean, consumer, number++);",
     "exchange_rows<C>(mean, consumer, number);"},
    {"TilesNotCounted", "m0 / C::BM / ((int)block_count() / C::BLOCKS)", "0"},
    {"MbarrierOfAnotherWarp", "&shared.full[slot][warp]",
     "&shared.full[slot][warp / 4]"},
    {"RowsOfAnotherWarp", "row = warp * 16 + lane() / 4;",
     "row = warp % 4 * 16 + lane() / 4;"},
    {"TakesOneBlockLess", "UNROLL for (int b = 0; b < C::BLOCKS; ++b) x[i] +=",
     "UNROLL for (int b = 1; b < C::BLOCKS; ++b) x[i] +="},
    {"SumsOverOtherMemory", "16 - C::STAGES * 16);", "16);"},
    // norm
    {"LanesNotAddedUp", "x[i] = row_sum4(x[i]);", "x[i] = x[i];"},
    {"CountsColumnsPastTheEnd", "place.n % 64 == 0 || c < place.n", "true"},
    {"CountsPanelsPastTheEnd",
     "if (place.has_panel(n0 + at))\n        pairs(x + at / 2",
     "pairs(x + at / 2", "linear_norm90.cuh", 192},
    {"MeanOfTheOtherRow", "pair[e] - mean[q % 2], pair[e] - mean[q % 2], sq",
     "pair[e] - mean[0], pair[e] - mean[0], sq"},
    {"DividesBySomething", "float count = (float)place.n",
     "float count = C::BN"},
    {"NoEpsilon", "squares[i] / count + epsilon", "squares[i] / count"},
    {"FactorOfTheOtherRow", "* factor[q % 2];", "* factor[0];"},
    {"SumsOfThisBlockAlone",
     "    exchange_rows<C>(squares, consumer, number);\n", ""},
    {"ForgetsTheSum", "pair[e] = part[e];", ""},
    {"KeepsTheResult", "store_columns(keep + to, kept);",
     "store_columns(keep + to, part);"},
    {"StoresPastTheEnd", "if (r < place.m) {", "{"},
    {"ReadsOverWhatIsAhead", "reads.reads[p % Reads::AHEAD]", "reads.reads[0]"},
    {"EndsOverWhatIsAhead", "ends.reads[p % Ends::AHEAD]", "ends.reads[0]"},
    // panels
    {"NoWaitForTheLastPanels", "tma_store_wait_read<0>(); // the last",
     "; // the last"},
    {"NoBarrierBeforePanels", "    meet();\n    }\n    UNROLL",
     "    }\n    UNROLL"},
    {"NoFenceOfPanels", "fence_async(); // what", "// what"},
    {"NoBarrierBeforeStore", "stored above\n      meet();", "stored above"},
    {"WrongPanel", "n0 + p * 64, m0);", "n0 + p * 64, m0 + 64);"},
    // tiles of rows
    {"TilesInBands", "C::OWNS_ROWS ? 1 : 8 / C::CM", "8 / C::CM", "gemm90.cuh"},
};

void PrintTo(const Edit &e, std::ostream *out) { *out << e.name; }

class LinearNorm90MutationTest : public MutantTest,
                                 public testing::WithParamInterface<Edit> {};

TEST_P(LinearNorm90MutationTest, IsFound) {
  const Edit &edit = GetParam();
  ASSERT_NO_FATAL_FAILURE(this->edit(edit.header, edit.from, edit.to));
  NormVariant90 v;
  v.keep = true;
  v.bn = edit.bn;
  v.blocks = edit.bn > 64 ? 2 : 3;
  Stub stub(v.stub());
  std::string found;
  for (const char *mode :
       {"mode late", "mode early", "mode random 1", "mode random 2"})
    for (auto [m, n, clusters] :
         {std::array<int, 3>{520, 136, 1}, {390, 184, 2}}) {
      if (!found.empty())
        continue;
      control("reset; " + std::string(mode));
      v.clusters = clusters;
      // Of wide tiles the second has a panel of three.
      found = runLinearNorm90(v, stub, m, edit.bn > 64 ? 256 : n, 72,
                              /*special=*/true);
      control("revive");
    }
  EXPECT_NE(found, "") << "not found";
  printf("%s\n", found.c_str());
}

INSTANTIATE_EDITS(LinearNorm90MutationTest, edits);

} // namespace
} // namespace ingot::emulator
