#include "runtime/cpu_device.h"
#include "runtime/fill.h"

#include <string.h>
#include <sys/mman.h>

namespace ingot::runtime {

CpuModel::~CpuModel() {
  if (code)
    munmap(const_cast<uint8_t *>(code), codeLength);
}

namespace {

CpuFeatures featuresOfList(const char *list) {
  CpuFeatures features = 0;
  while (*list) {
    size_t length = strcspn(list, ",");
    features |= cpuFeature(list, length);
    list += length + (list[length] == ',');
  }
  return features;
}

void destroyDevice(ingot_device *device) {
  device->allocator.destroy(static_cast<CpuDevice *>(device));
}

bool canRun(const ingot_device &device, const fmt::Target &target,
            Text &missing) {
  if (target.device() != fmt::DeviceKind::Cpu) {
    missing.append("a GPU: it is for another device");
    return false;
  }
  CpuFeatures features = static_cast<const CpuDevice &>(device).cpuFeatures;
  CpuFeatures needed = 0;
  for (uint32_t i = 0; i < count(target.features()); ++i) {
    const flatbuffers::String &name = *target.features()->Get(i);
    CpuFeatures bit = cpuFeature(name.c_str(), name.size());
    needed |= bit;
    if (!bit || !(features & bit))
      missing.append(missing.empty() ? "%s" : ", %s", name.c_str());
  }
  if (missing.empty() && !obtainStateOf(needed))
    missing.append("tile registers, which the system refuses to this process");
  return missing.empty();
}

Error allocate(ingot_device &device, const char *what, size_t bytes,
               uint64_t *address) {
  void *memory = device.allocator.allocate(bytes, 64);
  if (!memory)
    return outOfMemory(device.allocator, what, bytes);
  *address = reinterpret_cast<uintptr_t>(memory);
  return nullptr;
}

void release(ingot_device &device, uint64_t address, size_t bytes) {
  device.allocator.release(reinterpret_cast<void *>(address), bytes);
}

ingot_model *makeModel(ingot_device &device) {
  return device.allocator.make<CpuModel>(&device);
}

void destroyModel(ingot_model *model) {
  model->allocator.destroy(static_cast<CpuModel *>(model));
}

Error fillWeights(CpuModel &model) {
  const auto *blobs = model.header().blobs();
  auto forEach = [&](auto visit) {
    for (uint32_t i = 0; i < count(blobs); ++i)
      if (blobs->Get(i)->fill())
        visit(i, *blobs->Get(i));
  };
  uint64_t total = 0;
  bool isTooMuch = false;
  auto padded = [](const fmt::Blob &blob) {
    return (blob.length() + fmt::kBlobAlignment - 1) / fmt::kBlobAlignment *
           fmt::kBlobAlignment;
  };
  forEach([&](uint32_t, const fmt::Blob &blob) {
    isTooMuch |= padded(blob) < blob.length() ||
                 __builtin_add_overflow(total, padded(blob), &total);
  });
  if (isTooMuch || (total && !model.filled.grow(model.allocator, total)))
    return outOfMemory(model.allocator, "weights",
                       isTooMuch ? UINT64_MAX : total);
  uint8_t *next = model.filled.data();
  forEach([&](uint32_t i, const fmt::Blob &blob) {
    fillWeight(blob, 0, blob.length(), next);
    model.weights[i] = reinterpret_cast<uintptr_t>(next);
    next += padded(blob);
  });
  return nullptr;
}

Error loadCode(ingot_model &base) {
  auto &model = static_cast<CpuModel &>(base);
  const fmt::Target &target = *model.target;
  bool isCopied = false;
  if (target.code_length())
    if (Error error = model.artifact.mapCode(
            model.allocator, target.code_offset(), target.code_length(),
            &model.code, &model.codeLength, &isCopied))
      return error;
  if (isCopied)
    model.device->log(INGOT_LOG_INFO, "'%s': code copied to memory",
                      model.artifact.name());
  for (uint32_t i = 0; i < model.kernels.size(); ++i)
    model.kernels[i] = reinterpret_cast<uintptr_t>(model.code) +
                       target.kernels()->Get(i)->offset();
  for (uint32_t i = 0; i < model.weights.size(); ++i)
    model.weights[i] = reinterpret_cast<uintptr_t>(model.artifact.data()) +
                       model.header().blobs()->Get(i)->offset();
  return fillWeights(model);
}

Error runInit(ingot_model &model, Program &program, RunOutcome &outcome) {
  CpuExecutor executor;
  executor.configure(model.allocator, 1, {});
  if (Error error = executor.prepare(program.workerScratchBytes))
    return error;
  executor.execute({program.steps.data(), uint32_t(program.steps.size()),
                    program.args.data(), nullptr, nullptr},
                   outcome);
  return nullptr;
}

} // namespace

constinit const DeviceFunctions cpuFunctions = {destroyDevice,
                                                canRun,
                                                allocate,
                                                release,
                                                makeModel,
                                                destroyModel,
                                                UINT32_MAX,
                                                0,
                                                loadCode,
                                                runInit,
                                                makeCpuSession,
                                                destroyCpuSession,
                                                configureCpuSession,
                                                setCpuThreads,
                                                checkCpuTensor,
                                                zeroCpu,
                                                placeCpuTensors,
                                                prepareCpuRun,
                                                runCpu};

Error createCpuDevice(const Allocator &allocator,
                      const ingot_device_options &options,
                      ingot_device **result) {
  auto *device = allocator.make<CpuDevice>(allocator);
  if (!device)
    return outOfMemory(allocator, "a device", sizeof(CpuDevice));
  device->logFunction = options.log;
  device->logUser = options.log_user;
  device->description.append("this CPU");
  device->cpuFeatures = detectCpuFeatures();
  if (options.cpu_features)
    device->cpuFeatures &= featuresOfList(options.cpu_features);
  for (unsigned i = 0; const char *name = cpuFeatureName(i); ++i)
    if (device->cpuFeatures >> i & 1)
      device->features.append(device->features.empty() ? "%s" : ",%s", name);
  *result = device;
  return nullptr;
}

} // namespace ingot::runtime
