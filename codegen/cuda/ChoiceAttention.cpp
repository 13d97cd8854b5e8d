// What is chosen for attention.
#include "codegen/cuda/Choice.h"

#include "codegen/cuda/ChoiceNumbers.h"

#include "llvm/ADT/Twine.h"
#include "llvm/Support/MathExtras.h"

using llvm::Twine;

namespace ingot::cuda {

int64_t AttentionProblem::tasks(int64_t rows) const {
  return batch * (heads / group) * ceilOf(queries * group, rows);
}

bool AttentionProblem::packs(int64_t rows) const {
  return group > 1 && (queries < 0 || ceilOf(queries * group, rows) <
                                          ceilOf(queries, rows) * group);
}

double AttentionProblem::memoryBytes() const {
  return numberOf(batch * heads) *
         (numberOf(queries) + numberOf(keys) / numberOf(group)) *
         numberOf(d + dv) * numberOf(bits / 8);
}

namespace {
/// attention.cuh.
void setPlainTile(AttentionChoice &choice, int64_t d, int64_t dv) {
  // What fits twice into a multiprocessor's shared memory, or once where heads
  // are wide.
  int64_t width = std::max(d, dv);
  choice.onTensorCores = false;
  choice.rows = width <= 128 ? 64 : width <= 256 ? 32 : 16;
  choice.keys = width <= 64 ? 64 : width <= 128 ? 32 : 16;
  choice.threads = choice.rows * 4;
  // As AttentionShared has it.
  int64_t dp = llvm::alignTo(d, 16), vp = llvm::alignTo(dv, 32);
  int64_t floats = (choice.rows + choice.keys) * (dp + 4) + choice.keys * vp +
                   choice.rows * (choice.keys + 4);
  choice.sharedBytes = floats * 4;
}

/// attention_mma.cuh, for heads whose tiles fit into shared memory and whose
/// sums fit into registers.
bool setTensorTile(AttentionChoice &choice, Math math, int64_t d, int64_t dv) {
  int64_t width = std::max(d, dv);
  bool words = math == Math::TF32;
  if (math == Math::F32 || width > (words ? 128 : 256))
    return false;
  choice.onTensorCores = true;
  choice.rows = 64;
  choice.keys = width <= (words ? 64 : 128) ? 64 : 32;
  choice.threads = 128;
  // As AttentionTiles has it.
  auto slabs = [&](int64_t columns) -> int64_t {
    return llvm::divideCeil(columns, words ? kSlabBytes / 4 : kSlabBytes / 2);
  };
  int64_t values = words
                       ? choice.keys * (int64_t(llvm::alignTo(dv, 16)) + 4) * 4
                       : slabs(dv) * choice.keys * kSlabBytes;
  choice.sharedBytes = static_cast<int64_t>(llvm::alignTo(
      slabs(d) * (choice.rows + choice.keys) * kSlabBytes + values, 1024));
  return true;
}

Work workOf(const AttentionChoice &choice, const Chip &chip) {
  const AttentionProblem &p = choice.estimated;
  int64_t bytes = p.bits / 8;
  double heads = numberOf(p.batch * p.heads), width = numberOf(p.d + p.dv);
  double queries = numberOf(p.queries), keys = numberOf(p.keys);
  double rows = numberOf(choice.rows);
  // Keys in whole tiles, heads in whole fragments.
  auto tiled = numberOf(static_cast<int64_t>(llvm::alignTo(
      static_cast<uint64_t>(p.keys), static_cast<uint64_t>(choice.keys))));
  auto padded = numberOf(
      static_cast<int64_t>(llvm::alignTo(p.d, 16) + llvm::alignTo(p.dv, 16)));
  Work work;
  work.products = heads * queries * keys * width;
  work.memoryBytes = p.memoryBytes();
  work.blocks = p.tasks(choice.rows);
  work.blockProducts = rows * tiled * padded;
  work.onTensorCores = choice.onTensorCores;
  work.rate = choice.onTensorCores ? rateOf(chip, p.math) : chip.productsF32;
  // Keys and values are written once and read by each warp.
  double warps = numberOf(choice.threads / 32);
  work.blockShared =
      ((1 + warps) * tiled * padded + rows * numberOf(p.d)) * numberOf(bytes);
  work.blockL2 = (keys * width + rows * numberOf(p.d)) * numberOf(bytes);
  work.blockExponentials = rows * tiled;
  work.steps = std::max<int64_t>(1, ceilOf(p.keys, choice.keys));
  work.partBytes =
      numberOf(std::min(p.queries * p.group, choice.rows) * (p.dv + 2)) * 4;
  return work;
}
} // namespace

Expr AttentionChoice::tasks(ExprPool &pool, Expr batch, Expr queries) const {
  Expr ofGroup =
      pool.ceilDiv(pool.scale(queries, estimated.group), pool.integer(rows));
  return pool.scale(pool.mul(batch, ofGroup),
                    estimated.heads / estimated.group);
}

Expr AttentionChoice::parts(ExprPool &pool, Expr batch, Expr queries,
                            Expr keys) const {
  Expr one = pool.integer(1);
  if (!rowsATile)
    return one;
  Expr tiles = pool.ceilDiv(keys, pool.integer(this->keys));
  Expr room = roomFor(pool, tasks(pool, batch, queries));
  Expr ofTask =
      pool.min(pool.scale(queries, estimated.group), pool.integer(rows));
  // Up to where adding up takes half as long as what all parts have to do.
  Expr worth = pool.floorDiv(pool.scale(tiles, rowsATile),
                             pool.scale(pool.max(one, ofTask), 2));
  Expr most = pool.floorDiv(tiles, pool.integer(tilesAPart));
  Expr parts = pool.max(one, pool.min(room, pool.min(most, worth)));
  std::optional<int64_t> count = pool.constantInt(parts),
                         steps = pool.constantInt(tiles);
  return count && steps && *steps > 0 ? pool.integer(nonEmpty(*count, *steps))
                                      : parts;
}

Expr AttentionChoice::partialSums(ExprPool &pool, Expr batch,
                                  Expr queries) const {
  // Beside its sums a row has its largest score and the sum of its weights.
  Expr all = pool.scale(pool.mul(batch, queries), estimated.heads * mostParts);
  Expr rowsOfTiles = pool.integer(mostSharedTasks() * rows);
  return pool.scale(pool.min(all, rowsOfTiles), estimated.dv + 2);
}

int64_t AttentionChoice::partsAt(int64_t batch, int64_t queries,
                                 int64_t keys) const {
  ExprPool pool;
  return *pool.constantInt(parts(pool, pool.integer(batch),
                                 pool.integer(queries), pool.integer(keys)));
}

AttentionChoice chooseAttention(const AttentionProblem &problem,
                                const Chip &chip) {
  AttentionChoice choice;
  if (!setTensorTile(choice, problem.math, problem.d, problem.dv))
    setPlainTile(choice, problem.d, problem.dv);
  choice.packs = problem.packs(choice.rows);
  choice.estimated = problem;
  auto assume = [](int64_t &extent, int64_t typical) {
    if (extent < 0)
      extent = typical;
  };
  assume(choice.estimated.batch, 1);
  assume(choice.estimated.queries, kTypicalRows);
  assume(choice.estimated.keys, kTypicalRows);
  choice.isAssumed =
      problem.batch < 0 || problem.queries < 0 || problem.keys < 0;
  Work work = workOf(choice, chip);
  if (problem.canSplit) {
    double tile = blockOf(work, chip).first / numberOf(work.steps);
    // Of a row's part, to add it up: latency, and not bytes. On an H200 two
    // parts of 128 rows (ViT at batch 1) took 33 us longer than one: 32 times
    // three trips of 680 clocks for four rows. Since then a thread adds up four
    // columns at once; what that takes has not been measured.
    constexpr double kRowClocks = 170;
    double row =
        std::max(kRowClocks, numberOf(problem.dv + 2) * 4 / chip.l2Bytes);
    choice.rowsATile = std::max<int64_t>(1, static_cast<int64_t>(tile / row));
    choice.tilesAPart = stepsAPart(work, chip);
    auto orElse = [](int64_t extent, int64_t best) {
      return extent < 0 ? best : extent;
    };
    choice.mostParts =
        choice.partsAt(orElse(problem.batch, 1), orElse(problem.queries, 1),
                       orElse(problem.keys, 1 << 20));
    if (choice.mostParts == 1)
      choice.rowsATile = 0;
  }
  const AttentionProblem &at = choice.estimated;
  work.parts = choice.partsAt(at.batch, at.queries, at.keys);
  choice.estimate = estimate(work, chip);
  return choice;
}

std::string AttentionChoice::text() const {
  std::string text = (Twine(rows) + " queries by " + Twine(keys) + " keys on " +
                      (onTensorCores ? "tensor cores" : "FMA units"))
                         .str();
  return text + sharedText(packs);
}

std::string AttentionChoice::sharedText(bool packs) const {
  std::string upTo = isAssumed ? "up to " : "", text;
  if (packs)
    text += ", " + upTo + std::to_string(estimated.group) + " heads a tile";
  if (mostParts > 1)
    text += ", keys in " + upTo + std::to_string(mostParts) + " parts";
  return text;
}

} // namespace ingot::cuda
