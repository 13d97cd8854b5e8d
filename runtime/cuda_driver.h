// The CUDA driver, found at run time: nothing is linked, and its absence is an
// error that says what to install.
#pragma once

#include "runtime/cuda_api.h"
#include "runtime/support.h"

namespace ingot::cuda {

/// The driver's functions by their member names in cuda_symbols.def; null where
/// it is too old for one that came later.
struct Functions {
#define CUDA_SYMBOL(member, name, parameters) Result(*member) parameters;
#include "runtime/cuda_symbols.def"
};

} // namespace ingot::cuda

namespace ingot::runtime {

// Kernel nodes of graphs as we use them came with CUDA 12.0.
constexpr int kNeededCuda = 12000;

class CudaDriver : public cuda::Functions {
public:
  CudaDriver() = default;
  CudaDriver(const CudaDriver &) = delete;
  CudaDriver &operator=(const CudaDriver &) = delete;
  ~CudaDriver();
  /// Opens `library` and initializes the driver in it. `device` names what was
  /// asked for.
  [[nodiscard]] Error open(const Allocator &allocator, const char *library,
                           const char *device);
  int version() const { return foundVersion; } // 12040: CUDA 12.4
  /// "CUDA_ERROR_ILLEGAL_ADDRESS (an illegal memory access was encountered)"
  void append(Text &text, cuda::Result result) const;
  /// Whether nothing on the device works any more for this process.
  static bool isLost(cuda::Result result);

private:
  void *handle = nullptr;
  int foundVersion = 0;
};

} // namespace ingot::runtime
