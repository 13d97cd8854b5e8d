// What all verbs share: arguments, complaints, exit codes.
#pragma once

#include "ingot/ingot.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ingot::cli {

// 1: the input is at fault, 2: the command line is.
inline constexpr int kExitInput = 1, kExitUsage = 2;

// Prints "error: ..." on stderr and returns the exit code.
[[gnu::format(printf, 1, 2)]] int fail(const char *format, ...);
[[gnu::format(printf, 1, 2)]] int failUsage(const char *format, ...);
// Takes the error over. Returns true if there was one, which is then printed.
bool failed(ingot_error *error);

std::string format(const char *format, ...)
    __attribute__((format(printf, 1, 2)));
// With quotes.
std::string jsonString(std::string_view text);

// One verb's options. `--name=value` and `--name value` both parse.
struct Options {
  std::vector<std::string> files; // what is no option
  std::vector<std::pair<std::string, std::string>> values;

  bool has(std::string_view name) const;
  // NULL if not given; the last one if given more than once.
  const char *get(std::string_view name) const;
};

// Options with a value, and without, by name ("--dims"). Returns 0, else the
// exit code after a complaint.
int parseOptions(int argc, const char **argv,
                 const std::vector<std::string_view> &valued,
                 const std::vector<std::string_view> &flags, Options &options);
// These leave `value` alone where the option is missing.
int parseInteger(const Options &options, const char *name, int64_t min,
                 int64_t max, int64_t &value);
int parseReal(const Options &options, const char *name, double &value);

using Dims = std::vector<std::pair<std::string, int64_t>>;
// "batch=2,sequence=7"
int parseDims(const Options &options, Dims &dims);

// Verbs; argv[0] is the verb.
int runVerb(int argc, const char **argv);
int benchVerb(int argc, const char **argv);
int inspectVerb(int argc, const char **argv);
int verifyVerb(int argc, const char **argv);
int doctorVerb(int argc, const char **argv);
// Any verb that the compiler library has: compile, explain, run.
int compilerVerb(int argc, const char **argv);
// "libingot_compiler.so" with its folder, or "" where it is not installed.
std::string findCompilerLibrary();

// Text of `ingot VERB --help`; NULL if there is no such verb.
const char *helpOf(std::string_view verb);

} // namespace ingot::cli
