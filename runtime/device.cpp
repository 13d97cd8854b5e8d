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
    allocator.destroy(this);
}

static CpuFeatures featuresOfList(const char *list) {
  CpuFeatures features = 0;
  while (*list) {
    size_t length = strcspn(list, ",");
    features |= cpuFeature(list, length);
    list += length + (list[length] == ',');
  }
  return features;
}

extern "C" {

ingot_error *ingot_device_create(const ingot_device_options *given,
                                 ingot_device **result) {
  ingot_device_options options = INGOT_DEVICE_OPTIONS_INIT;
  if (given)
    memcpy(&options, given,
           given->struct_size < sizeof(options) ? given->struct_size
                                                : sizeof(options));
  bool hasHooks = options.allocator.allocate && options.allocator.release;
  Allocator allocator = hasHooks ? Allocator(options.allocator) : Allocator();
  if (!hasHooks && (options.allocator.allocate || options.allocator.release))
    return makeError(allocator, INGOT_ERROR_INVALID_ARGUMENT,
                     "an allocator needs both functions, allocate and release");
  if (options.name && strcmp(options.name, "cpu"))
    return makeError(allocator, INGOT_ERROR_DEVICE,
                     "there is no device '%s'; this runtime has: cpu",
                     options.name);

  auto *device = allocator.make<ingot_device>(allocator);
  if (!device)
    return outOfMemory(allocator, "a device", sizeof(ingot_device));
  device->logFunction = options.log;
  device->logUser = options.log_user;
  device->features = detectCpuFeatures();
  if (options.cpu_features)
    device->features &= featuresOfList(options.cpu_features);
  for (unsigned i = 0; const char *name = cpuFeatureName(i); ++i)
    if (device->features >> i & 1)
      device->featuresText.append(device->featuresText.empty() ? "%s" : ",%s",
                                  name);
  *result = device;
  return nullptr;
}

void ingot_device_destroy(ingot_device *device) {
  if (device)
    device->release();
}

const char *ingot_device_features(const ingot_device *device) {
  return device->featuresText.c_str();
}

} // extern "C"
