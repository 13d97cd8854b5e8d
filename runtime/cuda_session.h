// A session on a GPU, as cuda_session.cpp and cuda_run.cpp know it.
#pragma once

#include "runtime/cuda_graph.h"

namespace ingot::runtime {

struct CudaSession : ingot_session {
  using ingot_session::ingot_session;
  ~CudaSession();
  const CudaModel &gpuModel() const {
    return static_cast<const CudaModel &>(*model);
  }
  const CudaDevice &gpu() const { return gpuModel().gpu(); }

  cuda::Stream stream = nullptr;
  bool isStreamOwned = false;
  // An error of the device after which nobody knows what still runs there.
  bool isLost = false;
  CublasLt library;             // outlives the graphs that call it
  bool isLibraryWanted = false; // for all products, not only where it is faster
  Array<CudaGraph> graphs;      // by entry
  // Of host tensors and the status, see CudaTransfers.
  DeviceMemory deviceTransfers;
  PinnedMemory hostTransfers;
  CudaTransfers transfers; // of the bind placed last
  cuda::Event otherStream = nullptr;
  Array<cuda::Event> times; // around steps, while profiling
};

inline CudaSession &onGpu(ingot_session &session) {
  return static_cast<CudaSession &>(session);
}

/// Destroys the events of profiled runs.
void dropTimes(CudaSession &session);

inline bool isInPlace(const EntryTensors &bound, uint32_t output) {
  return bound.isBorrowed[output] && isOnDevice(bound.outputs[output]);
}

} // namespace ingot::runtime
