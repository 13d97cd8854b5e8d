#include "tools/compiler/CompileArguments.h"

#include "tools/compiler/TuneCpu.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

#include <unistd.h>

namespace ingot::cli {

/// The model's name with another extension.
static std::string besideModel(const CompileArguments &arguments,
                               llvm::StringRef extension) {
  llvm::SmallString<128> path(arguments.source.path);
  llvm::sys::path::replace_extension(path, extension);
  return path.str().str();
}

/// `--tune` or `--tune=FILE`.
static int parseTune(const Options &options, CompileArguments &arguments) {
  const char *file = options.get("--tune");
  if (!file)
    return 0;
  if (!arguments.targets.x86)
    return failUsage("--tune measures code for x86-64, which is none of "
                     "--target");
  if (arguments.tunings.cpu.highest())
    return failUsage("--tune measures anew: without --tuning for x86-64");
  if (arguments.emit < Stage::Plan)
    return failUsage("--tune measures products of the plan, which "
                     "--emit=%s does not reach",
                     stageName(arguments.emit).str().c_str());
  if (!levelHere(arguments.targets.levels()))
    return failUsage(
        "--tune measures on this machine, whose CPU runs none of "
        "the code that is asked for (%s at least)",
        std::string(cpu::isaOf(arguments.targets.levels().back()).name)
            .c_str());
  arguments.tuneFile = *file ? file : besideModel(arguments, "tuning.json");
  // Said before a minute of measuring, not after it.
  llvm::StringRef folder = llvm::sys::path::parent_path(arguments.tuneFile);
  if (std::error_code error = llvm::sys::fs::access(
          folder.empty() ? "." : folder, llvm::sys::fs::AccessMode::Write))
    return fail("cannot write %s: %s", arguments.tuneFile.c_str(),
                error.message().c_str());
  return 0;
}

/// Options, of which `--tune` may have no value.
static int parseCompileOptions(int argc, const char **argv, Options &options) {
  std::vector<const char *> all(argv, argv + argc);
  for (const char *&argument : all)
    if (llvm::StringRef(argument) == "--tune")
      argument = "--tune=";
  return parseOptions(
      argc, all.data(),
      {"-o", "--jobs", "--emit", "--target", "--dims", "--constant-input",
       "--dump-dir", "--precision", "--weights", "--tuning", "--tune"},
      {"--no-cache", "--emulate-bf16", "--skip-padding"}, options);
}

int parseArguments(int argc, const char **argv, CompileArguments &arguments) {
  Options options;
  if (int code = parseCompileOptions(argc, argv, options))
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
  if (const char *targets = options.get("--target"))
    if (int code = parseTargets(targets, arguments.targets))
      return code;
  if (const char *precision = options.get("--precision"))
    if (int code = parsePrecision(precision, arguments.targets))
      return code;
  arguments.targets.emulateBf16 = options.has("--emulate-bf16");
  if (arguments.targets.emulateBf16 && arguments.targets.x86Precision != "bf16")
    return failUsage("--emulate-bf16 is for --precision=bf16 on x86-64");
  for (const std::string &file : options.all("--tuning"))
    if (int code = readTuning(file, arguments.targets, arguments.tunings))
      return code;
  if (int code = parseTune(options, arguments))
    return code;
  arguments.skipPadding = options.has("--skip-padding");
  if (arguments.skipPadding && arguments.targets.hasCuda())
    return failUsage("--skip-padding is for x86-64: there are no CUDA kernels "
                     "that pack rows");
  arguments.cache = !options.has("--no-cache");
  if (const char *kind = options.get("--weights")) {
    arguments.isSeeded = llvm::StringRef(kind) == "seeded";
    if (!arguments.isSeeded && llvm::StringRef(kind) != "stored")
      return failUsage("--weights takes stored or seeded, not \"%s\"", kind);
  }
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
    arguments.output = besideModel(arguments, "ingot");
  }
  if (arguments.emit == Stage::Artifact && arguments.output == "-" &&
      isatty(STDOUT_FILENO))
    return failUsage("an artifact is nothing for a terminal: -o FILE");
  return 0;
}

} // namespace ingot::cli
