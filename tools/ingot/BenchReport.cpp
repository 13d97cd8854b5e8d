#include "tools/ingot/BenchReport.h"

#include <algorithm>
#include <cstdio>

namespace ingot::cli {

namespace {

// The smallest value that at least `part` of the values do not exceed.
template <typename T>
T quantile(std::vector<T> values, double part) {
  std::sort(values.begin(), values.end());
  size_t index = static_cast<size_t>(part * static_cast<double>(values.size()));
  return values[std::min(index, values.size() - 1)];
}

double medianMs(const StepTimes &step) {
  return static_cast<double>(quantile(step.nanoseconds, 0.5)) / 1e6;
}

// The time that peak and bandwidth allow at least.
struct Bound {
  double ms = 0; // 0: unknown
  const char *by = "";
};

Bound boundOf(int64_t flops, int64_t bytes,
              const std::optional<CpuPeak> &peak) {
  if (!peak)
    return {};
  double compute = static_cast<double>(flops) / peak->flops * 1e3,
         memory = static_cast<double>(bytes) / peak->bytes * 1e3;
  if (std::max(compute, memory) <= 0)
    return {};
  return compute > memory ? Bound{compute, "compute"} : Bound{memory, "memory"};
}

// Of the threads' time, what they did not work, in the median run; nothing on
// a GPU.
std::optional<double> waitingOf(const StepTimes &step, int threads) {
  std::vector<double> parts;
  for (size_t i = 0; i < step.busy.size(); ++i)
    if (step.busy[i] > 0)
      parts.push_back(1 -
                      static_cast<double>(step.busy[i]) /
                          (static_cast<double>(step.nanoseconds[i]) * threads));
  if (parts.empty())
    return std::nullopt;
  return quantile(parts, 0.5);
}

struct Total {
  int64_t flops = 0, bytes = 0;
  double boundMs = 0; // step after step
};

Total totalOf(const BenchReport &report) {
  Total total;
  for (const StepTimes &step : report.steps) {
    total.flops += std::max<int64_t>(step.last.flops, 0);
    total.bytes += std::max<int64_t>(step.last.bytes, 0);
    total.boundMs += boundOf(step.last.flops, step.last.bytes, report.peak).ms;
  }
  return total;
}

std::vector<std::string> sourcesOf(const ingot_step_profile &profile) {
  std::vector<std::string> names;
  for (uint32_t i = 0; i < profile.source_count; ++i)
    if (const char *name = ingot_step_profile_source(&profile, i))
      names.push_back(name);
  return names;
}

std::string percent(double part) { return format("%.0f%%", 100 * part); }

std::string jsonNumber(std::optional<double> value) {
  return value ? format("%.6f", *value) : "null";
}

void printStepJson(const StepTimes &step, const BenchReport &report) {
  const ingot_step_profile &last = step.last;
  Bound bound = boundOf(last.flops, last.bytes, report.peak);
  double ms = medianMs(step);
  std::optional<double> part;
  if (bound.ms > 0 && ms > 0)
    part = bound.ms / ms;
  printf("{\"step\": %u, \"name\": %s, \"kernel\": %s, \"ms\": %.6f, "
         "\"flops\": %lld, \"bytes\": %lld, \"tasks\": %lld, "
         "\"of_bound\": %s, \"bound\": %s, \"waiting\": %s, \"sources\": [",
         last.step, jsonString(last.name).c_str(),
         jsonString(last.kernel).c_str(), ms,
         static_cast<long long>(last.flops), static_cast<long long>(last.bytes),
         static_cast<long long>(last.tasks), jsonNumber(part).c_str(),
         part ? jsonString(bound.by).c_str() : "null",
         jsonNumber(waitingOf(step, report.threads)).c_str());
  const char *comma = "";
  for (const std::string &name : sourcesOf(last)) {
    printf("%s%s", comma, jsonString(name).c_str());
    comma = ", ";
  }
  printf("]}");
}

} // namespace

void printJson(const BenchReport &report, const Model &model) {
  ingot_model_info info = {};
  ingot_model_get_info(model.model, &info);
  ingot_device_info device = {};
  ingot_device_get_info(model.device, &device);
  double fastest = quantile(report.times, 0);
  printf("{\n  \"min_ms\": %.6f,\n  \"median_ms\": %.6f,\n  \"p99_ms\": %.6f,\n"
         "  \"runs\": %zu,\n  \"threads\": %d,\n  \"device\": %s,\n  "
         "\"target\": %s,\n",
         fastest, quantile(report.times, 0.5), quantile(report.times, 0.99),
         report.times.size(), report.threads, jsonString(device.name).c_str(),
         jsonString(info.target ? info.target : "").c_str());
  Total total = totalOf(report);
  printf("  \"load_ms\": %.6f,\n  \"first_ms\": %.6f,\n", report.loadMs,
         model.firstRunMs);
  printf("  \"flops\": %lld,\n  \"bytes\": %lld,\n",
         static_cast<long long>(total.flops),
         static_cast<long long>(total.bytes));
  if (report.peak)
    printf("  \"peak_gflops\": %.1f,\n  \"peak_gbytes\": %.1f,\n"
           "  \"bound_ms\": %.6f,\n  \"of_bound\": %.6f,\n",
           report.peak->flops * 1e-9, report.peak->bytes * 1e-9, total.boundMs,
           total.boundMs / fastest);
  printf("  \"steps\": [");
  const char *separator = "\n    ";
  for (const StepTimes &step : report.steps) {
    fputs(separator, stdout);
    printStepJson(step, report);
    separator = ",\n    ";
  }
  printf("\n  ]\n}\n");
}

void printTable(const BenchReport &report, const Model &model) {
  double fastest = quantile(report.times, 0), sum = 0;
  printf("min %.3f ms  median %.3f ms  p99 %.3f ms  (%zu runs)  load %.3f ms  "
         "first run %.3f ms\n\n",
         fastest, quantile(report.times, 0.5), quantile(report.times, 0.99),
         report.times.size(), report.loadMs, model.firstRunMs);
  for (const StepTimes &step : report.steps)
    sum += medianMs(step);
  printf("%5s %9s %6s %9s %8s %8s %-7s %5s  %-24s %s\n", "step", "ms", "share",
         "GFLOP/s", "GB/s", "of bound", "", "wait", "kernel", "from");
  for (const StepTimes &step : report.steps) {
    double ms = medianMs(step);
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
    Bound bound = boundOf(step.last.flops, step.last.bytes, report.peak);
    std::optional<double> waiting = waitingOf(step, report.threads);
    printf("%5u %9.4f %5.1f%% %9s %8s %8s %-7s %5s  %-24s %s\n", step.last.step,
           ms, sum > 0 ? 100 * ms / sum : 0, rate(step.last.flops).c_str(),
           rate(step.last.bytes).c_str(),
           bound.ms > 0 && ms > 0 ? percent(bound.ms / ms).c_str() : "-",
           bound.by, waiting ? percent(*waiting).c_str() : "-",
           step.last.kernel, from.c_str());
  }
  Total total = totalOf(report);
  printf("\nmodel: %.3f GFLOP, %.1f MB", static_cast<double>(total.flops) / 1e9,
         static_cast<double>(total.bytes) / 1e6);
  if (report.peak)
    printf("; bound %.3f ms by %.0f GFLOP/s and %.1f GB/s, measured: the "
           "fastest run is at %s",
           total.boundMs, report.peak->flops * 1e-9, report.peak->bytes * 1e-9,
           percent(total.boundMs / fastest).c_str());
  printf("\n");
}

} // namespace ingot::cli
