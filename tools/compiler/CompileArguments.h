//===- CompileArguments.h - What `ingot compile` is asked for -------------===//
#pragma once

#include "tools/compiler/ModelSource.h"
#include "tools/compiler/Targets.h"
#include "tools/compiler/TuningFiles.h"

namespace ingot::cli {

struct CompileArguments {
  ModelSource source;
  std::string output, dumpFolder;
  Stage emit = Stage::Artifact;
  Targets targets;
  int64_t jobs = 2;
  bool cache = true, isSeeded = false, skipPadding = false;
  Tunings tunings;
  std::string tuneFile; ///< to write; "": nothing is measured
};

/// 0, or the exit code after a complaint.
int parseArguments(int argc, const char **argv, CompileArguments &arguments);

} // namespace ingot::cli
