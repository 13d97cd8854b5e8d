// `ingot bench`: time of whole runs, then of each step.
#include "tools/ingot/Model.h"

#include <algorithm>
#include <chrono>
#include <cstdio>

namespace ingot::cli {

namespace {

struct StepTimes {
  ingot_step_profile last;
  std::vector<int64_t> nanoseconds; // of each profiled run
};

using Steps = std::vector<StepTimes>;

void recordStep(void *user, const ingot_step_profile *profile) {
  Steps &steps = *static_cast<Steps *>(user);
  auto found =
      std::find_if(steps.begin(), steps.end(), [&](const StepTimes &step) {
        return step.last.step == profile->step;
      });
  if (found == steps.end())
    found = steps.insert(found, StepTimes{});
  found->last = *profile;
  found->nanoseconds.push_back(profile->nanoseconds);
}

// The smallest value that at least `part` of the values do not exceed.
template <typename T>
T quantile(std::vector<T> values, double part) {
  std::sort(values.begin(), values.end());
  size_t index = static_cast<size_t>(part * static_cast<double>(values.size()));
  return values[std::min(index, values.size() - 1)];
}

std::vector<std::string> sourcesOf(const ingot_step_profile &profile) {
  std::vector<std::string> names;
  for (uint32_t i = 0; i < profile.source_count; ++i)
    if (const char *name = ingot_step_profile_source(&profile, i))
      names.push_back(name);
  return names;
}

void printJson(const std::vector<double> &times, const Steps &steps,
               const Model &model, int64_t threads) {
  ingot_model_info info = {};
  ingot_model_get_info(model.model, &info);
  ingot_device_info device = {};
  ingot_device_get_info(model.device, &device);
  printf("{\n  \"min_ms\": %.6f,\n  \"median_ms\": %.6f,\n  \"p99_ms\": %.6f,\n"
         "  \"runs\": %zu,\n  \"threads\": %lld,\n  \"device\": %s,\n  "
         "\"target\": %s,\n  \"steps\": [",
         quantile(times, 0), quantile(times, 0.5), quantile(times, 0.99),
         times.size(), static_cast<long long>(threads),
         jsonString(device.name).c_str(),
         jsonString(info.target ? info.target : "").c_str());
  const char *separator = "";
  for (const StepTimes &step : steps) {
    printf("%s\n    {\"step\": %u, \"name\": %s, \"kernel\": %s, \"ms\": %.6f, "
           "\"flops\": %lld, "
           "\"bytes\": %lld, \"tasks\": %lld, \"sources\": [",
           separator, step.last.step, jsonString(step.last.name).c_str(),
           jsonString(step.last.kernel).c_str(),
           static_cast<double>(quantile(step.nanoseconds, 0.5)) / 1e6,
           static_cast<long long>(step.last.flops),
           static_cast<long long>(step.last.bytes),
           static_cast<long long>(step.last.tasks));
    const char *comma = "";
    for (const std::string &name : sourcesOf(step.last)) {
      printf("%s%s", comma, jsonString(name).c_str());
      comma = ", ";
    }
    printf("]}");
    separator = ",";
  }
  printf("\n  ]\n}\n");
}

void printText(const std::vector<double> &times, const Steps &steps) {
  printf("min %.3f ms  median %.3f ms  p99 %.3f ms  (%zu runs)\n\n",
         quantile(times, 0), quantile(times, 0.5), quantile(times, 0.99),
         times.size());
  double total = 0;
  for (const StepTimes &step : steps)
    total += static_cast<double>(quantile(step.nanoseconds, 0.5)) / 1e6;
  printf("%5s %9s %6s %9s %8s  %-24s %s\n", "step", "ms", "share", "GFLOP/s",
         "GB/s", "kernel", "from");
  for (const StepTimes &step : steps) {
    double ms = static_cast<double>(quantile(step.nanoseconds, 0.5)) / 1e6;
    // A billion per second is a million per millisecond.
    auto rate = [&](int64_t amount) {
      return amount < 0 || ms == 0
                 ? std::string("-")
                 : format("%.1f", static_cast<double>(amount) / ms / 1e6);
    };
    std::vector<std::string> sources = sourcesOf(step.last);
    std::string from = sources.empty() ? step.last.name : sources[0];
    if (sources.size() > 1)
      from += format(" and %zu more", sources.size() - 1);
    printf("%5u %9.4f %5.1f%% %9s %8s  %-24s %s\n", step.last.step, ms,
           total > 0 ? 100 * ms / total : 0, rate(step.last.flops).c_str(),
           rate(step.last.bytes).c_str(), step.last.kernel, from.c_str());
  }
}

} // namespace

int benchVerb(int argc, const char **argv) {
  Options options;
  if (int code = parseOptions(
          argc, argv,
          {"--dims", "--threads", "--seed", "--seconds", "--device"},
          {"--json"}, options))
    return code;
  if (options.files.size() != 1)
    return failUsage("ingot bench takes one file; see ingot bench --help");
  Dims dims;
  int64_t threads = 0, seed = 0;
  double seconds = 1;
  for (int code : {parseDims(options, dims),
                   parseInteger(options, "--threads", 1, 4096, threads),
                   parseInteger(options, "--seed", 0, INT64_MAX, seed),
                   parseReal(options, "--seconds", seconds)})
    if (code)
      return code;

  std::string device =
      options.has("--device") ? options.get("--device") : "cpu";
  if (!isDevice(device))
    return failUsage("no device %s: cpu, cuda, cuda:N or emulated",
                     device.c_str());
  Model model;
  if (int code = model.load(options.files[0], device))
    return code;
  if (int code = model.createSession(threads))
    return code;
  if (int code = model.firstRun(dims, static_cast<uint64_t>(seed)))
    return code;

  using Clock = std::chrono::steady_clock;
  auto milliseconds = [](Clock::duration duration) {
    return std::chrono::duration<double, std::milli>(duration).count();
  };
  const size_t fewest = 10, most = 100000, warmUp = 2;
  std::vector<double> times;
  Clock::time_point start = Clock::now();
  for (size_t i = 0; i < warmUp + fewest ||
                     (milliseconds(Clock::now() - start) < seconds * 1e3 &&
                      times.size() < most);
       ++i) {
    Clock::time_point before = Clock::now();
    if (failed(ingot_session_run(model.session)))
      return kExitInput;
    if (i >= warmUp)
      times.push_back(milliseconds(Clock::now() - before));
  }
  // Steps are timed apart from the runs, which read no clock inside.
  Steps steps;
  if (failed(ingot_session_set_profile(model.session, recordStep, &steps)))
    return kExitInput;
  start = Clock::now();
  for (size_t i = 0;
       i < 5 || (i < 50 && milliseconds(Clock::now() - start) < seconds * 500);
       ++i)
    if (failed(ingot_session_run(model.session)))
      return kExitInput;
  if (options.has("--json"))
    printJson(times, steps, model, threads);
  else
    printText(times, steps);
  return 0;
}

} // namespace ingot::cli
