// Initialization, devices, contexts, names of errors.
#include "driver.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <dlfcn.h>

namespace ingot::emulator {

static thread_local std::vector<ContextObject *> contextStack;

static bool isContext(const ContextObject *context) {
  return std::any_of(driver.device, driver.device + driver.devices,
                     [&](const DeviceState &d) {
                       return d.context && d.context.get() == context;
                     });
}

ContextObject *currentContext() {
  ContextObject *top = contextStack.empty() ? nullptr : contextStack.back();
  return isContext(top) ? top : nullptr;
}

static bool isOrdinal(int ordinal) {
  return ordinal >= 0 && ordinal < driver.devices;
}

static bool attributeValue(DeviceAttribute attribute, int &value) {
  switch (static_cast<int>(attribute)) {
  case deviceMaxThreadsPerBlock:
    value = 1024;
    return true;
  case deviceMaxGridDimX:
    value = 0x7fffffff;
    return true;
  case deviceMaxGridDimY:
  case deviceMaxGridDimZ:
    value = 65535;
    return true;
  case deviceMaxSharedMemoryPerBlock:
    value = 48 << 10;
    return true;
  case deviceMaxSharedMemoryPerBlockOptin:
    value = static_cast<int>(driver.maxSharedOptin());
    return true;
  case deviceMaxSharedMemoryPerMultiprocessor:
    value = static_cast<int>(driver.sharedPerMultiprocessor());
    return true;
  case deviceWarpSize:
    value = 32;
    return true;
  case deviceClockRate:
    value = 1410000;
    return true;
  case deviceMemoryClockRate:
    value = 1215000;
    return true;
  case deviceMemoryBusWidth:
    value = 5120;
    return true;
  case deviceL2CacheSize:
    value = 40 << 20;
    return true;
  case deviceMultiprocessorCount:
    value = driver.multiprocessors;
    return true;
  case deviceIntegrated:
    value = 0;
    return true;
  case deviceUnifiedAddressing:
    value = 1;
    return true;
  case deviceMaxThreadsPerMultiprocessor:
    value = 2048;
    return true;
  case deviceMaxBlocksPerMultiprocessor:
    value = 32;
    return true;
  case deviceMaxRegistersPerMultiprocessor:
    value = 65536;
    return true;
  case deviceComputeCapabilityMajor:
    value = driver.arch / 10;
    return true;
  case deviceComputeCapabilityMinor:
    value = driver.arch % 10;
    return true;
  }
  return false;
}

struct ErrorText {
  int code;
  const char *name, *text;
};
static const ErrorText errors[] = {
    {success, "CUDA_SUCCESS", "no error"},
    {invalidValue, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
    {outOfMemory, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
    {notInitialized, "CUDA_ERROR_NOT_INITIALIZED", "initialization error"},
    {deinitialized, "CUDA_ERROR_DEINITIALIZED", "driver shutting down"},
    {stubLibrary, "CUDA_ERROR_STUB_LIBRARY", "CUDA driver is a stub library"},
    {eccUncorrectable, "CUDA_ERROR_ECC_UNCORRECTABLE",
     "uncorrectable ECC error encountered"},
    {nvlinkUncorrectable, "CUDA_ERROR_NVLINK_UNCORRECTABLE",
     "uncorrectable NVLink error detected during the execution"},
    {jitCompilerNotFound, "CUDA_ERROR_JIT_COMPILER_NOT_FOUND",
     "PTX JIT compiler library not found"},
    {unsupportedPtxVersion, "CUDA_ERROR_UNSUPPORTED_PTX_VERSION",
     "the provided PTX was compiled with an unsupported toolchain."},
    {systemDriverMismatch, "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH",
     "system has unsupported display driver / cuda driver combination"},
    {noDevice, "CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected"},
    {invalidDevice, "CUDA_ERROR_INVALID_DEVICE", "invalid device ordinal"},
    {invalidImage, "CUDA_ERROR_INVALID_IMAGE",
     "device kernel image is invalid"},
    {invalidContext, "CUDA_ERROR_INVALID_CONTEXT", "invalid device context"},
    {noBinaryForGpu, "CUDA_ERROR_NO_BINARY_FOR_GPU",
     "no kernel image is available for execution on the device"},
    {invalidPtx, "CUDA_ERROR_INVALID_PTX", "a PTX JIT compilation failed"},
    {invalidHandle, "CUDA_ERROR_INVALID_HANDLE", "invalid resource handle"},
    {illegalState, "CUDA_ERROR_ILLEGAL_STATE",
     "the operation cannot be performed in the present state"},
    {notFound, "CUDA_ERROR_NOT_FOUND", "named symbol not found"},
    {notReady, "CUDA_ERROR_NOT_READY", "device not ready"},
    {illegalAddress, "CUDA_ERROR_ILLEGAL_ADDRESS",
     "an illegal memory access was encountered"},
    {launchOutOfResources, "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES",
     "too many resources requested for launch"},
    {misalignedAddress, "CUDA_ERROR_MISALIGNED_ADDRESS", "misaligned address"},
    {launchFailed, "CUDA_ERROR_LAUNCH_FAILED", "unspecified launch failure"},
    {notPermitted, "CUDA_ERROR_NOT_PERMITTED", "operation not permitted"},
    {notSupported, "CUDA_ERROR_NOT_SUPPORTED", "operation not supported"},
    {streamCaptureUnsupported, "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED",
     "operation not permitted when stream is capturing"},
    {streamCaptureInvalidated, "CUDA_ERROR_STREAM_CAPTURE_INVALIDATED",
     "operation failed due to a previous error during capture"},
    {streamCaptureMerge, "CUDA_ERROR_STREAM_CAPTURE_MERGE",
     "operation would result in a merge of separate capture sequences"},
    {streamCaptureUnmatched, "CUDA_ERROR_STREAM_CAPTURE_UNMATCHED",
     "capture was not ended in the same stream as it began"},
    {streamCaptureUnjoined, "CUDA_ERROR_STREAM_CAPTURE_UNJOINED",
     "capturing stream has unjoined work"},
    {streamCaptureIsolation, "CUDA_ERROR_STREAM_CAPTURE_ISOLATION",
     "dependency created on uncaptured work in another stream"},
    {streamCaptureImplicit, "CUDA_ERROR_STREAM_CAPTURE_IMPLICIT",
     "operation would make the legacy stream depend on a capturing blocking "
     "stream"},
    {capturedEvent, "CUDA_ERROR_CAPTURED_EVENT",
     "operation not permitted on an event last recorded in a capturing stream"},
    {streamCaptureWrongThread, "CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD",
     "attempt to terminate a thread-local capture sequence from another "
     "thread"},
    {graphExecUpdateFailure, "CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE",
     "the graph update was not performed because it included changes which "
     "violated constraints"},
    {invalidClusterSize, "CUDA_ERROR_INVALID_CLUSTER_SIZE",
     "invalid cluster size"},
    {unknown, "CUDA_ERROR_UNKNOWN", "unknown error"},
};

static const ErrorText *findError(Result result) {
  for (const ErrorText &e : errors)
    if (e.code == result)
      return &e;
  return nullptr;
}

} // namespace ingot::emulator

using namespace ingot::emulator;

#pragma GCC visibility push(default)
extern "C" {

Result cuInit(unsigned flags) {
  DRIVER_CALL(cuInit, Nothing);
  if (flags)
    return call(invalidValue);
  if (!driver.devices)
    return call(noDevice);
  driver.initialized = true;
  return call(success);
}

Result cuDriverGetVersion(int *version) {
  DRIVER_CALL(cuDriverGetVersion, Nothing);
  *version = driver.version;
  return call(success);
}

Result cuGetErrorName(Result result, const char **name) {
  DRIVER_CALL(cuGetErrorName, Nothing);
  const ErrorText *e = findError(result);
  *name = e ? e->name : nullptr;
  return call(e ? success : invalidValue);
}

Result cuGetErrorString(Result result, const char **text) {
  DRIVER_CALL(cuGetErrorString, Nothing);
  const ErrorText *e = findError(result);
  *text = e ? e->text : nullptr;
  return call(e ? success : invalidValue);
}

Result cuGetProcAddress_v2(const char *name, void **function, int version,
                           uint64_t flags, int *status) {
  DRIVER_CALL(cuGetProcAddress_v2, Nothing);
  // Names come without their version suffix; the newest we have is the one.
  Dl_info self;
  dladdr(reinterpret_cast<void *>(cuInit), &self);
  void *library = dlopen(self.dli_fname, RTLD_LAZY | RTLD_NOLOAD);
  *function = nullptr;
  for (const char *suffix : {"_v2", ""})
    if (library && !*function)
      *function = dlsym(library, (std::string(name) + suffix).c_str());
  if (library)
    dlclose(library);
  if (status)
    *status = *function ? 0 : 1;
  return call(*function ? success : notFound);
}

Result cuDeviceGetCount(int *count) {
  DRIVER_CALL(cuDeviceGetCount, Init);
  *count = driver.devices;
  return call(success);
}

Result cuDeviceGet(Device *device, int ordinal) {
  DRIVER_CALL(cuDeviceGet, Init);
  if (!isOrdinal(ordinal))
    return call(invalidDevice);
  *device = ordinal;
  return call(success);
}

Result cuDeviceGetName(char *name, int capacity, Device device) {
  DRIVER_CALL(cuDeviceGetName, Init);
  if (!isOrdinal(device))
    return call(invalidDevice);
  snprintf(name, static_cast<size_t>(capacity), "Ingot emulated sm_%d",
           driver.arch);
  return call(success);
}

Result cuDeviceGetAttribute(int *value, DeviceAttribute attribute,
                            Device device) {
  DRIVER_CALL(cuDeviceGetAttribute, Init);
  if (!isOrdinal(device))
    return call(invalidDevice);
  return call(attributeValue(attribute, *value) ? success : invalidValue);
}

Result cuDeviceTotalMem_v2(size_t *bytes, Device device) {
  DRIVER_CALL(cuDeviceTotalMem_v2, Init);
  if (!isOrdinal(device))
    return call(invalidDevice);
  *bytes = driver.memoryBytes;
  return call(success);
}

Result cuDevicePrimaryCtxRetain(Context *context, Device device) {
  DRIVER_CALL(cuDevicePrimaryCtxRetain, Init);
  if (!isOrdinal(device))
    return call(invalidDevice);
  DeviceState &d = driver.device[device];
  if (!d.retained++) {
    d.context = std::make_unique<ContextObject>();
    d.context->device = device;
    d.context->defaultStream = std::make_shared<StreamObject>();
    d.context->defaultStream->context = d.context.get();
  }
  *context = d.context.get();
  return call(success);
}

Result cuDevicePrimaryCtxRelease_v2(Device device) {
  DRIVER_CALL(cuDevicePrimaryCtxRelease_v2, Init);
  if (!isOrdinal(device))
    return call(invalidDevice);
  DeviceState &d = driver.device[device];
  if (!d.retained)
    return call(invalidContext);
  if (--d.retained)
    return call(success);
  drainAll(d.context.get());
  // What it held is gone with it, but stays in `leaks`, as its owner should
  // have freed it.
  d.context.reset();
  return call(success);
}

Result cuCtxSetCurrent(Context context) {
  DRIVER_CALL(cuCtxSetCurrent, Init);
  if (context && !isContext(context))
    return call(invalidContext);
  if (!contextStack.empty())
    contextStack.pop_back();
  if (context)
    contextStack.push_back(context);
  return call(success);
}

Result cuCtxGetCurrent(Context *context) {
  DRIVER_CALL(cuCtxGetCurrent, Init);
  *context = currentContext();
  return call(success);
}

Result cuCtxPushCurrent_v2(Context context) {
  DRIVER_CALL(cuCtxPushCurrent_v2, Init);
  if (!isContext(context))
    return call(invalidContext);
  contextStack.push_back(context);
  return call(success);
}

Result cuCtxPopCurrent_v2(Context *context) {
  DRIVER_CALL(cuCtxPopCurrent_v2, Init);
  if (contextStack.empty())
    return call(invalidContext);
  if (context)
    *context = contextStack.back();
  contextStack.pop_back();
  return call(success);
}

Result cuCtxSynchronize() {
  DRIVER_CALL(cuCtxSynchronize, Current);
  if (Result r = refuseUnsafe())
    return call(r);
  return call(drainAll(currentContext()));
}

} // extern "C"
#pragma GCC visibility pop
