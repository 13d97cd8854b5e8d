// What this CPU can execute, as the names artifacts use.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace ingot::runtime {

/// A bit per row of cpu_features.def.
using CpuFeatures = uint64_t;

CpuFeatures detectCpuFeatures();
/// Bit of a name (of `length` bytes); 0 if this runtime does not know it.
CpuFeatures cpuFeature(const char *name, size_t length);
/// Name of feature number `index`, NULL past the last.
const char *cpuFeatureName(unsigned index);

} // namespace ingot::runtime
