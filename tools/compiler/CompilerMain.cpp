// The verbs of `ingot` that need the compiler, in a library of their own so
// that the command starts without MLIR.
#include "codegen/artifact/ArtifactWriter.h"
#include "frontend/onnx/Import.h"
#include "passes/Pipelines.h"
#include "passes/Weights.h"

#include "mlir/Parser/Parser.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

#include <cstring>

using namespace mlir;
using namespace ingot;

namespace {
struct CompileArguments {
  std::string input, output;
  Stage emit = Stage::Artifact;
  unsigned jobs = 2;
  onnx::ImportOptions import;
};

int usage(const llvm::Twine &message) {
  llvm::errs() << "ingot compile: " << message << "\n"
               << "usage: ingot compile MODEL.onnx [-o OUT.ingot] [--dims "
                  "NAME=VALUE,...] "
                  "[--jobs N] [--emit=STAGE]\n";
  return 2;
}

/// `--name=value` or `--name value`.
std::optional<llvm::StringRef> option(llvm::ArrayRef<const char *> args,
                                      size_t &i, llvm::StringRef name) {
  llvm::StringRef arg = args[i];
  if (arg == name && i + 1 < args.size())
    return llvm::StringRef(args[++i]);
  if (arg.consume_front(name) && arg.consume_front("="))
    return arg;
  return std::nullopt;
}

/// Where a diagnostic points, as people say it: a node's name or a file.
std::string placeOf(Location loc) {
  if (auto name = llvm::dyn_cast<NameLoc>(loc))
    return name.getName().str();
  if (auto file = llvm::dyn_cast<FileLineColLoc>(loc))
    return file.getFilename().str() + ":" + std::to_string(file.getLine());
  if (auto fused = llvm::dyn_cast<FusedLoc>(loc))
    for (Location inner : fused.getLocations())
      if (std::string place = placeOf(inner); !place.empty())
        return place;
  return "";
}

/// One line a diagnostic and a line a note, to stderr.
void report(Diagnostic &diagnostic) {
  auto line = [](llvm::StringRef kind, const Diagnostic &d) {
    std::string place = placeOf(d.getLocation());
    llvm::errs() << kind << (place.empty() ? "" : place + ": ") << d.str()
                 << "\n";
  };
  bool isError = diagnostic.getSeverity() == DiagnosticSeverity::Error;
  line(isError ? "error: " : "note: ", diagnostic);
  for (Diagnostic &note : diagnostic.getNotes())
    line("  ", note);
}

int compile(const CompileArguments &arguments) {
  MLIRContext context(MLIRContext::Threading::DISABLED);
  ScopedDiagnosticHandler handler(
      &context, [](Diagnostic &diagnostic) { report(diagnostic); });
  FailureOr<onnx::ImportedModel> model =
      onnx::importOnnx(arguments.input, arguments.import, context);
  if (failed(model))
    return 1;
  setWeightStore(context, model->weights);
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
    return 1;
  if (arguments.emit == Stage::Canonical)
    return finish();
  if (!run(buildFusedPipeline))
    return 1;
  if (arguments.emit == Stage::Fused)
    return finish();
  if (!run([](OpPassManager &passes) { buildPlanPipeline(passes, "x86-64"); }))
    return 1;
  if (arguments.emit == Stage::Plan)
    return finish();
  std::vector<plan::KernelOp> kernels;
  for (auto kernel : module.getOps<plan::KernelOp>())
    kernels.push_back(kernel);
  cpu::KernelCompilerOptions options;
  options.levels = {cpu::IsaLevel::V4, cpu::IsaLevel::V3};
  options.jobs = arguments.jobs;
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
    return 1;
  if (dumps)
    return 0;
  ArtifactOptions artifact{"ingot " INGOT_VERSION,
                           llvm::sys::path::filename(arguments.input).str()};
  if (failed(writeArtifact(module, kernels, *code, *model->weights,
                           arguments.output, artifact)))
    return 1;
  llvm::outs() << arguments.output << ": " << kernels.size() << " kernels\n";
  return 0;
}
} // namespace

extern "C" __attribute__((visibility("default"))) int
ingot_compiler_main(int argc, const char **argv) {
  llvm::ArrayRef<const char *> args(argv, argc);
  if (args.empty() || std::strcmp(args[0], "compile") != 0) {
    llvm::errs() << "ingot: this build has no such verb yet\n";
    return 2;
  }
  CompileArguments arguments;
  for (size_t i = 1; i < args.size(); ++i) {
    llvm::StringRef arg = args[i];
    if (auto value = option(args, i, "-o"))
      arguments.output = value->str();
    else if (auto value = option(args, i, "--jobs")) {
      if (value->getAsInteger(10, arguments.jobs) || arguments.jobs == 0)
        return usage("--jobs takes a number of threads, got '" + *value + "'");
    } else if (auto value = option(args, i, "--emit")) {
      std::optional<Stage> stage = stageOf(*value);
      if (!stage)
        return usage("no stage '" + *value +
                     "'; stages are import, canonical, fused, plan, "
                     "kernels, asm, artifact");
      arguments.emit = *stage;
    } else if (auto value = option(args, i, "--dims")) {
      if (auto error = onnx::parseDimOptions(*value, arguments.import.dims))
        return usage(*error);
    } else if (auto value = option(args, i, "--target")) {
      if (*value != "x86-64")
        return usage("no target '" + *value +
                     "'; this version compiles for x86-64");
    } else if (arg.starts_with("-")) {
      return usage("no option '" + arg + "'");
    } else if (arguments.input.empty()) {
      arguments.input = arg.str();
    } else {
      return usage("one model at a time");
    }
  }
  if (arguments.input.empty())
    return usage("which model?");
  if (arguments.output.empty()) {
    llvm::SmallString<128> path(arguments.input);
    llvm::sys::path::replace_extension(path, "ingot");
    arguments.output = path.str().str();
  }
  return compile(arguments);
}
