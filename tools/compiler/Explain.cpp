// `ingot explain`.
#include "passes/Pipelines.h"
#include "tools/compiler/CompilerVerbs.h"
#include "tools/compiler/Diagnostics.h"
#include "tools/compiler/Explanation.h"
#include "tools/compiler/ModelSource.h"
#include "tools/compiler/OutputFile.h"

using namespace mlir;

namespace ingot::cli {

int explainVerb(int argc, const char **argv) {
  Options options;
  if (int code = parseOptions(argc, argv, {"--dims", "--constant-input"},
                              {"--json"}, options))
    return code;
  ModelSource source;
  if (int code = parseModelSource(options, "explain", /*hasDims=*/true, source))
    return code;
  MLIRContext context(MLIRContext::Threading::DISABLED);
  DiagnosticPrinter printer(context);
  FailureOr<onnx::ImportedModel> model = loadModel(source, context);
  if (failed(model))
    return kExitInput;
  ModuleOp module = *model->module;
  if (Stage stage = currentStage(module); stage != Stage::Import)
    return fail("%s is at the %s stage; explain counts sites of the model as "
                "imported",
                source.path.c_str(), stageName(stage).str().c_str());
  Ledger ledger(module);
  PassManager passes(&context);
  ledger.watch(passes);
  buildCanonicalPipeline(passes);
  buildFusedPipeline(passes);
  if (failed(passes.run(module)))
    return kExitInput;
  ledger.settle();
  std::optional<std::string> imbalance = ledger.imbalance();
  if (imbalance)
    llvm::report_fatal_error(llvm::Twine("the ledger: ") + *imbalance, false);
  return writeOutput("-", Writing::Forward, [&](llvm::raw_fd_ostream &os) {
    (options.has("--json") ? printJson : printText)(module, ledger, source.path,
                                                    os);
    return 0;
  });
}

} // namespace ingot::cli
