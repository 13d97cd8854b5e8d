// Artifacts for a GPU.
#pragma once

#include "test/runtime/Artifacts.h"

namespace ingot::test {

/// Has the artifact's first target be a GPU's: kernels are those of
/// test/runtime/cuda/kernels.
void toCuda(Maker &maker, const std::string &target = "sm_80");

} // namespace ingot::test
