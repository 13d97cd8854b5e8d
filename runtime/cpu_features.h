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
/// Asks the system for registers that a process has on demand only, where
/// `features` need them: once is enough for all threads. False: refused.
bool obtainStateOf(CpuFeatures features);
/// Name of feature number `index`, NULL past the last.
const char *cpuFeatureName(unsigned index);

} // namespace ingot::runtime
