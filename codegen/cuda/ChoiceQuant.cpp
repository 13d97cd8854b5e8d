// What is chosen for linears with quantized weights.
#include "codegen/cuda/ChoiceQuant.h"

#include "codegen/cuda/ChoiceNumbers.h"
#include "ir/plan/Plan.h"

#include <algorithm>

namespace ingot::cuda {

namespace {
constexpr int64_t kWarps = 8, kThreads = 32 * kWarps;
/// Of A, 32 of k: 16 bytes a lane.
constexpr int64_t kPiece = 512;
/// For A that no copy takes: element by element.
constexpr QuantTile kNarrow{1, 1, 2, 1};
/// Seconds from asking memory for a byte until it is there, as an H200 under
/// load takes.
constexpr double kLatency = 1e-6;
} // namespace

bool QuantProblem::isPossible() const {
  return plan::canArrange(bits, k, block);
}

double QuantProblem::products(int64_t rows) const {
  return numberOf(rows) * numberOf(n) * numberOf(k);
}

double QuantProblem::memoryBytes(int64_t rows) const {
  double scales = numberOf(ceilOf(k, std::min(block, k))) * numberOf(n);
  return numberOf(n) * numberOf(k) * bits / 8 +
         scales * (scaleBits + (hasZeros ? bits : 0)) / 8 +
         numberOf(rows) * numberOf(k) * 2 +
         numberOf(rows) * numberOf(n) * outBits / 8;
}

int64_t QuantTile::stageBytes(const QuantProblem &problem) const {
  int64_t step = problem.step(), depth = step * units,
          block = problem.block < problem.k ? problem.block : 0;
  int64_t blocks = block && block < step ? step / block : 1;
  int64_t records = !block         ? 1
                    : block < step ? units
                                   : std::max<int64_t>(depth / block, 1);
  int64_t scales = block ? 2 * blocks * problem.scaleBits / 8 : 0,
          zeros = problem.hasZeros ? 4 : 0;
  return tiles * kThreads * (16 * units + records * (scales + zeros)) +
         kWarps / side * (depth / 32) * rowTiles * kPiece;
}

int64_t QuantTile::sumBytes() const {
  return kWarps / side * rows() * columns() * 4;
}

int64_t QuantTile::stages(const QuantProblem &problem, int64_t bytes) const {
  int64_t units = ceilOf(problem.k, problem.step()),
          steps = ceilOf(units, kWarps / side * this->units);
  return std::min((bytes - sumBytes()) / stageBytes(problem), steps + 2);
}

unsigned QuantTile::sharedBytes(const QuantProblem &problem,
                                int64_t bytes) const {
  return static_cast<unsigned>(stages(problem, bytes) * stageBytes(problem) +
                               sumBytes());
}

int64_t QuantTile::bytesAhead(const QuantProblem &problem,
                              int64_t bytes) const {
  return (stages(problem, bytes) - 1) * tiles * units * kThreads * 16;
}

Work QuantTile::work(const QuantProblem &problem, int64_t m,
                     const Chip &chip) const {
  double k = numberOf(problem.k),
         weights = numberOf(columns() * problem.bits) / 8,
         a = numberOf(std::min(m, rows()) * 2);
  Work work;
  work.products = problem.products(m);
  work.memoryBytes = problem.memoryBytes(m);
  work.blocks = ceilOf(m, rows()) * ceilOf(problem.n, columns());
  work.blockProducts = numberOf(rows() * columns()) * k;
  work.rate = chip.products16;
  // A is written once and read by each warp along columns.
  work.blockShared =
      k * (2 * weights + numberOf(rows() * 2) * numberOf(1 + side));
  work.blockL2 = k * (weights + a);
  work.onTensorCores = true;
  return work;
}

namespace {
/// Of what keeps memory busy, or else of all that fit: that whose
/// multiprocessor with the most to do reads the least, its weights and A of
/// eight rows each time, as FewRows::of has it; of equals the widest.
QuantTile fewTile(const QuantProblem &problem, int64_t rowTiles,
                  const Chip &chip, int64_t bytes) {
  double needed = chip.memoryBytes * kLatency;
  std::optional<QuantTile> best;
  std::pair<bool, int64_t> least;
  for (int64_t tiles : {1, 2, 4}) {
    // Two units where more stages than two hold them.
    QuantTile tile{tiles, 2, rowTiles, 1};
    if (tile.stages(problem, bytes) < 3)
      tile.units = 1;
    if (tile.stages(problem, bytes) < 2)
      continue;
    int64_t blocks = ceilOf(problem.n, tile.columns());
    int64_t ahead = std::min(blocks, chip.multiprocessors) *
                    tile.bytesAhead(problem, bytes);
    std::pair<bool, int64_t> cost = {
        numberOf(ahead) < needed, ceilOf(blocks, chip.multiprocessors) *
                                      (tile.columns() * problem.bits / 8 + 16)};
    if (!best || cost <= least) {
      best = tile;
      least = cost;
    }
  }
  return *best;
}

/// Blocks of 128 columns, or of 64 where that takes less.
QuantTile manyTile(const QuantProblem &problem, int64_t m, const Chip &chip,
                   int64_t bytes) {
  constexpr QuantTile kWide{1, 1, 8, 8}, kSlim{1, 1, 8, 4};
  auto seconds = [&](const QuantTile &tile) {
    return estimate(tile.work(problem, m, chip), chip).wavesSeconds;
  };
  bool isSlim =
      kSlim.stages(problem, bytes) >= 2 && seconds(kSlim) < seconds(kWide);
  return isSlim ? kSlim : kWide;
}
} // namespace

QuantChoice chooseQuant(const QuantProblem &problem, const Chip &chip,
                        int64_t bytes) {
  bool isKnown = problem.m >= 0;
  QuantChoice choice;
  choice.bytes = bytes;
  choice.rows = isKnown ? problem.m : kTypicalRows;
  choice.sharedBytes = kNarrow.sharedBytes(problem, bytes);
  auto add = [&](std::optional<QuantTile> &place, QuantTile tile) {
    place = tile;
    choice.sharedBytes =
        std::max(choice.sharedBytes, tile.sharedBytes(problem, bytes));
  };
  // What is no multiple of 16 bytes goes element by element, whatever M.
  if (problem.k % 8 == 0) {
    if (!isKnown || problem.m <= kFewTensorRows)
      add(choice.few,
          fewTile(problem, isKnown && problem.m <= 8 ? 1 : 2, chip, bytes));
    if (!isKnown || problem.m > kFewTensorRows)
      add(choice.many, manyTile(problem, choice.rows, chip, bytes));
  }
  const QuantTile &tile = choice.many  ? *choice.many
                          : choice.few ? *choice.few
                                       : kNarrow;
  choice.estimate = estimate(tile.work(problem, choice.rows, chip), chip);
  return choice;
}

std::string QuantChoice::text() const {
  std::string text;
  if (few)
    text = "few rows" +
           (many ? " up to " + std::to_string(few->rows()) : std::string()) +
           ", " + std::to_string(few->columns()) + " columns a block";
  if (many)
    text += (few ? "; " : "") + std::to_string(many->rows()) + "x" +
            std::to_string(many->columns());
  return text.empty() ? "element by element" : text;
}

} // namespace ingot::cuda
