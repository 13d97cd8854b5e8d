#include "tools/ingot/RandomInputs.h"
#include "tools/ingot/Options.h"

namespace ingot::cli {

static uint64_t nextRandom(uint64_t &state) { // SplitMix64
  uint64_t z = state += 0x9E3779B97F4A7C15u;
  z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
  z = (z ^ z >> 27) * 0x94D049BB133111EBu;
  return z ^ z >> 31;
}

static bool isNamed(const Array &array, const char *part) {
  return array.name.find(part) != std::string::npos;
}

// As torch names it, it says where there is no token.
static bool isOfPadding(const Array &array) {
  return isNamed(array, "padding");
}

int fillRandom(Array &array, int64_t tokens, uint64_t &state) {
  size_t count = 0, bytes = 0;
  if (!countBytes(array.type, array.dims, count, bytes) ||
      bytes > (size_t(1) << 40))
    return failUsage("input %s would be %s", array.name.c_str(),
                     describe(array.type, array.dims).c_str());
  array.data.resize(bytes);
  auto named = [&](const char *part) { return isNamed(array, part); };
  size_t row = array.dims.empty() ? 1 : static_cast<size_t>(array.dims.back());
  bool integers = !isFloat(array.type);
  for (size_t i = 0; i < count; ++i) {
    double value = 0;
    if (isMask(array))
      value = !isOfPadding(array);
    else if (!integers)
      value = static_cast<double>(nextRandom(state) >> 11) * 0x1p-52 - 1;
    else if (array.type == INGOT_TYPE_BOOL)
      value = static_cast<double>(nextRandom(state) & 1);
    else if (named("position"))
      value = static_cast<double>(i % row);
    else if (!named("token_type") && !named("segment"))
      value = static_cast<double>(nextRandom(state) %
                                  static_cast<uint64_t>(tokens));
    storeElement(array, i, value);
  }
  return 0;
}

bool isMask(const Array &array) {
  return isNamed(array, "mask") || (isOfPadding(array) && !isFloat(array.type));
}

int fillMask(Array &array, const std::vector<int64_t> &lengths) {
  if (array.dims.size() != 2)
    return failUsage("--lengths: %s is no mask [rows, tokens]",
                     describe(array.type, array.dims).c_str());
  int64_t tokens = array.dims[1];
  for (int64_t row = 0; row < array.dims[0]; ++row) {
    int64_t length = lengths[static_cast<size_t>(row) % lengths.size()];
    if (length > tokens)
      return failUsage("--lengths has %lld, but rows of %s have %lld",
                       static_cast<long long>(length), array.name.c_str(),
                       static_cast<long long>(tokens));
    for (int64_t i = 0; i < tokens; ++i)
      storeElement(array, static_cast<size_t>(row * tokens + i),
                   (i < length) != isOfPadding(array));
  }
  return 0;
}

int fillMask(Array &array, int64_t nonZero) {
  size_t count = 0, bytes = 0;
  if (array.dims.size() != 2 ||
      !countBytes(array.type, array.dims, count, bytes) || nonZero < 0 ||
      nonZero > static_cast<int64_t>(count))
    return failUsage("%s cannot have %lld elements that are not 0",
                     array.name.c_str(), static_cast<long long>(nonZero));
  std::vector<int64_t> lengths;
  int64_t rows = array.dims[0];
  for (int64_t row = 0; row < rows; ++row) {
    int64_t own = nonZero / rows + (row < nonZero % rows);
    lengths.push_back(isOfPadding(array) ? array.dims[1] - own : own);
  }
  return lengths.empty() ? 0 : fillMask(array, lengths);
}

int failUnknownSymbol(const std::string &name,
                      const std::vector<std::string> &symbols) {
  std::string names;
  for (const std::string &symbol : symbols)
    names += (names.empty() ? "the symbols " : ", ") + symbol;
  return failUsage("--dims names %s, but the model has %s", name.c_str(),
                   names.empty() ? "no symbols" : names.c_str());
}

int failMissingSymbol(const std::string &input, const std::string &symbol) {
  return failUsage("input %s needs the size of %s: add --dims %s=N",
                   input.c_str(), symbol.c_str(), symbol.c_str());
}

} // namespace ingot::cli
