// `ingot run` on any device: what is asked for, inputs from files or made up,
// outputs to files, compared or summed up.
#pragma once

#include "tools/ingot/Array.h"
#include "tools/ingot/Options.h"

namespace ingot::cli {

struct RunRequest {
  Options options;
  std::string file, device = "cpu";
  std::string inputs, dataSet, outputs; // paths; "" where not given
  Dims dims;
  int64_t threads = 0, seed = 0;
  double rtol = 1e-4, atol = 1e-7;
};

// Returns 0, else the exit code after a complaint.
int parseRun(int argc, const char **argv, RunRequest &request);

// A model on a device. All return 0, else the exit code after a complaint.
class Runner {
public:
  virtual ~Runner() = default;
  virtual std::vector<std::string> inputNames() const = 0;
  virtual std::vector<std::string> outputNames() const = 0;
  // Inputs are matched by name.
  virtual int run(std::vector<Array> inputs, std::vector<Array> &outputs) = 0;
  // With inputs of RandomInputs.h; every symbol that they depend on must be in
  // `dims`.
  virtual int runRandom(const Dims &dims, uint64_t seed,
                        std::vector<Array> &outputs) = 0;
};

int execute(const RunRequest &request, Runner &runner);

} // namespace ingot::cli
