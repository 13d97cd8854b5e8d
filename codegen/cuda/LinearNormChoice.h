//===- LinearNormChoice.h - linear and norm as one kernel
//-------------------===//
#pragma once

#include "codegen/cuda/Choice.h"

namespace ingot::cuda {

/// A linear whose rows of f32 are normalized next.
struct LinearNormProblem {
  LinearProblem linear;
  /// Of a row, beside what the linear's own residual is: read by the norm apart
  /// from the linear's result, written by both in one, the linear's result too
  /// if others read it.
  int64_t readBytes, writtenBytes;
  bool stores; ///< a result of 16 bits, which leaves by TMA
};

/// What `kernels/linear_norm90.cuh` is instantiated with, for sm_90a.
struct LinearNormChoice {
  int64_t columns, blocks; ///< of a tile, of a cluster
  /// At how many rows it is taken: from the first number on, not from the
  /// second, from the third again and so on. All where M is a number.
  llvm::SmallVector<int64_t> taken;
  unsigned sharedBytes;
  int64_t rows;        ///< that these are for:
  int64_t nanoseconds; ///< of this kernel
  int64_t pair;        ///< of the two
  bool isAssumed;      ///< M is no number
  /// "wgmma 128x192 in clusters of 4 blocks, rows normalized, at M 2817 to
  /// 4096, from 6273".
  std::string text() const;
  /// "12.3 us on an H100 at M 4096 (assumed), 20.1 us as two kernels".
  std::string estimate() const;
};

/// How many clusters of so many blocks, one a multiprocessor, a GPU runs at
/// once: those of a cluster are in one part of the GPU, and some parts of an
/// H200 have fewer multiprocessors than others. `blocks`: 2 to 8.
int64_t clustersAtOnce(int64_t multiprocessors, int64_t blocks);

/// Nothing where two kernels take less at all numbers of rows, or at the one
/// that is known; and where a cluster of 8 does not own a row, or TMA cannot
/// store it. `columns`: the tile to have, 0 for the one that is best.
std::optional<LinearNormChoice> chooseLinearNorm(const LinearNormProblem &,
                                                 int64_t columns = 0);

} // namespace ingot::cuda
