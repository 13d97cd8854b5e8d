//===- TuningFiles.h - Tuning records of the command line -----------------===//
#pragma once

#include "codegen/cpu/Tuning.h"
#include "codegen/cuda/Tuning.h"
#include "tools/compiler/Targets.h"

namespace ingot::cli {

struct Tunings {
  cuda::Tuning cuda = cuda::Tuning::builtIn();
  cpu::Tuning cpu;
};

/// Reads a record of any target, in place of the one for its architecture,
/// which has to be one of the targets'. 0, or the exit code after a complaint.
int readTuning(const std::string &file, const Targets &targets,
               Tunings &tunings);

} // namespace ingot::cli
