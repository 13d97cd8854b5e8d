/* The interface from C: initializers, enumerators, an error's life. */
#include "ingot/ingot.h"

#include <stdio.h>
#include <string.h>

int main(void) {
  ingot_device_options device_options = INGOT_DEVICE_OPTIONS_INIT;
  ingot_model_options model_options = INGOT_MODEL_OPTIONS_INIT;
  ingot_session_options session_options = INGOT_SESSION_OPTIONS_INIT;
  ingot_device *device = NULL;
  ingot_model *model = NULL;
  ingot_error *error = ingot_device_create(&device_options, &device);
  (void)session_options;
  if (error)
    return 1;
  error =
      ingot_model_load(device, "/nonexistent.ingot", &model_options, &model);
  ingot_device_destroy(device);
  if (!error || model || ingot_error_get_code(error) != INGOT_ERROR_IO ||
      !strstr(ingot_error_message(error), "/nonexistent.ingot"))
    return 2;
  puts(ingot_error_message(error));
  ingot_error_destroy(error);
  ingot_error_destroy(NULL);
  ingot_session_destroy(NULL);
  ingot_model_destroy(NULL);
  ingot_device_destroy(NULL);
  return strcmp(ingot_version(), "0.1.0") ? 3 : 0;
}
