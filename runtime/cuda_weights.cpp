// Weights on a GPU: from the mapped file, as they are or through the init plan.
#include "runtime/cuda_device.h"
#include "runtime/fill.h"

#include <string.h>

namespace ingot::runtime {
namespace {

// Copies from the file go through two buffers of this size, one filled while
// the other is on its way.
constexpr size_t kUploadBytes = 8 << 20;

/// Work of loading a model, in order on a stream of its own. What is enqueued
/// has finished when the object is gone.
class Loader {
public:
  explicit Loader(const CudaModel &model)
      : model(model), device(model.gpu()), driver(device.driver) {}
  ~Loader();
  Loader(const Loader &) = delete;
  /// `most`: bytes of the largest upload.
  Error create(size_t most);
  Error upload(uint64_t to, uint64_t blob);
  Error finish() {
    return device.check(driver.streamSynchronize(stream), "loading a model");
  }

  const CudaModel &model;
  const CudaDevice &device;
  const CudaDriver &driver;
  cuda::Stream stream = nullptr;

private:
  PinnedMemory buffers[2];
  cuda::Event isFree[2] = {};
  bool isUsed[2] = {};
  unsigned next = 0;
};

Loader::~Loader() {
  if (!stream)
    return;
  (void)driver.streamSynchronize(stream);
  for (cuda::Event event : isFree)
    if (event)
      (void)driver.eventDestroy(event);
  (void)driver.streamDestroy(stream);
}

Error Loader::create(size_t most) {
  if (Error error =
          device.check(driver.streamCreate(&stream, cuda::streamNonBlocking),
                       "making a stream"))
    return error;
  for (int i = 0; i < 2 && most; ++i) {
    if (Error error =
            buffers[i].grow(device, "uploading weights",
                            most < kUploadBytes ? most : kUploadBytes))
      return error;
    if (Error error = device.check(
            driver.eventCreate(&isFree[i], cuda::eventDisableTiming),
            "making an event"))
      return error;
  }
  return nullptr;
}

Error Loader::upload(uint64_t to, uint64_t number) {
  const fmt::Blob &blob = *model.header().blobs()->Get(uint32_t(number));
  uint64_t left = blob.length();
  while (left) {
    PinnedMemory &buffer = buffers[next];
    if (isUsed[next])
      if (Error error = device.check(driver.eventSynchronize(isFree[next]),
                                     "uploading weights"))
        return error;
    size_t bytes = left < buffer.size() ? left : buffer.size();
    if (blob.fill())
      fillWeight(blob, blob.length() - left, bytes, buffer.data());
    else
      memcpy(buffer.data(),
             model.artifact.data() + blob.offset() + (blob.length() - left),
             bytes);
    cuda::Result result =
        driver.copyToDeviceAsync(to, buffer.data(), bytes, stream);
    if (result == cuda::success)
      result = driver.eventRecord(isFree[next], stream);
    if (Error error = device.check(result, "uploading weights"))
      return error;
    isUsed[next] = true;
    next ^= 1;
    to += bytes;
    left -= bytes;
  }
  return nullptr;
}

template <typename Visit>
void forEachWeight(const fmt::Plan &plan, const fmt::Step &step, Visit visit) {
  for (uint32_t a = 0; a < count(step.args()); ++a) {
    const fmt::Arg &arg = *step.args()->Get(a);
    if (arg.kind() != fmt::ArgKind::Pointer)
      continue;
    const fmt::Buffer &buffer = *plan.buffers()->Get(arg.buffer());
    if (buffer.kind() == fmt::BufferKind::Weight)
      visit(buffer.index());
  }
}

/// Runs init steps in order. Weights that only they use are uploaded step by
/// step into memory that the next step's overwrite: the peak is the model as it
/// stays, plus the largest step's.
class InitRun {
public:
  InitRun(CudaModel &model, Program &program)
      : model(model), program(program), loader(model) {}

  Error run(RunOutcome &outcome) {
    if (!places.create(model.allocator, model.weights.size()))
      return outOfMemory(model.allocator, "a model",
                         model.weights.size() * sizeof(uint64_t));
    uint64_t transient = 0, most = 0;
    for (const BoundStep &step : program.steps) {
      uint64_t ofStep = 0;
      forEachTransient(step, [&](Patch &, uint64_t bytes, bool isFirst) {
        ofStep += isFirst ? alignedForCuda(bytes) : 0;
        most = bytes > most ? bytes : most;
      });
      transient = ofStep > transient ? ofStep : transient;
    }
    if (Error error = memory.grow(*model.device, "loading weights",
                                  transient + sizeof(ingot_cuda_kernel_status)))
      return error;
    if (Error error = loader.create(most))
      return error;
    uint64_t status = memory.address() + transient;
    const CudaDevice &device = model.gpu();
    if (Error error = device.check(device.driver.memsetD8Async(
                                       status, 0, sizeof(found), loader.stream),
                                   "clearing a status"))
      return error;
    for (const BoundStep &step : program.steps) {
      if (!step.tasks)
        continue;
      if (Error error = uploadFor(step))
        return error;
      if (Error error = launchStep(model, program, step, status, loader.stream))
        return error;
    }
    if (Error error =
            device.check(device.driver.copyToHostAsync(
                             &found, status, sizeof(found), loader.stream),
                         "reading a status"))
      return error;
    if (Error error = loader.finish())
      return error;
    readStatus(found, program, outcome);
    return nullptr;
  }

private:
  /// Patches of a step's weights that have no memory yet.
  template <typename Visit>
  void forEachTransient(const BoundStep &step, Visit visit) {
    uint32_t end = step.firstArg + count(step.step->args());
    for (size_t p = 0; p < program.patches.size(); ++p) {
      Patch &patch = program.patches[p];
      if (patch.kind != fmt::BufferKind::Weight || patch.arg < step.firstArg ||
          patch.arg >= end)
        continue;
      bool isFirst = true;
      for (size_t q = 0; q < p; ++q)
        isFirst &= program.patches[q].kind != fmt::BufferKind::Weight ||
                   program.patches[q].index != patch.index ||
                   program.patches[q].arg < step.firstArg;
      visit(patch, model.header().blobs()->Get(patch.index)->length(), isFirst);
    }
  }

  Error uploadFor(const BoundStep &step) {
    uint64_t next = memory.address();
    Error error = nullptr;
    forEachTransient(step, [&](Patch &patch, uint64_t bytes, bool isFirst) {
      if (isFirst && !error) {
        places[patch.index] = next;
        next += alignedForCuda(bytes);
        error = loader.upload(places[patch.index], patch.index);
      }
      program.args[patch.arg] = places[patch.index] + uint64_t(patch.offset);
    });
    return error;
  }

  CudaModel &model;
  Program &program;
  // What the loader writes; it has finished before they go.
  DeviceMemory memory;
  ingot_cuda_kernel_status found = {};
  Loader loader;
  Array<uint64_t> places;
};

} // namespace

Error loadCudaWeights(CudaModel &model) {
  const auto *blobs = model.header().blobs();
  uint64_t total = 0, most = 0;
  constexpr uint64_t kHere = 1; // addresses below are offsets + 1 at first
  for (const fmt::Plan *plan : model.plans)
    for (uint32_t i = 0; plan && i < count(plan->steps()); ++i)
      forEachWeight(*plan, *plan->steps()->Get(i), [&](uint32_t blob) {
        if (model.weights[blob])
          return;
        uint64_t bytes = blobs->Get(blob)->length();
        model.weights[blob] = total + kHere;
        total += alignedForCuda(bytes);
        most = bytes > most ? bytes : most;
      });
  if (!total)
    return nullptr;
  if (Error error =
          model.weightMemory.grow(*model.device, "memory for weights", total))
    return error;
  for (uint64_t &address : model.weights)
    if (address)
      address += model.weightMemory.address() - kHere;
  Loader loader(model);
  if (Error error = loader.create(most))
    return error;
  for (uint32_t i = 0; i < model.weights.size(); ++i)
    if (model.weights[i])
      if (Error error = loader.upload(model.weights[i], i))
        return error;
  return loader.finish();
}

Error runCudaInit(ingot_model &base, Program &program, RunOutcome &outcome) {
  CudaModel &model = onGpu(base);
  CudaScope scope(model.gpu());
  if (Error error = scope.error())
    return error;
  return InitRun(model, program).run(outcome);
}

} // namespace ingot::runtime
