// What is chosen for few rows on tensor cores.
#include "codegen/cuda/Choice.h"

#include "codegen/cuda/ChoiceNumbers.h"

namespace ingot::cuda {

namespace {
/// FewConfig of linear_few.cuh.
constexpr int64_t kRows = kFewTensorRows, kColumns = 8, kMostTiles = 4;
} // namespace

FewRows FewRows::of(int64_t columns, const Chip &chip) {
  // What the multiprocessor with the most to do reads: its tiles, and A, which
  // is as much as one at eight rows, each time. On an H200 that puts 8 to 32
  // columns in the order of their times, for N of 768 to 28672: L2 gives a
  // multiprocessor 28 bytes a clock, and A comes from there. Of what is as good
  // the widest, which ends sums least often.
  FewRows best{1};
  auto most = [&](FewRows few) {
    return ceilOf(few.blocks(columns), chip.multiprocessors) * (few.tiles + 1);
  };
  for (int64_t tiles = 2; tiles <= kMostTiles; ++tiles)
    if (most({tiles}) <= most(best))
      best.tiles = tiles;
  return best;
}

int64_t FewRows::blocks(int64_t columns) const {
  return ceilOf(columns, kColumns * tiles);
}

int64_t FewRows::mostBlocks(int64_t columns) {
  return std::max(of(columns, referenceChip()).blocks(columns),
                  of(columns, hopperChip()).blocks(columns));
}

unsigned FewRows::sharedBytes(const LinearProblem &problem,
                              int64_t warps) const {
  constexpr int64_t kPiece = 32 * 16; ///< of a warp
  int64_t pieces = tiles + 2,
          steps = ceilOf(ceilOf(problem.k * problem.bits / 8, 64), warps);
  int64_t stages = std::min(21 / pieces, std::max<int64_t>(steps, 3)),
          scales = problem.hasBlocks ? tiles * kPiece / 2 : 0;
  return static_cast<unsigned>(warps * (stages * (pieces * kPiece + scales) +
                                        kRows * kColumns * tiles * 4));
}

Work FewRows::work(const LinearProblem &problem, int64_t m,
                   const Chip &chip) const {
  int64_t bytes = problem.bits / 8, columns = kColumns * tiles;
  Work work;
  work.products = problem.products(m);
  work.memoryBytes = problem.memoryBytes(m);
  work.blocks = blocks(problem.n);
  work.blockProducts = numberOf(kRows * columns * problem.k);
  work.rate = chip.products16;
  work.blockShared = 0;
  work.blockL2 = numberOf((m + columns) * problem.k * bytes);
  work.onTensorCores = true;
  return work;
}

std::string FewRows::text(bool isAlone) const {
  return "few rows" + (isAlone ? "" : " up to " + std::to_string(kRows)) +
         ", " + std::to_string(kColumns * tiles) + " columns a block";
}

} // namespace ingot::cuda
