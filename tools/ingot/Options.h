// Options, complaints and exit codes, as all verbs have them. No call of the
// runtime: the compiler library has its own copy.
#pragma once

#include <cstdint>
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
  // Every value, in order, of one that may be given more than once.
  std::vector<std::string> all(std::string_view name) const;
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

// "cpu", and "cuda" or "emulated" with or without ":N".
bool isDevice(std::string_view name);

using Dims = std::vector<std::pair<std::string, int64_t>>;
// "batch=2,sequence=7"
int parseDims(const Options &options, Dims &dims);
// --lengths: "40,17"
int parseLengths(const Options &options, std::vector<int64_t> &lengths);

} // namespace ingot::cli
