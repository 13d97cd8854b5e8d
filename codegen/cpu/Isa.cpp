#include "codegen/cpu/Isa.h"

#if defined(__x86_64__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace ingot::cpu {

const Isa &isaOf(IsaLevel level) {
  static constexpr Isa kLevels[] = {
      {IsaLevel::V3, "x86-64-v3", "x86-64-v3", "", 8, false, false, false},
      {IsaLevel::V4, "x86-64-v4", "x86-64-v4", "", 16, true, false, false},
      {IsaLevel::V4Bf16, "x86-64-v4-bf16", "x86-64-v4",
       "+avx512vnni,+avx512bf16", 16, true, true, false},
      {IsaLevel::V4Amx, "x86-64-v4-amx", "x86-64-v4",
       "+avx512vnni,+avx512bf16,+amx-tile,+amx-bf16,+prfchw", 16, true, true,
       true},
  };
  return kLevels[static_cast<unsigned>(level)];
}

bool hostRuns(IsaLevel level) {
#if defined(__x86_64__)
  // libgcc's check covers the operating system's support (XCR0) too.
  __builtin_cpu_init();
  switch (level) {
  case IsaLevel::V3:
    return __builtin_cpu_supports("x86-64-v3");
  case IsaLevel::V4:
    return __builtin_cpu_supports("x86-64-v4");
  case IsaLevel::V4Bf16:
    return __builtin_cpu_supports("x86-64-v4") &&
           __builtin_cpu_supports("avx512vnni") &&
           __builtin_cpu_supports("avx512bf16");
  case IsaLevel::V4Amx: {
    constexpr int kRequestPermission = 0x1023, kTileData = 18;
    return hostRuns(IsaLevel::V4Bf16) && __builtin_cpu_supports("amx-tile") &&
           __builtin_cpu_supports("amx-bf16") &&
           syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
  }
  }
#endif
  return false;
}

} // namespace ingot::cpu
