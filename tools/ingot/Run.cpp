// `ingot run`: inputs from a file, a data set or at random.
#include "tools/ingot/Compare.h"
#include "tools/ingot/Model.h"
#include "tools/ingot/Npz.h"
#include "tools/ingot/TensorProto.h"

#include <cmath>
#include <cstdio>
#include <unistd.h>

namespace ingot::cli {

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
// baked in by
// --constant-input.
static int arrange(const std::vector<ingot_tensor_info> &infos,
                   const char *kind, const std::string &folder,
                   std::vector<Array> &arrays) {
  std::vector<size_t> order;
  for (const ingot_tensor_info &info : infos)
    for (size_t i = 0; i < arrays.size(); ++i)
      if (arrays[i].name == info.name) {
        order.push_back(i);
        break;
      }
  if (order.size() != infos.size()) {
    if (arrays.size() != infos.size())
      return fail(
          "%s has %zu files %s_N.pb, but the model has %zu %ss of other names",
          folder.c_str(), arrays.size(), kind, infos.size(), kind);
    for (size_t i = 0; i < infos.size(); ++i)
      arrays[i].name = infos[i].name;
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

static bool isModelFile(std::string_view path) {
  return path.ends_with(".onnx") || path.ends_with(".mlir");
}

int runVerb(int argc, const char **argv) {
  Options options;
  if (int code = parseOptions(argc, argv,
                              {"--inputs", "--outputs", "--data-set", "--rtol",
                               "--atol", "--dims", "--seed", "--threads",
                               "--device", "--constant-input"},
                              {}, options))
    return code;
  if (options.files.size() != 1)
    return failUsage("ingot run takes one file; see ingot run --help");
  const std::string &file = options.files[0];
  std::string_view device = "cpu";
  if (const char *given = options.get("--device"))
    device = given;
  // The reference interpreter is the compiler's.
  if (device == "reference" && isModelFile(file))
    return compilerVerb(argc, argv);
  if (device == "reference")
    return failUsage("--device=reference runs .onnx and .mlir files, not %s",
                     file.c_str());
  if (device != "cpu")
    return failUsage("no device %s: cpu or reference", options.get("--device"));
  if (isModelFile(file))
    return failUsage(
        "%s is not compiled: ingot compile %s first, or add --device=reference",
        file.c_str(), file.c_str());
  if (options.has("--constant-input"))
    return failUsage("--constant-input is for ingot compile: %s is compiled",
                     file.c_str());
  Dims dims;
  int64_t threads = 0, seed = 0;
  double rtol = 1e-4, atol = 1e-7;
  for (int code :
       {parseDims(options, dims),
        parseInteger(options, "--threads", 1, 4096, threads),
        parseInteger(options, "--seed", 0, INT64_MAX, seed),
        parseReal(options, "--rtol", rtol), parseReal(options, "--atol", atol)})
    if (code)
      return code;
  const char *inputs = options.get("--inputs"),
             *folder = options.get("--data-set");
  if ((inputs != nullptr) + (folder != nullptr) + options.has("--dims") > 1)
    return failUsage("--inputs, --data-set and --dims exclude each other");

  Model model;
  if (int code = model.load(file, false))
    return code;
  if (int code = model.createSession(threads))
    return code;
  std::vector<Array> outputs, expected;
  if (inputs || folder) {
    if (inputs) {
      if (std::string error = readNpz(inputs, model.inputs); !error.empty())
        return fail("%s", error.c_str());
    } else {
      if (int code = readTensors(folder, "input", model.inputs))
        return code;
      if (int code = readTensors(folder, "output", expected))
        return code;
      if (expected.empty())
        return fail("%s has no output_0.pb", folder);
      if (int code = arrange(model.inputInfos(), "input", folder, model.inputs))
        return code;
      if (int code = arrange(model.outputInfos(), "output", folder, expected))
        return code;
    }
    if (int code = model.bindInputs())
      return code;
    if (failed(ingot_session_run(model.session)))
      return kExitInput;
  } else if (int code = model.firstRun(dims, static_cast<uint64_t>(seed))) {
    return code;
  }
  if (int code = model.collectOutputs(outputs))
    return code;
  if (const char *path = options.get("--outputs"))
    if (std::string error = writeNpz(path, outputs); !error.empty())
      return fail("%s", error.c_str());
  if (folder)
    return compareAll(outputs, expected, rtol, atol);
  if (!options.has("--outputs"))
    for (const Array &output : outputs)
      summarize(output);
  return 0;
}

} // namespace ingot::cli
