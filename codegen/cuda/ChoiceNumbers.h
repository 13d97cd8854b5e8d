//===- ChoiceNumbers.h - Arithmetic of the cost models
//---------------------------===//
#pragma once

#include "llvm/Support/MathExtras.h"

#include <cstdint>

namespace ingot::cuda {

inline double numberOf(int64_t value) { return static_cast<double>(value); }

/// a / b, up to the next number; neither is negative.
inline int64_t ceilOf(int64_t a, int64_t b) {
  return static_cast<int64_t>(
      llvm::divideCeil(static_cast<uint64_t>(a), static_cast<uint64_t>(b)));
}

} // namespace ingot::cuda
