#include "runtime/cuda_graph.h"

#include <string.h>

namespace ingot::runtime {
namespace {

cuda::CopySide onDevice(uint64_t address) {
  cuda::CopySide side = {};
  side.memoryType = 2;
  side.device = address;
  return side;
}

cuda::CopySide onHost(uint8_t *address) {
  cuda::CopySide side = {};
  side.memoryType = 1;
  side.host = address;
  return side;
}

cuda::CopyNodeParams copyParams(cuda::CopySide to, cuda::CopySide from,
                                uint64_t bytes) {
  return {from, to, bytes, 1, 1};
}

cuda::MemsetNodeParams fillParams(const uint64_t *args) {
  return {args[0], 0, unsigned(args[2] & 0xff), 1, args[1], 1};
}

cuda::KernelNodeParams kernelParams(const CudaModel &model,
                                    const BoundStep &step, const int64_t *grid,
                                    CudaParameters &parameters) {
  const CudaKernel &kernel = model.code[step.step->kernel()];
  cuda::KernelNodeParams params = {};
  params.function = reinterpret_cast<cuda::Function>(step.kernel);
  params.gridX = unsigned(grid[0]);
  params.gridY = unsigned(grid[1]);
  params.gridZ = unsigned(grid[2]);
  params.blockX = kernel.block[0];
  params.blockY = kernel.block[1];
  params.blockZ = kernel.block[2];
  params.sharedBytes = kernel.sharedBytes;
  params.parameters = parameters.data();
  return params;
}

cuda::CopyNodeParams uploadParams(const CudaTransfers &t) {
  return copyParams(onDevice(t.device + t.downloadBytes),
                    onHost(t.host + t.downloadBytes), t.uploadBytes);
}

cuda::CopyNodeParams downloadParams(const CudaTransfers &t) {
  return copyParams(onHost(t.host), onDevice(t.device), t.downloadBytes);
}

/// A node needs something valid to do even while it is disabled.
void setIdle(const BoundStep &step, const CudaTransfers &transfers,
             uint64_t *args, int64_t *grid) {
  grid[0] = grid[1] = grid[2] = 1;
  uint64_t spare = transfers.device + sizeof(ingot_cuda_kernel_status);
  if (step.kind == fmt::StepKind::Copy) {
    args[0] = spare;
    args[1] = spare + kCudaSpareBytes / 2;
    args[2] = 1;
  } else if (step.kind == fmt::StepKind::Fill) {
    args[0] = spare;
    args[1] = 1;
    args[2] = 0;
  }
}

} // namespace

void CudaGraph::clear() {
  if (executable)
    (void)device->driver.graphExecDestroy(executable);
  if (graph)
    (void)device->driver.graphDestroy(graph);
  executable = nullptr;
  graph = nullptr;
}

Error CudaGraph::prepare(const CudaModel &model, const Program &program,
                         const CudaTransfers &transfers, CublasLt &products) {
  device = &model.gpu();
  library = &products;
  ++version;
  cuda::Result result = cuda::success;
  if (executable) {
    result = update(model, program, transfers);
    // What cannot be changed in place is made anew.
    if (result == cuda::invalidValue || result == cuda::notSupported ||
        result == cuda::graphExecUpdateFailure)
      clear();
  }
  if (!executable) {
    if (!steps.create(model.allocator, program.steps.size()) ||
        !args.create(model.allocator, program.args.size()) ||
        !maps.create(model.allocator, program.maps.size()))
      return outOfMemory(model.allocator, "a graph",
                         program.args.size() * sizeof(uint64_t) +
                             program.maps.size() * sizeof(cuda::TensorMap));
    result = build(model, program, transfers);
  }
  if (result == cuda::success)
    return nullptr;
  // Nobody knows any more what its nodes do.
  Error error = ofLibrary ? ofLibrary : device->check(result, doing);
  ofLibrary = nullptr;
  clear();
  return error;
}

Error CudaGraph::launch(cuda::Stream stream) {
  return device->check(device->driver.graphLaunch(executable, stream),
                       "starting a graph");
}

/// Whether a graph has no node for the step: its neighbours are next to each
/// other, as long as they are what runs.
static bool isLeftOut(const BoundStep &step) {
  return !step.tasks && step.step->alternates();
}

cuda::Result CudaGraph::build(const CudaModel &model, const Program &program,
                              const CudaTransfers &transfers) {
  const CudaDriver &driver = device->driver;
  doing = "making a graph";
  cuda::Graph made = nullptr;
  if (cuda::Result result = driver.graphCreate(&made, 0))
    return result;
  graph = made;
  cuda::GraphNode last = nullptr;
  current = transfers;
  cuda::CopyNodeParams copy = uploadParams(transfers);
  if (!transfers.uploadBytes)
    copy = copyParams(onDevice(transfers.device), onHost(transfers.host), 1);
  if (cuda::Result result = driver.graphAddMemcpyNode(&last, graph, nullptr, 0,
                                                      &copy, device->context))
    return result;
  upload = {};
  upload.node = last;

  memcpy(args.data(), program.args.data(), args.size() * sizeof(uint64_t));
  bool didWait = false; // the kernel of the step before
  Node *nodeBefore = nullptr;
  for (uint32_t i = 0; i < steps.size(); ++i) {
    const BoundStep &step = program.steps[i];
    uint64_t *ofStep = args.data() + step.firstArg;
    Node &node = steps[i];
    node = {};
    if (isLeftOut(step))
      continue;
    memcpy(node.grid, step.grid, sizeof(node.grid));
    node.status = transfers.device;
    node.memoryVersion = transfers.memoryVersion;
    if (!step.tasks)
      setIdle(step, transfers, ofStep, node.grid);
    cuda::GraphNode before = last;
    cuda::Result result;
    node.isByLibrary = program.isByLibrary(step);
    bool waits = driver.graphAddDependencies && step.tasks &&
                 !node.isByLibrary && step.kind == fmt::StepKind::Launch &&
                 model.code[step.step->kernel()].waits;
    if (node.isByLibrary) {
      result = addByLibrary(program, step, before, &last);
    } else if (step.kind == fmt::StepKind::Copy) {
      copy = copyParams(onDevice(ofStep[0]), onDevice(ofStep[1]), ofStep[2]);
      result = driver.graphAddMemcpyNode(&last, graph, &before, 1, &copy,
                                         device->context);
    } else if (step.kind == fmt::StepKind::Fill) {
      cuda::MemsetNodeParams fill = fillParams(ofStep);
      result = driver.graphAddMemsetNode(&last, graph, &before, 1, &fill,
                                         device->context);
    } else {
      CudaParameters parameters(ofStep, count(step.step->args()), node.status,
                                step.number);
      bool areNew;
      if (cuda::Result failed = encodeMaps(program, step, &areNew))
        return failed;
      for (uint32_t m = step.firstMap; m < step.firstMap + step.maps; ++m)
        parameters.setMap(program.maps[m].arg, maps[m]);
      cuda::KernelNodeParams kernel =
          kernelParams(model, step, node.grid, parameters);
      bool isEarly = waits && didWait;
      result = addKernel(kernel, before, isEarly, &last);
      if (isEarly)
        node.overlaps = nodeBefore->overlaps = true;
    }
    if (result)
      return result;
    node.node = last;
    nodeBefore = &node;
    didWait = waits;
  }

  copy = downloadParams(transfers);
  cuda::GraphNode before = last;
  if (cuda::Result result = driver.graphAddMemcpyNode(&last, graph, &before, 1,
                                                      &copy, device->context))
    return result;
  download = {};
  download.node = last;
  cuda::GraphExec instance = nullptr;
  if (cuda::Result result = driver.graphInstantiate(&instance, graph, 0))
    return result;
  executable = instance;
  if (cuda::Result result = enable(upload, transfers.uploadBytes))
    return result;
  for (uint32_t i = 0; i < steps.size(); ++i)
    if (steps[i].node)
      if (cuda::Result result = enable(steps[i], program.steps[i].tasks))
        return result;
  return cuda::success;
}

cuda::Result CudaGraph::addKernel(const cuda::KernelNodeParams &params,
                                  cuda::GraphNode before, bool isEarly,
                                  cuda::GraphNode *node) {
  const CudaDriver &driver = device->driver;
  if (!isEarly)
    return driver.graphAddKernelNode(node, graph, &before, 1, &params);
  if (cuda::Result result =
          driver.graphAddKernelNode(node, graph, nullptr, 0, &params))
    return result;
  cuda::EdgeData edge = {};
  edge.fromPort = cuda::edgeOfKernelsPort;
  edge.type = cuda::edgeOfKernels;
  return driver.graphAddDependencies(graph, &before, node, &edge, 1);
}

/// use(the step as the library does it); a node keeps a copy of its own.
template <typename Use>
cuda::Result CudaGraph::withLibrarysGraph(const Program &program,
                                          const BoundStep &step, Use use) {
  cuda::Graph part = nullptr;
  ofLibrary = library->capture(program, step, &part);
  if (ofLibrary)
    return cuda::unknown;
  cuda::Result result = use(part);
  (void)device->driver.graphDestroy(part);
  return result;
}

cuda::Result CudaGraph::addByLibrary(const Program &program,
                                     const BoundStep &step,
                                     cuda::GraphNode before,
                                     cuda::GraphNode *node) {
  return withLibrarysGraph(program, step, [&](cuda::Graph part) {
    return device->driver.graphAddChildGraphNode(node, graph, &before, 1, part);
  });
}

cuda::Result CudaGraph::update(const CudaModel &model, const Program &program,
                               const CudaTransfers &transfers) {
  const CudaDriver &driver = device->driver;
  doing = "changing a graph";
  bool hasMoved = current.memoryVersion != transfers.memoryVersion ||
                  current.device != transfers.device ||
                  current.host != transfers.host ||
                  current.downloadBytes != transfers.downloadBytes;
  bool isUploadNew = hasMoved || current.uploadBytes != transfers.uploadBytes;
  if (isUploadNew && transfers.uploadBytes) {
    cuda::CopyNodeParams copy = uploadParams(transfers);
    if (cuda::Result result = driver.graphExecSetMemcpy(executable, upload.node,
                                                        &copy, device->context))
      return result;
  }
  if (cuda::Result result = enable(upload, transfers.uploadBytes))
    return result;
  if (hasMoved) {
    cuda::CopyNodeParams copy = downloadParams(transfers);
    if (cuda::Result result = driver.graphExecSetMemcpy(
            executable, download.node, &copy, device->context))
      return result;
  }
  for (uint32_t i = 0; i < steps.size(); ++i) {
    // Others take its place, or it theirs.
    if (isLeftOut(program.steps[i]) != !steps[i].node)
      return cuda::graphExecUpdateFailure;
    if (!steps[i].node)
      continue;
    // A node stays of its kind.
    if (steps[i].isByLibrary != program.isByLibrary(program.steps[i]))
      return cuda::graphExecUpdateFailure;
    // Edges stay, and an empty node is no kernel.
    if (steps[i].overlaps && !program.steps[i].tasks)
      return cuda::graphExecUpdateFailure;
    if (program.steps[i].tasks)
      if (cuda::Result result = setStep(model, program, i, transfers))
        return result;
    if (cuda::Result result = enable(steps[i], program.steps[i].tasks))
      return result;
  }
  current = transfers;
  return cuda::success;
}

/// Changes the step's node if it does something else now.
cuda::Result CudaGraph::setStep(const CudaModel &model, const Program &program,
                                uint32_t number,
                                const CudaTransfers &transfers) {
  const CudaDriver &driver = device->driver;
  const BoundStep &step = program.steps[number];
  Node &node = steps[number];
  uint32_t size = count(step.step->args());
  const uint64_t *wanted = program.args.data() + step.firstArg;
  uint64_t *ofStep = args.data() + step.firstArg;
  uint64_t status = transfers.device;
  bool isLaunch = step.kind == fmt::StepKind::Launch;
  bool isSame = !size || !memcmp(ofStep, wanted, size * sizeof(uint64_t));
  if (isLaunch)
    isSame = isSame && !memcmp(node.grid, step.grid, sizeof(node.grid)) &&
             status == node.status;
  else
    isSame = isSame && node.memoryVersion == transfers.memoryVersion;
  bool areMapsNew;
  if (cuda::Result result = encodeMaps(program, step, &areMapsNew))
    return result;
  if (isSame && !areMapsNew)
    return cuda::success;
  memcpy(ofStep, wanted, size * sizeof(uint64_t));
  memcpy(node.grid, step.grid, sizeof(node.grid));
  node.status = status;
  node.memoryVersion = transfers.memoryVersion;
  if (node.isByLibrary) {
    return withLibrarysGraph(program, step, [&](cuda::Graph part) {
      return driver.graphExecSetChildGraph(executable, node.node, part);
    });
  }
  if (step.kind == fmt::StepKind::Copy) {
    cuda::CopyNodeParams copy =
        copyParams(onDevice(ofStep[0]), onDevice(ofStep[1]), ofStep[2]);
    return driver.graphExecSetMemcpy(executable, node.node, &copy,
                                     device->context);
  }
  if (!isLaunch) {
    cuda::MemsetNodeParams fill = fillParams(ofStep);
    return driver.graphExecSetMemset(executable, node.node, &fill,
                                     device->context);
  }
  CudaParameters parameters(ofStep, size, status, step.number);
  for (uint32_t m = step.firstMap; m < step.firstMap + step.maps; ++m)
    parameters.setMap(program.maps[m].arg, maps[m]);
  cuda::KernelNodeParams kernel =
      kernelParams(model, step, node.grid, parameters);
  return driver.graphExecSetKernel(executable, node.node, &kernel);
}

cuda::Result CudaGraph::encodeMaps(const Program &program,
                                   const BoundStep &step, bool *areNew) {
  *areNew = false;
  for (uint32_t m = step.firstMap; m < step.firstMap + step.maps; ++m) {
    const BoundMap &map = program.maps[m];
    cuda::TensorMap made;
    if (cuda::Result result = encodeMap(
            device->driver, map, program.args[step.firstArg + map.arg], &made))
      return result;
    *areNew |= memcmp(&maps[m], &made, sizeof(made)) != 0;
    memcpy(&maps[m], &made, sizeof(made));
  }
  return cuda::success;
}

cuda::Result CudaGraph::enable(Node &node, bool isWanted) {
  if (node.isEnabled == isWanted)
    return cuda::success;
  node.isEnabled = isWanted;
  return device->driver.graphNodeSetEnabled(executable, node.node, isWanted);
}

} // namespace ingot::runtime
