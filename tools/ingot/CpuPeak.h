// What this CPU can do at most: multiply-adds from registers, and reading
// memory. Measured, so that a fraction of it means something on this machine.
#pragma once

#include <cstddef>
#include <string>

namespace ingot::cli {

struct CpuPeak {
  double flops, bytes; // a second, all threads together
};

// The best of many tries: `seconds` for each of the two, beside the time to
// fill `megabytes` a thread, which should be far beyond any cache. Needs a CPU
// with AVX2 and FMA. Products are of f32, or of bf16, by vectors or by AMX
// tiles: for these the CPU has to have what `products` says, and the process
// leave to use tiles.
enum class Products { F32, Bf16, Bf16Tiles };
CpuPeak measureCpuPeak(int threads, double seconds, size_t megabytes,
                       Products products = Products::F32);

// Whether this CPU has AMX tiles of bf16, which are the process's from now on.
bool obtainTiles();

// CPUs that this process may use.
int allowedCpus();
// "Intel(R) Xeon(R) Processor", as Linux calls it.
std::string cpuName();

} // namespace ingot::cli
