// `ingot compile`.
#include "codegen/cpu/KernelChoice.h"
#include "codegen/cuda/LinearNorm.h"
#include "codegen/cuda/SplitWork.h"
#include "passes/Pipelines.h"
#include "tools/compiler/CompileArguments.h"
#include "tools/compiler/CompilerVerbs.h"
#include "tools/compiler/CudaKernels.h"
#include "tools/compiler/Diagnostics.h"
#include "tools/compiler/Dumps.h"
#include "tools/compiler/OutputFile.h"
#include "tools/compiler/Summary.h"
#include "tools/compiler/TuneCpu.h"

#include "llvm/Support/Path.h"

using namespace mlir;

namespace ingot::cli {

namespace {
class Compilation {
public:
  explicit Compilation(const CompileArguments &arguments)
      : arguments(arguments), tuning(arguments.tunings.cpu), printer(context),
        dumps(arguments.dumpFolder) {}

  int run();

private:
  bool endsAt(Stage stage) const { return arguments.emit == stage; }
  int lower(Stage stage, llvm::function_ref<void(OpPassManager &)> build);
  int emitModule(Stage stage);
  int tune();
  int compileForCpu();
  int compileForCuda();
  int listStubs(llvm::ArrayRef<plan::KernelOp> kernels);
  int emitText();
  int writeFile();

  const CompileArguments &arguments;
  cpu::Tuning tuning;
  MLIRContext context{MLIRContext::Threading::DISABLED};
  DiagnosticPrinter printer;
  Dumps dumps;
  Progress progress;
  Summary summary;
  ModuleOp module;
  std::shared_ptr<WeightStore> weights;
  std::vector<TargetCode> code;
  std::string text; ///< of the kernels, where they are emitted
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

int Compilation::emitText() {
  return writeOutput(arguments.output, Writing::Forward,
                     [&](llvm::raw_fd_ostream &os) {
                       os << text;
                       return 0;
                     });
}

/// Measures where that is asked for; the plan becomes what the record says.
int Compilation::tune() {
  if (!arguments.tuneFile.empty()) {
    progress.begin("tuning");
    std::optional<cpu::TuningRecord> record =
        tuneCpu(kernelsOf(module, /*isCuda=*/false),
                *levelHere(arguments.targets.levels()),
                static_cast<unsigned>(arguments.jobs));
    if (!record)
      return kExitInput;
    if (int code = writeOutput(arguments.tuneFile, Writing::Forward,
                               [&](llvm::raw_fd_ostream &os) {
                                 os << record->text();
                                 return 0;
                               }))
      return code;
    tuning.set(std::move(*record));
  }
  if (const cpu::TuningRecord *record = tuning.highest())
    cpu::setTaskRows(module, *record);
  return 0;
}

int Compilation::compileForCpu() {
  progress.begin("kernels");
  std::vector<plan::KernelOp> kernels = kernelsOf(module, /*isCuda=*/false);
  cpu::KernelCompilerOptions options;
  options.levels = arguments.targets.levels();
  options.tuning = tuning;
  options.jobs = static_cast<unsigned>(arguments.jobs);
  options.progress = [&](size_t done, size_t all) { progress.show(done, all); };
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
  if (failed(made))
    return kExitInput;
  for (const cpu::LevelCode &level : *made)
    code.push_back(cpuTarget(level, kernels, tuning.of(level.level)));
  return status;
}

int Compilation::compileForCuda() {
  progress.begin("GPU kernels");
  cuda::ImageOptions options;
  options.jobs = static_cast<unsigned>(arguments.jobs);
  options.cache = arguments.cache;
  options.progress = [&](size_t done, size_t all) { progress.show(done, all); };
  std::vector<plan::KernelOp> kernels = kernelsOf(module, /*isCuda=*/true);
  if (endsAt(Stage::Kernels))
    return listStubs(kernels);
  FailureOr<cuda::CompiledKernels> made = cuda::compilePlanKernels(
      kernels, {arguments.targets.archs, arguments.tunings.cuda, options});
  if (failed(made))
    return kExitInput;
  for (const auto &architecture : made->architectures)
    code.push_back(cudaTarget(architecture.name, architecture.kernels,
                              architecture.stubs, architecture.images));
  if (!endsAt(Stage::Asm) && !dumps.isOn())
    return 0;
  options.progress = nullptr;
  for (const DistinctStub &each : distinctStubs(*made))
    if (int status = dumps.kernelFile(each.file(), each.stub->text))
      return status;
  std::optional<std::vector<CudaListing>> listings = listCuda(*made, options);
  if (!listings)
    return kExitInput;
  for (const CudaListing &listing : *listings) {
    text += "// " + listing.kernel + " " + listing.arch + "\n" + listing.text +
            "\n";
    if (int status = dumps.kernelFile(listing.kernel + "." + listing.arch +
                                          (listing.isPtx ? ".ptx" : ".sass"),
                                      listing.text))
      return status;
  }
  return 0;
}

/// Printing needs no NVRTC.
int Compilation::listStubs(llvm::ArrayRef<plan::KernelOp> kernels) {
  cuda::CompiledKernels printed;
  for (const std::string &arch : arguments.targets.archs) {
    std::vector<plan::KernelOp> ofArch = cuda::kernelsFor(kernels, arch);
    FailureOr<std::vector<cuda::CudaStub>> stubs =
        cuda::printStubs(ofArch, arguments.tunings.cuda, arch);
    if (failed(stubs))
      return kExitInput;
    printed.architectures.push_back({arch, ofArch, std::move(*stubs), {}});
  }
  for (const DistinctStub &each : distinctStubs(printed)) {
    const cuda::CudaStub &stub = *each.stub;
    text += "// " + stub.name + " " +
            (each.archs.empty() ? "cuda" : each.archs) + ": " +
            std::to_string(stub.threads) + " threads, " +
            std::to_string(stub.sharedBytes) + " bytes of shared memory\n" +
            stub.text + "\n";
    if (int status = dumps.kernelFile(each.file(), stub.text))
      return status;
  }
  return 0;
}

int Compilation::writeFile() {
  progress.begin("artifact");
  ArtifactOptions options{
      "ingot " INGOT_VERSION,
      llvm::sys::path::filename(arguments.source.path).str(),
      arguments.isSeeded};
  ArtifactSizes sizes;
  int status = writeOutput(
      arguments.output, Writing::Seeking, [&](llvm::raw_fd_ostream &os) {
        FailureOr<ArtifactSizes> written =
            writeArtifact(module, code, *weights, os, options);
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
  if (arguments.targets.hasCuda() && arguments.emit >= Stage::Asm)
    if (int code = checkNvrtc())
      return code;
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
  if (arguments.skipPadding && currentStage(module) >= Stage::Fused)
    return fail("%s is at the %s stage, where rows are packed or not: "
                "--skip-padding is for an earlier one",
                arguments.source.path.c_str(),
                stageName(currentStage(module)).str().c_str());
  if (int code = lower(Stage::Fused, [&](OpPassManager &passes) {
        buildFusedPipeline(passes, arguments.skipPadding);
      }))
    return code;
  if (endsAt(Stage::Fused))
    return emitModule(Stage::Fused);
  summary.countFused(module);
  if (int code = lower(Stage::Plan, [&](OpPassManager &passes) {
        buildPlanPipeline(
            passes, arguments.targets.plans(), [&](OpPassManager &before) {
              if (llvm::is_contained(arguments.targets.archs, "sm_90a"))
                before.addPass(cuda::createFuseLinearNorm());
              before.addPass(cuda::createSplitWork());
            });
      }))
    return code;
  if (int code = tune())
    return code;
  if (endsAt(Stage::Plan))
    return emitModule(Stage::Plan);
  summary.countPlan(module);
  if (arguments.targets.x86)
    if (int status = compileForCpu())
      return status;
  if (arguments.targets.hasCuda())
    if (int status = compileForCuda())
      return status;
  progress.end();
  return endsAt(Stage::Artifact) ? writeFile() : emitText();
}
} // namespace

int compileVerb(int argc, const char **argv) {
  CompileArguments arguments;
  if (int code = parseArguments(argc, argv, arguments))
    return code;
  return Compilation(arguments).run();
}

} // namespace ingot::cli
