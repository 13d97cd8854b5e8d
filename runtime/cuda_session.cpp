// Sessions on a GPU: where their tensors are. Host tensors get room for copies,
// tensors on the device are used in place.
#include "runtime/cuda_session.h"

#include <string.h>

namespace ingot::runtime {
namespace {

Error lost(const CudaSession &session) {
  return makeError(session.allocator, INGOT_ERROR_DEVICE,
                   "this session is lost since an error of %s: destroy it",
                   session.gpu().name);
}

uint64_t addressOf(const void *data) {
  return reinterpret_cast<uintptr_t>(data);
}

} // namespace

CudaSession::~CudaSession() {
  CudaScope scope(gpu());
  const CudaDriver &driver = gpu().driver;
  // Fails where the device is lost; then so does all that follows.
  if (stream)
    (void)driver.streamSynchronize(stream);
  graphs.clear();
  library.close();
  dropTimes(*this);
  if (otherStream)
    (void)driver.eventDestroy(otherStream);
  if (isStreamOwned)
    (void)driver.streamDestroy(stream);
}

ingot_session *makeCudaSession(ingot_model &model) {
  return model.allocator.make<CudaSession>(&model);
}

void destroyCudaSession(ingot_session *session) {
  session->allocator.destroy(&onGpu(*session));
}

/// Whether a run may be better off with a library.
static bool isLibraryFaster(const CudaModel &model) {
  for (const fmt::Plan *plan : model.plans)
    for (uint32_t i = 0; plan && i < count(plan->steps()); ++i) {
      const fmt::Product *product = plan->steps()->Get(i)->product();
      if (product && product->library_from() != fmt::kNone)
        return true;
    }
  return false;
}

static Error openLibrary(CudaSession &session, ingot_gemm gemm) {
  session.isLibraryWanted = gemm == INGOT_GEMM_CUBLASLT;
  if (!session.isLibraryWanted &&
      (gemm == INGOT_GEMM_OURS || !isLibraryFaster(session.gpuModel())))
    return nullptr;
  CudaDevice &device = session.gpuModel().gpu();
  CudaScope scope(device);
  if (Error error = scope.error())
    return error;
  Error error = session.library.open(device);
  if (!error || session.isLibraryWanted)
    return error;
  device.log(INGOT_LOG_INFO, "%s; our kernels run", ingot_error_message(error));
  ingot_error_destroy(error);
  session.library.close();
  return nullptr;
}

Error configureCudaSession(ingot_session &base,
                           const ingot_session_options &options) {
  CudaSession &session = onGpu(base);
  const CudaDevice &device = session.gpu();
  session.parallel = device.parallel;
  if (!session.graphs.create(session.allocator, session.entries.size()))
    return outOfMemory(session.allocator, "a session",
                       session.entries.size() * sizeof(CudaGraph));
  session.stream = static_cast<cuda::Stream>(options.stream);
  if (Error error = openLibrary(session, options.gemm))
    return error;
  if (session.stream)
    return nullptr;
  CudaScope scope(device);
  if (Error error = scope.error())
    return error;
  cuda::Stream made = nullptr;
  if (Error error = device.check(
          device.driver.streamCreate(&made, cuda::streamNonBlocking),
          "making a stream"))
    return error;
  session.stream = made;
  session.isStreamOwned = true;
  return nullptr;
}

Error setCudaThreads(ingot_session &, int32_t) { return nullptr; }

Error checkCudaTensor(const ingot_session &base, const char *what,
                      const char *name, const ingot_tensor &tensor) {
  const auto &session = static_cast<const CudaSession &>(base);
  const CudaDevice &device = session.gpu();
  bool isClaimed = isOnDevice(tensor);
  if (!tensor.data || !tensor.bytes)
    return nullptr;
  auto address = reinterpret_cast<uintptr_t>(tensor.data);
  if (isClaimed && address % 16)
    return makeError(session.allocator, INGOT_ERROR_INVALID_ARGUMENT,
                     "the data of %s '%s' on %s is not aligned to 16 bytes",
                     what, name, device.name);
  CudaScope scope(device);
  if (Error error = scope.error())
    return error;
  unsigned kind = 0;
  int ordinal = 0;
  cuda::Result result = device.driver.pointerGetAttribute(
      &kind, cuda::pointerMemoryType, address);
  bool isDeviceMemory = result == cuda::success && kind == 2;
  if (isDeviceMemory && isClaimed)
    result = device.driver.pointerGetAttribute(
        &ordinal, cuda::pointerDeviceOrdinal, address);
  // Memory that the driver does not know is the host's.
  if (result != cuda::success && result != cuda::invalidValue)
    return device.check(result, "looking where a tensor is");
  if (isClaimed == isDeviceMemory && (!isClaimed || ordinal == device.ordinal))
    return nullptr;
  if (isClaimed && isDeviceMemory)
    return makeError(session.allocator, INGOT_ERROR_INVALID_ARGUMENT,
                     "the data of %s '%s' is on GPU %d, but its tensor says %s",
                     what, name, ordinal, device.name);
  return makeError(
      session.allocator, INGOT_ERROR_INVALID_ARGUMENT,
      "the data of %s '%s' is in %s memory, but its tensor says %s", what, name,
      isClaimed ? "host" : "GPU", isClaimed ? device.name : "host");
}

Error zeroCuda(ingot_session &base, uint64_t address, size_t bytes) {
  CudaSession &session = onGpu(base);
  const CudaDevice &device = session.gpu();
  if (!bytes)
    return nullptr;
  CudaScope scope(device);
  if (Error error = scope.error())
    return error;
  return device.check(
      device.driver.memsetD8Async(address, 0, bytes, session.stream),
      "clearing memory");
}

/// Transfers of so many bytes; the status in them is clear.
static Error growTransfers(CudaSession &session, uint64_t bytes) {
  DeviceMemory &onDevice = session.deviceTransfers;
  PinnedMemory &onHost = session.hostTransfers;
  if (!onDevice.address() || onDevice.size() < bytes || onHost.size() < bytes) {
    const char *what = "memory for inputs and outputs";
    // Graphs hold the host's address too, which arguments do not show.
    ++session.pointerVersion;
    ++session.memoryVersion;
    if (Error error = onDevice.grow(*session.model->device, what, bytes))
      return error;
    if (Error error = onHost.grow(session.gpu(), what, bytes))
      return error;
    // Also what lies between tensors is copied.
    memset(onHost.data(), 0, onHost.size());
    if (Error error = zeroCuda(session, onDevice.address(), onDevice.size())) {
      onDevice.clear();
      return error;
    }
  }
  session.transfers.device = onDevice.address();
  session.transfers.host = onHost.data();
  session.transfers.memoryVersion = session.memoryVersion;
  return nullptr;
}

/// Whether grids are whole clusters of blocks, as the artifact's maker saw to.
static Error checkClusters(const CudaSession &session, const Program &program) {
  for (const BoundStep &step : program.steps) {
    if (step.kind != fmt::StepKind::Launch || !step.tasks)
      continue;
    const fmt::Kernel &kernel =
        *session.model->target->kernels()->Get(step.step->kernel());
    if (!kernel.cluster() || step.grid[0] % kernel.cluster())
      return makeError(session.allocator, INGOT_ERROR_ARTIFACT,
                       "'%s' is damaged: step '%s' has %lld blocks in clusters "
                       "of %u",
                       session.model->artifact.name(),
                       step.step->name() ? step.step->name()->c_str() : "",
                       (long long)step.grid[0], kernel.cluster());
  }
  return nullptr;
}

Error placeCudaTensors(ingot_session &base, const Bind &bind) {
  CudaSession &session = onGpu(base);
  if (session.isLost)
    return lost(session);
  EntryTensors &bound = session.entries[bind.entry];
  CudaTransfers &t = session.transfers;
  uint64_t end =
      alignedForCuda(sizeof(ingot_cuda_kernel_status) + kCudaSpareBytes);
  uint64_t outputs = end;
  for (uint32_t i = 0; i < bound.outputs.size(); ++i)
    if (!isInPlace(bound, i))
      end += alignedForCuda(bind.outputs[i].bytes);
  t.downloadBytes = end;
  for (uint32_t i = 0; i < bound.inputs.size(); ++i)
    if (!isOnDevice(bound.inputs[i]))
      end += alignedForCuda(bind.inputs[i].bytes);
  t.uploadBytes = end - t.downloadBytes;
  if (Error error = growTransfers(session, end))
    return error;

  uint64_t next = outputs;
  for (uint32_t i = 0; i < bound.outputs.size(); ++i) {
    void *data = bound.outputs[i].data;
    if (isInPlace(bound, i)) {
      session.setAddress(bound.outputAt[i], addressOf(data));
    } else {
      session.setAddress(bound.outputAt[i], t.device + next);
      if (!bound.isBorrowed[i])
        data = t.host + next;
      next += alignedForCuda(bind.outputs[i].bytes);
    }
    bound.outputData[i] = data;
  }
  for (uint32_t i = 0; i < bound.inputs.size(); ++i) {
    if (isOnDevice(bound.inputs[i])) {
      session.setAddress(bound.inputAt[i], addressOf(bound.inputs[i].data));
      continue;
    }
    session.setAddress(bound.inputAt[i], t.device + next);
    next += alignedForCuda(bind.inputs[i].bytes);
  }
  for (const BoundStep &step : bind.program.steps)
    if (step.kind == fmt::StepKind::Launch && step.tasks &&
        (step.grid[0] > INT32_MAX || step.grid[1] > 65535 ||
         step.grid[2] > 65535))
      return makeError(session.allocator, INGOT_ERROR_SHAPE,
                       "step '%s' needs a grid of %lld x %lld x %lld blocks, "
                       "more than a GPU has at these dims",
                       step.step->name() ? step.step->name()->c_str() : "",
                       (long long)step.grid[0], (long long)step.grid[1],
                       (long long)step.grid[2]);
  return checkClusters(session, bind.program);
}

} // namespace ingot::runtime
