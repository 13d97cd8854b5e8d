#include "runtime/cuda_device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

namespace ingot::runtime {

CudaDevice::~CudaDevice() {
  if (context)
    (void)driver.primaryContextRelease(ordinal);
}

Error CudaDevice::check(cuda::Result result, const char *doing) const {
  if (result == cuda::success)
    return nullptr;
  Text why;
  driver.append(why, result);
  return makeError(allocator,
                   result == cuda::outOfMemory ? INGOT_ERROR_OUT_OF_MEMORY
                                               : INGOT_ERROR_DEVICE,
                   "%s: %s fails: %s%s", name, doing, why.c_str(),
                   CudaDriver::isLost(result)
                       ? "; the device is lost for this process"
                       : "");
}

Error CudaDevice::create(const char *path, int wanted) {
  if (Error error = driver.open(allocator, path, name))
    return error;
  library.append("%s", path);
  int deviceCount = 0;
  if (Error error =
          check(driver.deviceGetCount(&deviceCount), "counting devices"))
    return error;
  if (wanted >= deviceCount)
    return makeError(allocator, INGOT_ERROR_DEVICE,
                     "there is no device '%s': the CUDA driver finds %d GPU%s",
                     name, deviceCount, deviceCount == 1 ? "" : "s");
  cuda::Device found = 0;
  if (Error error = check(driver.deviceGet(&found, wanted), "opening it"))
    return error;
  ordinal = found;

  char model[128] = "";
  int multiprocessors = 0;
  size_t bytes = 0;
  auto get = [&](cuda::DeviceAttribute attribute, int *value) {
    return driver.deviceGetAttribute(value, attribute, ordinal);
  };
  for (cuda::Result result :
       {driver.deviceGetName(model, sizeof(model) - 1, ordinal),
        driver.deviceTotalMem(&bytes, ordinal),
        get(cuda::deviceComputeCapabilityMajor, &major),
        get(cuda::deviceComputeCapabilityMinor, &minor),
        get(cuda::deviceMultiprocessorCount, &multiprocessors),
        get(cuda::deviceMaxSharedMemoryPerBlockOptin, &maxSharedBytes)})
    if (Error error = check(result, "asking what it is"))
      return error;
  features.append("sm_%d%d", major, minor);
  modelName.append("%s", model);
  description.append("%s (%s, %s)", name, model, features.c_str());
  parallel = multiprocessors;
  memoryBytes = bytes;
  count = deviceCount;
  driverVersion = driver.version();
  // What NVIDIA recommends for cuBLAS.
  libraryBytes = (major >= 9 ? 32u : 4u) << 20;

  cuda::Context retained = nullptr;
  if (Error error = check(driver.primaryContextRetain(&retained, ordinal),
                          "making its context"))
    return error;
  context = retained;
  return nullptr;
}

namespace {

void destroyDevice(ingot_device *device) {
  device->allocator.destroy(static_cast<CudaDevice *>(device));
}

/// What a target's name asks of a GPU: "sm_80" is code for 8.0 and later
/// minors, "sm_90a" for 9.0 alone, "compute_80" is PTX, for all from 8.0 on.
bool canRun(const ingot_device &base, const fmt::Target &target,
            Text &missing) {
  const auto &device = static_cast<const CudaDevice &>(base);
  if (target.device() != fmt::DeviceKind::Cuda) {
    missing.append("another device");
    return false;
  }
  const char *name = target.name()->c_str();
  int number = 0;
  char suffix = 0;
  bool isPtx = sscanf(name, "compute_%d%c", &number, &suffix) > 0;
  if (!isPtx && sscanf(name, "sm_%d%c", &number, &suffix) < 1) {
    missing.append("a newer runtime, which knows the name");
    return false;
  }
  int here = device.major * 10 + device.minor;
  if (suffix == 'a') {
    missing.append("an sm_%d", number);
    return here == number;
  }
  bool isForAll = isPtx && suffix != 'f';
  missing.append(isForAll ? "an sm_%d or newer" : "an sm_%d or a later %d.x",
                 number, number / 10);
  return here >= number && (isForAll || device.major == number / 10);
}

Error allocate(ingot_device &base, const char *what, size_t bytes,
               uint64_t *address) {
  auto &device = static_cast<CudaDevice &>(base);
  CudaScope scope(device);
  if (Error error = scope.error())
    return error;
  cuda::Pointer memory = 0;
  cuda::Result result =
      device.driver.memAlloc(&memory, bytes ? bytes : kCudaAlignment);
  if (result == cuda::outOfMemory) {
    size_t left = 0, total = 0;
    (void)device.driver.memGetInfo(&left, &total);
    return makeError(device.allocator, INGOT_ERROR_OUT_OF_MEMORY,
                     "%s is out of memory: %s needs %zu bytes, %zu of %zu are "
                     "free",
                     device.description.c_str(), what, bytes, left, total);
  }
  if (Error error = device.check(result, "allocating memory"))
    return error;
  *address = memory;
  return nullptr;
}

void release(ingot_device &base, uint64_t address, size_t) {
  auto &device = static_cast<CudaDevice &>(base);
  CudaScope scope(device);
  (void)device.driver.memFree(address);
}

} // namespace

Error PinnedMemory::grow(const CudaDevice &from, const char *what,
                         size_t bytes) {
  if (start && bytes <= capacity)
    return nullptr;
  clear();
  CudaScope scope(from);
  if (Error error = scope.error())
    return error;
  void *memory = nullptr;
  cuda::Result result =
      from.driver.memHostAlloc(&memory, bytes, cuda::hostPortable);
  if (result == cuda::outOfMemory)
    return makeError(from.allocator, INGOT_ERROR_OUT_OF_MEMORY,
                     "out of memory: %s needs %zu page-locked bytes", what,
                     bytes);
  if (Error error = from.check(result, "allocating page-locked memory"))
    return error;
  device = &from;
  start = static_cast<uint8_t *>(memory);
  capacity = bytes;
  return nullptr;
}

void PinnedMemory::clear() {
  if (start) {
    CudaScope scope(*device);
    (void)device->driver.memFreeHost(start);
  }
  start = nullptr;
  capacity = 0;
}

constinit const DeviceFunctions cudaFunctions = {destroyDevice,
                                                 canRun,
                                                 allocate,
                                                 release,
                                                 makeCudaModel,
                                                 destroyCudaModel,
                                                 CudaParameters::kMost,
                                                 kMostCudaMaps,
                                                 loadCudaCode,
                                                 runCudaInit,
                                                 makeCudaSession,
                                                 destroyCudaSession,
                                                 configureCudaSession,
                                                 setCudaThreads,
                                                 checkCudaTensor,
                                                 zeroCuda,
                                                 placeCudaTensors,
                                                 prepareCudaRun,
                                                 runCuda};

Error createCudaDevice(const Allocator &allocator,
                       const ingot_device_options &options, bool isEmulated,
                       int ordinal, ingot_device **result) {
  const char *library = options.cuda_driver;
  if (!library)
    library = isEmulated ? getenv("INGOT_EMULATOR_LIBRARY") : "libcuda.so.1";
  if (!library || !*library)
    return makeError(allocator, INGOT_ERROR_DEVICE,
                     "the device 'emulated' needs the path of the emulated "
                     "driver in INGOT_EMULATOR_LIBRARY");
  auto *device = allocator.make<CudaDevice>(allocator);
  if (!device)
    return outOfMemory(allocator, "a device", sizeof(CudaDevice));
  device->logFunction = options.log;
  device->logUser = options.log_user;
  device->isEmulated = isEmulated;
  snprintf(device->name, sizeof(device->name), "%s:%d",
           isEmulated ? "emulated" : "cuda", ordinal);
  if (Error error = device->create(library, ordinal)) {
    allocator.destroy(device);
    return error;
  }
  *result = device;
  return nullptr;
}

} // namespace ingot::runtime
