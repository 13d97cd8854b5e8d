// Inputs made up for a model: the same for the same seed and dims on every
// device.
#pragma once

#include "tools/ingot/Array.h"

namespace ingot::cli {

// Ids are drawn below this, and where the model has fewer, below a tenth, and
// so on until 1.
inline constexpr int64_t kMostTokens = 1000;

// Gives `array`, whose name, type and dims are set, its elements: masks are all
// ones, or zeros where they are of padding, positions count up, token types are
// 0, other integers are below `tokens`, floats uniform from -1 to 1. Returns 0,
// else the exit code after a complaint.
int fillRandom(Array &array, int64_t tokens, uint64_t &state);

// A mask [rows, tokens] of rows that begin with so many tokens, in turn; the
// rest is padding. Returns 0, else the exit code after a complaint.
int fillMask(Array &array, const std::vector<int64_t> &lengths);
// The same of `nonZero` elements that are not 0, as even as can be.
int fillMask(Array &array, int64_t nonZero);
bool isMask(const Array &array);

// Complaints about --dims: a name that none of `symbols` has, an input whose
// size depends on one that is not given.
int failUnknownSymbol(const std::string &name,
                      const std::vector<std::string> &symbols);
int failMissingSymbol(const std::string &input, const std::string &symbol);

} // namespace ingot::cli
