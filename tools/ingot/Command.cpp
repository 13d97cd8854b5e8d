#include "tools/ingot/Command.h"

#include <cstdlib>

namespace ingot::cli {

bool failed(ingot_error *error) {
  if (!error)
    return false;
  fail("%s", ingot_error_message(error));
  ingot_error_destroy(error);
  return true;
}

ingot_error *openDevice(const char *name, ingot_device **device) {
  ingot_device_options options = INGOT_DEVICE_OPTIONS_INIT;
  options.name = name;
  std::string emulator;
  if (std::string_view(name).starts_with("emulated") &&
      !getenv("INGOT_EMULATOR_LIBRARY"))
    emulator = findLibrary("libingot_emulator.so");
  if (!emulator.empty())
    options.cuda_driver = emulator.c_str();
  return ingot_device_create(&options, device);
}

} // namespace ingot::cli
