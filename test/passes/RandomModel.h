//===- RandomModel.h - Small models from a seed ---------------------------===//
#pragma once

#include <cstdint>
#include <string>

namespace ingot::test {

/// A model of some `size` nodes as `TextModel.h` writes it: elementwise chains,
/// views, gathers, reductions, products with weights, norms and softmaxes of
/// every rank to 4, over two symbols and small numbers.
std::string randomModel(uint64_t seed, unsigned size);

} // namespace ingot::test
