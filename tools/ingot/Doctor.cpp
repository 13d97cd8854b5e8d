// `ingot doctor`: what this machine offers, for people and for bug reports.
#include "tools/ingot/Command.h"

#include <cstdio>
#include <cstring>
#include <sched.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

namespace ingot::cli {

static std::string cpuName() {
  std::string name = "unknown";
  char line[512];
  FILE *file = fopen("/proc/cpuinfo", "r");
  while (file && fgets(line, sizeof(line), file))
    if (strncmp(line, "model name", 10) == 0 && strchr(line, ':')) {
      name = strchr(line, ':') + 2;
      name.resize(name.find_last_not_of('\n') + 1);
      break;
    }
  if (file)
    fclose(file);
  return name;
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
  printf("compiler  %s\n",
         compiler.empty() ? "not installed: artifacts run, nothing compiles"
                          : compiler.c_str());
  ingot_device_destroy(device);
  return 0;
}

} // namespace ingot::cli
