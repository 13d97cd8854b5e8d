#include "codegen/cuda/Occupancy.h"

#include "llvm/Support/MathExtras.h"

namespace ingot::cuda {

namespace {
struct Multiprocessor {
  llvm::StringLiteral arch;
  unsigned warps, blocks, sharedBytes;
};
constexpr Multiprocessor kMultiprocessors[] = {
    {"sm_80", 64, 32, 164 << 10},
    {"sm_86", 48, 16, 100 << 10},
    {"sm_89", 48, 24, 100 << 10},
    {"sm_90", 64, 32, 228 << 10},
};
// All of these: 64 Ki registers, given to warps by 256; each block takes
// another KiB of shared memory for the system, given by 128 bytes.
constexpr unsigned kRegisters = 64 << 10, kRegisterUnit = 256,
                   kSystemShared = 1 << 10, kSharedUnit = 128;
} // namespace

std::optional<Occupancy> occupancyOf(llvm::StringRef arch, unsigned threads,
                                     unsigned registers, unsigned sharedBytes) {
  for (const Multiprocessor &sm : kMultiprocessors) {
    // "sm_90a" is the same chip.
    if (sm.arch != arch.rtrim('a') || threads == 0)
      continue;
    unsigned warps = llvm::divideCeil(threads, 32);
    auto ofWarp = static_cast<unsigned>(
        llvm::alignTo(std::max(registers, 1u) * 32, kRegisterUnit));
    auto shared = static_cast<unsigned>(
        llvm::alignTo(sharedBytes, kSharedUnit) + kSystemShared);
    // Each quarter of a multiprocessor has a quarter of the registers.
    unsigned byRegisters = kRegisters / 4 / ofWarp * 4 / warps;
    std::pair<unsigned, llvm::StringLiteral> limits[] = {
        {sm.warps / warps, "warps"},
        {sm.blocks, "blocks"},
        {byRegisters, "registers"},
        {sm.sharedBytes / shared, "shared memory"}};
    auto least = *std::min_element(
        std::begin(limits), std::end(limits),
        [](const auto &a, const auto &b) { return a.first < b.first; });
    return Occupancy{least.first, least.first * warps, sm.warps, least.second};
  }
  return std::nullopt;
}

} // namespace ingot::cuda
