//===- Occupancy.h - How many blocks a multiprocessor holds
//----------------===//
#pragma once

#include "llvm/ADT/StringRef.h"

#include <optional>

namespace ingot::cuda {

/// By the limits of the CUDA C++ Programming Guide, "Technical Specifications
/// per Compute Capability". What runs at once is for a profiler to say.
struct Occupancy {
  unsigned blocks = 0;   ///< a multiprocessor
  unsigned warps = 0;    ///< of those
  unsigned most = 0;     ///< warps it can hold
  llvm::StringRef limit; ///< "registers", "shared memory", "warps", "blocks"
  unsigned percent() const { return 100 * warps / most; }
};

/// For kernels of `threads` a block. Nothing for an architecture not known.
std::optional<Occupancy> occupancyOf(llvm::StringRef arch, unsigned threads,
                                     unsigned registers, unsigned sharedBytes);

} // namespace ingot::cuda
