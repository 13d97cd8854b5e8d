//===- ChoiceNumbers.h - Arithmetic of the cost models
//---------------------------===//
#pragma once

#include "codegen/cuda/Choice.h"

#include "llvm/Support/MathExtras.h"

#include <cstdint>
#include <utility>

namespace ingot::cuda {

inline double numberOf(int64_t value) { return static_cast<double>(value); }

/// a / b, up to the next number; neither is negative.
inline int64_t ceilOf(int64_t a, int64_t b) {
  return static_cast<int64_t>(
      llvm::divideCeil(static_cast<uint64_t>(a), static_cast<uint64_t>(b)));
}

/// Bytes of a row of a slab in shared memory.
inline constexpr int64_t kSlabBytes = 128;

double rateOf(const Chip &chip, Math math);
/// The slowest of what a block does, in clocks, and its name.
std::pair<double, llvm::StringRef> blockOf(const Work &work, const Chip &chip);
/// Steps that take as long as parts take to meet: with fewer a part is not
/// worth it.
int64_t stepsAPart(const Work &work, const Chip &chip);
/// The fewest parts with as many steps each.
int64_t nonEmpty(int64_t parts, int64_t steps);
/// What the faster of both tiles of linear.cuh take, with K in parts.
double tileSeconds(const LinearProblem &problem, int64_t m, const Chip &chip);
/// Multiprocessors for each of the tasks.
Expr roomFor(ExprPool &pool, Expr tasks);

} // namespace ingot::cuda
