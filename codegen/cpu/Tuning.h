//===- Tuning.h - What was measured, in place of what Choice.h says
//-------------===//
#pragma once

#include "codegen/TuningFile.h"
#include "codegen/cpu/Isa.h"

#include <vector>

namespace ingot::cpu {

/// Types are "f32" or "bf16". What is nothing is as Choice.h says.
struct LinearRule : LinearRuleKey {
  /// Rows of a task. All levels share the plan, so that of several records the
  /// one for the highest level counts.
  std::optional<int64_t> taskRows;
  /// Of a register tile: rows and vectors.
  std::optional<std::pair<int64_t, int64_t>> tile;
  /// Steps of k at once; 0: all.
  std::optional<int64_t> depth;
};

/// Rows of a task at most, and steps of k at once.
inline constexpr int64_t kMostTaskRows = 4096, kMostDepth = 65536;

/// A file of docs/kernels.md#tuning-records.
struct TuningRecord {
  IsaLevel level;
  std::string measured; ///< where
  std::vector<LinearRule> linear;

  /// The number of the first rule for such a linear.
  std::optional<size_t> find(llvm::StringRef type, llvm::StringRef result,
                             int64_t n, int64_t k) const;
  /// As a file has it.
  std::string text() const;
};

/// The level of that name, "x86-64-v4".
std::optional<IsaLevel> levelOf(llvm::StringRef name);

/// Errors say where in the text they are; `name` is the text's.
llvm::Expected<TuningRecord> parseTuningRecord(llvm::StringRef text,
                                               llvm::StringRef name);

/// At most one record a level.
class Tuning {
public:
  /// In place of the one for its level.
  void set(TuningRecord record);
  /// Null: there is none.
  const TuningRecord *of(IsaLevel level) const;
  /// Of the highest level; null: there is none.
  const TuningRecord *highest() const;

private:
  std::vector<TuningRecord> records; ///< the highest level first
};

} // namespace ingot::cpu
