#include "tools/ingot/Command.h"

#include <cstdio>
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
  options.log = [](void *, ingot_log_level level, const char *message) {
    if (level >= INGOT_LOG_WARNING)
      fprintf(stderr, "warning: %s\n", message);
  };
  std::string emulator;
  if (std::string_view(name).starts_with("emulated") &&
      !getenv("INGOT_EMULATOR_LIBRARY"))
    emulator = findLibrary("libingot_emulator.so");
  if (!emulator.empty())
    options.cuda_driver = emulator.c_str();
  return ingot_device_create(&options, device);
}

int parseGemm(const Options &options, std::string_view device,
              ingot_gemm &gemm) {
  const char *text = options.get("--gemm");
  if (!text)
    return 0;
  constexpr std::pair<std::string_view, ingot_gemm> kinds[] = {
      {"auto", INGOT_GEMM_AUTO},
      {"ours", INGOT_GEMM_OURS},
      {"cublaslt", INGOT_GEMM_CUBLASLT}};
  if (device == "cpu")
    return failUsage("--gemm is for GPUs: add --device=cuda");
  for (auto [name, kind] : kinds)
    if (name == text) {
      gemm = kind;
      return 0;
    }
  return failUsage("--gemm takes ours, cublaslt or auto, not \"%s\"", text);
}

} // namespace ingot::cli
