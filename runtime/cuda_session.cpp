// Sessions on a GPU: host tensors are copied on the way in and out, tensors on
// the device are used in place.
#include "runtime/cuda_graph.h"

#include <string.h>

namespace ingot::runtime {
namespace {

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
  Array<CudaGraph> graphs; // by entry
  // Of host tensors and the status, see CudaTransfers.
  DeviceMemory deviceTransfers;
  PinnedMemory hostTransfers;
  CudaTransfers transfers; // of the bind placed last
  cuda::Event otherStream = nullptr;
  Array<cuda::Event> times; // around steps, while profiling
};

CudaSession &cuda(ingot_session &session) {
  return static_cast<CudaSession &>(session);
}

CudaSession::~CudaSession() {
  CudaScope scope(gpu());
  const CudaDriver &driver = gpu().driver;
  // Fails where the device is lost; then so does all that follows.
  if (stream)
    (void)driver.streamSynchronize(stream);
  graphs.clear();
  for (cuda::Event event : times)
    if (event)
      (void)driver.eventDestroy(event);
  if (otherStream)
    (void)driver.eventDestroy(otherStream);
  if (isStreamOwned)
    (void)driver.streamDestroy(stream);
}

Error lost(const CudaSession &session) {
  return makeError(session.allocator, INGOT_ERROR_DEVICE,
                   "this session is lost since an error of %s: destroy it",
                   session.gpu().name);
}

/// After what may have left work on the device in an unknown state.
Error lose(CudaSession &session, Error error) {
  session.isLost |= error != nullptr;
  return error;
}

/// What others have put on their streams happens before the run.
Error waitForStreams(CudaSession &session, const EntryTensors &bound) {
  const CudaDevice &device = session.gpu();
  const CudaDriver &driver = device.driver;
  for (const Array<ingot_tensor> *tensors : {&bound.inputs, &bound.outputs})
    for (const ingot_tensor &tensor : *tensors) {
      auto other = static_cast<cuda::Stream>(tensor.stream);
      bool isOurs = other == session.stream;
      if (!other || (isOurs && isOnDevice(tensor)))
        continue;
      cuda::Result result = cuda::success;
      if (!isOnDevice(tensor)) {
        result = driver.streamSynchronize(other);
      } else {
        if (!session.otherStream)
          result = driver.eventCreate(&session.otherStream,
                                      cuda::eventDisableTiming);
        if (result == cuda::success)
          result = driver.eventRecord(session.otherStream, other);
        if (result == cuda::success)
          result =
              driver.streamWaitEvent(session.stream, session.otherStream, 0);
      }
      if (Error error =
              device.check(result, "waiting for the stream of a tensor"))
        return error;
    }
  return nullptr;
}

uint64_t addressOf(const void *data) {
  return reinterpret_cast<uintptr_t>(data);
}

bool isInPlace(const EntryTensors &bound, uint32_t output) {
  return bound.isBorrowed[output] && isOnDevice(bound.outputs[output]);
}

uint8_t *staging(const CudaSession &session, uint64_t address) {
  return session.transfers.host + (address - session.transfers.device);
}

Error makeTimes(CudaSession &session, size_t size) {
  if (session.times.size() >= size)
    return nullptr;
  const CudaDevice &device = session.gpu();
  for (cuda::Event event : session.times)
    if (event)
      (void)device.driver.eventDestroy(event);
  if (!session.times.create(session.allocator, size))
    return outOfMemory(session.allocator, "a profile",
                       size * sizeof(cuda::Event));
  for (cuda::Event &event : session.times)
    if (Error error =
            device.check(device.driver.eventCreate(&event, cuda::eventDefault),
                         "making an event"))
      return error;
  return nullptr;
}

bool isCancelled(const CudaSession &session) {
  return session.cancelFlag &&
         __atomic_load_n(session.cancelFlag, __ATOMIC_RELAXED);
}

/// The run without a graph, with a time after each step.
Error enqueueSteps(CudaSession &session, Program &program,
                   RunOutcome &outcome) {
  const CudaDevice &device = session.gpu();
  const CudaDriver &driver = device.driver;
  const CudaTransfers &t = session.transfers;
  cuda::Result result = cuda::success;
  if (t.uploadBytes)
    result = driver.copyToDeviceAsync(t.device + t.downloadBytes,
                                      t.host + t.downloadBytes, t.uploadBytes,
                                      session.stream);
  if (result == cuda::success)
    result = driver.eventRecord(session.times[0], session.stream);
  if (Error error = device.check(result, "uploading inputs"))
    return error;
  for (uint32_t i = 0; i < program.steps.size(); ++i) {
    const BoundStep &step = program.steps[i];
    if (isCancelled(session)) {
      outcome.isCancelled = true;
      break;
    }
    if (step.tasks)
      if (Error error = launchStep(session.gpuModel(), step,
                                   program.args.data() + step.firstArg,
                                   t.device, session.stream))
        return error;
    if (Error error = device.check(
            driver.eventRecord(session.times[i + 1], session.stream),
            "timing a step"))
      return error;
  }
  return device.check(
      driver.copyToHostAsync(t.host, t.device, t.downloadBytes, session.stream),
      "downloading outputs");
}

Error readTimes(CudaSession &session, const Program &program) {
  for (uint32_t i = 0; i < program.steps.size(); ++i) {
    if (!program.steps[i].tasks)
      continue;
    float milliseconds = 0;
    if (Error error = session.gpu().check(
            session.gpu().driver.eventElapsedTime(
                &milliseconds, session.times[i], session.times[i + 1]),
            "timing a step"))
      return error;
    session.nanoseconds[i] = int64_t(double(milliseconds) * 1e6);
  }
  return nullptr;
}

/// Puts the run on the stream and waits for it.
Error execute(CudaSession &session, Bind &bind, RunOutcome &outcome) {
  const CudaDevice &device = session.gpu();
  Error error = nullptr;
  if (session.profile) {
    error = makeTimes(session, bind.program.steps.size() + 1);
    if (error)
      return error;
    error = enqueueSteps(session, bind.program, outcome);
  } else {
    error = session.graphs[bind.entry].launch(session.stream);
  }
  // Also after an error: some steps may be under way.
  cuda::Result result = device.driver.streamSynchronize(session.stream);
  if (result == cuda::success && !error)
    return nullptr;
  session.isLost |= result != cuda::success;
  if (error)
    return error;
  Text doing;
  doing.append("a run of '%s'", session.model->artifact.name());
  return device.check(result, doing.c_str());
}

} // namespace

ingot_session *makeCudaSession(ingot_model &model) {
  return model.allocator.make<CudaSession>(&model);
}

void destroyCudaSession(ingot_session *session) {
  session->allocator.destroy(&cuda(*session));
}

Error configureCudaSession(ingot_session &base,
                           const ingot_session_options &options) {
  CudaSession &session = cuda(base);
  const CudaDevice &device = session.gpu();
  session.parallel = device.parallel;
  if (!session.graphs.create(session.allocator, session.entries.size()))
    return outOfMemory(session.allocator, "a session",
                       session.entries.size() * sizeof(CudaGraph));
  session.stream = static_cast<cuda::Stream>(options.stream);
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
  CudaSession &session = cuda(base);
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
  return nullptr;
}

Error placeCudaTensors(ingot_session &base, const Bind &bind) {
  CudaSession &session = cuda(base);
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
  return nullptr;
}

Error prepareCudaRun(ingot_session &base, Bind &bind) {
  CudaSession &session = cuda(base);
  CudaGraph &graph = session.graphs[bind.entry];
  if (session.profile ||
      (bind.preparedAt && bind.preparedAt == graph.generation()))
    return nullptr;
  CudaScope scope(session.gpu());
  if (Error error = scope.error())
    return error;
  if (Error error =
          graph.prepare(session.gpuModel(), bind.program, session.transfers))
    return error;
  bind.preparedAt = graph.generation();
  return nullptr;
}

Error runCuda(ingot_session &base, Bind &bind, RunOutcome &outcome) {
  CudaSession &session = cuda(base);
  const CudaDevice &device = session.gpu();
  EntryTensors &bound = session.entries[bind.entry];
  outcome.isCancelled = isCancelled(session);
  if (outcome.isCancelled)
    return nullptr;
  CudaScope scope(device);
  if (Error error = scope.error())
    return error;
  if (Error error = waitForStreams(session, bound))
    return error;
  for (uint32_t i = 0; i < bound.inputs.size(); ++i)
    if (!isOnDevice(bound.inputs[i]) && bind.inputs[i].bytes)
      memcpy(staging(session, bound.inputAt[i]), bound.inputs[i].data,
             bind.inputs[i].bytes);
  if (Error error = execute(session, bind, outcome))
    return error;
  ingot_cuda_kernel_status status;
  memcpy(&status, session.transfers.host, sizeof(status));
  readStatus(status, bind.program, outcome);
  if (outcome.isFailed)
    return lose(session,
                zeroCuda(session, session.transfers.device, sizeof(status)));
  if (outcome.isCancelled)
    return nullptr;
  for (uint32_t i = 0; i < bound.outputs.size(); ++i)
    if (bound.isBorrowed[i] && !isInPlace(bound, i) && bind.outputs[i].bytes)
      memcpy(bound.outputs[i].data, staging(session, bound.outputAt[i]),
             bind.outputs[i].bytes);
  return session.profile ? readTimes(session, bind.program) : nullptr;
}

} // namespace ingot::runtime
