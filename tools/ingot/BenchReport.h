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
  double loadMs = 0;         // file to session
  std::vector<double> times; // of whole runs after the first, in ms
  std::vector<StepTimes> steps;
  int threads = 0;
  std::optional<CpuPeak> peak; // none on a GPU
};

void printJson(const BenchReport &report, const Model &model);
void printTable(const BenchReport &report, const Model &model);

} // namespace ingot::cli
