//===- Choice.h - How products are cut, and what that should take
//-------------------===//
//
// What the code of linear and attention is instantiated with at an ISA level,
// all in one place, and a model of its time, in clocks of one core:
//
//   product  = max(products / rate of the register tile, bytes of the panel /
//                  L2's rate)
//   task     = product + bytes of sums and results / L1's rate
//                  [+ operations of softmax / vector operations a clock]
//   waves    = ceil(tasks / threads)
//   estimate = max(bytes of operands and result / memory's rate, waves * task)
//
// The rate of a register tile is what its multiply-adds, the loads that feed
// them or the latency of a sum allow, whichever is least. Columns past
// the last count, and rows that AMX or a group of queries computes twice; L2
// has the panel of a task, and memory's rate is all threads'. What an epilogue
// computes, launches, barriers and pages are not in it: the least that the code
// could take, good for comparing one choice with another. Choices marked as
// measured are made by measurement; the model says what it expects of them.
//
// Query rows and rows of a linear a task are the plan's, as all levels share
// its grids (LoweringTarget.cpp, or a tuning record).
//
//===----------------------------------------------------------------------===//
#pragma once

#include "codegen/cpu/Isa.h"

#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <string>

namespace ingot::cpu {

/// What the model knows of a machine; per clock and core where nothing is said.
struct Machine {
  llvm::StringRef name;
  int64_t threads; ///< a core each
  double hertz;
  double memoryBytes;   ///< a second, of all threads
  double multiplyAdds;  ///< instructions of f32
  double dotProducts16; ///< instructions of pairs of bf16
  double tileProducts;  ///< multiply-adds by AMX
  double latency;       ///< of a multiply-add, clocks
  double loads, l1Bytes, l2Bytes;
  double operations; ///< of vectors, other than products
};

/// The machine that estimates are for, whatever the level.
const Machine &referenceMachine();

struct Estimate {
  llvm::StringRef machine;
  int64_t threads = 0;
  double seconds = 0;
  int64_t tasks = 0, waves = 0;
  /// What most of the time goes to: "products", "loads" or "latency" (of a
  /// register tile), "L2", "softmax", "sums", "memory", or "waves" where more
  /// than half is threads without a task.
  llvm::StringRef limit;

  /// "327 us on 8 cores of a Xeon 8480+ at WHERE (products)".
  std::string text(llvm::StringRef where) const;
};

/// What is -1 is known at run time only.
struct LinearProblem {
  int64_t m, n, k;
  bool isBf16;       ///< multiplies pairs of bf16
  unsigned outBytes; ///< of an element
  /// Of an element of a quantized weight, and its block along K; 0: it is none.
  unsigned quantizedBits = 0;
  int64_t block = 0;

  /// Of the weight in memory, but for its scales.
  double weightBits() const {
    return quantizedBits ? quantizedBits : isBf16 ? 16 : 32;
  }
};

struct LinearRule;

/// How a product by vectors is cut.
struct GemmBlocking {
  int64_t tileRows, tileVectors; ///< of a register tile
  /// Steps of k at once (elements, of bf16 pairs); 0: all. Sums go on from part
  /// to part, so this changes no result.
  int64_t depth;

  bool operator==(const GemmBlocking &) const = default;
};

/// Whether the code can have such a register tile: it divides a panel, the rows
/// that are left are fewer than 8, and sums and operands fit the registers.
bool isRegisterTile(const Isa &isa, int64_t rows, int64_t vectors);

/// Rows of a register tile at most.
inline constexpr int64_t kMostTileRows = 8;
/// Rows and depth of what AMX tiles multiply at once, by a panel's 48 columns.
inline constexpr int64_t kAmxRows = 32, kAmxDepth = 32;

/// What a linear is instantiated with. Columns of a task are panels.
struct LinearChoice {
  int64_t taskRows, taskPanels;
  GemmBlocking blocking;
  int64_t chunkRows; ///< rows of sums kept between product and epilogue
  bool onTiles;      ///< AMX, but for up to fewRows of a chunk
  int64_t fewRows;   ///< of a quantized weight: they stream it
  /// Steps of k of a quantized weight that are dequantized at once.
  int64_t quantizedDepth = 0;

  /// "128 rows by 48 columns a task, registers 8x48, sums of 128 rows".
  std::string text(const Isa &isa) const;
};

/// Rows and other extents that estimates are for where they are no number.
inline constexpr int64_t kTypicalRows = 128;

/// `taskRows` and `taskPanels` are the plan's. `measured`, if there is one,
/// says what is known better.
LinearChoice chooseLinear(const Isa &isa, const LinearProblem &problem,
                          int64_t taskRows, int64_t taskPanels,
                          const LinearRule *measured = nullptr);
Estimate estimateLinear(const Isa &isa, const LinearProblem &problem,
                        const LinearChoice &choice, int64_t m,
                        const Machine &machine = referenceMachine());

/// What is -1 is known at run time only.
struct AttentionProblem {
  int64_t batch, heads, queries, keys;
  int64_t group; ///< heads that share keys and values
  int64_t d, dv; ///< of a head: queries and keys, values
  bool isBf16;
  unsigned outBytes; ///< of an element
};

struct AttentionChoice {
  int64_t taskRows;  ///< queries
  bool onTiles;      ///< AMX
  int64_t vectors;   ///< of queries, whose lanes are the rows of a group
  int64_t groupRows; ///< queries at once
  int64_t blockKeys; ///< keys at once
  int64_t tile;      ///< keys, or columns of values, in a register tile
  /// Where queries and keys are both no more than this: by vectors instead.
  int64_t few = 0;

  /// "32 queries a task, 16 by 64 keys at once, registers 8x16".
  std::string text(const Isa &isa) const;
};

/// By vectors, which any problem can be.
AttentionChoice vectorAttention(const Isa &isa, int64_t taskRows);
AttentionChoice chooseAttention(const Isa &isa, const AttentionProblem &problem,
                                int64_t taskRows);
/// The problem as it is estimated: a batch of 1, 128 queries and keys where
/// they are no numbers.
AttentionProblem assumed(AttentionProblem problem);
/// Of numbers alone.
Estimate estimateAttention(const Isa &isa, const AttentionProblem &problem,
                           const AttentionChoice &choice,
                           const Machine &machine = referenceMachine());

} // namespace ingot::cpu
