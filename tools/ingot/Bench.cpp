// `ingot bench`: time of whole runs, then of each step.
#include "tools/ingot/BenchReport.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>

namespace ingot::cli {

namespace {

void recordStep(void *user, const ingot_step_profile *profile) {
  auto &steps = *static_cast<std::vector<StepTimes> *>(user);
  auto found =
      std::find_if(steps.begin(), steps.end(), [&](const StepTimes &step) {
        return step.last.step == profile->step;
      });
  if (found == steps.end())
    found = steps.insert(found, StepTimes{});
  found->last = *profile;
  found->nanoseconds.push_back(profile->nanoseconds);
  found->busy.push_back(profile->busy_nanoseconds);
}

} // namespace

int benchVerb(int argc, const char **argv) {
  Options options;
  if (int code = parseOptions(argc, argv,
                              {"--dims", "--threads", "--seed", "--seconds",
                               "--device", "--target", "--gemm", "--lengths"},
                              {"--json"}, options))
    return code;
  if (options.files.size() != 1)
    return failUsage("ingot bench takes one file; see ingot bench --help");
  Dims dims;
  int64_t threads = 0, seed = 0;
  double seconds = 1;
  std::vector<int64_t> lengths;
  for (int code : {parseDims(options, dims),
                   parseInteger(options, "--threads", 1, 4096, threads),
                   parseInteger(options, "--seed", 0, INT64_MAX, seed),
                   parseReal(options, "--seconds", seconds),
                   parseLengths(options, lengths)})
    if (code)
      return code;

  std::string device =
      options.has("--device") ? options.get("--device") : "cpu";
  if (!isDevice(device))
    return failUsage("no device %s: cpu, cuda, cuda:N or emulated",
                     device.c_str());
  ingot_gemm gemm = INGOT_GEMM_AUTO;
  if (int code = parseGemm(options, device, gemm))
    return code;
  using Clock = std::chrono::steady_clock;
  auto milliseconds = [](Clock::duration duration) {
    return std::chrono::duration<double, std::milli>(duration).count();
  };
  Clock::time_point start = Clock::now();
  Model model;
  if (int code = model.load(options.files[0], device, options.get("--target")))
    return code;
  if (int code = model.createSession(threads, gemm))
    return code;
  BenchReport report;
  model.lengths = lengths;
  report.loadMs = milliseconds(Clock::now() - start);
  if (int code = model.firstRun(dims, static_cast<uint64_t>(seed)))
    return code;

  ingot_device_info info = {};
  ingot_device_get_info(model.device, &info);
  if (!info.architecture || !*info.architecture) { // no GPU
    report.threads = threads ? static_cast<int>(threads) : allowedCpus();
    // Short, and of the same minute as what is compared with it.
    ingot_model_info of = {};
    ingot_model_get_info(model.model, &of);
    Products products = Products::F32;
    if (of.target && !strcmp(of.target, "x86-64-v4-bf16"))
      products = Products::Bf16;
    if (of.target && !strcmp(of.target, "x86-64-v4-amx"))
      products = Products::Bf16Tiles; // the model's code has them already
    report.peak = measureCpuPeak(std::min(report.threads, allowedCpus()), 0.1,
                                 /*megabytes=*/96, products);
  }

  const size_t fewest = 10, most = 100000, warmUp = 2;
  start = Clock::now();
  for (size_t i = 0; i < warmUp + fewest ||
                     (milliseconds(Clock::now() - start) < seconds * 1e3 &&
                      report.times.size() < most);
       ++i) {
    Clock::time_point before = Clock::now();
    if (failed(ingot_session_run(model.session)))
      return kExitInput;
    if (i >= warmUp)
      report.times.push_back(milliseconds(Clock::now() - before));
  }
  // Steps are timed apart from the runs, which read no clock inside.
  if (failed(
          ingot_session_set_profile(model.session, recordStep, &report.steps)))
    return kExitInput;
  start = Clock::now();
  for (size_t i = 0;
       i < 5 || (i < 50 && milliseconds(Clock::now() - start) < seconds * 500);
       ++i)
    if (failed(ingot_session_run(model.session)))
      return kExitInput;
  if (options.has("--json"))
    printJson(report, model);
  else
    printTable(report, model);
  return 0;
}

} // namespace ingot::cli
