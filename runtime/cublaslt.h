// Matrix products by NVIDIA's cuBLASLt, found at run time: nothing is linked.
// What is called here is in the terms of the artifact (fmt::Product).
#pragma once

#include "runtime/cublaslt_api.h"
#include "runtime/cuda_device.h"

namespace ingot::cublaslt {

/// The library's functions by their member names in cublaslt_symbols.def.
struct Functions {
#define CUBLASLT_SYMBOL(result, member, name, parameters)                      \
  result(*member) parameters;
#include "runtime/cublaslt_symbols.def"
};

} // namespace ingot::cublaslt

namespace ingot::runtime {

/// A session's use of the library: its handle and its workspace, which no other
/// session shares. The device's context is current in all calls.
class CublasLt : public cublaslt::Functions {
public:
  CublasLt() = default;
  CublasLt(const CublasLt &) = delete;
  CublasLt &operator=(const CublasLt &) = delete;
  ~CublasLt() { close(); }
  /// With nothing of it under way any more.
  void close();

  [[nodiscard]] Error open(CudaDevice &device);
  bool isOpen() const { return handle; }
  /// Has the library say how it would do the step, for good: `isByLibrary`
  /// stays false where it cannot.
  [[nodiscard]] Error choose(Program &program, const BoundStep &step);
  /// Puts a step that was chosen on the stream.
  [[nodiscard]] Error enqueue(const Program &program, const BoundStep &step,
                              cuda::Stream stream);
  /// The same as a graph of its own, the caller's to destroy.
  [[nodiscard]] Error capture(const Program &program, const BoundStep &step,
                              cuda::Graph *graph);

private:
  Error openLibrary();
  Error failure(cublaslt::Status status, const BoundStep &step,
                const char *call) const;

  CudaDevice *device = nullptr;
  void *library = nullptr;
  cublaslt::Handle handle = nullptr;
  DeviceMemory workspace;
  // The caller's may be one that cannot be captured.
  cuda::Stream forCapture = nullptr;
};

} // namespace ingot::runtime
