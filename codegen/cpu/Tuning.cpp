#include "codegen/cpu/Tuning.h"

#include "codegen/cpu/Choice.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/raw_ostream.h"

namespace json = llvm::json;

namespace ingot::cpu {

static constexpr IsaLevel kLevels[] = {IsaLevel::V3, IsaLevel::V4,
                                       IsaLevel::V4Bf16, IsaLevel::V4Amx};

std::optional<IsaLevel> levelOf(llvm::StringRef name) {
  for (IsaLevel level : kLevels)
    if (llvm::StringRef(isaOf(level).name) == name)
      return level;
  return std::nullopt;
}

std::optional<size_t> TuningRecord::find(llvm::StringRef type,
                                         llvm::StringRef result, int64_t n,
                                         int64_t k) const {
  return findRule(linear, type, result, n, k);
}

// Each reads a value, or reports at its path and returns false.

static bool readTaskRows(const json::Value &value, LinearRule &rule,
                         json::Path path) {
  rule.taskRows = value.getAsInteger();
  if (rule.taskRows && *rule.taskRows >= 1 && *rule.taskRows <= kMostTaskRows)
    return true;
  path.report("expected a number of rows, 1 to 4096");
  return false;
}

/// [rows, columns]. Whether the level can have it is asked when that is known.
static bool readTile(const json::Value &value, LinearRule &rule,
                     json::Path path) {
  const json::Array *sides = value.getAsArray();
  std::optional<int64_t> rows, columns;
  if (sides && sides->size() == 2) {
    rows = (*sides)[0].getAsInteger();
    columns = (*sides)[1].getAsInteger();
  }
  if (!rows || !columns || *rows < 1 || *columns < 1) {
    path.report("expected [rows, columns]");
    return false;
  }
  rule.tile = {*rows, *columns};
  return true;
}

static bool readDepth(const json::Value &value, LinearRule &rule,
                      json::Path path) {
  rule.depth = value.getAsNull() ? 0 : value.getAsInteger();
  if (value.getAsNull() ||
      (rule.depth && *rule.depth >= 1 && *rule.depth <= kMostDepth))
    return true;
  path.report("expected a number of steps, 1 to 65536, or null");
  return false;
}

/// Columns become vectors: nothing, or what is wrong.
static std::string fitTiles(TuningRecord &record) {
  const Isa &isa = isaOf(record.level);
  for (auto [i, rule] : llvm::enumerate(record.linear)) {
    if (!rule.tile)
      continue;
    auto [rows, columns] = *rule.tile;
    int64_t vectors = columns / isa.lanes;
    if (columns % isa.lanes || !isRegisterTile(isa, rows, vectors))
      return "linear[" + std::to_string(i) +
             "].tile: " + std::string(isa.name) + " has no register tile of " +
             std::to_string(rows) + " by " + std::to_string(columns) +
             ": columns are a multiple of " + std::to_string(isa.lanes) +
             " that divides 48, rows 1 to 8, and sums and operands fit " +
             (isa.avx512 ? "32" : "16") + " registers";
    rule.tile->second = vectors;
  }
  return "";
}

llvm::Expected<TuningRecord> parseTuningRecord(llvm::StringRef text,
                                               llvm::StringRef name) {
  static constexpr llvm::StringRef kTypes[] = {"f32", "bf16"};
  TuningRecord record;
  auto addLinear = [&]() -> LinearRuleKey & {
    return record.linear.emplace_back();
  };
  auto readKey = [&](llvm::StringRef key, const json::Value &value,
                     json::Path path) -> std::optional<bool> {
    LinearRule &rule = record.linear.back();
    if (key == "task_rows")
      return readTaskRows(value, rule, path);
    if (key == "tile")
      return readTile(value, rule, path);
    if (key == "depth")
      return readDepth(value, rule, path);
    return std::nullopt;
  };
  auto finish = [&](json::Path path, llvm::StringRef) {
    LinearRule &rule = record.linear.back();
    if (rule.taskRows || rule.tile || rule.depth)
      return true;
    path.report("it says none of task_rows, tile and depth");
    return false;
  };
  auto isLevel = [](llvm::StringRef name) { return levelOf(name).has_value(); };
  TuningFormat format{
      isLevel,
      "expected an architecture: \"x86-64-v3\", \"x86-64-v4\", "
      "\"x86-64-v4-bf16\" or \"x86-64-v4-amx\"",
      kTypes,
      "expected f32 or bf16",
      addLinear,
      readKey,
      "unknown key: type, result, n, k, task_rows, tile or depth",
      finish};
  llvm::Expected<TuningHeader> header = readTuningFile(text, name, format);
  if (!header)
    return header.takeError();
  record.level = *levelOf(header->architecture);
  record.measured = header->measured;
  if (std::string wrong = fitTiles(record); !wrong.empty())
    return llvm::createStringError(name + "." + wrong);
  return record;
}

/// What a file has of it: nothing that says "any".
static std::string textOf(const LinearRule &rule, const Isa &isa) {
  std::string text = "{\"type\": \"" + rule.type + "\"";
  if (!rule.result.empty())
    text += ", \"result\": \"" + rule.result + "\"";
  auto addRange = [&](const char *name, LinearRuleKey::Range range) {
    if (range.least == 1 && range.most == INT64_MAX)
      return;
    text += std::string(", \"") + name + "\": ";
    text += range.least == range.most
                ? std::to_string(range.least)
                : "[" + std::to_string(range.least) + ", " +
                      std::to_string(range.most) + "]";
  };
  addRange("n", rule.n);
  addRange("k", rule.k);
  if (rule.taskRows)
    text += ", \"task_rows\": " + std::to_string(*rule.taskRows);
  if (rule.tile)
    text += ", \"tile\": [" + std::to_string(rule.tile->first) + ", " +
            std::to_string(rule.tile->second * isa.lanes) + "]";
  if (rule.depth)
    text +=
        ", \"depth\": " + (*rule.depth ? std::to_string(*rule.depth) : "null");
  return text + "}";
}

std::string TuningRecord::text() const {
  const Isa &isa = isaOf(level);
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "{\n  \"architecture\": \"" << isa.name
     << "\",\n  \"measured\": " << json::Value(measured)
     << ",\n  \"linear\": [";
  for (auto [i, rule] : llvm::enumerate(linear))
    os << (i ? ",\n    " : "\n    ") << textOf(rule, isa);
  os << (linear.empty() ? "]\n}\n" : "\n  ]\n}\n");
  return text;
}

void Tuning::set(TuningRecord record) {
  llvm::erase_if(records, [&](const TuningRecord &other) {
    return other.level == record.level;
  });
  records.push_back(std::move(record));
  llvm::sort(records, [](const TuningRecord &a, const TuningRecord &b) {
    return a.level > b.level;
  });
}

const TuningRecord *Tuning::of(IsaLevel level) const {
  for (const TuningRecord &record : records)
    if (record.level == level)
      return &record;
  return nullptr;
}

const TuningRecord *Tuning::highest() const {
  return records.empty() ? nullptr : &records.front();
}

} // namespace ingot::cpu
