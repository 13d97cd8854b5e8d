// What is chosen for few rows on tensor cores.
#include "codegen/cuda/Choice.h"

#include "codegen/cuda/ChoiceNumbers.h"

namespace ingot::cuda {

namespace {
/// FewConfig of linear_few.cuh.
constexpr int64_t kColumns = 8, kLeftRows = 16;

bool isHopper(const Chip &chip) { return chip.name == hopperChip().name; }

/// More of 32 rows would not fit in the 99 KB of GPUs of sm_86 and sm_89.
int64_t mostTiles(const Chip &chip, int64_t rows) {
  return isHopper(chip) && rows > kFewTensorRows ? 8 : 4;
}
} // namespace

FewRows FewRows::of(int64_t columns, const Chip &chip, int64_t rows) {
  // What the multiprocessor with the most to do reads: its tiles, and A each
  // time, which comes from L2 and counts half: as much as one tile at 16 rows.
  // On an H200 that puts 8 to 32 columns in the order of their times, for N of
  // 768 to 28672: L2 gives a multiprocessor 28 bytes a clock. Of what is as
  // good the widest, which ends sums least often.
  FewRows best{1, rows};
  auto most = [&](FewRows few) {
    return ceilOf(few.blocks(columns), chip.multiprocessors) *
           (few.tiles + rows / kLeftRows);
  };
  for (int64_t tiles = 2; tiles <= mostTiles(chip, rows); ++tiles)
    if (most({tiles, rows}) <= most(best))
      best.tiles = tiles;
  return best;
}

double FewRows::nanoseconds(const LinearProblem &problem, int64_t m) const {
  // Fitted to an H200's times of eight linears at 1, 4 and 16 rows, within 21
  // %: bytes a nanosecond of a multiprocessor, of weights and of rows.
  constexpr double kStart = 1600, kWeights = 35, kRows = 77;
  int64_t waves = ceilOf(blocks(problem.n), hopperChip().multiprocessors),
          bytes = waves * problem.k * problem.bits / 8;
  return kStart + numberOf(bytes) * (numberOf(kColumns * tiles) / kWeights +
                                     numberOf(m) / kRows);
}

std::optional<FewRows> FewRows::ofMore(const LinearProblem &problem,
                                       const Chip &chip) {
  if (problem.math != Math::Half || !problem.isWide() ||
      (problem.m >= 0 && problem.m <= kFewTensorRows) ||
      problem.m > kMoreTensorRows)
    return std::nullopt;
  // The most rows that it has to do with, where A is the most. As if K could
  // be in parts, so that plans and stubs agree.
  int64_t m = problem.m >= 0 ? problem.m : kMoreTensorRows;
  LinearProblem shared = problem;
  shared.canSplit = true;
  FewRows few = of(problem.n, chip, kMoreTensorRows);
  bool isLess;
  if (isHopper(chip)) {
    // Of so few rows tiles do not hide that weights come from memory: an H200
    // took at 64 rows what the model says and that, within 21 % where weights
    // are 33 MB or more.
    constexpr double kMemoryBytes = 4800; ///< a nanosecond
    double weights = numberOf(problem.n * problem.k * problem.bits / 8);
    isLess = few.nanoseconds(shared, m) <
             numberOf(hopperNanoseconds(shared, m)) + weights / kMemoryBytes;
  } else {
    isLess = estimate(few.work(shared, m, chip), chip).seconds <=
             tileSeconds(shared, m, chip);
  }
  return isLess ? std::optional(few) : std::nullopt;
}

int64_t FewRows::blocks(int64_t columns) const {
  return ceilOf(columns, kColumns * tiles);
}

int64_t FewRows::mostBlocks(const LinearProblem &problem) {
  int64_t most = 0;
  for (const Chip *chip : {&referenceChip(), &hopperChip()}) {
    if (problem.m <= kFewTensorRows)
      most = std::max(most, of(problem.n, *chip).blocks(problem.n));
    if (std::optional<FewRows> more = ofMore(problem, *chip))
      most = std::max(most, more->blocks(problem.n));
  }
  return most;
}

unsigned FewRows::sharedBytes(const LinearProblem &problem,
                              int64_t warps) const {
  constexpr int64_t kPiece = 32 * 16; ///< of a warp
  int64_t pieces = tiles + rows / 8,
          steps = ceilOf(ceilOf(problem.k * problem.bits / 8, 64), warps);
  int64_t stages = std::min(std::max<int64_t>(21 / pieces, 2),
                            std::max<int64_t>(steps, 3)),
          scales = problem.hasBlocks ? tiles * kPiece / 2 : 0;
  return static_cast<unsigned>(warps * (stages * (pieces * kPiece + scales) +
                                        kLeftRows * kColumns * tiles * 4));
}

Work FewRows::work(const LinearProblem &problem, int64_t m,
                   const Chip &chip) const {
  int64_t bytes = problem.bits / 8, columns = kColumns * tiles;
  Work work;
  work.products = problem.products(m);
  work.memoryBytes = problem.memoryBytes(m);
  work.blocks = blocks(problem.n);
  work.blockProducts = numberOf(rows * columns * problem.k);
  work.rate = chip.products16;
  work.blockShared = 0;
  work.blockL2 = numberOf((m + columns) * problem.k * bytes);
  work.onTensorCores = true;
  return work;
}

std::string FewRows::text(bool isAlone) const {
  return "few rows" + (isAlone ? "" : " up to " + std::to_string(rows)) + ", " +
         std::to_string(kColumns * tiles) + " columns a block";
}

} // namespace ingot::cuda
