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
  return makeError(allocator, INGOT_ERROR_DEVICE,
                   "there is no device '%s'; this runtime has: cpu",
                   options.name);
}

void ingot_device_destroy(ingot_device *device) {
  if (device)
    device->release();
}

const char *ingot_device_features(const ingot_device *device) {
  return device->features.c_str();
}

} // extern "C"
