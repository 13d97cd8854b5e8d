// What `ingot bench` measured, as a table and as JSON.
#pragma once

#include "tools/ingot/CpuPeak.h"
#include "tools/ingot/Model.h"

#include <optional>

namespace ingot::cli {

// One step over all profiled runs.
struct StepTimes {
  ingot_step_profile last;
  std::vector<int64_t> nanoseconds, busy;
};

struct BenchReport {
  std::vector<double> times; // of whole runs, in ms
  std::vector<StepTimes> steps;
  int threads = 0;
  std::optional<CpuPeak> peak; // none on a GPU
};

void printJson(const BenchReport &report, const Model &model);
void printTable(const BenchReport &report);

} // namespace ingot::cli
