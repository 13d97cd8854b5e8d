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

/// 128, "128 in turns" or "256 in pairs".
static bool readColumns(const json::Value &value, HopperMeasured &tile) {
  if (std::optional<int64_t> columns = value.getAsInteger()) {
    tile.columns = *columns;
    return llvm::is_contained(kHopperColumns, tile.columns);
  }
  llvm::StringRef text = value.getAsString().value_or("");
  auto isOf = [&](HopperForm form, llvm::ArrayRef<int64_t> columns) {
    llvm::StringRef number = text;
    tile.form = form;
    return number.consume_back(formText(form)) &&
           !number.getAsInteger(10, tile.columns) &&
           llvm::is_contained(columns, tile.columns);
  };
  return isOf(HopperForm::Turns, kHopperTurns) ||
         isOf(HopperForm::Pairs, kHopperPairs);
}

/// [[columns, kernel, wave], ...], or [columns] with the model's times.
static bool readHopperTiles(const json::Value &value,
                            llvm::SmallVectorImpl<HopperMeasured> &tiles,
                            json::Path path) {
  auto isNanoseconds = [](int64_t value) {
    return value >= 0 && value <= INT32_MAX;
  };
  const json::Array *list = value.getAsArray();
  for (size_t i = 0; list && i < list->size(); ++i) {
    const json::Array *entry = (*list)[i].getAsArray();
    HopperMeasured tile{0};
    bool isGood = entry && (entry->size() == 1 || entry->size() == 3) &&
                  readColumns((*entry)[0], tile);
    auto read = [&](size_t at, int64_t &number) {
      number = (*entry)[at].getAsInteger().value_or(-1);
    };
    if (isGood && entry->size() == 3) {
      read(1, tile.kernel);
      read(2, tile.wave);
      isGood = isNanoseconds(tile.kernel) && isNanoseconds(tile.wave) &&
               tile.wave > 0;
    }
    auto order = [](const HopperMeasured &tile) {
      return std::pair(tile.columns, tile.form);
    };
    if (!isGood || (!tiles.empty() && order(tile) <= order(tiles.back())))
      break;
    tiles.push_back(tile);
  }
  if (list && !list->empty() && tiles.size() == list->size() &&
      tiles.size() <= kMostHopperTiles)
    return true;
  path.report("expected up to 3 of [columns] or [columns, nanoseconds of a "
              "kernel, nanoseconds of a wave], with 64, 96, 128, 192 or 256 "
              "columns, or \"64 in turns\", \"96 in turns\", \"128 in "
              "turns\" or \"256 in pairs\", each more than the last");
  return false;
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
    if (key == "tiles")
      return readHopperTiles(value, rule.hopperTiles, path);
    if (key == "cublaslt_from")
      return readRows(value, 1, kNever, rule.cublasLtFrom, path);
    return std::nullopt;
  };
  auto finish = [&](json::Path path, llvm::StringRef architecture) {
    LinearRule &rule = record.linear.back();
    if (!rule.tile128From && rule.hopperTiles.empty() && !rule.cublasLtFrom) {
      path.report("it says nothing: tile128_from, tiles or cublaslt_from");
      return false;
    }
    if (!rule.hopperTiles.empty() &&
        (architecture != "sm_90a" || rule.type == "f32")) {
      path.field("tiles").report(
          "only tf32, bf16 and f16 on sm_90a have such tiles");
      return false;
    }
    if (rule.type == "tf32" &&
        llvm::any_of(rule.hopperTiles, [](const HopperMeasured &tile) {
          return tile.form != HopperForm::Alone;
        })) {
      path.field("tiles").report("tf32 has no tiles in turns or in pairs");
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
      "unknown key: type, result, n, k, tile128_from, tiles or cublaslt_from",
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
