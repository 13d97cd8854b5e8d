// Runs on a GPU: copies in and out, the graph or the steps one by one, errors.
#include "runtime/cuda_session.h"

#include <string.h>

namespace ingot::runtime {

void dropTimes(CudaSession &session) {
  for (cuda::Event event : session.times)
    if (event)
      (void)session.gpu().driver.eventDestroy(event);
  session.times.clear();
}

namespace {

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

uint8_t *staging(const CudaSession &session, uint64_t address) {
  return session.transfers.host + (address - session.transfers.device);
}

Error makeTimes(CudaSession &session, size_t size) {
  if (session.times.size() >= size)
    return nullptr;
  dropTimes(session);
  if (!session.times.create(session.allocator, size))
    return outOfMemory(session.allocator, "a profile",
                       size * sizeof(cuda::Event));
  const CudaDevice &device = session.gpu();
  for (cuda::Event &event : session.times)
    if (Error error =
            device.check(device.driver.eventCreate(&event, cuda::eventDefault),
                         "making an event")) {
      event = nullptr;
      dropTimes(session);
      return error;
    }
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
    if (program.isByLibrary(step)) {
      if (Error error = session.library.enqueue(program, step, session.stream))
        return error;
    } else if (step.tasks) {
      if (Error error = launchStep(session.gpuModel(), program, step, t.device,
                                   session.stream))
        return error;
    }
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
    session.stepTimes[i].nanoseconds = int64_t(double(milliseconds) * 1e6);
  }
  return nullptr;
}

/// All runs of ingot_session_time between two events.
Error enqueueTimed(CudaSession &session, CudaGraph &graph) {
  const CudaDevice &device = session.gpu();
  if (Error error = makeTimes(session, 2))
    return error;
  auto record = [&](size_t i) {
    return device.check(
        device.driver.eventRecord(session.times[i], session.stream),
        "timing runs");
  };
  if (Error error = record(0))
    return error;
  for (uint32_t i = 0; i < session.timedRuns; ++i)
    if (Error error = graph.launch(session.stream))
      return error;
  return record(1);
}

Error readTimed(CudaSession &session) {
  float milliseconds = 0;
  if (Error error = session.gpu().check(
          session.gpu().driver.eventElapsedTime(&milliseconds, session.times[0],
                                                session.times[1]),
          "timing runs"))
    return error;
  session.timed = int64_t(double(milliseconds) * 1e6);
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
  } else if (session.timedRuns) {
    error = enqueueTimed(session, session.graphs[bind.entry]);
  } else {
    error = session.graphs[bind.entry].launch(session.stream);
  }
  // Also after an error: some steps may be under way.
  cuda::Result result = device.driver.streamSynchronize(session.stream);
  if (result == cuda::success && !error)
    return session.timedRuns ? readTimed(session) : nullptr;
  session.isLost |= result != cuda::success;
  if (error)
    return error;
  Text doing;
  doing.append("a run of '%s'", session.model->artifact.name());
  return device.check(result, doing.c_str());
}

} // namespace

/// Who does the products of a new shape.
static Error chooseProducts(CudaSession &session, Program &program) {
  for (const BoundStep &step : program.steps) {
    if (step.product == fmt::kNone || !step.tasks)
      continue;
    BoundProduct &product = program.products[step.product];
    uint32_t from = step.step->product()->library_from();
    bool isWanted = session.isLibraryWanted ||
                    (from != fmt::kNone && product.m >= int64_t(from));
    if (product.isChosen || !isWanted || !session.library.isOpen())
      continue;
    if (Error error = session.library.choose(program, step))
      return error;
    product.isChosen = true;
  }
  return nullptr;
}

Error prepareCudaRun(ingot_session &base, Bind &bind) {
  CudaSession &session = onGpu(base);
  CudaGraph &graph = session.graphs[bind.entry];
  bool isPrepared = bind.preparedAt && bind.preparedAt == graph.generation();
  if (isPrepared || (session.profile && !session.library.isOpen()))
    return nullptr;
  CudaScope scope(session.gpu());
  if (Error error = scope.error())
    return error;
  if (Error error = chooseProducts(session, bind.program))
    return error;
  if (session.profile)
    return nullptr;
  if (Error error = graph.prepare(session.gpuModel(), bind.program,
                                  session.transfers, session.library))
    return error;
  bind.preparedAt = graph.generation();
  return nullptr;
}

Error runCuda(ingot_session &base, Bind &bind, RunOutcome &outcome) {
  CudaSession &session = onGpu(base);
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
