//===- RandomModel.h - Small models from a seed ---------------------------===//
#pragma once

#include <cstdint>
#include <string>

namespace ingot::test {

/// Who has to agree on the model bit for bit, where a value jumps (floor, a
/// comparison): two runs of the reference round every function alike, compiled
/// code only what IEEE defines.
enum class RoundsAs { Reference, Compiled };

/// A model of some `size` nodes as `TextModel.h` writes it: elementwise chains,
/// views, gathers, reductions, products with weights, norms and softmaxes of
/// every rank to 4, over two symbols and small numbers.
std::string randomModel(uint64_t seed, unsigned size,
                        RoundsAs rounds = RoundsAs::Reference);

/// The models that a test makes: all from the first to the last.
struct SeedRange {
  uint64_t first, last;
};

/// GoogleTest's main, with `--seeds=FIRST..LAST` instead of `seeds`.
int runSeeds(int argc, char **argv, SeedRange &seeds);

} // namespace ingot::test
