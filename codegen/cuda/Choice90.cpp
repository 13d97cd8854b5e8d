// What is chosen for linear and attention on Hopper.
#include "codegen/cuda/Choice.h"

#include "codegen/cuda/ChoiceNumbers.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLExtras.h"

#include <cmath>

namespace ingot::cuda {

const Chip &hopperChip() {
  // "NVIDIA H100 Tensor Core GPU" (data sheet, SXM5): 989.4 TFLOPS of bf16 and
  // f16, half of it tf32, twice of it fp8 (1978.9), 3352 GB/s; 132
  // multiprocessors of 4096 such operations a clock are 1830 MHz. L2 and shared
  // memory as on an A100 until somebody measures them.
  static const Chip h100 = {"H100", 132, 1.83e9, 3352e9,       2048, 1024,
                            128.0,  16,  128,    5120.0 / 132, 200,  4096};
  return h100;
}

namespace {
/// Gemm90Config of linear90.cuh.
constexpr int64_t kRows = 128, kSlab = 128; ///< of a tile, bytes of k
constexpr int64_t kWarps = 12;              ///< of a block
/// Of them along K where few rows go by FMA units: a power of two, and no warp
/// is left.
constexpr int64_t kMostFewWarps = 4;
/// linear90.cuh: parts, floats that they leave.
constexpr int64_t kMostParts = 8, kMostPartials = 1 << 21;

/// What a kernel of such tiles takes on an H200, in nanoseconds:
///   one part   kernel + waves * (tile + slabs * slab)
///              - slabs * (slab - first)
///   in parts   kernel + tile + slabs of a part * slab + meeting
///              + columns * (share / parts + 3/20 * parts * tiles)
/// kernel: its start, and the first slab's way; tile: the epilogue; first: a
/// slab of the first wave, which takes less where one consumer has all of a
/// narrow tile; meeting: to leave sums and wait for the others; share: to add
/// up a part's share of them. docs/hopper.md says what they are fitted to. A
/// slab of tf32 has half of the k at half of the rate, one of e4m3 twice of it
/// at twice the rate, so that all should take as long; nobody has measured one
/// of e4m3.
struct MeasuredTile {
  int64_t columns;
  HopperForm form;
  int64_t kernel, tile, slab, first, meeting;
};
constexpr MeasuredTile kMeasured[] = {
    {64, HopperForm::Alone, 1240, 1580, 193, 193, 1510},
    {64, HopperForm::Turns, 1950, 1500, 209, 147, 0},
    {96, HopperForm::Alone, 1370, 1860, 264, 264, 1110},
    {96, HopperForm::Turns, 1650, 1450, 265, 265, 0},
    {128, HopperForm::Alone, 1450, 1900, 306, 306, 1030},
    {128, HopperForm::Turns, 1550, 2390, 296, 296, 0},
    {192, HopperForm::Alone, 2020, 1940, 460, 460, 0},
    {256, HopperForm::Alone, 2330, 3580, 560, 560, 0},
    // As one alone, but that both blocks start: not measured, and the model
    // does not choose it.
    {256, HopperForm::Pairs, 2830, 3580, 560, 560, 0},
};
constexpr double kShare = 22.5, kPart = 0.15;
/// Wider ones would not fit in registers beside what they meet with.
constexpr int64_t kMostSharedColumns = 128;
/// Totals of e4m3 leave no registers for wide ones either; turns and pairs are
/// for 16 bits.
bool has(const LinearProblem &problem, const MeasuredTile &tile) {
  if (tile.form != HopperForm::Alone)
    return problem.math == Math::Half;
  return problem.math != Math::E4M3 || tile.columns <= 128;
}

unsigned sharedBytes(const HopperTile &tile, bool stores) {
  int64_t stage = (kRows + tile.columns) * 128,
          panels = stores ? tile.columns / 64 * 64 * 256 : 0;
  if (tile.form == HopperForm::Turns)
    panels *= 2;
  if (tile.form == HopperForm::Pairs)
    panels /= 2; // two of four in turn
  int64_t stages = std::min<int64_t>((226 * 1024 - panels) / stage, 8);
  return static_cast<unsigned>(stages * stage + panels + stages * 16 + 16);
}

/// `measured` in place of the model's: what parts save and cost is the model's.
HopperTile tileOf(const LinearProblem &problem, const MeasuredTile &tile,
                  const HopperMeasured &measured = {}) {
  int64_t slabs = ceilOf(problem.k * problem.bits / 8, kSlab);
  HopperTile made;
  made.columns = tile.columns;
  made.form = tile.form;
  made.kernel = tile.kernel - slabs * (tile.slab - tile.first);
  made.wave = tile.tile + slabs * tile.slab;
  if (measured.wave) {
    made.kernel = measured.kernel;
    made.wave = measured.wave;
  }
  made.part = std::llround(kPart * numberOf(tile.columns));
  if (!problem.canSplit || made.form != HopperForm::Alone ||
      tile.columns > kMostSharedColumns)
    return made;
  for (int64_t parts = 2; parts <= std::min(slabs, kMostParts); ++parts) {
    int64_t each = ceilOf(slabs, parts), cost = 0;
    // The fewest that have as few slabs each.
    if (ceilOf(slabs, each) == parts)
      cost = std::max<int64_t>(
          made.kernel + made.wave - (slabs - each) * tile.slab + tile.meeting +
              std::llround(kShare * numberOf(tile.columns) / numberOf(parts)),
          1);
    made.parts.push_back(cost);
  }
  while (!made.parts.empty() && !made.parts.back())
    made.parts.pop_back();
  return made;
}

/// `way` of Linear90Tile and Linear90Pairs, linear90.cuh.
HopperWay wayOf(const LinearProblem &problem, const HopperTile &tile,
                int64_t m) {
  int64_t multiprocessors = hopperChip().multiprocessors,
          together = tile.form == HopperForm::Pairs ? 2 : 1;
  int64_t tiles = ceilOf(m, together * kRows) * ceilOf(problem.n, tile.columns);
  HopperWay way{tile.columns, tile.form, 1,
                tile.kernel +
                    ceilOf(tiles, multiprocessors / together) * tile.wave};
  int64_t floats = ceilOf(m, 16) * ceilOf(problem.n, 16) * 256;
  for (auto [i, ofParts] : llvm::enumerate(tile.parts)) {
    auto parts = static_cast<int64_t>(i) + 2;
    int64_t cost = ofParts + parts * tiles * tile.part;
    if (ofParts && parts * tiles <= multiprocessors &&
        parts * floats <= kMostPartials && cost < way.nanoseconds)
      way = {tile.columns, tile.form, parts, cost};
  }
  return way;
}

HopperWay bestOf(const LinearProblem &problem, llvm::ArrayRef<HopperTile> tiles,
                 int64_t m) {
  HopperWay best = wayOf(problem, tiles.front(), m);
  for (const HopperTile &tile : tiles.drop_front())
    if (HopperWay way = wayOf(problem, tile, m);
        way.nanoseconds < best.nanoseconds)
      best = way;
  return best;
}

/// Rows that tiles are chosen for where M is no number.
constexpr int64_t kTypical[] = {16,  64,   128,  256,  384,  512,
                                768, 1024, 1536, 2048, 4096, 8192};

/// Those whose times are least over the rows; each further tile is code to
/// compile and to load, worth it from 5 % at one of the rows on.
llvm::SmallVector<HopperTile, kMostHopperTiles>
tilesOfModel(const LinearProblem &problem, llvm::ArrayRef<int64_t> rows) {
  constexpr double kWorth = 0.05;
  llvm::SmallVector<HopperTile> all = hopperTilesOf(problem);
  llvm::SmallVector<HopperTile, kMostHopperTiles> best;
  double least = 0;
  for (unsigned chosen = 1; chosen < 1u << all.size(); ++chosen) {
    if (llvm::popcount(chosen) > static_cast<int>(kMostHopperTiles))
      continue;
    llvm::SmallVector<HopperTile, kMostHopperTiles> tiles;
    for (auto [i, tile] : llvm::enumerate(all))
      if (chosen >> i & 1)
        tiles.push_back(tile);
    double loss = kWorth * static_cast<double>(tiles.size());
    for (int64_t m : rows)
      loss += std::log(numberOf(bestOf(problem, tiles, m).nanoseconds));
    if (best.empty() || loss < least) {
      best = tiles;
      least = loss;
    }
  }
  return best;
}

/// A tile has code for parts only where it is taken with them, and of 96 and
/// 128 columns one alone, that of more rows: both beside 64 would spill.
void dropParts(const LinearProblem &problem,
               llvm::SmallVectorImpl<HopperTile> &tiles,
               llvm::ArrayRef<int64_t> rows) {
  llvm::SmallDenseMap<int64_t, unsigned> shared; // by columns: of rows
  for (int64_t m : rows)
    if (HopperWay way = bestOf(problem, tiles, m); way.parts > 1)
      ++shared[way.columns];
  if (shared.contains(96) && shared.contains(128))
    shared.erase(shared[96] < shared[128] ? 96 : 128);
  for (HopperTile &tile : tiles)
    if (!shared.contains(tile.columns))
      tile.parts.clear();
}

Estimate estimateOf(const LinearProblem &problem, const HopperWay &way,
                    int64_t m) {
  const Chip &chip = hopperChip();
  Estimate e;
  e.chip = chip.name;
  e.memorySeconds = problem.memoryBytes(m) / chip.memoryBytes;
  e.arithmeticSeconds =
      chip.seconds(problem.products(m) / rateOf(chip, problem.math) /
                   numberOf(chip.multiprocessors));
  e.blocks = ceilOf(m, kRows) * ceilOf(problem.n, way.columns) * way.parts;
  e.waves = ceilOf(e.blocks, chip.multiprocessors);
  e.wavesSeconds = numberOf(way.nanoseconds) * 1e-9;
  e.seconds = std::max({e.memorySeconds, e.wavesSeconds, e.arithmeticSeconds});
  if (e.memorySeconds >= e.wavesSeconds)
    e.limit = "memory";
  else if (way.parts > 1)
    e.limit = "partial sums";
  else
    e.limit = e.arithmeticSeconds < e.seconds / 2 ? "waves" : "tensor cores";
  return e;
}
} // namespace

llvm::StringRef formText(HopperForm form) {
  switch (form) {
  case HopperForm::Alone:
    return "";
  case HopperForm::Turns:
    return " in turns";
  case HopperForm::Pairs:
    return " in pairs";
  }
  llvm_unreachable("a form of tiles");
}

unsigned HopperLinear::cluster() const {
  auto isPair = [](const HopperTile &tile) {
    return tile.form == HopperForm::Pairs;
  };
  return llvm::any_of(tiles, isPair) ? 2 : 1;
}

HopperWay HopperLinear::at(int64_t m) const {
  return bestOf(problem, tiles, m);
}

int64_t HopperLinear::mostParts() const {
  size_t most = 0;
  for (const HopperTile &tile : tiles)
    most = std::max(most, tile.parts.size());
  return static_cast<int64_t>(most) + 1;
}

Expr HopperLinear::partialSums(ExprPool &pool, Expr m) const {
  Expr pieces = pool.ceilDiv(m, pool.integer(16));
  return pool.min(pool.scale(pieces, ceilOf(problem.n, 16) * 256 * kMostParts),
                  pool.integer(kMostPartials));
}

Expr HopperLinear::blocks(ExprPool &pool, Expr m) const {
  constexpr int64_t kSmall = 64;
  Expr ofTiles = pool.scale(pool.ceilDiv(m, pool.integer(kSmall)),
                            ceilOf(problem.n, kSmall)),
       isAny = pool.min(m, pool.integer(1));
  int64_t ofFew = 0;
  for (int64_t tiles : {fewTiles, moreTiles})
    if (tiles)
      ofFew = std::max(ofFew, FewRows{tiles}.blocks(problem.n));
  return ofFew ? pool.max(ofTiles, pool.scale(isAny, ofFew)) : ofTiles;
}

llvm::SmallVector<HopperTile> hopperTilesOf(const LinearProblem &problem) {
  llvm::SmallVector<HopperTile> tiles;
  for (const MeasuredTile &tile : kMeasured)
    if (has(problem, tile) && tile.form != HopperForm::Pairs)
      tiles.push_back(tileOf(problem, tile));
  return tiles;
}

int64_t hopperNanoseconds(const LinearProblem &problem, int64_t m) {
  return bestOf(problem, hopperTilesOf(problem), m).nanoseconds;
}

std::optional<HopperLinear>
chooseHopperLinear(const LinearProblem &problem,
                   llvm::ArrayRef<HopperMeasured> measured) {
  bool isKnown = problem.m >= 0,
       isFew = isKnown && problem.m <= FewRows::most(problem, hopperChip());
  if (problem.math == Math::F32 || !problem.isWide() ||
      (isFew && problem.math != Math::E4M3))
    return std::nullopt;
  llvm::ArrayRef<int64_t> rows = kTypical;
  if (isKnown)
    rows = problem.m;
  HopperLinear choice;
  choice.problem = problem;
  if ((!isKnown || isFew) && problem.hasFewOnTensorCores())
    choice.fewTiles = FewRows::of(problem.n, hopperChip()).tiles;
  else if (!isKnown)
    choice.fewWarps = fewWarpsOf(problem, hopperChip(), kMostFewWarps);
  if (std::optional<FewRows> more = FewRows::ofMore(problem, hopperChip()))
    choice.moreTiles = more->tiles;
  choice.rows = isKnown ? problem.m : kTypicalRows;
  FewRows few{choice.fewTiles};
  if (isFew) {
    choice.stores = false;
    choice.sharedBytes = few.sharedBytes(problem, kWarps);
    choice.estimate =
        estimate(few.work(problem, problem.m, hopperChip()), hopperChip());
    return choice;
  }
  for (const HopperMeasured &each : measured)
    for (const MeasuredTile &tile : kMeasured)
      if (tile.columns == each.columns && tile.form == each.form &&
          has(problem, tile))
        choice.tiles.push_back(tileOf(problem, tile, each));
  if (choice.tiles.empty())
    choice.tiles = tilesOfModel(problem, rows);
  else if (isKnown)
    llvm::erase_if(
        choice.tiles, [best = bestOf(problem, choice.tiles, problem.m)](
                          const HopperTile &tile) {
          return tile.columns != best.columns || tile.form != best.form;
        });
  dropParts(problem, choice.tiles, rows);
  choice.stores = problem.outBits == 16 && problem.n % 8 == 0;
  choice.sharedBytes = 0;
  for (const HopperTile &tile : choice.tiles)
    choice.sharedBytes =
        std::max(choice.sharedBytes, sharedBytes(tile, choice.stores));
  if (choice.fewTiles)
    choice.sharedBytes =
        std::max(choice.sharedBytes, few.sharedBytes(problem, kWarps));
  if (choice.moreTiles)
    choice.sharedBytes =
        std::max(choice.sharedBytes,
                 FewRows{choice.moreTiles, kMoreTensorRows}.sharedBytes(
                     problem, kWarps));
  choice.estimate = estimateOf(problem, choice.at(choice.rows), choice.rows);
  return choice;
}

/// Shared memory, as Attention90Config has it.
static unsigned attentionBytes(const AttentionProblem &problem,
                               const HopperAttention &choice) {
  constexpr int64_t kPanelRow = 128, kTerms = 8, kBarrier = 8, kMeet = 16,
                    kMost = 227 * 1024;
  auto panels = [](int64_t columns) { return ceilOf(columns, 64); };
  int64_t d = panels(problem.d), dv = panels(problem.dv),
          stages = d == 1 && dv == 1 ? 4 : 2,
          tile = choice.keys * (kPanelRow * (d + dv) + kTerms) + 6 * kBarrier,
          queries = kRows * kPanelRow * d + 2 * kBarrier,
          rings = stages * tile + kMeet;
  return static_cast<unsigned>(
      rings + queries * (rings + 2 * queries <= kMost ? 2 : 1));
}

std::optional<HopperAttention>
chooseHopperAttention(const AttentionProblem &problem) {
  int64_t d = problem.d, dv = problem.dv;
  if (problem.math != Math::Half || d % 16 != 0 || dv % 8 != 0 ||
      std::max(d, dv) > 256)
    return std::nullopt;
  HopperAttention choice;
  // As Attention90Config has it.
  choice.columns = 256;
  for (int64_t columns : {192, 128, 96, 64})
    if (dv <= columns)
      choice.columns = columns;
  int64_t widest = std::max(d, choice.columns);
  choice.keys = widest <= 128 ? 128 : widest <= 192 ? 96 : 64;
  // mma.sync, which pads less, reaches some five eighths of wgmma's rate.
  int64_t padded = d + choice.columns;
  if (5 * padded > 8 * (d + dv))
    return std::nullopt;
  choice.sharedBytes = attentionBytes(problem, choice);
  choice.packs = problem.packs(kRows);
  choice.others = chooseAttention(problem);

  const AttentionProblem &p = choice.others.estimated;
  constexpr int64_t kBytes = 2, kConsumers = 2;
  auto areTwo = [&](int64_t batch, int64_t queries) {
    int64_t together = choice.packs ? p.group : 1;
    return !problem.isPaged &&
           (queries < 0 || queries * together <= kRows / kConsumers) &&
           (batch < 0 ||
            batch * p.heads / together *
                    choice.others.partsAt(p.batch, p.queries, p.keys) >
                hopperChip().multiprocessors);
  };
  choice.isTwo = areTwo(p.batch, p.queries);
  choice.isMaybeTwo = areTwo(problem.batch, problem.queries) &&
                      (problem.batch < 0 || problem.queries < 0);
  const int64_t tasks = choice.isTwo ? 2 : 1; // of a block
  int64_t tiles = ceilOf(p.keys, choice.keys);
  double heads = numberOf(p.batch * p.heads), width = numberOf(d + dv),
         queries = numberOf(p.queries), keys = numberOf(p.keys),
         tiled = numberOf(tiles * choice.keys);
  Work work;
  work.products = heads * queries * keys * width;
  work.memoryBytes = p.memoryBytes();
  work.blocks = ceilOf(p.tasks(kRows), tasks);
  work.blockProducts = numberOf(kRows * padded) * tiled;
  work.rate = hopperChip().products16;
  // Keys and values of a task come once, and each consumer reads its own.
  work.blockShared = (numberOf(tasks + kConsumers) * tiled * numberOf(padded) +
                      numberOf(kRows * d)) *
                     numberOf(kBytes);
  work.blockL2 =
      (numberOf(tasks) * keys * width + numberOf(kRows * d)) * numberOf(kBytes);
  work.blockExponentials = numberOf(kRows) * tiled;
  work.onTensorCores = true;
  work.parts = choice.others.partsAt(p.batch, p.queries, p.keys);
  work.steps = std::max<int64_t>(1, tiles);
  work.partBytes =
      numberOf(std::min(p.queries * p.group, kRows) * (dv + 2)) * 4;
  choice.estimate = estimate(work, hopperChip());
  return choice;
}

std::string HopperAttention::text() const {
  return "wgmma, " + std::to_string(kRows) + " queries by " +
         std::to_string(keys) + " keys" + others.sharedText(packs) +
         (isMaybeTwo ? ", up to 2 tasks a block"
          : isTwo    ? ", 2 tasks a block"
                     : "");
}

std::string HopperLinear::text() const {
  std::string text;
  if (fewTiles)
    text = FewRows{fewTiles}.text(/*isAlone=*/tiles.empty());
  else if (fewWarps)
    text = "few rows up to " + std::to_string(problem.fewRows()) + ", " +
           std::to_string(fewWarps) + " warps along K";
  if (moreTiles)
    text += "; " + FewRows{moreTiles, kMoreTensorRows}.text(/*isAlone=*/false);
  if (tiles.empty())
    return text;
  text += text.empty() ? "wgmma " : "; wgmma ";
  for (const HopperTile &tile : tiles) {
    if (&tile != &tiles.front())
      text += "; ";
    text += std::to_string(kRows) + "x" + std::to_string(tile.columns);
    text += formText(tile.form);
    if (tile.parts.empty())
      continue;
    text += problem.m >= 0
                ? ", K in " + std::to_string(at(problem.m).parts) + " parts"
                : ", K in up to " + std::to_string(tile.parts.size() + 1) +
                      " parts";
  }
  return text;
}

} // namespace ingot::cuda
