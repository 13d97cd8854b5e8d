#include "runtime/device.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

using namespace ingot::runtime;

void ingot_device::log(ingot_log_level level, const char *format, ...) const {
  if (!logFunction)
    return;
  char message[1024];
  va_list args;
  va_start(args, format);
  vsnprintf(message, sizeof(message), format, args);
  va_end(args);
  logFunction(logUser, level, message);
}

void ingot_device::release() {
  if (references.fetch_sub(1, std::memory_order_acq_rel) == 1)
    functions.destroyDevice(this);
}

/// Whether `name` is `kind`, which is number 0, or `kind:N`.
static bool isNumbered(const char *name, const char *kind, int *number) {
  size_t length = strlen(kind);
  *number = 0;
  if (strncmp(name, kind, length))
    return false;
  if (!name[length])
    return true;
  const char *digits = name + length + 1;
  if (name[length] != ':' || !*digits || strlen(digits) > 4)
    return false;
  for (; *digits >= '0' && *digits <= '9'; ++digits)
    *number = *number * 10 + (*digits - '0');
  return !*digits;
}

extern "C" {

ingot_error *ingot_device_create(const ingot_device_options *given,
                                 ingot_device **result) {
  ingot_device_options options =
      givenOptions<ingot_device_options>(given, INGOT_DEVICE_OPTIONS_INIT);
  bool hasHooks = options.allocator.allocate && options.allocator.release;
  Allocator allocator = hasHooks ? Allocator(options.allocator) : Allocator();
  if (!hasHooks && (options.allocator.allocate || options.allocator.release))
    return makeError(allocator, INGOT_ERROR_INVALID_ARGUMENT,
                     "an allocator needs both functions, allocate and release");
  if (!options.name || !strcmp(options.name, "cpu"))
    return createCpuDevice(allocator, options, result);
  for (bool isEmulated : {false, true}) {
    int ordinal;
    if (isNumbered(options.name, isEmulated ? "emulated" : "cuda", &ordinal))
      return createCudaDevice(allocator, options, isEmulated, ordinal, result);
  }
  return makeError(allocator, INGOT_ERROR_DEVICE,
                   "there is no device '%s'; this runtime has: cpu, cuda, "
                   "cuda:N",
                   options.name);
}

void ingot_device_destroy(ingot_device *device) {
  if (device)
    device->release();
}

const char *ingot_device_features(const ingot_device *device) {
  return device->features.c_str();
}

void ingot_device_get_info(const ingot_device *device,
                           ingot_device_info *info) {
  *info = {};
  info->name = device->name;
  info->description = device->modelName.c_str();
  info->architecture = device->isGpu() ? device->features.c_str() : "";
  info->driver_version = device->driverVersion;
  info->device_count = device->count;
  info->multiprocessors = device->isGpu() ? device->parallel : 0;
  info->memory_bytes = device->memoryBytes;
}

} // extern "C"
