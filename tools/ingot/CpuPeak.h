// What this CPU can do at most: multiply-adds from registers, and reading
// memory. Measured, so that a fraction of it means something on this machine.
#pragma once

#include <cstddef>

namespace ingot::cli {

struct CpuPeak {
  double flops, bytes; // a second, all threads together
};

// The best of many tries: `seconds` for each of the two, beside the time to
// fill `megabytes` a thread, which should be far beyond any cache. Needs a CPU
// with AVX2 and FMA; products are of f32, or of bf16, for which it needs
// AVX-512 BF16.
CpuPeak measureCpuPeak(int threads, double seconds, size_t megabytes,
                       bool bf16 = false);

// CPUs that this process may use.
int allowedCpus();

} // namespace ingot::cli
