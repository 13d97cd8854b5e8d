// What is chosen for linear, and the cost model behind all choices.
#include "codegen/cuda/Choice.h"

#include "codegen/cuda/ChoiceNumbers.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>

using llvm::Twine;

namespace ingot::cuda {

const Chip &referenceChip() {
  // "NVIDIA A100 Tensor Core GPU Architecture" (whitepaper V1.0, 2020; 40 GB,
  // SXM4): 108 multiprocessors at 1410 MHz (boost), 1555 GB/s; 312 TFLOPS of
  // bf16 and f16, 156 of tf32, 19.5 of f32, a product with its sum two of them;
  // L2 5120 bytes a clock. CUDA C++ Programming Guide: 32 banks of 4 bytes a
  // clock; exponentials ("Throughput of Native Arithmetic Instructions", 8.0).
  // Latency of L2: "Demystifying the Nvidia Ampere Architecture" (Abdelkhalik
  // and others, 2022).
  static const Chip a100 = {"A100", 108, 1.41e9, 1555e9,       1024, 512,
                            64.0,   16,  128,    5120.0 / 108, 200};
  return a100;
}

Math mathOf(llvm::StringRef tag) {
  if (tag == "float")
    return Math::F32;
  if (tag == "e4m3")
    return Math::E4M3;
  return tag == "tf32" ? Math::TF32 : Math::Half;
}

double rateOf(const Chip &chip, Math math) {
  switch (math) {
  case Math::F32:
    return chip.productsF32;
  case Math::TF32:
    return chip.productsTf32;
  case Math::Half:
    return chip.products16;
  case Math::E4M3:
    return chip.products8;
  }
  llvm_unreachable("unknown math");
}

std::pair<double, llvm::StringRef> blockOf(const Work &work, const Chip &chip) {
  std::pair<double, llvm::StringRef> terms[] = {
      {work.blockProducts / work.rate,
       work.onTensorCores ? "tensor cores" : "FMA units"},
      {work.blockShared / chip.sharedBytes, "shared memory"},
      {work.blockL2 / chip.l2Bytes, "L2"},
      {work.blockExponentials / chip.exponentials, "exponentials"}};
  return *llvm::max_element(terms,
                            [](auto &a, auto &b) { return a.first < b.first; });
}

/// Of parts: what is left has arrived, the counter has been asked, the first
/// of what others have left comes back.
static double meetingOf(const Chip &chip) { return 3 * chip.l2Latency; }

int64_t stepsAPart(const Work &work, const Chip &chip) {
  double step = blockOf(work, chip).first / numberOf(work.steps);
  return std::max<int64_t>(
      1, static_cast<int64_t>(std::ceil(meetingOf(chip) / step)));
}

int64_t nonEmpty(int64_t parts, int64_t steps) {
  return ceilOf(steps, ceilOf(steps, parts));
}

Estimate estimate(const Work &work, const Chip &chip) {
  auto [block, limit] = blockOf(work, chip);
  Estimate e;
  e.chip = chip.name;
  e.blocks = work.blocks * work.parts;
  e.waves = ceilOf(e.blocks, chip.multiprocessors);
  double share =
      numberOf(ceilOf(work.steps, work.parts)) / numberOf(work.steps);
  double waves = chip.seconds(numberOf(e.waves) * block * share), sums = 0;
  if (work.parts > 1)
    sums =
        chip.seconds(numberOf(1 + work.parts) * work.partBytes / chip.l2Bytes +
                     meetingOf(chip));
  e.memorySeconds = work.memoryBytes / chip.memoryBytes;
  double parts = numberOf(chip.multiprocessors);
  e.arithmeticSeconds = chip.seconds(work.products / work.rate / parts);
  e.wavesSeconds = waves + sums;
  e.seconds = std::max(e.memorySeconds, e.wavesSeconds);
  // The blocks' time without waste, over all multiprocessors.
  double useful = work.blockProducts > 0 ? work.products / work.blockProducts *
                                               chip.seconds(block) / parts
                                         : 0;
  if (e.memorySeconds >= e.wavesSeconds)
    e.limit = "memory";
  else if (sums > waves)
    e.limit = "partial sums";
  else
    e.limit = useful < e.wavesSeconds / 2 ? "waves" : limit;
  return e;
}

namespace {

/// GemmConfig of linear.cuh: BM, BN, warps along them, stages, warps along K.
struct Tile {
  int64_t rows, columns, warpsOfRows, warpsOfColumns, stages, warpsOfK = 1;
  /// As GemmConfig::SHARED.
  unsigned sharedBytes() const {
    return static_cast<unsigned>(
        std::max(stages * (rows + columns) * kSlabBytes,
                 warpsOfK * rows * (columns + 8) * 4));
  }
};
constexpr Tile kTile128{128, 128, 2, 4, 3};
constexpr Tile kTile64{64, 64, 2, 4, 4}, kPlainTile64{64, 64, 1, 2, 4, 4};
/// Of rows that are not aligned: copies by element.
constexpr Tile kUnaligned{64, 64, 2, 4, 3}, kPlainUnaligned{64, 64, 1, 2, 3, 4};

const Tile &tile64(Math math) {
  return math == Math::F32 ? kPlainTile64 : kTile64;
}
const Tile &unalignedTile(Math math) {
  return math == Math::F32 ? kPlainUnaligned : kUnaligned;
}

/// Bytes from shared memory for one column of k.
double sharedReads(const Tile &tile, Math math, int64_t bytes) {
  int64_t warpRows = tile.rows / tile.warpsOfRows,
          warpColumns = tile.columns / tile.warpsOfColumns;
  // ldmatrix brings each element to a warp once. Lanes of PlainTile load their
  // own 8th of rows and 4th of columns, half a warp at a time in the time of
  // 128 bytes, which is that of 8 of its lanes.
  int64_t elements = math == Math::F32 ? 16 * (warpRows / 8 + warpColumns / 4)
                                       : warpRows + warpColumns;
  return numberOf(tile.warpsOfRows * tile.warpsOfColumns * elements * bytes);
}

/// Eight warps of the kernels for few rows.
constexpr int64_t kFewWarps = 8;

Work workOf(const LinearProblem &problem, LinearKernel kernel, int64_t m,
            int64_t parts, const Chip &chip) {
  int64_t n = problem.n, k = problem.k, bytes = problem.bits / 8;
  if (kernel == LinearKernel::FewRows && problem.hasFewOnTensorCores())
    return FewRows::of(n, chip,
                       m <= kFewTensorRows ? kFewTensorRows : kMoreTensorRows)
        .work(problem, m, chip);
  Work work;
  work.products = problem.products(m);
  work.memoryBytes = problem.memoryBytes(m);
  if (kernel == LinearKernel::FewRows) {
    // Two columns for `parts` of the warps, on FMA units.
    int64_t columns = 2 * kFewWarps / parts;
    work.blocks = ceilOf(n, columns);
    work.blockProducts = numberOf(m * columns * k);
    work.rate = chip.productsF32;
    work.blockShared = 0;
    work.blockL2 = numberOf((m + columns) * k * bytes);
    return work;
  }
  const Tile &tile =
      kernel == LinearKernel::Tile128 ? kTile128 : tile64(problem.math);
  work.parts = parts;
  work.steps = ceilOf(k * bytes, kSlabBytes);
  work.partBytes = numberOf(std::min(m, tile.rows) * tile.columns) * 4;
  double depth = numberOf(work.steps * (kSlabBytes / bytes));
  double edges = numberOf((tile.rows + tile.columns) * bytes);
  work.blocks = ceilOf(m, tile.rows) * ceilOf(n, tile.columns);
  work.blockProducts = numberOf(tile.rows * tile.columns) * depth;
  work.rate = rateOf(chip, problem.math);
  work.blockShared = depth * (edges + sharedReads(tile, problem.math, bytes));
  work.blockL2 = numberOf(k) * edges;
  work.onTensorCores = problem.math != Math::F32;
  return work;
}

Expr tilesOf(ExprPool &pool, Expr m, int64_t columns) {
  return pool.scale(pool.ceilDiv(m, pool.integer(kTile64.rows)),
                    ceilOf(columns, kTile64.columns));
}

} // namespace

Expr roomFor(ExprPool &pool, Expr tasks) {
  Expr one = pool.integer(1);
  return pool.max(one, pool.floorDiv(pool.integer(mostSharedTasks()),
                                     pool.max(one, tasks)));
}

int64_t mostSharedTasks() { return referenceChip().multiprocessors; }

double LinearProblem::products(int64_t rows) const {
  return numberOf(rows) * numberOf(n) * numberOf(k);
}

double LinearProblem::memoryBytes(int64_t rows) const {
  return numberOf(rows + n) * numberOf(k) * numberOf(bits / 8) +
         numberOf(rows) * numberOf(n) * outBits / 8;
}

Estimate estimateLinear(const LinearProblem &problem, LinearKernel kernel,
                        int64_t m, int64_t parts, const Chip &chip) {
  return estimate(workOf(problem, kernel, m, parts, chip), chip);
}

Expr LinearChoice::parts(ExprPool &pool, Expr m) const {
  Expr tasks = tilesOf(pool, m, columns);
  // Few rows have a kernel of their own.
  Expr isMany =
      pool.min(pool.integer(1), pool.floorDiv(m, pool.integer(fewRows + 1)));
  return pool.max(pool.integer(1),
                  pool.mul(isMany, pool.min(pool.integer(mostParts),
                                            roomFor(pool, tasks))));
}

Expr LinearChoice::partialSums(ExprPool &pool, Expr m) const {
  return pool.min(
      pool.scale(m, columns * mostParts),
      pool.integer(mostSharedTasks() * kTile64.rows * kTile64.columns));
}

Expr LinearChoice::blocks(ExprPool &pool, Expr m) const {
  Expr none = pool.integer(0), isAny = pool.min(m, pool.integer(1));
  int64_t ofFew = fewBlocks ? fewBlocks
                  : few     ? ceilOf(columns, 2 * kFewWarps / fewWarps)
                            : 0;
  Expr ofTiles = pool.mul(tilesOf(pool, m, columns), parts(pool, m));
  return pool.max(pool.scale(isAny, ofFew), many ? ofTiles : none);
}

int64_t LinearChoice::partsAt(int64_t m) const {
  ExprPool pool;
  return *pool.constantInt(parts(pool, pool.integer(m)));
}

/// The fewest that more would not make an eighth faster, each with a load for
/// every lane.
int64_t fewWarpsOf(const LinearProblem &problem, const Chip &chip,
                   int64_t most) {
  constexpr int64_t kLoadsOfWarp = 32 * 16;
  int64_t m = problem.m >= 0 ? problem.m : 1;
  auto seconds = [&](int64_t warps) {
    return estimateLinear(problem, LinearKernel::FewRows, m, warps, chip)
        .wavesSeconds;
  };
  int64_t best = 1;
  for (int64_t warps = 2; warps <= most; warps *= 2)
    if (warps * kLoadsOfWarp <= problem.k * problem.bits / 8 &&
        seconds(warps) * 1.125 < seconds(best))
      best = warps;
  return best;
}

namespace {
int64_t mostPartsOf(const LinearProblem &problem, const Chip &chip) {
  // Rows of unknown number fill their tiles.
  int64_t m = problem.m >= 0 ? problem.m : kTile64.rows;
  Work work = workOf(problem, LinearKernel::Tile64, m, 1, chip);
  // block / parts + parts * part is least where both are the same.
  double block = blockOf(work, chip).first,
         part = work.partBytes / chip.l2Bytes;
  int64_t most = std::min({static_cast<int64_t>(std::sqrt(block / part)),
                           work.steps / stepsAPart(work, chip),
                           mostSharedTasks() / work.blocks});
  return most <= 1 ? 1 : nonEmpty(most, work.steps);
}

/// How much slower blocks of 128x128 are than those of 64x64. Memory's time is
/// the same for both.
double slownessOfLarge(const LinearProblem &problem, int64_t m, int64_t parts,
                       const Chip &chip) {
  return estimateLinear(problem, LinearKernel::Tile128, m, 1, chip)
             .wavesSeconds /
         estimateLinear(problem, LinearKernel::Tile64, m, parts, chip)
             .wavesSeconds;
}

/// The least M from which 128x128 is at most an eighth slower however many rows
/// come: waves make the two cross several times. 0: none.
int64_t largeFrom(const LinearProblem &problem, const LinearChoice &choice,
                  const Chip &chip) {
  constexpr int64_t kMost = 16384;
  // Estimates grow past multiples of 64 only.
  int64_t from = 0;
  for (int64_t m = kMost; m > 0; m -= kTile64.rows) {
    if (slownessOfLarge(problem, m, choice.partsAt(m), chip) > 1.125)
      break;
    from = std::max(m - kTile64.rows, choice.fewRows) + 1;
  }
  return from;
}
} // namespace

double tileSeconds(const LinearProblem &problem, int64_t m, const Chip &chip) {
  LinearProblem known = problem;
  known.m = m;
  return std::min(
      estimateLinear(known, LinearKernel::Tile64, m, mostPartsOf(known, chip),
                     chip)
          .seconds,
      estimateLinear(known, LinearKernel::Tile128, m, 1, chip).seconds);
}

LinearKernel LinearChoice::kernelAt(int64_t m) const {
  if (m <= fewRows)
    return LinearKernel::FewRows;
  return largeFrom && m >= largeFrom ? LinearKernel::Tile128
                                     : LinearKernel::Tile64;
}

LinearChoice chooseLinear(const LinearProblem &problem, const Chip &chip,
                          std::optional<int64_t> measured) {
  bool isKnown = problem.m >= 0;
  LinearChoice choice;
  choice.rows = isKnown ? problem.m : kTypicalRows;
  choice.columns = problem.n;
  choice.fewRows = FewRows::most(problem, chip);
  choice.few = !isKnown || problem.m <= choice.fewRows;
  choice.many = !isKnown || problem.m > choice.fewRows;
  if (problem.hasFewOnTensorCores()) {
    if (!isKnown || problem.m <= kFewTensorRows)
      choice.fewTiles = FewRows::of(problem.n, chip).tiles;
    if (std::optional<FewRows> more = FewRows::ofMore(problem, chip))
      choice.moreTiles = more->tiles;
    choice.fewBlocks = FewRows::mostBlocks(problem);
  } else if (choice.few) {
    choice.fewWarps = fewWarpsOf(problem, chip);
  }
  if (choice.many && problem.canSplit)
    choice.mostParts = mostPartsOf(problem, chip);
  bool isAligned = problem.isWide();
  if (choice.many && isAligned && measured) {
    bool isLarge = *measured && (!isKnown || problem.m >= *measured);
    if (isLarge)
      choice.largeFrom = isKnown ? choice.fewRows + 1
                                 : std::max(*measured, choice.fewRows + 1);
  } else if (choice.many && isAligned && problem.n > kTile64.columns) {
    if (!isKnown)
      choice.largeFrom = largeFrom(problem, choice, chip);
    else if (slownessOfLarge(problem, problem.m, choice.partsAt(problem.m),
                             chip) <= 1)
      choice.largeFrom = choice.fewRows + 1;
  }
  if (choice.largeFrom == choice.fewRows + 1)
    choice.mostParts = 1;
  // A sum of each thread.
  if (choice.fewWarps > 1)
    choice.sharedBytes = kFewWarps * 32 * 4;
  if (choice.fewTiles)
    choice.sharedBytes =
        FewRows{choice.fewTiles}.sharedBytes(problem, kFewWarps);
  if (choice.moreTiles)
    choice.sharedBytes =
        std::max(choice.sharedBytes,
                 FewRows{choice.moreTiles, kMoreTensorRows}.sharedBytes(
                     problem, kFewWarps));
  if (choice.many) {
    choice.sharedBytes =
        std::max(choice.sharedBytes, unalignedTile(problem.math).sharedBytes());
    if (isAligned && choice.largeFrom != choice.fewRows + 1)
      choice.sharedBytes =
          std::max(choice.sharedBytes, tile64(problem.math).sharedBytes());
    if (choice.largeFrom)
      choice.sharedBytes = std::max(choice.sharedBytes, kTile128.sharedBytes());
  }
  LinearKernel kernel = choice.kernelAt(choice.rows);
  int64_t parts = kernel == LinearKernel::FewRows  ? choice.fewWarps
                  : kernel == LinearKernel::Tile64 ? choice.partsAt(choice.rows)
                                                   : 1;
  choice.estimate = estimateLinear(problem, kernel, choice.rows, parts, chip);
  return choice;
}

std::string Estimate::text(llvm::StringRef where) const {
  std::string text;
  llvm::raw_string_ostream(text)
      << llvm::format("%.3g us on an ", seconds * 1e6) << chip << " at "
      << where << " (" << limit << ")";
  return text;
}

std::string LinearChoice::text() const {
  std::string text;
  if (fewTiles)
    text = FewRows{fewTiles}.text(/*isAlone=*/!many);
  if (moreTiles)
    text += (fewTiles ? "; " : "") +
            FewRows{moreTiles, kMoreTensorRows}.text(/*isAlone=*/!many);
  if (few && text.empty())
    text = "few rows" + (many ? " up to " + std::to_string(fewRows) : "");
  if (few && fewWarps > 1)
    text += ", " + std::to_string(fewWarps) + " warps along K";
  if (few && many)
    text += "; ";
  if (many && largeFrom != fewRows + 1)
    text += "64x64";
  if (mostParts > 1)
    text += std::string(", K in ") + (few ? "up to " : "") +
            std::to_string(mostParts) + " parts";
  if (many && largeFrom)
    text += largeFrom == fewRows + 1
                ? "128x128"
                : "; 128x128 from M " + std::to_string(largeFrom);
  return text;
}

} // namespace ingot::cuda
