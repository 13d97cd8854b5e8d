//===- KernelHeaders.h - The text of kernels/*.cuh
//-------------------------===//
//
// Knows nothing of LLVM, so that the emulator may use it too.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <span>
#include <string_view>

namespace ingot::cuda {

struct KernelHeader {
  const char *name; ///< as stubs include it: "map.cuh"
  const char *text; ///< ends in a NUL
};

/// All headers, by name.
std::span<const KernelHeader> kernelHeaders();
/// tuning/*.json, see Tuning.h; not for the emulator.
std::span<const KernelHeader> tuningRecords();

} // namespace ingot::cuda
