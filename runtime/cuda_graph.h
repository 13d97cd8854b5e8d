// One entry's steps as one CUDA graph: upload of host inputs, the steps in
// order, download of status and outputs. It is built once; what differs for
// another shape or other pointers is changed in place.
#pragma once

#include "runtime/cublaslt.h"

namespace ingot::runtime {

/// Status, host outputs and host inputs lie one after the other, at the same
/// offsets in page-locked memory and in a copy of it on the device. The status
/// is at the start, so that no shape moves it; kCudaSpareBytes follow it.
struct CudaTransfers {
  uint64_t device = 0;
  uint8_t *host = nullptr;
  uint64_t downloadBytes = 0; // from the start
  uint64_t uploadBytes = 0;   // from there
  /// Changes with each allocation of the session: one at the address of an
  /// older one is another to nodes that copy.
  uint64_t memoryVersion = 0;
};
constexpr uint64_t kCudaSpareBytes = 32;

class CudaGraph {
public:
  CudaGraph() = default;
  CudaGraph(const CudaGraph &) = delete;
  CudaGraph &operator=(const CudaGraph &) = delete;
  ~CudaGraph() { clear(); }

  /// Makes the graph run `program`, whose arguments are all in place.
  [[nodiscard]] Error prepare(const CudaModel &model, const Program &program,
                              const CudaTransfers &transfers,
                              CublasLt &library);
  [[nodiscard]] Error launch(cuda::Stream stream);
  void clear();
  /// Changes with each `prepare`.
  uint64_t generation() const { return version; }

private:
  // What a node does now.
  struct Node {
    cuda::GraphNode node = nullptr; // none where others take the step's place
    int64_t grid[3] = {};
    uint64_t status = 0; // address
    uint64_t memoryVersion = 0;
    bool isEnabled = true;
    bool isByLibrary = false; // a graph of its own, which has no switch
    // Overlaps with the kernel before or after it: neither may be empty.
    bool overlaps = false;
  };

  cuda::Result build(const CudaModel &model, const Program &program,
                     const CudaTransfers &transfers);
  cuda::Result update(const CudaModel &model, const Program &program,
                      const CudaTransfers &transfers);
  cuda::Result setStep(const CudaModel &model, const Program &program,
                       uint32_t number, const CudaTransfers &transfers);
  /// The step's tensor maps, as they are now; whether they were others before.
  cuda::Result encodeMaps(const Program &program, const BoundStep &step,
                          bool *areNew);
  template <typename Use>
  cuda::Result withLibrarysGraph(const Program &program, const BoundStep &step,
                                 Use use);
  /// A kernel after the node before: it may begin early if it waits for that
  /// itself, as that does for what comes before.
  cuda::Result addKernel(const cuda::KernelNodeParams &params,
                         cuda::GraphNode before, bool isEarly,
                         cuda::GraphNode *node);
  cuda::Result addByLibrary(const Program &program, const BoundStep &step,
                            cuda::GraphNode before, cuda::GraphNode *node);
  cuda::Result enable(Node &node, bool isWanted);

  const CudaDevice *device = nullptr;
  CublasLt *library = nullptr;
  Error ofLibrary = nullptr;   // what a Result does not tell
  cuda::Graph graph = nullptr; // owns the nodes' names
  cuda::GraphExec executable = nullptr;
  Node upload, download;
  Array<Node> steps;
  Array<uint64_t> args; // as the nodes have them
  Array<cuda::TensorMap> maps;
  CudaTransfers current;
  uint64_t version = 0;
  const char *doing = "";
};

} // namespace ingot::runtime
