//===- Choice.h - Which kernel and tile, and what that should take
//---------===//
//
// The cost model, in clocks of one multiprocessor:
//
//   block    = max(products / rate, bytes / shared memory's rate,
//                  bytes / L2's rate[, exponentials / rate])
//   waves    = ceil(blocks / multiprocessors)
//   estimate = max(bytes of operands and result / memory's rate, waves * block)
//
// Blocks may share a task (K of a tile, the keys of queries) in parts, whose
// sums meet in L2, in three trips of its latency:
//
//   waves * block / parts + (1 + parts) * bytes of a part's sums / L2's rate
//       + 3 * latency   instead of   waves * block
//
// A multiprocessor's rates are shared by the blocks that it holds, so occupancy
// does not count. Other latency, launches and epilogues are not in it; operands
// come from memory once: the least that a kernel could take, good for comparing
// tiles.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "ir/expr/Expr.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <optional>
#include <string>

namespace ingot::cuda {

/// What the model knows of a GPU. Rates of products and bytes on the chip are
/// per clock and multiprocessor.
struct Chip {
  llvm::StringRef name;
  int64_t multiprocessors;
  double hertz;
  double memoryBytes; ///< a second
  double products16, productsTf32, productsF32, exponentials;
  double sharedBytes, l2Bytes;
  double l2Latency;     ///< clocks
  double products8 = 0; ///< of e4m3; 0: none

  double seconds(double clocks) const { return clocks / hertz; }
};

/// The chip that choices are made for, whatever the architecture: an A100.
const Chip &referenceChip();

enum class Math { F32, TF32, Half, E4M3 };
/// Of "float", "tf32", "bf16", "f16" or "e4m3".
Math mathOf(llvm::StringRef tag);

struct Estimate {
  llvm::StringRef chip;
  double seconds = 0;
  /// Of them, what blocks take one wave after the other.
  double wavesSeconds = 0;
  /// Bounds of any kernel: products at the chip's rate, bytes at memory's.
  double arithmeticSeconds = 0, memorySeconds = 0;
  int64_t blocks = 0, waves = 0;
  /// What most of the time goes to: "tensor cores", "FMA units",
  /// "shared memory", "L2", "exponentials", "memory", "partial sums", or
  /// "waves" where more than half is idle multiprocessors and parts of tiles
  /// past the end.
  llvm::StringRef limit;

  /// "3.27 us on an A100 at WHERE (waves)".
  std::string text(llvm::StringRef where) const;
};

/// A kernel's work: of the whole, and of a block, whose parts past the end
/// count.
struct Work {
  double products, memoryBytes;
  int64_t blocks;
  double blockProducts, rate; ///< a clock
  double blockShared, blockL2;
  double blockExponentials = 0;
  bool onTensorCores = false;
  /// In how many parts blocks share each, in whole steps; bytes a part leaves.
  int64_t parts = 1, steps = 1;
  double partBytes = 0;
};
Estimate estimate(const Work &work, const Chip &chip);

/// Rows that a kernel for few takes: by FMA units, on tensor cores, there where
/// more of them take less than tiles.
inline constexpr int64_t kFewRows = 8, kFewTensorRows = 16,
                         kMoreTensorRows = 32;

/// What is -1 is known at run time only.
struct LinearProblem {
  int64_t m, n, k;
  Math math;
  unsigned bits, outBits; ///< of an element
  bool canSplit = true;   ///< there is a workspace where Choice wants one
  bool hasBlocks = false; ///< of e4m3: scales are of blocks of K

  /// Whether rows of K are multiples of 16 bytes.
  bool isWide() const { return k * bits % 128 == 0; }

  /// Whether few rows are products of `kernels/linear_few.cuh`.
  bool hasFewOnTensorCores() const {
    return (math == Math::Half || math == Math::E4M3) && isWide();
  }
  /// Rows that a kernel for few takes whatever tiles take.
  int64_t fewRows() const {
    return hasFewOnTensorCores() ? kFewTensorRows : kFewRows;
  }
  /// Of the whole, with so many rows; operands and result once.
  double products(int64_t rows) const;
  double memoryBytes(int64_t rows) const;
};

enum class LinearKernel { FewRows, Tile64, Tile128 };

/// What `kernels/linear.cuh` is instantiated with.
struct LinearChoice {
  int64_t fewRows;       ///< that a kernel for few takes
  bool few, many;        ///< whether M <= fewRows, M > fewRows is possible
  int64_t largeFrom = 0; ///< rows from which tiles are 128x128; 0: none
  unsigned sharedBytes = 0;
  int64_t columns;      ///< N
  int64_t fewWarps = 1; ///< along K where few rows go by FMA units
  /// Of eight columns a block, on tensor cores: of up to 16 rows, of 17 to 32;
  /// 0: none.
  int64_t fewTiles = 0, moreTiles = 0;
  int64_t fewBlocks = 0; ///< for them, the most of those of any chip
  int64_t mostParts = 1; ///< that blocks share K of a 64x64 tile in; 1: never
  int64_t rows;          ///< that the estimate is for
  Estimate estimate;

  LinearKernel kernelAt(int64_t m) const;
  /// In how many parts blocks share K at m rows: as many as there are
  /// multiprocessors for, up to `mostParts`.
  Expr parts(ExprPool &pool, Expr m) const;
  int64_t partsAt(int64_t m) const;
  /// Whether few rows on tensor cores are all that there is.
  bool isFewAlone() const { return (fewTiles || moreTiles) && !many; }
  /// Floats that all parts leave, at most: what is shared has few tiles.
  Expr partialSums(ExprPool &pool, Expr m) const;
  /// That have something to do, on any GPU.
  Expr blocks(ExprPool &pool, Expr m) const;
  /// "few rows up to 16, 32 columns a block; few rows up to 32, 32 columns a
  /// block; 64x64, K in up to 4 parts; 128x128 from M 257".
  std::string text() const;
};

/// Rows that a linear is estimated at where they are no number.
inline constexpr int64_t kTypicalRows = 128;

/// Tasks that are shared have a counter each: there are as many tasks at most.
int64_t mostSharedTasks();

/// How `kernels/linear_few.cuh` cuts N columns into blocks.
struct FewRows {
  int64_t tiles;                 ///< of eight columns a block takes at a time
  int64_t rows = kFewTensorRows; ///< at most

  static FewRows of(int64_t columns, const Chip &chip,
                    int64_t rows = kFewTensorRows);
  /// Of 17 to 32 rows: nothing where there are none, or tiles take less.
  static std::optional<FewRows> ofMore(const LinearProblem &problem,
                                       const Chip &chip);
  /// Rows up to which there are no tiles.
  static int64_t most(const LinearProblem &problem, const Chip &chip) {
    return ofMore(problem, chip) ? kMoreTensorRows : problem.fewRows();
  }
  /// Blocks for these columns; of those of any chip, the most.
  int64_t blocks(int64_t columns) const;
  static int64_t mostBlocks(const LinearProblem &problem);
  /// For blocks of `warps` warps.
  unsigned sharedBytes(const LinearProblem &problem, int64_t warps) const;
  Work work(const LinearProblem &problem, int64_t m, const Chip &chip) const;
  /// "few rows up to 16, 24 columns a block".
  std::string text(bool isAlone) const;

private:
  /// On an H200.
  double nanoseconds(const LinearProblem &problem, int64_t m) const;
};

/// `parts` of K: of blocks, or of the warps of a block where few rows go by FMA
/// units.
Estimate estimateLinear(const LinearProblem &problem, LinearKernel kernel,
                        int64_t m, int64_t parts = 1,
                        const Chip &chip = referenceChip());
/// Warps of a block that lie along K where few rows go by FMA units: 1, 2, 4 or
/// 8, up to `most`.
int64_t fewWarpsOf(const LinearProblem &problem, const Chip &chip,
                   int64_t most = 8);
/// `measured`: the rows from which tiles of 128x128 are faster, 0 for never, if
/// that is known better than by the model.
LinearChoice chooseLinear(const LinearProblem &problem,
                          const Chip &chip = referenceChip(),
                          std::optional<int64_t> measured = std::nullopt);

inline constexpr int64_t kHopperColumns[] = {64, 96, 128, 192, 256};
/// Of tiles in turns, and of those in pairs.
inline constexpr int64_t kHopperTurns[] = {64, 96, 128}, kHopperPairs[] = {256};
/// Of which one stub has at most.
inline constexpr size_t kMostHopperTiles = 3;

/// Who works together on tiles: the two warpgroups of a block on one; each on
/// its own, `kernels/gemm90_turns.cuh`; or two blocks on two, one below the
/// other, which share what they load of the weights.
enum class HopperForm { Alone, Turns, Pairs };
/// "", " in turns", " in pairs".
llvm::StringRef formText(HopperForm form);

/// Tiles of 128 rows, and what measuring says of them: nanoseconds of a kernel
/// beside its waves, and of a wave of tiles with all of K. 0 and 0: nothing.
struct HopperMeasured {
  int64_t columns;
  HopperForm form = HopperForm::Alone;
  int64_t kernel = 0, wave = 0;
};

/// Such a tile, and what it costs where a wave's tiles share K.
struct HopperTile : HopperMeasured {
  /// Of the whole kernel with K in 2, 3, .. parts; 0: no number of parts to
  /// take. Of them, for each part of all tiles.
  llvm::SmallVector<int64_t, 7> parts;
  int64_t part;
};

/// How a linear goes at some rows.
struct HopperWay {
  int64_t columns;
  HopperForm form;
  int64_t parts, nanoseconds;
};

/// What `kernels/linear90.cuh` is instantiated with, for sm_90a.
struct HopperLinear {
  LinearProblem problem;
  /// For few rows, as LinearChoice has them; all 0: they are not possible.
  int64_t fewTiles = 0, moreTiles = 0, fewWarps = 0;
  /// Of which that is taken which costs least; none where rows are few.
  llvm::SmallVector<HopperTile, kMostHopperTiles> tiles;
  bool stores; ///< the result leaves by TMA
  unsigned sharedBytes;
  int64_t rows; ///< that the estimate is for
  Estimate estimate;

  /// Blocks of a cluster.
  unsigned cluster() const;
  /// As the kernel decides where there are as many multiprocessors.
  HopperWay at(int64_t m) const;
  /// In which blocks share K of a tile at most; 1: never.
  int64_t mostParts() const;
  /// Floats that all parts leave, at most.
  Expr partialSums(ExprPool &pool, Expr m) const;
  /// That have something to do, of one part, by the smallest tiles of any GPU.
  Expr blocks(ExprPool &pool, Expr m) const;
  /// "few rows up to 16, 24 columns a block; few rows up to 32, 48 columns a
  /// block; wgmma 128x64, K in up to 8 parts; 128x96; 128x192", "wgmma 128x64;
  /// 128x128 in turns".
  std::string text() const;
};

/// The chip that code for sm_90a is chosen for.
const Chip &hopperChip();
/// All tiles that the model chooses among, by columns.
llvm::SmallVector<HopperTile> hopperTilesOf(const LinearProblem &problem);
/// What the fastest of them take.
int64_t hopperNanoseconds(const LinearProblem &problem, int64_t m);
/// Nothing where other kernels have to do: products of f32, few rows only (but
/// of e4m3, which have no others), or K no multiple of 16 bytes. `measured`:
/// the tiles to have, in place of the model's.
std::optional<HopperLinear>
chooseHopperLinear(const LinearProblem &problem,
                   llvm::ArrayRef<HopperMeasured> measured = {});

/// What is -1 is known at run time only: a batch of 1, 128 queries and keys are
/// estimated then.
struct AttentionProblem {
  int64_t batch, heads, queries, keys;
  int64_t group; ///< heads that share keys and values
  int64_t d, dv; ///< of a head: queries and keys, values
  Math math;
  unsigned bits;        ///< of an element
  bool canSplit = true; ///< there is a workspace where Choice wants one
  bool isPaged = false; ///< keys lie in pages: a block has one task at a time

  /// Blocks of so many rows for all queries, a number: rows of the heads of a
  /// group lie together where those are fewer.
  int64_t tasks(int64_t rows) const;
  /// Whether rows of a block may be of several heads.
  bool packs(int64_t rows) const;
  double memoryBytes() const;
};

struct AttentionChoice {
  bool onTensorCores; ///< attention_mma.cuh, else attention.cuh
  int64_t rows, keys; ///< the tile: rows of queries a block, keys at a time
  bool packs;         ///< see AttentionProblem
  int64_t threads, sharedBytes;
  /// What a tile of keys takes, in times of one row of partial sums; 0: blocks
  /// never share keys.
  int64_t rowsATile = 0;
  int64_t tilesAPart = 1;     ///< of keys, at least
  int64_t mostParts = 1;      ///< that there can be, for what is known
  AttentionProblem estimated; ///< all of it numbers
  bool isAssumed;             ///< some of them are not known
  Estimate estimate;

  /// Blocks where keys are in one part.
  Expr tasks(ExprPool &pool, Expr batch, Expr queries) const;
  /// In how many parts blocks share the keys of a task.
  Expr parts(ExprPool &pool, Expr batch, Expr queries, Expr keys) const;
  int64_t partsAt(int64_t batch, int64_t queries, int64_t keys) const;
  Expr partialSums(ExprPool &pool, Expr batch, Expr queries) const;
  /// "64 queries by 32 keys on tensor cores, up to 4 heads a tile, keys in up
  /// to 9 parts".
  std::string text() const;
  /// Of it, heads and parts.
  std::string sharedText(bool packs) const;
};

AttentionChoice chooseAttention(const AttentionProblem &problem,
                                const Chip &chip = referenceChip());

/// What `kernels/attention90.cuh` is instantiated with, for sm_90a.
struct HopperAttention {
  int64_t keys;    ///< a tile, by 128 queries
  int64_t columns; ///< of values that are multiplied, some of them for nothing
  bool packs;      ///< see AttentionProblem
  /// Where a consumer holds all rows of a task and there are more tasks than
  /// multiprocessors, a block takes two: perhaps where dims are symbols.
  bool isTwo = false, isMaybeTwo = false;
  unsigned sharedBytes;
  AttentionChoice others; ///< says in how many parts keys are
  Estimate estimate;

  /// "wgmma, 128 queries by 128 keys, keys in up to 9 parts".
  std::string text() const;
};
/// Nothing where other kernels have to do: no products of 16 bits, heads of
/// other widths than multiples of 16 up to 256, or so narrow that most of what
/// wgmma multiplies would be padding.
std::optional<HopperAttention>
chooseHopperAttention(const AttentionProblem &problem);

} // namespace ingot::cuda
