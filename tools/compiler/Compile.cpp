// `ingot compile`.
#include "codegen/artifact/ArtifactWriter.h"
#include "passes/Pipelines.h"
#include "tools/compiler/CompilerVerbs.h"
#include "tools/compiler/Diagnostics.h"
#include "tools/compiler/ModelSource.h"

#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace ingot::cli {

namespace {
struct CompileArguments {
  ModelSource source;
  std::string output;
  Stage emit = Stage::Artifact;
  int64_t jobs = 2;
};

int parseArguments(int argc, const char **argv, CompileArguments &arguments) {
  std::vector<std::string_view> valued = {"-o", "--jobs", "--emit", "--target"};
  valued.insert(valued.end(), std::begin(kModelOptions),
                std::end(kModelOptions));
  Options options;
  if (int code = parseOptions(argc, argv, valued, {}, options))
    return code;
  if (int code = parseModelSource(options, "compile", arguments.source))
    return code;
  if (int code = parseInteger(options, "--jobs", 1, 1024, arguments.jobs))
    return code;
  if (const char *name = options.get("--emit")) {
    std::optional<Stage> stage = stageOf(name);
    if (!stage)
      return failUsage("no stage %s: import, canonical, fused, plan, kernels, "
                       "asm or artifact",
                       name);
    arguments.emit = *stage;
  }
  if (const char *target = options.get("--target"))
    if (llvm::StringRef(target) != "x86-64")
      return failUsage("no target %s: this version compiles for x86-64",
                       target);
  if (const char *output = options.get("-o")) {
    arguments.output = output;
  } else {
    llvm::SmallString<128> path(arguments.source.path);
    llvm::sys::path::replace_extension(path, "ingot");
    arguments.output = path.str().str();
  }
  return 0;
}

int compile(const CompileArguments &arguments) {
  MLIRContext context(MLIRContext::Threading::DISABLED);
  DiagnosticPrinter printer(context);
  FailureOr<onnx::ImportedModel> model = loadModel(arguments.source, context);
  if (failed(model))
    return kExitInput;
  ModuleOp module = *model->module;
  auto finish = [&] {
    module.print(llvm::outs());
    return 0;
  };
  if (arguments.emit == Stage::Import)
    return finish();
  auto run = [&](auto build) {
    PassManager passes(&context);
    build(passes);
    return succeeded(passes.run(module));
  };
  if (!run(buildCanonicalPipeline))
    return kExitInput;
  if (arguments.emit == Stage::Canonical)
    return finish();
  if (!run(buildFusedPipeline))
    return kExitInput;
  if (arguments.emit == Stage::Fused)
    return finish();
  if (!run([](OpPassManager &passes) { buildPlanPipeline(passes, "x86-64"); }))
    return kExitInput;
  if (arguments.emit == Stage::Plan)
    return finish();
  std::vector<plan::KernelOp> kernels;
  for (auto kernel : module.getOps<plan::KernelOp>())
    kernels.push_back(kernel);
  cpu::KernelCompilerOptions options;
  options.levels = {cpu::IsaLevel::V4, cpu::IsaLevel::V3};
  options.jobs = static_cast<unsigned>(arguments.jobs);
  bool dumps = arguments.emit == Stage::Kernels || arguments.emit == Stage::Asm;
  if (dumps)
    options.dump = [&](plan::KernelOp kernel, cpu::IsaLevel level,
                       const cpu::KernelDump &dump) {
      llvm::outs() << "// " << kernel.getSymName() << " "
                   << cpu::isaOf(level).name << "\n"
                   << (arguments.emit == Stage::Asm ? dump.assembly : dump.mlir)
                   << "\n";
    };
  FailureOr<std::vector<cpu::LevelCode>> code =
      cpu::compilePlanKernels(kernels, options);
  if (failed(code))
    return kExitInput;
  if (dumps)
    return 0;
  ArtifactOptions artifact{
      "ingot " INGOT_VERSION,
      llvm::sys::path::filename(arguments.source.path).str()};
  if (failed(writeArtifact(module, kernels, *code, *model->weights,
                           arguments.output, artifact)))
    return kExitInput;
  llvm::outs() << arguments.output << ": " << kernels.size() << " kernels\n";
  return 0;
}
} // namespace

int compileVerb(int argc, const char **argv) {
  CompileArguments arguments;
  if (int code = parseArguments(argc, argv, arguments))
    return code;
  return compile(arguments);
}

} // namespace ingot::cli
