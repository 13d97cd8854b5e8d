// The verbs of the command.
#pragma once

#include "ingot/ingot.h"
#include "tools/ingot/Options.h"

namespace ingot::cli {

// Takes the error over. Returns true if there was one, which is then printed.
bool failed(ingot_error *error);

// Verbs; argv[0] is the verb.
int runVerb(int argc, const char **argv);
int benchVerb(int argc, const char **argv);
int inspectVerb(int argc, const char **argv);
int verifyVerb(int argc, const char **argv);
int doctorVerb(int argc, const char **argv);
// Any verb that the compiler library has: compile, explain, run.
int compilerVerb(int argc, const char **argv);
// A library of ours with its folder, or "" where it is not installed.
std::string findLibrary(const char *file);
std::string findCompilerLibrary();
// "emulated" opens our emulated driver unless the environment names another.
ingot_error *openDevice(const char *name, ingot_device **device);
// Of --gemm, for sessions on `device`. Returns 0, else the exit code.
int parseGemm(const Options &options, std::string_view device,
              ingot_gemm &gemm);

// Text of `ingot VERB --help`; NULL if there is no such verb.
const char *helpOf(std::string_view verb);

} // namespace ingot::cli
