// What is chosen for linear and attention on Hopper.
#include "codegen/cuda/Choice.h"

#include "llvm/Support/MathExtras.h"

namespace ingot::cuda {

const Chip &hopperChip() {
  // "NVIDIA H100 Tensor Core GPU" (data sheet, SXM5): 989.4 TFLOPS of bf16 and
  // f16, half of it tf32, 3352 GB/s; 132 multiprocessors of 4096 such
  // operations a clock are 1830 MHz. L2 and shared memory as on an A100 until
  // somebody measures them.
  static const Chip h100 = {"H100", 132, 1.83e9, 3352e9,       2048, 1024,
                            128.0,  16,  128,    5120.0 / 132, 200};
  return h100;
}

namespace {
/// Gemm90Config of linear90.cuh.
constexpr int64_t kRows = 128, kSlab = 64; ///< of a tile, of k

unsigned sharedBytes(int64_t columns, bool stores) {
  int64_t stage = (kRows + columns) * 128, panels = stores ? 256 * columns : 0;
  int64_t stages = std::min<int64_t>((226 * 1024 - panels) / stage, 6);
  return static_cast<unsigned>(stages * stage + panels + stages * 16);
}

double numberOf(int64_t value) { return static_cast<double>(value); }

Estimate estimateTiles(const LinearProblem &problem, int64_t columns,
                       int64_t m) {
  int64_t n = problem.n, k = problem.k;
  constexpr int64_t kBytes = 2;
  double depth = numberOf(
      static_cast<int64_t>(llvm::alignTo(static_cast<uint64_t>(k), kSlab)));
  Work work;
  work.products = numberOf(m) * numberOf(n) * numberOf(k);
  work.memoryBytes = numberOf(m + n) * numberOf(k) * kBytes +
                     numberOf(m) * numberOf(n) * problem.outBits / 8;
  work.blocks = static_cast<int64_t>(llvm::divideCeil(m, kRows) *
                                     llvm::divideCeil(n, columns));
  work.blockProducts = numberOf(kRows * columns) * depth;
  work.rate = hopperChip().products16;
  // Slabs come once, each consumer reads its rows and all columns.
  work.blockShared = depth * numberOf(2 * kRows + 3 * columns) * kBytes;
  work.blockL2 = numberOf(k) * numberOf(kRows + columns) * kBytes;
  work.onTensorCores = true;
  return estimate(work, hopperChip());
}

/// The widest tile of the least time.
int64_t bestColumns(const LinearProblem &problem, int64_t m) {
  return *std::min_element(std::begin(kHopperColumns), std::end(kHopperColumns),
                           [&](int64_t a, int64_t b) {
                             return estimateTiles(problem, a, m).wavesSeconds <
                                    estimateTiles(problem, b, m).wavesSeconds;
                           });
}

/// The least M from which `large` is at most an eighth slower, however many
/// rows come.
int64_t largeFrom(const LinearProblem &problem, int64_t small, int64_t large) {
  constexpr int64_t kMost = 16384;
  int64_t from = 0;
  for (int64_t m = kMost; m > 0; m -= kRows) {
    if (estimateTiles(problem, large, m).wavesSeconds >
        1.125 * estimateTiles(problem, small, m).wavesSeconds)
      break;
    from = std::max(m - kRows, problem.fewRows()) + 1;
  }
  return from;
}

HopperTiles tilesOfModel(const LinearProblem &problem, int64_t rows) {
  constexpr int64_t kManyRows = 4096;
  int64_t small = bestColumns(problem, rows);
  // Where M is known there is one tile; it counts as large if blocks can share.
  if (problem.m >= 0)
    return {small, small, problem.m > kRows ? problem.fewRows() + 1 : 0};
  int64_t large = bestColumns(problem, kManyRows);
  return {small, large, large > small ? largeFrom(problem, small, large) : 0};
}

/// What is left of `tiles` where M is known.
HopperTiles tilesAt(HopperTiles tiles, const LinearProblem &problem) {
  if (problem.m < 0)
    return tiles;
  bool isLarge = tiles.largeFrom && problem.m >= tiles.largeFrom;
  int64_t columns = isLarge ? tiles.large : tiles.small;
  return {columns, columns, isLarge ? problem.fewRows() + 1 : 0};
}
} // namespace

std::optional<HopperLinear>
chooseHopperLinear(const LinearProblem &problem,
                   std::optional<HopperTiles> measured) {
  bool isKnown = problem.m >= 0;
  if (problem.math != Math::Half || problem.k % 8 != 0 ||
      (isKnown && problem.m <= problem.fewRows()))
    return std::nullopt;
  HopperLinear choice;
  choice.fewRows = problem.fewRows();
  choice.fewTiles = isKnown ? 0 : FewRows::of(problem.n, hopperChip()).tiles;
  choice.rows = isKnown ? problem.m : kTypicalRows;
  HopperTiles tiles = measured ? tilesAt(*measured, problem)
                               : tilesOfModel(problem, choice.rows);
  choice.small = tiles.small;
  choice.large = tiles.largeFrom ? tiles.large : tiles.small;
  choice.largeFrom = tiles.largeFrom;
  choice.cluster = choice.largeFrom ? 2 : 1;
  choice.stores = problem.outBits == 16 && problem.n % 8 == 0;
  choice.sharedBytes = std::max(sharedBytes(choice.small, choice.stores),
                                sharedBytes(choice.large, choice.stores));
  choice.estimate = estimateTiles(problem, choice.small, choice.rows);
  return choice;
}

std::optional<HopperAttention>
chooseHopperAttention(const AttentionProblem &problem) {
  int64_t d = problem.d, dv = problem.dv;
  if (problem.math != Math::Half || d % 16 != 0 || dv % 8 != 0 ||
      std::max(d, dv) > 192)
    return std::nullopt;
  HopperAttention choice;
  // As Attention90Config has it.
  choice.columns = 192;
  for (int64_t columns : {128, 96, 64})
    if (dv <= columns)
      choice.columns = columns;
  choice.keys = std::max(d, choice.columns) <= 128 ? 128 : 96;
  // mma.sync, which pads less, reaches some five eighths of wgmma's rate.
  int64_t padded = d + choice.columns;
  if (5 * padded > 8 * (d + dv))
    return std::nullopt;
  auto panels = [](int64_t columns) -> int64_t {
    return static_cast<int64_t>(
        llvm::divideCeil(static_cast<uint64_t>(columns), 64));
  };
  constexpr int64_t kStages = 2, kTerms = 8, kBarriers = 128, kPanelRow = 128;
  choice.sharedBytes = static_cast<unsigned>(
      kPanelRow * (panels(d) * kRows +
                   kStages * choice.keys * (panels(d) + panels(dv))) +
      kStages * choice.keys * kTerms + kBarriers);
  choice.others = chooseAttention(problem);

  const AttentionProblem &p = choice.others.estimated;
  constexpr int64_t kBytes = 2, kConsumers = 2;
  auto tiles = static_cast<int64_t>(llvm::divideCeil(
      static_cast<uint64_t>(p.keys), static_cast<uint64_t>(choice.keys)));
  double heads = numberOf(p.batch * p.heads), width = numberOf(d + dv),
         queries = numberOf(p.queries), keys = numberOf(p.keys),
         tiled = numberOf(tiles * choice.keys);
  Work work;
  work.products = heads * queries * keys * width;
  work.memoryBytes =
      heads * (queries + keys / numberOf(p.group)) * width * numberOf(kBytes);
  work.blocks = p.batch * p.heads *
                static_cast<int64_t>(
                    llvm::divideCeil(static_cast<uint64_t>(p.queries), kRows));
  work.blockProducts = numberOf(kRows * padded) * tiled;
  work.rate = hopperChip().products16;
  // Keys and values come once, and each consumer reads them.
  work.blockShared =
      ((1 + kConsumers) * tiled * numberOf(padded) + numberOf(kRows * d)) *
      numberOf(kBytes);
  work.blockL2 = (keys * width + numberOf(kRows * d)) * numberOf(kBytes);
  work.blockExponentials = numberOf(kRows) * tiled;
  work.onTensorCores = true;
  work.parts = choice.others.partsAt(p.batch, p.queries, p.keys);
  work.steps = std::max<int64_t>(1, tiles);
  work.partBytes = numberOf(std::min(p.queries, kRows) * (dv + 2)) * 4;
  choice.estimate = estimate(work, hopperChip());
  return choice;
}

std::string HopperAttention::text() const {
  return "wgmma, " + std::to_string(kRows) + " queries by " +
         std::to_string(keys) + " keys" + others.partsText();
}

std::string HopperLinear::text() const {
  auto tile = [](int64_t columns) {
    return std::to_string(kRows) + "x" + std::to_string(columns);
  };
  std::string text =
      fewTiles ? FewRows{fewTiles}.text(/*isAlone=*/false) + "; " : "";
  text += "wgmma ";
  if (largeFrom != fewRows + 1)
    text += tile(small);
  if (largeFrom)
    text += largeFrom == fewRows + 1
                ? tile(large)
                : "; " + tile(large) + " from M " + std::to_string(largeFrom);
  if (cluster > 1)
    text += ", two blocks share weights";
  return text;
}

} // namespace ingot::cuda
