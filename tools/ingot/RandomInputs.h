// Inputs made up for a model: the same for the same seed and dims on every
// device.
#pragma once

#include "tools/ingot/Array.h"

namespace ingot::cli {

// Ids are drawn below this, and where the model has fewer, below a tenth, and
// so on until 1.
inline constexpr int64_t kMostTokens = 1000;

// Gives `array`, whose name, type and dims are set, its elements: masks are all
// ones, positions count up, token types are 0, other integers are below
// `tokens`, floats uniform from -1 to 1. Returns 0, else the exit code after a
// complaint.
int fillRandom(Array &array, int64_t tokens, uint64_t &state);

// Complaints about --dims: a name that none of `symbols` has, an input whose
// size depends on one that is not given.
int failUnknownSymbol(const std::string &name,
                      const std::vector<std::string> &symbols);
int failMissingSymbol(const std::string &input, const std::string &symbol);

} // namespace ingot::cli
