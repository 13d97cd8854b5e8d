// `ingot doctor`: what this machine offers, for people and for bug reports.
#include "tools/ingot/Command.h"
#include "tools/ingot/CpuPeak.h"

#include <cstdio>
#include <sched.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

namespace ingot::cli {

// The driver and each of its GPUs, or what is missing.
static void printGpus() {
  int32_t count = 1;
  for (int32_t i = 0; i < count; ++i) {
    ingot_device *device = nullptr;
    std::string name = format("cuda:%d", i);
    if (ingot_error *error = openDevice(name.c_str(), &device)) {
      printf("%-9s %s\n", i ? name.c_str() : "cuda",
             ingot_error_message(error));
      ingot_error_destroy(error);
      continue;
    }
    ingot_device_info info = {};
    ingot_device_get_info(device, &info);
    count = info.device_count;
    if (i == 0)
      printf("cuda      driver for CUDA %d.%d, %d GPU%s\n",
             info.driver_version / 1000, info.driver_version % 1000 / 10, count,
             count == 1 ? "" : "s");
    printf("%-9s %s, %s, %d multiprocessors, %.1f GB\n", info.name,
           info.description, info.architecture, info.multiprocessors,
           static_cast<double>(info.memory_bytes) / 1e9);
    ingot_device_destroy(device);
  }
}

int doctorVerb(int argc, const char **argv) {
  Options options;
  if (int code = parseOptions(argc, argv, {}, {}, options))
    return code;
  if (!options.files.empty())
    return failUsage("ingot doctor takes no file");
  ingot_device *device = nullptr;
  if (failed(ingot_device_create(nullptr, &device)))
    return kExitInput;
  cpu_set_t cpus;
  int count =
      sched_getaffinity(0, sizeof(cpus), &cpus) == 0 ? CPU_COUNT(&cpus) : 0;
  struct sysinfo memory = {};
  sysinfo(&memory);
  struct utsname system = {};
  uname(&system);
  std::string compiler = findCompilerLibrary();
  auto gigabytes = [&](unsigned long amount) {
    return static_cast<double>(amount) * memory.mem_unit / 1e9;
  };
  printf("ingot     %s\nsystem    %s %s %s\n", ingot_version(), system.sysname,
         system.release, system.machine);
  printf("cpu       %s, %d allowed\nfeatures  %s\n", cpuName().c_str(), count,
         ingot_device_features(device));
  printf("memory    %.1f GB, %.1f GB free\n", gigabytes(memory.totalram),
         gigabytes(memory.freeram));
  printGpus();
  printf("compiler  %s\n",
         compiler.empty() ? "not installed: artifacts run, nothing compiles"
                          : compiler.c_str());
  ingot_device_destroy(device);
  return 0;
}

} // namespace ingot::cli
