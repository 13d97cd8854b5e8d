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

} // namespace ingot::test
