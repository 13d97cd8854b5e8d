//===- Cubin.h - What a cubin says about its kernels
//-----------------------===//
#pragma once

#include "llvm/ADT/StringRef.h"

#include <optional>

namespace ingot::cuda {

struct CubinFacts {
  unsigned registers = 0;  ///< a thread
  unsigned frameBytes = 0; ///< of stack, a thread: spills and local arrays
  unsigned parameterBytes = 0;
  unsigned maxThreads = 0; ///< launch bound; 0: none
};

/// Reads the attributes of `kernel` from `image`, or nothing if it is no cubin
/// that has them. Any bytes are fine.
std::optional<CubinFacts> readCubin(llvm::StringRef image,
                                    llvm::StringRef kernel);

} // namespace ingot::cuda
