// Weights that are made up when a model is loaded (Blob.fill).
#pragma once

#include "runtime/artifact.h"

namespace ingot::runtime {

/// Whether `fillWeight` knows the blob's type and layout.
bool canFill(const fmt::Blob &blob);
/// Bytes [from, from + bytes) of the blob, both whole elements.
void fillWeight(const fmt::Blob &blob, uint64_t from, uint64_t bytes,
                uint8_t *to);

} // namespace ingot::runtime
