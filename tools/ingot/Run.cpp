// `ingot run`: on the CPU or a GPU here, by the reference in the compiler
// library.
#include "tools/ingot/Model.h"
#include "tools/ingot/Runner.h"

namespace ingot::cli {

namespace {
class SessionRunner : public Runner {
public:
  explicit SessionRunner(Model &model) : model(model) {}

  std::vector<std::string> inputNames() const override {
    return namesOf(model.inputInfos());
  }
  std::vector<std::string> outputNames() const override {
    return namesOf(model.outputInfos());
  }

  int run(std::vector<Array> inputs, std::vector<Array> &outputs) override {
    model.inputs = std::move(inputs);
    if (int code = model.bindInputs())
      return code;
    if (failed(ingot_session_run(model.session)))
      return kExitInput;
    return model.collectOutputs(outputs);
  }

  int runRandom(const Dims &dims, uint64_t seed,
                std::vector<Array> &outputs) override {
    if (int code = model.firstRun(dims, seed))
      return code;
    return model.collectOutputs(outputs);
  }

private:
  static std::vector<std::string>
  namesOf(const std::vector<ingot_tensor_info> &infos) {
    std::vector<std::string> names;
    for (const ingot_tensor_info &info : infos)
      names.push_back(info.name);
    return names;
  }

  Model &model;
};
} // namespace

int runVerb(int argc, const char **argv) {
  RunRequest request;
  if (int code = parseRun(argc, argv, request))
    return code;
  const char *file = request.file.c_str();
  bool isModel =
      request.file.ends_with(".onnx") || request.file.ends_with(".mlir");
  if (request.device == "reference") {
    if (!isModel)
      return failUsage("--device=reference runs .onnx and .mlir files, not %s",
                       file);
    return compilerVerb(argc, argv);
  }
  if (isModel)
    return failUsage("%s is not compiled: ingot compile %s first, or add "
                     "--device=reference",
                     file, file);
  ingot_gemm gemm = INGOT_GEMM_AUTO;
  if (int code = parseGemm(request.options, request.device, gemm))
    return code;
  if (request.options.has("--constant-input"))
    return failUsage("--constant-input is for ingot compile: %s is compiled",
                     file);
  Model model;
  if (int code = model.load(request.file, request.device,
                            request.options.get("--target")))
    return code;
  if (int code = model.createSession(request.threads, gemm))
    return code;
  SessionRunner runner(model);
  return execute(request, runner);
}

} // namespace ingot::cli
