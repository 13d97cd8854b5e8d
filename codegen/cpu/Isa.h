//===- Isa.h - Instruction set levels of the CPU code
//----------------------===//
//
// An artifact carries one code blob per level; the runtime picks the highest
// one the CPU has. A level fixes the vector length and which intrinsics may be
// emitted: an AVX-512 intrinsic under v3 aborts in LLVM's backend.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <string_view>

namespace ingot::cpu {

enum class IsaLevel : uint8_t {
  V3,     ///< x86-64-v3: AVX2 and FMA
  V4,     ///< x86-64-v4: AVX-512 F, BW, CD, DQ, VL
  V4Bf16, ///< and BF16, VNNI
  V4Amx,  ///< and AMX tiles of bf16
};

struct Isa {
  IsaLevel level;
  std::string_view name;     ///< as users write it and artifacts store it
  std::string_view cpu;      ///< LLVM's -mcpu
  std::string_view features; ///< LLVM's -mattr, added to the CPU's
  unsigned lanes;            ///< f32 lanes of a vector
  bool avx512;               ///< x86vector.avx512 operations may be emitted
  bool bf16;                 ///< products and rounding of bf16, too
  bool amx;                  ///< products of bf16 tiles, too
};

const Isa &isaOf(IsaLevel level);

/// Whether the machine we run on can execute `level` (CPU and kernel). For AMX
/// this asks the kernel to let this process use it.
bool hostRuns(IsaLevel level);

} // namespace ingot::cpu
