//===- LinearTimer.h - How long products take on this machine -------------===//
#pragma once

#include "codegen/cpu/Choice.h"
#include "codegen/cpu/KernelCompiler.h"
#include "codegen/cpu/Tuning.h"

#include <memory>
#include <string>
#include <vector>

namespace ingot::cli {

/// A linear without an epilogue, as its code is cut.
struct LinearCandidate {
  int64_t taskRows;
  cpu::GemmBlocking blocking;

  bool operator==(const LinearCandidate &) const = default;
};

struct TimedLinear {
  std::string type, result; ///< "f32" or "bf16"
  int64_t n, k;

  bool operator==(const TimedLinear &) const = default;
};

/// The code of candidates for one linear, ready to run. Weights come from a
/// pool that is larger than most caches, as those of a model do.
class LinearTimer {
public:
  /// Null after a diagnostic.
  static std::unique_ptr<LinearTimer>
  make(const TimedLinear &linear, cpu::IsaLevel level,
       llvm::ArrayRef<LinearCandidate> candidates, unsigned jobs);
  ~LinearTimer();

  /// The least time of each candidate, in seconds, at m rows: candidates in
  /// turns, for about so long. Nothing where a few turns would take longer.
  std::vector<double> measure(int64_t m, unsigned threads, double seconds);

private:
  LinearTimer(const TimedLinear &linear,
              llvm::ArrayRef<LinearCandidate> candidates)
      : linear(linear), candidates(candidates.begin(), candidates.end()) {}
  bool load(const cpu::Blob &blob);
  class Threads;

  TimedLinear linear;
  std::vector<LinearCandidate> candidates;
  std::vector<uint64_t> entries;
  char *code = nullptr;
  size_t codeBytes = 0;
  std::vector<uint32_t> weights; ///< as many copies as fit the pool
  size_t weightWords = 0, copies = 1, next = 0;
};

} // namespace ingot::cli
