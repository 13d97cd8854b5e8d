//===- TuningFile.h - Tuning records as files, of any target
//---------------------===//
//
// A JSON object: "architecture", "measured" (a text for people), and rules by
// family, of which there is one, "linear". Which keys a rule has beside those
// that say what it is for is the target's business.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ingot {

/// Which linears a rule is for: of some types and shapes.
struct LinearRuleKey {
  struct Range {
    int64_t least = 1, most = INT64_MAX;
    bool contains(int64_t value) const {
      return least <= value && value <= most;
    }
  };
  std::string type, result; ///< "f32", "bf16", ...; result: empty for any
  Range n, k;

  bool fits(llvm::StringRef typeOf, llvm::StringRef resultOf, int64_t nOf,
            int64_t kOf) const;
};

/// The number of the first rule for such a linear.
template <typename Rule>
std::optional<size_t> findRule(const std::vector<Rule> &rules,
                               llvm::StringRef type, llvm::StringRef result,
                               int64_t n, int64_t k) {
  for (size_t i = 0; i < rules.size(); ++i)
    if (rules[i].fits(type, result, n, k))
      return i;
  return std::nullopt;
}

/// What a target's records have of their own. Reports are literals, as
/// llvm::json::Path wants them.
struct TuningFormat {
  llvm::function_ref<bool(llvm::StringRef)> isArchitecture;
  llvm::StringLiteral expectedArchitecture; ///< the report where it is none
  llvm::ArrayRef<llvm::StringRef> types;
  llvm::StringLiteral expectedType;
  /// One rule more.
  llvm::function_ref<LinearRuleKey &()> addLinear;
  /// Reads a key of the last rule: false after a report. Nothing: there is no
  /// such key.
  llvm::function_ref<std::optional<bool>(
      llvm::StringRef key, const llvm::json::Value &, llvm::json::Path)>
      readKey;
  llvm::StringLiteral unknownKey;
  /// Whether the last rule is complete, in a record for `architecture` (""
  /// where it says none): false after a report.
  llvm::function_ref<bool(llvm::json::Path, llvm::StringRef architecture)>
      finish;
};

struct TuningHeader {
  std::string architecture, measured;
};

/// Reads `text`. Errors say where in the text they
/// are; `name` is the text's.
llvm::Expected<TuningHeader> readTuningFile(llvm::StringRef text,
                                            llvm::StringRef name,
                                            const TuningFormat &format);

/// The architecture that a record says it is for, or "" where it says none that
/// can be read.
std::string architectureOfTuning(llvm::StringRef text);

} // namespace ingot
