// `ingot compile`.
#include "passes/Pipelines.h"
#include "tools/compiler/CompilerVerbs.h"
#include "tools/compiler/Diagnostics.h"
#include "tools/compiler/Dumps.h"
#include "tools/compiler/ModelSource.h"
#include "tools/compiler/OutputFile.h"
#include "tools/compiler/Summary.h"

#include "llvm/Support/Path.h"

#include <unistd.h>

using namespace mlir;

namespace ingot::cli {

namespace {
struct CompileArguments {
  ModelSource source;
  std::string output, dumpFolder;
  Stage emit = Stage::Artifact;
  int64_t jobs = 2;
};

int parseArguments(int argc, const char **argv, CompileArguments &arguments) {
  Options options;
  if (int code = parseOptions(argc, argv,
                              {"-o", "--jobs", "--emit", "--target", "--dims",
                               "--constant-input", "--dump-dir"},
                              {}, options))
    return code;
  if (int code = parseModelSource(options, "compile", /*hasDims=*/true,
                                  arguments.source))
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
  if (const char *folder = options.get("--dump-dir")) {
    if (!*folder)
      return failUsage("--dump-dir takes a folder");
    arguments.dumpFolder = folder;
  }
  if (const char *output = options.get("-o")) {
    arguments.output = output;
    if (arguments.output.empty())
      return failUsage("-o takes a file, or - for stdout");
  } else if (arguments.emit != Stage::Artifact) {
    arguments.output = "-";
  } else {
    llvm::SmallString<128> path(arguments.source.path);
    llvm::sys::path::replace_extension(path, "ingot");
    arguments.output = path.str().str();
  }
  if (arguments.emit == Stage::Artifact && arguments.output == "-" &&
      isatty(STDOUT_FILENO))
    return failUsage("an artifact is nothing for a terminal: -o FILE");
  return 0;
}

class Compilation {
public:
  explicit Compilation(const CompileArguments &arguments)
      : arguments(arguments), printer(context), dumps(arguments.dumpFolder) {}

  int run();

private:
  bool endsAt(Stage stage) const { return arguments.emit == stage; }
  int lower(Stage stage, llvm::function_ref<void(OpPassManager &)> build);
  int emitModule(Stage stage);
  int compileKernels(std::vector<cpu::LevelCode> &code);
  int writeFile(llvm::ArrayRef<cpu::LevelCode> code);

  const CompileArguments &arguments;
  MLIRContext context{MLIRContext::Threading::DISABLED};
  DiagnosticPrinter printer;
  Dumps dumps;
  Progress progress;
  Summary summary;
  ModuleOp module;
  std::shared_ptr<WeightStore> weights;
  std::vector<plan::KernelOp> kernels;
};

/// The passes to `stage`, unless the file was there already.
int Compilation::lower(Stage stage,
                       llvm::function_ref<void(OpPassManager &)> build) {
  if (currentStage(module) >= stage)
    return 0;
  progress.begin(stageName(stage).str());
  PassManager passes(&context);
  build(passes);
  dumps.watch(passes);
  if (failed(passes.run(module)))
    return kExitInput;
  setStage(module, stage);
  return dumps.watched();
}

int Compilation::emitModule(Stage stage) {
  if (currentStage(module) != stage)
    return fail("%s is at the %s stage, past %s", arguments.source.path.c_str(),
                stageName(currentStage(module)).str().c_str(),
                stageName(stage).str().c_str());
  progress.end();
  return writeOutput(arguments.output, Writing::Forward,
                     [&](llvm::raw_fd_ostream &os) {
                       module.print(os);
                       return 0;
                     });
}

int Compilation::compileKernels(std::vector<cpu::LevelCode> &code) {
  progress.begin("kernels");
  for (auto kernel : module.getOps<plan::KernelOp>())
    kernels.push_back(kernel);
  cpu::KernelCompilerOptions options;
  options.levels = {cpu::IsaLevel::V4, cpu::IsaLevel::V3};
  options.jobs = static_cast<unsigned>(arguments.jobs);
  options.progress = [&](size_t done, size_t all) { progress.show(done, all); };
  std::string text;
  int status = 0;
  bool emits = endsAt(Stage::Kernels) || endsAt(Stage::Asm);
  if (emits || dumps.isOn())
    options.dump = [&](plan::KernelOp kernel, cpu::IsaLevel level,
                       const cpu::KernelDump &dump) {
      if (emits)
        text += "// " + kernel.getSymName().str() + " " +
                std::string(cpu::isaOf(level).name) + "\n" +
                (endsAt(Stage::Asm) ? dump.assembly : dump.mlir) + "\n";
      if (status == 0)
        status = dumps.kernel(kernel.getSymName(), level, dump);
    };
  FailureOr<std::vector<cpu::LevelCode>> made =
      cpu::compilePlanKernels(kernels, options);
  progress.end();
  if (failed(made))
    return kExitInput;
  code = std::move(*made);
  if (status || !emits)
    return status;
  return writeOutput(arguments.output, Writing::Forward,
                     [&](llvm::raw_fd_ostream &os) {
                       os << text;
                       return 0;
                     });
}

int Compilation::writeFile(llvm::ArrayRef<cpu::LevelCode> code) {
  progress.begin("artifact");
  ArtifactOptions options{
      "ingot " INGOT_VERSION,
      llvm::sys::path::filename(arguments.source.path).str()};
  ArtifactSizes sizes;
  int status = writeOutput(
      arguments.output, Writing::Seeking, [&](llvm::raw_fd_ostream &os) {
        FailureOr<ArtifactSizes> written =
            writeArtifact(module, kernels, code, *weights, os, options);
        if (failed(written))
          return kExitInput;
        sizes = *written;
        return 0;
      });
  progress.end();
  if (status)
    return status;
  if (arguments.output == "-") {
    summary.print(llvm::errs(), "stdout", sizes, progress);
    return 0;
  }
  return writeOutput("-", Writing::Forward, [&](llvm::raw_fd_ostream &os) {
    summary.print(os, arguments.output, sizes, progress);
    return 0;
  });
}

int Compilation::run() {
  if (int code = dumps.open())
    return code;
  progress.begin("import");
  FailureOr<onnx::ImportedModel> model = loadModel(arguments.source, context);
  if (failed(model))
    return kExitInput;
  module = *model->module;
  weights = model->weights;
  if (int code = dumps.module(module, stageName(currentStage(module))))
    return code;
  if (endsAt(Stage::Import))
    return emitModule(Stage::Import);
  if (int code = lower(Stage::Canonical, buildCanonicalPipeline))
    return code;
  if (endsAt(Stage::Canonical))
    return emitModule(Stage::Canonical);
  if (int code = lower(Stage::Fused, buildFusedPipeline))
    return code;
  if (endsAt(Stage::Fused))
    return emitModule(Stage::Fused);
  summary.countFused(module);
  if (int code = lower(Stage::Plan, [](OpPassManager &passes) {
        buildPlanPipeline(passes, "x86-64");
      }))
    return code;
  if (endsAt(Stage::Plan))
    return emitModule(Stage::Plan);
  summary.countPlan(module);
  std::vector<cpu::LevelCode> code;
  if (int status = compileKernels(code))
    return status;
  return endsAt(Stage::Artifact) ? writeFile(code) : 0;
}
} // namespace

int compileVerb(int argc, const char **argv) {
  CompileArguments arguments;
  if (int code = parseArguments(argc, argv, arguments))
    return code;
  return Compilation(arguments).run();
}

} // namespace ingot::cli
