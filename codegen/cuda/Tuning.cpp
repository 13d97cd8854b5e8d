#include "codegen/cuda/Tuning.h"

#include "codegen/cuda/KernelHeaders.h"

#include "llvm/ADT/STLExtras.h"

namespace json = llvm::json;

namespace ingot::cuda {

std::optional<size_t> TuningRecord::find(llvm::StringRef type,
                                         llvm::StringRef result, int64_t n,
                                         int64_t k) const {
  return findRule(linear, type, result, n, k);
}

static bool readRows(const json::Value &value, int64_t least, int64_t never,
                     std::optional<int64_t> &rows, json::Path path) {
  rows = value.getAsNull() ? never : value.getAsInteger();
  if (!value.getAsNull() && (!rows || *rows < least || *rows > INT32_MAX)) {
    if (least > 1)
      path.report("expected a number of 9 rows or more, or null");
    else
      path.report("expected a number of 1 row or more, or null");
    return false;
  }
  return true;
}

/// [[17, columns], [rows, columns]], of which the second may be missing.
static bool readHopperTiles(const json::Value &value,
                            std::optional<HopperTiles> &tiles,
                            json::Path path) {
  std::vector<std::pair<int64_t, int64_t>> pairs;
  if (const json::Array *list = value.getAsArray())
    for (const json::Value &entry : *list) {
      const json::Array *pair = entry.getAsArray();
      if (!pair || pair->size() != 2)
        continue;
      pairs.emplace_back((*pair)[0].getAsInteger().value_or(0),
                         (*pair)[1].getAsInteger().value_or(0));
    }
  bool isGood = !pairs.empty() && pairs.size() <= 2 &&
                pairs.size() == value.getAsArray()->size() &&
                pairs[0].first == kFewTensorRows + 1 &&
                llvm::all_of(pairs, [](auto pair) {
                  return llvm::is_contained(kHopperColumns, pair.second);
                });
  if (isGood && pairs.size() == 2)
    isGood = pairs[1].first > pairs[0].first && pairs[1].first <= INT32_MAX;
  if (!isGood) {
    path.report("expected [[17, columns]] or [[17, columns], [rows, columns]], "
                "with more than 17 rows and 64, 128 or 256 columns");
    return false;
  }
  tiles = {pairs[0].second, pairs.back().second,
           pairs.size() == 2 ? pairs[1].first : 0};
  return true;
}

llvm::Expected<TuningRecord> parseTuningRecord(llvm::StringRef text,
                                               llvm::StringRef name) {
  constexpr int64_t kNever = -1;
  static constexpr llvm::StringRef kTypes[] = {"f32", "tf32", "bf16", "f16"};
  TuningRecord record;
  auto addLinear = [&]() -> LinearRuleKey & {
    return record.linear.emplace_back();
  };
  auto readKey = [&](llvm::StringRef key, const json::Value &value,
                     json::Path path) -> std::optional<bool> {
    LinearRule &rule = record.linear.back();
    if (key == "tile128_from")
      return readRows(value, kFewRows + 1, 0, rule.tile128From, path);
    if (key == "columns_from")
      return readHopperTiles(value, rule.hopperTiles, path);
    if (key == "cublaslt_from")
      return readRows(value, 1, kNever, rule.cublasLtFrom, path);
    return std::nullopt;
  };
  auto finish = [&](json::Path path, llvm::StringRef architecture) {
    LinearRule &rule = record.linear.back();
    if (!rule.tile128From && !rule.hopperTiles && !rule.cublasLtFrom) {
      path.report(
          "it says nothing: tile128_from, columns_from or cublaslt_from");
      return false;
    }
    if (rule.hopperTiles && (architecture != "sm_90a" ||
                             (rule.type != "bf16" && rule.type != "f16"))) {
      path.field("columns_from")
          .report("only bf16 and f16 on sm_90a have such tiles");
      return false;
    }
    if (rule.cublasLtFrom == kNever)
      rule.cublasLtFrom = std::nullopt;
    return true;
  };
  auto isArchitecture = [](llvm::StringRef name) {
    return name.starts_with("sm_");
  };
  TuningFormat format{
      isArchitecture,
      "expected an architecture, as \"sm_80\"",
      kTypes,
      "expected f32, tf32, bf16 or f16",
      addLinear,
      readKey,
      "unknown key: type, result, n, k, tile128_from, columns_from or "
      "cublaslt_from",
      finish};
  llvm::Expected<TuningHeader> header = readTuningFile(text, name, format);
  if (!header)
    return header.takeError();
  record.architecture = header->architecture;
  return record;
}

Tuning Tuning::builtIn() {
  Tuning tuning;
  for (const KernelHeader &file : tuningRecords())
    tuning.set(llvm::cantFail(parseTuningRecord(file.text, file.name)));
  return tuning;
}

void Tuning::set(TuningRecord record) {
  llvm::erase_if(records, [&](const TuningRecord &other) {
    return other.architecture == record.architecture;
  });
  records.push_back(std::move(record));
}

const TuningRecord *Tuning::of(llvm::StringRef architecture) const {
  for (const TuningRecord &record : records)
    if (record.architecture == architecture)
      return &record;
  return nullptr;
}

} // namespace ingot::cuda
