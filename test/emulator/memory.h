// The memory kernels may touch: one region of address space that holds the
// windows of shared memory, pinned host memory and the arenas of all devices,
// with what is known about every byte.
#pragma once

#include "report.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

namespace ingot::emulator {

// Of each byte.
enum ByteState : uint8_t {
  Allocated = 1,
  Written = 2,
  Pending = 4, // an asynchronous copy in flight will write it
  Freed = 8,
};

constexpr size_t windowBytes = 256 << 10, windowCount = 16;
constexpr size_t windowStart = 64
                               << 10; // nothing lies at the start of the region
constexpr size_t pinnedStart = windowStart + windowCount * windowBytes;
constexpr size_t pinnedBytes = size_t(1) << 30;
constexpr size_t arenaStart = pinnedStart + pinnedBytes;
constexpr size_t arenaBytes = size_t(8) << 30; // address space of a device
constexpr size_t maxDevices = 4;
constexpr size_t regionBytes = arenaStart + maxDevices * arenaBytes;
constexpr size_t guardBytes = 8 << 10;
constexpr size_t pageBytes = 4096;
constexpr int slotsPerGranule = 4;
constexpr int pinnedOwner = -1;

struct Allocation {
  size_t offset, bytes;
  int owner;        // device, or pinnedOwner
  const char *call; // the driver call that made it
  uint64_t number;  // no other has it, also not one at the same place
};

class Memory {
public:
  // Reserves the region, once.
  void reserve();
  // Null where the owner's capacity is used up. 256-byte aligned, never more;
  // bytes are 0xFF and unwritten (pinned memory counts as written).
  void *allocate(int owner, size_t bytes, size_t capacity, const char *call);
  // False if no allocation starts at `p`.
  bool release(void *p);
  // The live allocation that holds `p`, or null.
  const Allocation *find(const void *p) const;
  size_t used(int owner) const { return usedBytes[owner + 1]; }
  const std::map<size_t, Allocation> &allocations() const { return live; }
  // "byte 400 of an allocation of 400 bytes (cuMemAlloc_v2)".
  std::string describe(const void *p) const;

  size_t offsetOf(const void *p) const {
    return static_cast<const char *>(p) - base;
  }
  void setStates(const void *p, size_t bytes, uint8_t state);
  // The first of `bytes` at `p` that lacks `state`, or null.
  const void *firstWithout(const void *p, size_t bytes, uint8_t state) const;

  // What the running launch of a graph has written; between launches nothing is
  // noted.
  void beginGraph();
  void endGraph() { graph = 0; }
  void noteOfGraph(const void *p, size_t bytes);
  bool isOfGraph(const void *p, size_t bytes) const;

  bool reusesAtOnce = false; // freed memory, instead of as late as possible
  char *base = nullptr;
  uint8_t *states = nullptr;
  // Who touched each 8 bytes, see access.cpp; a page's slots are void unless
  // its launch number is the running launch's.
  uint64_t *slots = nullptr;
  uint32_t *pageLaunch = nullptr;

private:
  // Each byte of a page whose number is the running launch's: 1 if written.
  uint8_t *graphWrites = nullptr;
  uint32_t *pageGraph = nullptr;
  uint32_t graph = 0, graphs = 0;
  std::map<size_t, Allocation> live, freed; // by offset
  size_t usedBytes[maxDevices + 1] = {};
  size_t cursor[maxDevices + 1] = {};
  uint64_t made = 0; // allocations
};
extern Memory memory;

} // namespace ingot::emulator
