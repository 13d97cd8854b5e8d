#include "tools/compiler/ModelSource.h"

#include "passes/Weights.h"

using namespace mlir;

namespace ingot::cli {

int parseModelSource(const Options &options, const char *verb,
                     ModelSource &source) {
  if (options.files.size() != 1)
    return failUsage("ingot %s takes one model; see ingot %s --help", verb,
                     verb);
  source.path = options.files[0];
  if (const char *dims = options.get("--dims"))
    if (std::optional<std::string> wrong =
            onnx::parseDimOptions(dims, source.import.dims))
      return failUsage("%s", wrong->c_str());
  return 0;
}

FailureOr<onnx::ImportedModel> loadModel(const ModelSource &source,
                                         MLIRContext &context) {
  FailureOr<onnx::ImportedModel> model =
      onnx::importOnnx(source.path, source.import, context);
  if (succeeded(model))
    setWeightStore(context, model->weights);
  return model;
}

} // namespace ingot::cli
