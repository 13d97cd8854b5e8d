#include "tools/ingot/Options.h"

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>

namespace ingot::cli {

static void complain(const char *format, va_list arguments) {
  fputs("error: ", stderr);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
}

int fail(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  complain(format, arguments);
  va_end(arguments);
  return kExitInput;
}

int failUsage(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  complain(format, arguments);
  va_end(arguments);
  return kExitUsage;
}

std::string format(const char *format, ...) {
  va_list arguments, again;
  va_start(arguments, format);
  va_copy(again, arguments);
  std::string text(vsnprintf(nullptr, 0, format, arguments), '\0');
  vsnprintf(text.data(), text.size() + 1, format, again);
  va_end(again);
  va_end(arguments);
  return text;
}

std::string jsonString(std::string_view text) {
  std::string result = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\')
      result += '\\', result += c;
    else if (static_cast<unsigned char>(c) < 0x20)
      result += format("\\u%04x", c);
    else
      result += c;
  }
  return result + '"';
}

bool Options::has(std::string_view name) const { return get(name) != nullptr; }

const char *Options::get(std::string_view name) const {
  for (size_t i = values.size(); i-- > 0;)
    if (values[i].first == name)
      return values[i].second.c_str();
  return nullptr;
}

std::vector<std::string> Options::all(std::string_view name) const {
  std::vector<std::string> found;
  for (const auto &[key, value] : values)
    if (key == name)
      found.push_back(value);
  return found;
}

static bool contains(const std::vector<std::string_view> &list,
                     std::string_view item) {
  for (std::string_view each : list)
    if (each == item)
      return true;
  return false;
}

int parseOptions(int argc, const char **argv,
                 const std::vector<std::string_view> &valued,
                 const std::vector<std::string_view> &flags, Options &options) {
  for (int i = 1; i < argc; ++i) {
    std::string_view argument = argv[i];
    if (argument.size() < 2 || argument[0] != '-') {
      options.files.emplace_back(argument);
      continue;
    }
    size_t equals = argument.find('=');
    std::string name(argument.substr(0, equals));
    bool hasValue = equals != std::string_view::npos;
    if (contains(flags, name)) {
      if (hasValue)
        return failUsage("%s takes no value", name.c_str());
      options.values.emplace_back(name, "");
    } else if (contains(valued, name)) {
      if (!hasValue && i + 1 == argc)
        return failUsage("%s needs a value", name.c_str());
      options.values.emplace_back(
          name,
          hasValue ? std::string(argument.substr(equals + 1)) : argv[++i]);
    } else {
      return failUsage("no option %s; see ingot %s --help", name.c_str(),
                       argv[0]);
    }
  }
  return 0;
}

static bool readInteger(const char *text, int64_t &value) {
  char *end = nullptr;
  errno = 0;
  long long number = strtoll(text, &end, 10);
  if (end == text || *end || errno)
    return false;
  value = number;
  return true;
}

int parseInteger(const Options &options, const char *name, int64_t min,
                 int64_t max, int64_t &value) {
  const char *text = options.get(name);
  if (!text)
    return 0;
  int64_t number = 0;
  if (!readInteger(text, number) || number < min || number > max)
    return failUsage("%s takes an integer from %lld to %lld, not \"%s\"", name,
                     static_cast<long long>(min), static_cast<long long>(max),
                     text);
  value = number;
  return 0;
}

int parseReal(const Options &options, const char *name, double &value) {
  const char *text = options.get(name);
  if (!text)
    return 0;
  char *end = nullptr;
  double number = strtod(text, &end);
  if (end == text || *end || !(number >= 0))
    return failUsage("%s takes a number of at least 0, not \"%s\"", name, text);
  value = number;
  return 0;
}

int parseDims(const Options &options, Dims &dims) {
  const char *text = options.get("--dims");
  if (!text)
    return 0;
  for (std::string_view rest = text; !rest.empty();) {
    std::string_view item = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), item.size() + 1));
    size_t equals = item.rfind('=');
    int64_t value = 0;
    if (equals == std::string_view::npos || equals == 0 ||
        !readInteger(std::string(item.substr(equals + 1)).c_str(), value))
      return failUsage(
          "--dims takes NAME=SIZE,... such as batch=2,sequence=7, not \"%s\"",
          text);
    dims.emplace_back(item.substr(0, equals), value);
  }
  return 0;
}

int parseLengths(const Options &options, std::vector<int64_t> &lengths) {
  const char *text = options.get("--lengths");
  for (std::string_view rest = text ? text : ""; !rest.empty();) {
    std::string_view item = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), item.size() + 1));
    int64_t value = 0;
    if (!readInteger(std::string(item).c_str(), value) || value < 0)
      return failUsage("--lengths takes numbers of tokens such as 40,17, not "
                       "\"%s\"",
                       text);
    lengths.push_back(value);
  }
  return text && lengths.empty() ? failUsage("--lengths needs a value") : 0;
}

bool isDevice(std::string_view name) {
  size_t colon = name.find(':');
  std::string_view kind = name.substr(0, colon);
  if (colon == name.npos)
    return kind == "cpu" || kind == "cuda" || kind == "emulated";
  std::string_view number = name.substr(colon + 1);
  return (kind == "cuda" || kind == "emulated") && !number.empty() &&
         number.size() < 5 &&
         number.find_first_not_of("0123456789") == number.npos;
}

} // namespace ingot::cli
