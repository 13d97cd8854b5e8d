#include "runtime/cpu_features.h"

#include <cpuid.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace ingot::runtime {
namespace {

enum class State { None, Ymm, Zmm, Tile };
// Of XCR0.
constexpr uint64_t kYmm = 0x6, kZmm = 0xe6, kTile = 0x60000;

// Linux keeps tiles for processes that asked: asm/prctl.h.
constexpr int kGetSupported = 0x1021, kRequestPermission = 0x1023;
constexpr int kTileData = 18;

struct Registers {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
};

struct Row {
  const char *name;
  unsigned leaf, subleaf;
  unsigned Registers::*reg;
  unsigned bit;
  State state;
};

constexpr Row kRows[] = {
#define FEATURE(name, leaf, subleaf, reg, bit, state)                          \
  {name, leaf, subleaf, &Registers::reg, bit, State::state},
#include "runtime/cpu_features.def"
};
constexpr unsigned kRowCount = sizeof(kRows) / sizeof(kRows[0]);
static_assert(kRowCount <= 64);

// Register state that the operating system saves on a context switch (XCR0).
uint64_t savedState() {
  Registers r;
  constexpr unsigned kOsxsave = 1u << 27;
  if (!__get_cpuid(1, &r.eax, &r.ebx, &r.ecx, &r.edx) || !(r.ecx & kOsxsave))
    return 0;
  uint32_t low, high;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  uint64_t saved = uint64_t(high) << 32 | low;
  uint64_t supported = 0;
  if ((saved & kTile) && (syscall(SYS_arch_prctl, kGetSupported, &supported) ||
                          !(supported >> kTileData & 1)))
    saved &= ~kTile;
  return saved;
}

uint64_t maskOf(State state) {
  switch (state) {
  case State::None:
    return 0;
  case State::Ymm:
    return kYmm;
  case State::Zmm:
    return kZmm;
  case State::Tile:
    return kTile;
  }
  return 0;
}

} // namespace

CpuFeatures detectCpuFeatures() {
  uint64_t saved = savedState();
  CpuFeatures features = 0;
  // CPUID leaves the virtual machine, tens of microseconds each: once a leaf.
  CpuFeatures isDone = 0;
  for (unsigned i = 0; i < kRowCount; ++i) {
    if (isDone >> i & 1)
      continue;
    Registers r;
    bool hasLeaf = __get_cpuid_count(kRows[i].leaf, kRows[i].subleaf, &r.eax,
                                     &r.ebx, &r.ecx, &r.edx);
    for (unsigned j = i; j < kRowCount; ++j) {
      const Row &row = kRows[j];
      if (row.leaf != kRows[i].leaf || row.subleaf != kRows[i].subleaf)
        continue;
      isDone |= CpuFeatures(1) << j;
      uint64_t state = maskOf(row.state);
      if (hasLeaf && (saved & state) == state && (r.*row.reg >> row.bit & 1))
        features |= CpuFeatures(1) << j;
    }
  }
  return features;
}

CpuFeatures cpuFeature(const char *name, size_t length) {
  for (unsigned i = 0; i < kRowCount; ++i)
    if (strlen(kRows[i].name) == length && !memcmp(kRows[i].name, name, length))
      return CpuFeatures(1) << i;
  return 0;
}

bool obtainStateOf(CpuFeatures features) {
  for (unsigned i = 0; i < kRowCount; ++i)
    if ((features >> i & 1) && kRows[i].state == State::Tile)
      return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
  return true;
}

const char *cpuFeatureName(unsigned index) {
  return index < kRowCount ? kRows[index].name : nullptr;
}

} // namespace ingot::runtime
