// A model on a GPU: modules, weights from the mapped file, the init plan.
#include "runtime/cuda_device.h"

#include <stdio.h>
#include <string.h>

namespace ingot::runtime {
namespace {

// Copies from the file go through two buffers of this size, one filled while
// the other is on its way.
constexpr size_t kUploadBytes = 8 << 20;

// What the emulated driver takes for a module begins so; the kernel's text
// follows, up to a zero.
constexpr char kStubMagic[] = "//ingot stub 1\n";

CudaModel &cuda(ingot_model &model) { return static_cast<CudaModel &>(model); }

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
  const uint8_t *from = model.artifact.data() + blob.offset();
  uint64_t left = blob.length();
  while (left) {
    PinnedMemory &buffer = buffers[next];
    if (isUsed[next])
      if (Error error = device.check(driver.eventSynchronize(isFree[next]),
                                     "uploading weights"))
        return error;
    size_t bytes = left < buffer.size() ? left : buffer.size();
    memcpy(buffer.data(), from, bytes);
    cuda::Result result =
        driver.copyToDeviceAsync(to, buffer.data(), bytes, stream);
    if (result == cuda::success)
      result = driver.eventRecord(isFree[next], stream);
    if (Error error = device.check(result, "uploading weights"))
      return error;
    isUsed[next] = true;
    next ^= 1;
    to += bytes;
    from += bytes;
    left -= bytes;
  }
  return nullptr;
}

Error loadModule(CudaModel &model, uint32_t number, const void *image) {
  const CudaDevice &device = model.gpu();
  const char *name = model.target->kernels()->Get(number)->name()->c_str();
  char log[2048] = "";
  cuda::JitOption options[] = {cuda::jitErrorLogBuffer,
                               cuda::jitErrorLogBufferSizeBytes};
  void *values[] = {log, reinterpret_cast<void *>(sizeof(log))};
  CudaKernel &kernel = model.code[number];
  cuda::Module module = nullptr;
  cuda::Result result =
      device.driver.moduleLoadDataEx(&module, image, 2, options, values);
  cuda::Function function = nullptr;
  if (result == cuda::success) {
    kernel.module = module;
    result = device.driver.moduleGetFunction(&function, module, name);
  }
  if (result == cuda::success && kernel.sharedBytes > 48 << 10)
    result = device.driver.functionSetAttribute(
        function, cuda::functionMaxDynamicSharedSizeBytes,
        int(kernel.sharedBytes));
  model.kernels[number] = reinterpret_cast<uintptr_t>(function);
  if (result == cuda::success)
    return nullptr;
  Text why;
  device.driver.append(why, result);
  bool isTooNew = result == cuda::unsupportedPtxVersion ||
                  result == cuda::invalidImage ||
                  result == cuda::noBinaryForGpu;
  return makeError(model.allocator,
                   result == cuda::outOfMemory ? INGOT_ERROR_OUT_OF_MEMORY
                   : isTooNew                  ? INGOT_ERROR_NO_CODE
                                               : INGOT_ERROR_DEVICE,
                   "%s cannot load kernel '%s' of '%s': %s%s%s%s",
                   device.description.c_str(), name, model.artifact.name(),
                   why.c_str(),
                   isTooNew ? "; the driver may be too old for the code" : "",
                   log[0] ? "\n" : "", log);
}

Error loadKernel(CudaModel &model, uint32_t number, bool isPtx) {
  const fmt::Kernel &from = *model.target->kernels()->Get(number);
  const CudaDevice &device = model.gpu();
  CudaKernel &kernel = model.code[number];
  const fmt::Block *block = from.block();
  uint64_t threads = 0;
  if (block) {
    kernel.block[0] = block->x();
    kernel.block[1] = block->y();
    kernel.block[2] = block->z();
    // Checked one by one first, so that the product does not overflow.
    if (block->x() <= 1024 && block->y() <= 1024 && block->z() <= 64)
      threads = uint64_t(block->x()) * block->y() * block->z();
  }
  kernel.sharedBytes = from.shared_bytes();
  if (!threads || threads > 1024 ||
      kernel.sharedBytes > unsigned(device.maxSharedBytes))
    return makeError(model.allocator, INGOT_ERROR_NO_CODE,
                     "kernel '%s' of '%s' has blocks of %u x %u x %u threads "
                     "and %u bytes of shared memory; %s has at most 1024 and "
                     "%d",
                     from.name()->c_str(), model.artifact.name(),
                     kernel.block[0], kernel.block[1], kernel.block[2],
                     kernel.sharedBytes, device.description.c_str(),
                     device.maxSharedBytes);
  const uint8_t *image =
      model.artifact.data() + model.target->code_offset() + from.offset();
  if (!device.isEmulated && !isPtx)
    return loadModule(model, number, image);

  // Texts must end in a zero.
  const char *magic = "", *text = reinterpret_cast<const char *>(image);
  size_t length = from.length();
  if (device.isEmulated) {
    if (!from.source())
      return makeError(model.allocator, INGOT_ERROR_NO_CODE,
                       "kernel '%s' of '%s' has no source, which the emulated "
                       "driver runs",
                       from.name()->c_str(), model.artifact.name());
    magic = kStubMagic;
    text = from.source()->c_str();
    length = from.source()->size();
  }
  Array<char> copy;
  size_t magicLength = strlen(magic);
  if (!copy.create(model.allocator, magicLength + length + 1))
    return outOfMemory(model.allocator, "a kernel's text", length);
  memcpy(copy.data(), magic, magicLength);
  memcpy(copy.data() + magicLength, text, length);
  return loadModule(model, number, copy.data());
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

/// Gives the weights that runs use their place and uploads them. What only init
/// plans use stays in the file.
Error loadWeights(CudaModel &model) {
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
      if (Error error = launchStep(model, step, &program.args[step.firstArg],
                                   status, loader.stream))
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

CudaModel::~CudaModel() {
  CudaScope scope(gpu());
  for (CudaKernel &kernel : code)
    if (kernel.module)
      (void)gpu().driver.moduleUnload(kernel.module);
}

ingot_model *makeCudaModel(ingot_device &device) {
  return device.allocator.make<CudaModel>(&device);
}

void destroyCudaModel(ingot_model *model) {
  model->allocator.destroy(&cuda(*model));
}

Error checkCudaPlan(const ingot_model &model, const fmt::Entry &entry,
                    const fmt::Plan &plan) {
  for (auto *steps : {plan.init(), plan.steps()})
    for (uint32_t i = 0; i < count(steps); ++i) {
      const fmt::Step &step = *steps->Get(i);
      bool isKnown = step.kind() == fmt::StepKind::Launch ||
                     step.kind() == fmt::StepKind::Copy ||
                     step.kind() == fmt::StepKind::Fill;
      isKnown &= count(step.args()) <= CudaParameters::kMost;
      for (uint32_t a = 0; a < count(step.args()); ++a) {
        const fmt::Arg &arg = *step.args()->Get(a);
        isKnown &= arg.kind() != fmt::ArgKind::TensorMap;
        isKnown &= arg.kind() != fmt::ArgKind::Pointer ||
                   plan.buffers()->Get(arg.buffer())->kind() !=
                       fmt::BufferKind::WorkerScratch;
      }
      if (!isKnown)
        return makeError(
            model.allocator, INGOT_ERROR_VERSION,
            "'%s': step %u of entry '%s' is of a kind that this runtime (%s) "
            "cannot run on a GPU",
            model.artifact.name(), i, entry.name()->c_str(), ingot_version());
    }
  return nullptr;
}

Error loadCudaCode(ingot_model &base) {
  CudaModel &model = cuda(base);
  const CudaDevice &device = model.gpu();
  CudaScope scope(device);
  if (Error error = scope.error())
    return error;
  if (!model.code.create(model.allocator, model.kernels.size()))
    return outOfMemory(model.allocator, "a model",
                       model.kernels.size() * sizeof(CudaKernel));
  const char *target = model.target->name()->c_str();
  bool isPtx = !strncmp(target, "compute_", 8);
  if (isPtx && !device.isEmulated)
    device.log(INGOT_LOG_INFO, "'%s': the driver compiles %s code for %s",
               model.artifact.name(), target, device.features.c_str());
  for (uint32_t i = 0; i < model.code.size(); ++i)
    if (Error error = loadKernel(model, i, isPtx))
      return error;
  return loadWeights(model);
}

Error runCudaInit(ingot_model &base, Program &program, RunOutcome &outcome) {
  CudaModel &model = cuda(base);
  CudaScope scope(model.gpu());
  if (Error error = scope.error())
    return error;
  return InitRun(model, program).run(outcome);
}

Error launchStep(const CudaModel &model, const BoundStep &step, uint64_t *args,
                 uint64_t status, cuda::Stream stream) {
  const CudaDriver &driver = model.gpu().driver;
  cuda::Result result;
  if (step.kind == fmt::StepKind::Copy) {
    result = driver.copyOnDeviceAsync(args[0], args[1], args[2], stream);
  } else if (step.kind == fmt::StepKind::Fill) {
    result = driver.memsetD8Async(args[0], uint8_t(args[2]), args[1], stream);
  } else {
    const CudaKernel &kernel = model.code[step.step->kernel()];
    CudaParameters parameters(args, count(step.step->args()), status,
                              step.number);
    result = driver.launchKernel(
        reinterpret_cast<cuda::Function>(step.kernel), unsigned(step.grid[0]),
        unsigned(step.grid[1]), unsigned(step.grid[2]), kernel.block[0],
        kernel.block[1], kernel.block[2], kernel.sharedBytes, stream,
        parameters.data(), nullptr);
  }
  if (result == cuda::success)
    return nullptr;
  Text doing;
  doing.append("starting step '%s'",
               step.step->name() ? step.step->name()->c_str() : "(unnamed)");
  return model.gpu().check(result, doing.c_str());
}

void readStatus(const ingot_cuda_kernel_status &status, const Program &program,
                RunOutcome &outcome) {
  if (!status.code)
    return;
  outcome.isFailed = true;
  outcome.status = {status.code, status.value, status.limit};
  // A number that no kernel was given is our kernel's fault; name the first.
  outcome.failedStep =
      status.step >= 0 && uint64_t(status.step) < program.steps.size()
          ? uint32_t(status.step)
          : 0;
}

} // namespace ingot::runtime
