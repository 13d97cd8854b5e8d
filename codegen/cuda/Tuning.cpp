#include "codegen/cuda/Tuning.h"

#include "codegen/cuda/KernelHeaders.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

namespace json = llvm::json;

namespace ingot::cuda {

std::optional<size_t> TuningRecord::find(llvm::StringRef type,
                                         llvm::StringRef result, int64_t n,
                                         int64_t k) const {
  for (auto [i, rule] : llvm::enumerate(linear))
    if (rule.type == type && (rule.result.empty() || rule.result == result) &&
        rule.n.contains(n) && rule.k.contains(k))
      return i;
  return std::nullopt;
}

// Each reads a value, or reports at its path and returns false.

static bool readType(const json::Value &value, std::string &type,
                     json::Path path) {
  std::optional<llvm::StringRef> text = value.getAsString();
  if (!text || !llvm::is_contained({"f32", "tf32", "bf16", "f16"}, *text)) {
    path.report("expected f32, tf32, bf16 or f16");
    return false;
  }
  type = text->str();
  return true;
}

static bool readRange(const json::Value &value, LinearRule::Range &range,
                      json::Path path) {
  const json::Array *ends = value.getAsArray();
  std::optional<int64_t> least = value.getAsInteger(), most = least;
  if (ends && ends->size() == 2) {
    least = (*ends)[0].getAsInteger();
    most = (*ends)[1].getAsInteger();
  }
  if (!least || !most || *least < 1 || *most < *least) {
    path.report("expected a number of 1 or more, or [least, most]");
    return false;
  }
  range = {*least, *most};
  return true;
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

/// [[9, columns], [rows, columns]], of which the second may be missing.
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
                pairs[0].first == kFewRows + 1 &&
                llvm::all_of(pairs, [](auto pair) {
                  return llvm::is_contained(kHopperColumns, pair.second);
                });
  if (isGood && pairs.size() == 2)
    isGood = pairs[1].first > pairs[0].first && pairs[1].first <= INT32_MAX;
  if (!isGood) {
    path.report("expected [[9, columns]] or [[9, columns], [rows, columns]], "
                "with more than 9 rows and 64, 128 or 256 columns");
    return false;
  }
  tiles = {pairs[0].second, pairs.back().second,
           pairs.size() == 2 ? pairs[1].first : 0};
  return true;
}

static bool readRule(const json::Value &value, llvm::StringRef architecture,
                     LinearRule &rule, json::Path path) {
  const json::Object *object = value.getAsObject();
  if (!object) {
    path.report("expected an object");
    return false;
  }
  constexpr int64_t kNever = -1;
  for (const auto &[key, member] : *object) {
    json::Path at = path.field(key);
    bool isGood = true;
    if (key == "type") {
      isGood = readType(member, rule.type, at);
    } else if (key == "result") {
      isGood = readType(member, rule.result, at);
    } else if (key == "n") {
      isGood = readRange(member, rule.n, at);
    } else if (key == "k") {
      isGood = readRange(member, rule.k, at);
    } else if (key == "tile128_from") {
      isGood = readRows(member, kFewRows + 1, 0, rule.tile128From, at);
    } else if (key == "columns_from") {
      isGood = readHopperTiles(member, rule.hopperTiles, at);
    } else if (key == "cublaslt_from") {
      isGood = readRows(member, 1, kNever, rule.cublasLtFrom, at);
    } else {
      at.report("unknown key: type, result, n, k, tile128_from, columns_from "
                "or cublaslt_from");
      return false;
    }
    if (!isGood)
      return false;
  }
  if (rule.type.empty()) {
    path.report("it has no type");
    return false;
  }
  if (!rule.tile128From && !rule.hopperTiles && !rule.cublasLtFrom) {
    path.report("it says nothing: tile128_from, columns_from or cublaslt_from");
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
}

static bool readRecord(const json::Value &value, TuningRecord &record,
                       json::Path path) {
  const json::Object *object = value.getAsObject();
  if (!object) {
    path.report("expected an object");
    return false;
  }
  llvm::StringRef architecture = object->getString("architecture").value_or("");
  for (const auto &[key, member] : *object) {
    json::Path at = path.field(key);
    if (key == "architecture") {
      std::optional<llvm::StringRef> name = member.getAsString();
      if (!name || !name->starts_with("sm_")) {
        at.report("expected an architecture, as \"sm_80\"");
        return false;
      }
      record.architecture = name->str();
    } else if (key == "measured") {
      if (!member.getAsString()) {
        at.report("expected a text: machine, driver, command, date");
        return false;
      }
    } else if (key == "linear") {
      const json::Array *rules = member.getAsArray();
      if (!rules) {
        at.report("expected a list of rules");
        return false;
      }
      for (auto [i, rule] : llvm::enumerate(*rules))
        if (!readRule(rule, architecture, record.linear.emplace_back(),
                      at.index(static_cast<unsigned>(i))))
          return false;
    } else {
      at.report("unknown key: architecture, measured or linear (the only "
                "family that has several tiles)");
      return false;
    }
  }
  if (record.architecture.empty()) {
    path.report("it has no architecture");
    return false;
  }
  if (!record.linear.empty() && !object->getString("measured")) {
    path.report("it has rules, but does not say where they were measured");
    return false;
  }
  return true;
}

llvm::Expected<TuningRecord> parseTuningRecord(llvm::StringRef text,
                                               llvm::StringRef name) {
  llvm::Expected<json::Value> value = json::parse(text);
  if (!value)
    return llvm::createStringError(name + ": " +
                                   llvm::toString(value.takeError()));
  TuningRecord record;
  json::Path::Root root(name);
  if (readRecord(*value, record, root))
    return record;
  std::string message = llvm::toString(root.getError()) + "\n";
  llvm::raw_string_ostream os(message);
  root.printErrorContext(*value, os);
  return llvm::createStringError(message);
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
