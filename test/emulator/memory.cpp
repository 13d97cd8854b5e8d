#include "memory.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sys/mman.h>

namespace ingot::emulator {

Memory memory;

static void *reserveBytes(size_t bytes) {
  void *p = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (p == MAP_FAILED) {
    perror("ingot emulator: address space");
    abort();
  }
  return p;
}

void Memory::reserve() {
  if (base)
    return;
  base = static_cast<char *>(reserveBytes(regionBytes));
  states = static_cast<uint8_t *>(reserveBytes(regionBytes));
  slots = static_cast<uint64_t *>(
      reserveBytes(regionBytes / 8 * slotsPerGranule * sizeof(uint64_t)));
  pageLaunch = static_cast<uint32_t *>(
      reserveBytes(regionBytes / pageBytes * sizeof(uint32_t)));
  graphWrites = static_cast<uint8_t *>(reserveBytes(regionBytes));
  pageGraph = static_cast<uint32_t *>(
      reserveBytes(regionBytes / pageBytes * sizeof(uint32_t)));
}

void *Memory::allocate(int owner, size_t bytes, size_t capacity,
                       const char *call) {
  reserve();
  size_t &used = usedBytes[owner + 1];
  if (bytes > capacity || used > capacity - bytes)
    return nullptr;
  size_t start =
      owner == pinnedOwner ? pinnedStart : arenaStart + owner * arenaBytes;
  size_t end = start + (owner == pinnedOwner ? pinnedBytes : arenaBytes);
  // An odd multiple of 256: nothing may count on more than the driver promises.
  auto place = [](size_t from) {
    return ((from + guardBytes + 511) & ~size_t(511)) + 256;
  };
  auto fits = [&](size_t at, size_t limit) {
    return at + bytes + guardBytes <= limit;
  };
  // Freed memory comes back as late as possible, so that a stale pointer shows.
  size_t at = place(cursor[owner + 1] ? cursor[owner + 1] : start);
  if (reusesAtOnce || !fits(at, end)) {
    at = place(start);
    for (auto i = live.lower_bound(start); i != live.end() && i->first < end;
         ++i) {
      if (fits(at, i->first))
        break;
      at = place(i->first + i->second.bytes);
    }
    if (!fits(at, end))
      return nullptr;
    auto first = freed.lower_bound(at);
    while (first != freed.end() && first->first < at + bytes)
      first = freed.erase(first);
  }
  cursor[owner + 1] = at + bytes;
  used += bytes;
  live[at] = {at, bytes, owner, call, ++made};
  memset(base + at, 0xff, bytes);
  setStates(base + at, bytes,
            owner == pinnedOwner ? Allocated | Written : Allocated);
  return base + at;
}

bool Memory::release(void *p) {
  auto found = live.find(offsetOf(p));
  if (found == live.end())
    return false;
  const Allocation &old = found->second;
  usedBytes[old.owner + 1] -= old.bytes;
  setStates(p, old.bytes, Freed);
  // Whole pages go back to the system; they read as zero then.
  size_t from = (old.offset + pageBytes - 1) / pageBytes * pageBytes;
  size_t to = (old.offset + old.bytes) / pageBytes * pageBytes;
  if (from < to)
    madvise(base + from, to - from, MADV_DONTNEED);
  freed[old.offset] = old;
  live.erase(found);
  return true;
}

static const Allocation *holder(const std::map<size_t, Allocation> &map,
                                size_t offset, size_t slack) {
  auto next = map.upper_bound(offset);
  if (next == map.begin())
    return nullptr;
  const Allocation &a = std::prev(next)->second;
  return offset - a.offset < a.bytes + slack ? &a : nullptr;
}

const Allocation *Memory::find(const void *p) const {
  size_t offset = offsetOf(p);
  return offset < regionBytes ? holder(live, offset, 0) : nullptr;
}

std::string Memory::describe(const void *p) const {
  size_t offset = offsetOf(p);
  if (offset >= regionBytes)
    return format("address %p, which is no device memory", p);
  if (offset >= windowStart && offset < pinnedStart)
    return format("byte %zu of shared memory",
                  (offset - windowStart) % windowBytes);
  if (const Allocation *a = holder(freed, offset, 0))
    return format("byte %zu of an allocation of %zu bytes that was freed",
                  offset - a->offset, a->bytes);
  if (const Allocation *a = holder(live, offset, guardBytes))
    return format("byte %zu of an allocation of %zu bytes (%s)",
                  offset - a->offset, a->bytes, a->call);
  auto next = live.upper_bound(offset);
  if (next != live.end() && next->first - offset <= guardBytes)
    return format("byte -%zu of an allocation of %zu bytes (%s)",
                  next->first - offset, next->second.bytes, next->second.call);
  return format("address %p, which was never allocated", p);
}

void Memory::setStates(const void *p, size_t bytes, uint8_t state) {
  memset(states + offsetOf(p), state, bytes);
}

void Memory::beginGraph() { graph = ++graphs; }

void Memory::noteOfGraph(const void *p, size_t bytes) {
  if (!graph || !bytes)
    return;
  size_t from = offsetOf(p), end = from + bytes;
  for (size_t page = from / pageBytes; page * pageBytes < end; ++page)
    if (pageGraph[page] != graph) {
      memset(graphWrites + page * pageBytes, 0, pageBytes);
      pageGraph[page] = graph;
    }
  memset(graphWrites + from, 1, bytes);
}

bool Memory::isOfGraph(const void *p, size_t bytes) const {
  size_t from = offsetOf(p);
  for (size_t at = from; graph && at < from + bytes; ++at)
    if (pageGraph[at / pageBytes] == graph && graphWrites[at])
      return true;
  return false;
}

const void *Memory::firstWithout(const void *p, size_t bytes,
                                 uint8_t state) const {
  const uint8_t *s = states + offsetOf(p);
  for (size_t i = 0; i < bytes; ++i)
    if ((s[i] & state) != state)
      return static_cast<const char *>(p) + i;
  return nullptr;
}

} // namespace ingot::emulator
