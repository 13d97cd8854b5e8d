// Element types and tensor sizes.
#pragma once

#include "runtime/artifact_generated.h"
#include "runtime/support.h"

namespace ingot::runtime {

bool isKnownType(artifact::ElementType type);
inline ingot_type apiType(artifact::ElementType type) {
  return ingot_type(int(type));
}

inline int64_t elementBits(artifact::ElementType type) {
  return int64_t(ingot_type_bits(apiType(type)));
}

/// Bytes of a dense tensor. False: does not fit 63 bits. Dims are >= 0.
[[nodiscard]] bool tensorBytes(ingot_type type, const int64_t *dims,
                               int32_t rank, size_t *bytes);

/// Integers of 8 bits and more, and booleans.
bool isCountable(ingot_type type);
/// Elements of a dense tensor of integers of 8 bits and more, or of booleans,
/// that are not 0. Its bytes fit 63 bits.
int64_t nonZeroElements(const ingot_tensor &tensor);

/// "[2, 128]"
void appendDims(Text &text, const int64_t *dims, int32_t rank);

} // namespace ingot::runtime
