//===- CompilerVerbs.h - The verbs of the compiler library ----------------===//
//
// argv[0] is the verb; all return the exit code. `--help` never gets here.
//
//===----------------------------------------------------------------------===//
#pragma once

namespace ingot::cli {

int compileVerb(int argc, const char **argv);
int explainVerb(int argc, const char **argv);
int runReferenceVerb(int argc, const char **argv);

} // namespace ingot::cli
