// A model on a GPU: its modules, and how a step is started.
#include "runtime/cuda_device.h"

#include <string.h>

namespace ingot::runtime {
namespace {

// What the emulated driver takes for a module begins so; the kernel's text
// follows, up to a zero.
constexpr char kStubMagic[] = "//ingot stub 1\n";

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
  kernel.waits = from.waits();
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
  model->allocator.destroy(&onGpu(*model));
}

Error loadCudaCode(ingot_model &base) {
  CudaModel &model = onGpu(base);
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
  return loadCudaWeights(model);
}

Error launchStep(const CudaModel &model, Program &program,
                 const BoundStep &step, uint64_t status, cuda::Stream stream) {
  const CudaDriver &driver = model.gpu().driver;
  uint64_t *args = program.args.data() + step.firstArg;
  cuda::Result result;
  if (step.kind == fmt::StepKind::Copy) {
    result = driver.copyOnDeviceAsync(args[0], args[1], args[2], stream);
  } else if (step.kind == fmt::StepKind::Fill) {
    result = driver.memsetD8Async(args[0], uint8_t(args[2]), args[1], stream);
  } else {
    const CudaKernel &kernel = model.code[step.step->kernel()];
    CudaParameters parameters(args, count(step.step->args()), status,
                              step.number);
    cuda::TensorMap maps[kMostCudaMaps];
    result = cuda::success;
    for (uint32_t i = 0; i < step.maps && result == cuda::success; ++i) {
      const BoundMap &map = program.maps[step.firstMap + i];
      result = encodeMap(driver, map, args[map.arg], &maps[i]);
      parameters.setMap(map.arg, maps[i]);
    }
    if (result == cuda::success)
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
