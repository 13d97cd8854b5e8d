//===- ChoiceQuant.h - How a linear with quantized weights is cut
//---------------------===//
#pragma once

#include "codegen/cuda/Choice.h"

namespace ingot::cuda {

/// A linear by `kernels/quantized.cuh`: A of 16 bits, weights of 8 or 4. What
/// is -1 is known at run time only.
struct QuantProblem {
  int64_t m, n, k;
  unsigned bits; ///< of a weight
  int64_t block; ///< rows that share a scale; k or more: all
  bool hasZeros; ///< each scale has a zero point
  unsigned scaleBits, outBits;

  /// Whether the kernel takes such blocks.
  bool isPossible() const;
  /// Rows of a unit, the 16 bytes that a lane has of two columns.
  int64_t step() const { return 256 / bits; }
  double products(int64_t rows) const;
  double memoryBytes(int64_t rows) const;
};

/// QuantConfig of `kernels/linear_quant.cuh`, of eight warps.
struct QuantTile {
  int64_t tiles;    ///< of 16 columns a warp
  int64_t units;    ///< of K a warp multiplies at a time
  int64_t rowTiles; ///< of eight rows
  int64_t side;     ///< warps along columns; the others lie along K

  int64_t columns() const { return 16 * tiles * side; }
  int64_t rows() const { return 8 * rowTiles; }
  int64_t stages(const QuantProblem &problem, int64_t bytes) const;
  unsigned sharedBytes(const QuantProblem &problem, int64_t bytes) const;
  /// Bytes of weights that a block asks for ahead.
  int64_t bytesAhead(const QuantProblem &problem, int64_t bytes) const;
  Work work(const QuantProblem &problem, int64_t m, const Chip &chip) const;

private:
  int64_t stageBytes(const QuantProblem &problem) const;
  int64_t sumBytes() const;
};

/// What `kernels/quantized.cuh` is instantiated with.
struct QuantChoice {
  std::optional<QuantTile> few, many;
  int64_t bytes; ///< of shared memory at most
  unsigned sharedBytes;
  int64_t rows; ///< that the estimate is for
  Estimate estimate;

  /// "few rows up to 16, 32 columns a block; 64x128".
  std::string text() const;
};

/// `problem` is possible. `bytes`: of shared memory that a block may have on
/// all GPUs that the code is for.
QuantChoice chooseQuant(const QuantProblem &problem, const Chip &chip,
                        int64_t bytes);

} // namespace ingot::cuda
