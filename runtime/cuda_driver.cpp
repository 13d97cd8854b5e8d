#include "runtime/cuda_driver.h"

#include <dlfcn.h>

namespace ingot::runtime {

CudaDriver::~CudaDriver() {
  if (handle)
    dlclose(handle);
}

Error CudaDriver::open(const Allocator &allocator, const char *library,
                       const char *device) {
  // A driver has threads and exit handlers: it is never unmapped.
  handle = dlopen(library, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (!handle)
    return makeError(allocator, INGOT_ERROR_DEVICE,
                     "there is no device '%s', because there is no CUDA driver "
                     "(%s): install NVIDIA's driver, 525 or newer",
                     device, dlerror());
  auto find = [&](auto &function, const char *name) {
    *reinterpret_cast<void **>(&function) = dlsym(handle, name);
    return function != nullptr;
  };
  if (!find(driverGetVersion, "cuDriverGetVersion"))
    return makeError(allocator, INGOT_ERROR_DEVICE,
                     "%s is no CUDA driver: it has no cuDriverGetVersion",
                     library);
  cuda::Result result = driverGetVersion(&foundVersion);
  const char *missing = nullptr;
#define CUDA_SYMBOL(member, name, parameters)                                  \
  if (!find(member, #name))                                                    \
    missing = #name;
#define CUDA_SYMBOL_SINCE(version, member, name, parameters)                   \
  member = nullptr;                                                            \
  if (foundVersion >= version)                                                 \
    find(member, #name);
#include "runtime/cuda_symbols.def"
  if (result == cuda::success && (foundVersion < kNeededCuda || missing))
    return makeError(allocator, INGOT_ERROR_DEVICE,
                     "the CUDA driver is too old: it supports CUDA %d.%d%s%s, "
                     "this runtime needs %d.%d: install NVIDIA's driver, 525 "
                     "or newer",
                     foundVersion / 1000, foundVersion % 1000 / 10,
                     missing ? " without " : "", missing ? missing : "",
                     kNeededCuda / 1000, kNeededCuda % 1000 / 10);

  if (result == cuda::success)
    result = init(0);
  if (result == cuda::success)
    return nullptr;
  if (result == cuda::noDevice)
    return makeError(allocator, INGOT_ERROR_DEVICE,
                     "there is no device '%s': the CUDA driver finds no GPU",
                     device);
  if (result == cuda::stubLibrary)
    return makeError(allocator, INGOT_ERROR_DEVICE,
                     "there is no device '%s': %s is the stub of a CUDA "
                     "toolkit, not NVIDIA's driver",
                     device, library);
  Text why;
  append(why, result);
  return makeError(allocator, INGOT_ERROR_DEVICE,
                   "the CUDA driver does not start: %s", why.c_str());
}

void CudaDriver::append(Text &text, cuda::Result result) const {
  const char *name = nullptr, *words = nullptr;
  if (!getErrorName || getErrorName(result, &name) || !name)
    name = "error";
  if (!getErrorString || getErrorString(result, &words) || !words)
    words = "unknown to the driver";
  text.append("%s (%d: %s)", name, int(result), words);
}

bool CudaDriver::isLost(cuda::Result result) {
  return result == cuda::eccUncorrectable ||
         result == cuda::nvlinkUncorrectable || result == cuda::deinitialized ||
         (result >= cuda::illegalAddress && result <= cuda::launchFailed &&
          result != cuda::launchOutOfResources);
}

} // namespace ingot::runtime
