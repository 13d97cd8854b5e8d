#include "tools/ingot/Runner.h"
#include "tools/ingot/Compare.h"
#include "tools/ingot/Npz.h"
#include "tools/ingot/TensorProto.h"

#include <cmath>
#include <cstdio>
#include <unistd.h>

namespace ingot::cli {

int parseRun(int argc, const char **argv, RunRequest &request) {
  Options &options = request.options;
  if (int code =
          parseOptions(argc, argv,
                       {"--inputs", "--outputs", "--data-set", "--rtol",
                        "--atol", "--dims", "--seed", "--threads", "--device",
                        "--target", "--gemm", "--constant-input"},
                       {}, options))
    return code;
  if (options.files.size() != 1)
    return failUsage("ingot run takes one file; see ingot run --help");
  request.file = options.files[0];
  for (auto [name, text] : {std::pair("--device", &request.device),
                            {"--inputs", &request.inputs},
                            {"--data-set", &request.dataSet},
                            {"--outputs", &request.outputs}}) {
    const char *value = options.get(name);
    if (value && !*value)
      return failUsage("%s needs a value", name);
    if (value)
      *text = value;
  }
  if (!isDevice(request.device) && request.device != "reference")
    return failUsage("no device %s: cpu, cuda, cuda:N, emulated or reference",
                     request.device.c_str());
  if (options.has("--inputs") + options.has("--data-set") +
          options.has("--dims") >
      1)
    return failUsage("--inputs, --data-set and --dims exclude each other");
  for (int code : {parseDims(options, request.dims),
                   parseInteger(options, "--threads", 1, 4096, request.threads),
                   parseInteger(options, "--seed", 0, INT64_MAX, request.seed),
                   parseReal(options, "--rtol", request.rtol),
                   parseReal(options, "--atol", request.atol)})
    if (code)
      return code;
  return 0;
}

// DIR/input_0.pb, DIR/input_1.pb, ...
static int readTensors(const std::string &folder, const char *kind,
                       std::vector<Array> &arrays) {
  for (int i = 0;; ++i) {
    std::string path = format("%s/%s_%d.pb", folder.c_str(), kind, i);
    if (access(path.c_str(), F_OK) != 0)
      return 0;
    Array array;
    if (std::string error = readTensorProto(path, array); !error.empty())
      return fail("%s", error.c_str());
    arrays.push_back(std::move(array));
  }
}

// Puts the tensors in the order of the model's: by name if each of the model's
// has one, else as they are. Tensors of other names are dropped: they were
// baked in by --constant-input.
static int arrange(const std::vector<std::string> &names, const char *kind,
                   const std::string &folder, std::vector<Array> &arrays) {
  std::vector<size_t> order;
  for (const std::string &name : names)
    for (size_t i = 0; i < arrays.size(); ++i)
      if (arrays[i].name == name) {
        order.push_back(i);
        break;
      }
  if (order.size() != names.size()) {
    if (arrays.size() != names.size())
      return fail(
          "%s has %zu files %s_N.pb, but the model has %zu %ss of other names",
          folder.c_str(), arrays.size(), kind, names.size(), kind);
    for (size_t i = 0; i < names.size(); ++i)
      arrays[i].name = names[i];
    return 0;
  }
  std::vector<Array> sorted;
  for (size_t i : order)
    sorted.push_back(std::move(arrays[i]));
  arrays = std::move(sorted);
  return 0;
}

static int compareAll(const std::vector<Array> &outputs,
                      const std::vector<Array> &expected, double rtol,
                      double atol) {
  bool good = true;
  for (size_t i = 0; i < outputs.size(); ++i) {
    Difference difference = compare(outputs[i], expected[i], rtol, atol);
    printf("%-6s %s: max abs error %.3g, relative %.3g%s%s\n",
           difference.passed ? "ok" : "FAILED", outputs[i].name.c_str(),
           difference.absolute, difference.relative,
           difference.reason.empty() ? "" : "; ", difference.reason.c_str());
    good = good && difference.passed;
  }
  return good ? 0 : kExitInput;
}

static void summarize(const Array &array) {
  size_t count = 0, bytes = 0;
  countBytes(array.type, array.dims, count, bytes);
  double low = INFINITY, high = -INFINITY, sum = 0;
  size_t odd = 0; // NaN or infinite
  std::string first;
  for (size_t i = 0; i < count; ++i) {
    double value = elementAsReal(array.type, array.data.data(), i);
    if (i < 4)
      first += format("%s%.6g", i ? ", " : "", value);
    if (!std::isfinite(value)) {
      ++odd;
      continue;
    }
    low = std::fmin(low, value), high = std::fmax(high, value), sum += value;
  }
  printf("%s: %s", array.name.c_str(),
         describe(array.type, array.dims).c_str());
  if (count > odd)
    printf("  min %.6g  max %.6g  mean %.6g", low, high,
           sum / static_cast<double>(count - odd));
  if (odd)
    printf("  %zu not finite", odd);
  printf("  [%s%s]\n", first.c_str(), count > 4 ? ", ..." : "");
}

// The inputs, and for a data set the outputs expected.
static int readAll(const RunRequest &request, const Runner &runner,
                   std::vector<Array> &inputs, std::vector<Array> &expected) {
  if (!request.inputs.empty()) {
    std::string error = readNpz(request.inputs, inputs);
    return error.empty() ? 0 : fail("%s", error.c_str());
  }
  const std::string &folder = request.dataSet;
  if (int code = readTensors(folder, "input", inputs))
    return code;
  if (int code = readTensors(folder, "output", expected))
    return code;
  if (expected.empty())
    return fail("%s has no output_0.pb", folder.c_str());
  if (int code = arrange(runner.inputNames(), "input", folder, inputs))
    return code;
  return arrange(runner.outputNames(), "output", folder, expected);
}

int execute(const RunRequest &request, Runner &runner) {
  std::vector<Array> inputs, outputs, expected;
  if (request.inputs.empty() && request.dataSet.empty()) {
    if (int code = runner.runRandom(
            request.dims, static_cast<uint64_t>(request.seed), outputs))
      return code;
  } else {
    if (int code = readAll(request, runner, inputs, expected))
      return code;
    if (int code = runner.run(std::move(inputs), outputs))
      return code;
  }
  if (!request.outputs.empty())
    if (std::string error = writeNpz(request.outputs, outputs); !error.empty())
      return fail("%s", error.c_str());
  if (!request.dataSet.empty())
    return compareAll(outputs, expected, request.rtol, request.atol);
  if (request.outputs.empty())
    for (const Array &output : outputs)
      summarize(output);
  return 0;
}

} // namespace ingot::cli
