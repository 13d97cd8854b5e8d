//===- Tuning.h - What was measured, in place of the cost model
//-------------===//
#pragma once

#include "codegen/TuningFile.h"
#include "codegen/cuda/Choice.h"

#include <vector>

namespace ingot::cuda {

/// Types are "f32", "tf32", "bf16" or "f16". Rows are those of a launch, M.
struct LinearRule : LinearRuleKey {
  /// Rows from which tiles are 128x128; 0: never. Nothing: as the model says.
  std::optional<int64_t> tile128From;
  /// Of sm_90a, in place of them; none: as the model says.
  llvm::SmallVector<HopperMeasured, kMostHopperTiles> hopperTiles;
  /// Rows from which `auto` calls cuBLASLt; nothing: never.
  std::optional<int64_t> cublasLtFrom;
};

/// A file of docs/kernels.md#tuning-records.
struct TuningRecord {
  std::string architecture; ///< "sm_80"
  std::vector<LinearRule> linear;

  /// The number of the first rule for such a linear.
  std::optional<size_t> find(llvm::StringRef type, llvm::StringRef result,
                             int64_t n, int64_t k) const;
};

/// Errors say where in the text they are; `name` is the text's.
llvm::Expected<TuningRecord> parseTuningRecord(llvm::StringRef text,
                                               llvm::StringRef name);

/// The records of all architectures.
class Tuning {
public:
  /// Those of tuning/, which the compiler holds.
  static Tuning builtIn();
  /// In place of the one for its architecture.
  void set(TuningRecord record);
  /// Null: there is none.
  const TuningRecord *of(llvm::StringRef architecture) const;

private:
  std::vector<TuningRecord> records;
};

} // namespace ingot::cuda
