#include "codegen/TuningFile.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

namespace json = llvm::json;

namespace ingot {

bool LinearRuleKey::fits(llvm::StringRef typeOf, llvm::StringRef resultOf,
                         int64_t nOf, int64_t kOf) const {
  return type == typeOf && (result.empty() || result == resultOf) &&
         n.contains(nOf) && k.contains(kOf);
}

// Each reads a value, or reports at its path and returns false.

static bool readType(const json::Value &value, const TuningFormat &format,
                     std::string &type, json::Path path) {
  std::optional<llvm::StringRef> text = value.getAsString();
  if (!text || !llvm::is_contained(format.types, *text)) {
    path.report(format.expectedType);
    return false;
  }
  type = text->str();
  return true;
}

static bool readRange(const json::Value &value, LinearRuleKey::Range &range,
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

static bool readRule(const json::Value &value, const TuningFormat &format,
                     llvm::StringRef architecture, json::Path path) {
  const json::Object *object = value.getAsObject();
  if (!object) {
    path.report("expected an object");
    return false;
  }
  LinearRuleKey &rule = format.addLinear();
  for (const auto &[key, member] : *object) {
    json::Path at = path.field(key);
    std::optional<bool> isGood;
    if (key == "type")
      isGood = readType(member, format, rule.type, at);
    else if (key == "result")
      isGood = readType(member, format, rule.result, at);
    else if (key == "n")
      isGood = readRange(member, rule.n, at);
    else if (key == "k")
      isGood = readRange(member, rule.k, at);
    else
      isGood = format.readKey(key, member, at);
    if (!isGood)
      at.report(format.unknownKey);
    if (!isGood.value_or(false))
      return false;
  }
  if (rule.type.empty()) {
    path.report("it has no type");
    return false;
  }
  return format.finish(path, architecture);
}

static bool readRecord(const json::Value &value, const TuningFormat &format,
                       TuningHeader &header, json::Path path) {
  const json::Object *object = value.getAsObject();
  if (!object) {
    path.report("expected an object");
    return false;
  }
  llvm::StringRef architecture = object->getString("architecture").value_or("");
  bool hasRules = false;
  for (const auto &[key, member] : *object) {
    json::Path at = path.field(key);
    if (key == "architecture") {
      std::optional<llvm::StringRef> name = member.getAsString();
      if (!name || !format.isArchitecture(*name)) {
        at.report(format.expectedArchitecture);
        return false;
      }
      header.architecture = name->str();
    } else if (key == "measured") {
      if (!member.getAsString()) {
        at.report("expected a text: machine, driver, command, date");
        return false;
      }
      header.measured = member.getAsString()->str();
    } else if (key == "linear") {
      const json::Array *rules = member.getAsArray();
      if (!rules) {
        at.report("expected a list of rules");
        return false;
      }
      hasRules = !rules->empty();
      for (auto [i, rule] : llvm::enumerate(*rules))
        if (!readRule(rule, format, architecture,
                      at.index(static_cast<unsigned>(i))))
          return false;
    } else {
      at.report("unknown key: architecture, measured or linear (the only "
                "family that has several tiles)");
      return false;
    }
  }
  if (header.architecture.empty()) {
    path.report("it has no architecture");
    return false;
  }
  if (hasRules && !object->getString("measured")) {
    path.report("it has rules, but does not say where they were measured");
    return false;
  }
  return true;
}

llvm::Expected<TuningHeader> readTuningFile(llvm::StringRef text,
                                            llvm::StringRef name,
                                            const TuningFormat &format) {
  llvm::Expected<json::Value> value = json::parse(text);
  if (!value)
    return llvm::createStringError(name + ": " +
                                   llvm::toString(value.takeError()));
  TuningHeader header;
  json::Path::Root root(name);
  if (readRecord(*value, format, header, root))
    return header;
  std::string message = llvm::toString(root.getError()) + "\n";
  llvm::raw_string_ostream os(message);
  root.printErrorContext(*value, os);
  return llvm::createStringError(message);
}

std::string architectureOfTuning(llvm::StringRef text) {
  llvm::Expected<json::Value> value = json::parse(text);
  if (!value) {
    llvm::consumeError(value.takeError());
    return "";
  }
  const json::Object *object = value->getAsObject();
  return object ? object->getString("architecture").value_or("").str() : "";
}

} // namespace ingot
