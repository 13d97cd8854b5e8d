#include "codegen/cuda/LinearNormChoice.h"

#include "codegen/cuda/ChoiceNumbers.h"

#include "llvm/Support/FormatVariadic.h"

#include <cmath>

namespace ingot::cuda {

namespace {
constexpr int64_t kRows = 128, kMostBlocks = 8;
/// Rows of one block are those of models to play with.
constexpr int64_t kLeastBlocks = 2;
/// Of tiles that linear_norm90.cuh takes: of 256 too few registers are left.
constexpr int64_t kColumns[] = {64, 128, 192};
/// Rows up to which the two are compared where M is no number.
constexpr int64_t kMostRows = 16384;
/// Of the estimate where it is not.
constexpr int64_t kAssumedRows = 4096;
/// Of a norm's kernel beside its bytes, and bytes a nanosecond: what norms of
/// 768 columns took on an H200 at 128 to 6304 rows rises by that.
constexpr int64_t kNorm = 2000;
constexpr double kNormBytes = 5200;
/// Bytes a nanosecond of a linear's residual and result of f32, beyond what its
/// tiles take: 768 columns took 8 to 10 us more at 4096 rows of an H200.
constexpr double kSumBytes = 3200;
/// Of a wave of clusters, beyond its tiles and bytes: nothing is multiplied
/// while residuals come and blocks meet. 4 to 7 us on an H200.
constexpr int64_t kMeet = 5500;
/// Clusters of 2, 3, ... 8 blocks, one a multiprocessor, that an H200 of 132
/// runs at once, by cuOccupancyMaxActiveClusters; of 7 it was not asked.
constexpr int64_t kClusters[] = {66, 39, 30, 22, 17, 15, 15};
/// By what share it has to be faster where it is taken, since these come from
/// few shapes; and on average over all rows, as it is a kernel more to compile.
constexpr double kLess = 0.05, kWorth = 0.01;

/// LinearNorm90Sizes.
unsigned sharedBytes(int64_t columns, int64_t blocks, bool stores) {
  int64_t stage = (kRows + columns) * 128, panels = stores ? columns * 256 : 0,
          exchange = 2 * (blocks * kRows * 4 + 8 * 8);
  int64_t stages =
      std::min<int64_t>((226 * 1024 - panels - exchange) / stage, 8);
  return static_cast<unsigned>(stages * (stage + 16) + panels + exchange + 16);
}

int64_t timeOf(int64_t bytes, double rate = kNormBytes) {
  return std::llround(numberOf(bytes) / rate);
}

int64_t pairTime(const LinearNormProblem &problem, int64_t m) {
  LinearProblem linear = problem.linear;
  linear.m = m;
  std::optional<HopperLinear> choice = chooseHopperLinear(linear);
  if (!choice)
    return 0; // few rows
  int64_t sums = 4 * problem.linear.n,
          bytes = problem.readBytes + problem.writtenBytes + sums;
  return choice->at(m).nanoseconds + timeOf(m * 2 * sums, kSumBytes) + kNorm +
         timeOf(m * bytes);
}

int64_t fusedTime(const LinearNormProblem &problem, const HopperTile &tile,
                  int64_t blocks, int64_t m) {
  int64_t clusters = clustersAtOnce(hopperChip().multiprocessors, blocks),
          waves = ceilOf(ceilOf(m, kRows), clusters);
  // The residual is the linear's if the norm has none.
  int64_t residual = std::max(problem.readBytes, 4 * problem.linear.n);
  return tile.kernel + waves * (tile.wave + kMeet) +
         timeOf(m * (residual + problem.writtenBytes));
}

/// What is saved, as a logarithm: 0 where it is not worth it.
double gainAt(const LinearNormProblem &problem, const HopperTile &tile,
              int64_t blocks, int64_t m) {
  int64_t pair = pairTime(problem, m);
  if (!pair)
    return 0;
  double share = numberOf(fusedTime(problem, tile, blocks, m)) / numberOf(pair);
  return share < 1 - kLess ? -std::log(share) : 0;
}
} // namespace

int64_t clustersAtOnce(int64_t multiprocessors, int64_t blocks) {
  return std::max<int64_t>(
      kClusters[blocks - kLeastBlocks] * multiprocessors / 132, 1);
}

std::optional<LinearNormChoice>
chooseLinearNorm(const LinearNormProblem &problem, int64_t columns) {
  const LinearProblem &linear = problem.linear;
  if (linear.math != Math::Half || !linear.isWide() || linear.n % 8 != 0)
    return std::nullopt;
  bool isKnown = linear.m >= 0;
  int64_t fewRows = FewRows::most(linear, hopperChip());
  std::optional<LinearNormChoice> best;
  double most = 0;
  for (const HopperTile &tile : hopperTilesOf(linear)) {
    int64_t blocks = ceilOf(linear.n, tile.columns);
    if (tile.form != HopperForm::Alone ||
        !llvm::is_contained(kColumns, tile.columns) || blocks < kLeastBlocks ||
        blocks > kMostBlocks || (columns && tile.columns != columns))
      continue;
    LinearNormChoice choice;
    choice.columns = tile.columns;
    choice.blocks = blocks;
    choice.sharedBytes = sharedBytes(tile.columns, blocks, problem.stores);
    choice.isAssumed = !isKnown;
    choice.rows = linear.m;
    double gain = 0;
    if (isKnown) {
      choice.taken = {1};
      gain = gainAt(problem, tile, blocks, linear.m);
    } else {
      for (int64_t m = kRows; m <= kMostRows; m += kRows) {
        double here = gainAt(problem, tile, blocks, m);
        gain += here * kRows / kMostRows;
        if ((here > 0) != (choice.taken.size() % 2 == 1))
          // Few rows have kernels of their own.
          choice.taken.push_back(std::max(m - kRows, fewRows) + 1);
      }
      choice.rows = kAssumedRows;
    }
    if (!columns && gain < kWorth)
      continue;
    choice.nanoseconds = fusedTime(problem, tile, blocks, choice.rows);
    choice.pair = pairTime(problem, choice.rows);
    if (!best || gain > most) {
      best = choice;
      most = gain;
    }
  }
  return best;
}

std::string LinearNormChoice::text() const {
  std::string text = "wgmma 128x" + std::to_string(columns) +
                     " in clusters of " + std::to_string(blocks) +
                     " blocks, rows normalized";
  for (size_t i = 0; isAssumed && i < taken.size(); i += 2) {
    text += i ? ", " : ", at M ";
    text += i + 1 < taken.size() ? std::to_string(taken[i]) + " to " +
                                       std::to_string(taken[i + 1] - 1)
                                 : "from " + std::to_string(taken[i]);
  }
  return text;
}

std::string LinearNormChoice::estimate() const {
  return llvm::formatv("{0:F2} us on an {1} at M {2}{3}, {4:F2} us as two "
                       "kernels",
                       numberOf(nanoseconds) / 1000, hopperChip().name, rows,
                       isAssumed ? " (assumed)" : "", numberOf(pair) / 1000);
}

} // namespace ingot::cuda
