// What kernels, copies and fills do once it is their turn.
#include "driver.h"
#include "recorder.h"

#include <algorithm>
#include <cstring>

namespace ingot::emulator {

bool isDevice(const void *p) {
  size_t offset = memory.base ? memory.offsetOf(p) : regionBytes;
  return offset >= arenaStart && offset < regionBytes;
}

bool isPinned(const void *p) {
  size_t offset = memory.base ? memory.offsetOf(p) : regionBytes;
  return offset >= pinnedStart && offset < arenaStart;
}

// Blocks the whole device holds at a time, at most as many as there are
// windows; no less than one a multiprocessor, so that a grid of that many
// blocks is resident.
int residentBlocks(const FunctionObject &f, unsigned threads, unsigned shared) {
  unsigned each = std::min(2048 / std::max(threads, 1u),
                           driver.sharedPerMultiprocessor() / (shared + 1024));
  each = std::min({each, std::max(1u, f.kernel->min_blocks),
                   unsigned(windowCount) / unsigned(driver.multiprocessors)});
  int blocks = static_cast<int>(std::max(each, 1u)) *
               std::min(driver.multiprocessors, int(windowCount));
  return std::max(blocks, static_cast<int>(f.kernel->cluster));
}

// Of a tensor map, the strictest parameter.
constexpr size_t parameterAlignment = 128;
static size_t aligned(size_t at) {
  return (at + parameterAlignment - 1) / parameterAlignment *
         parameterAlignment;
}

Result makeKernel(Work &work, Function function, const unsigned grid[3],
                  const unsigned block[3], unsigned shared, void **parameters,
                  void **extra) {
  FunctionObject *f = findFunction(function);
  if (!f)
    return invalidHandle;
  if (extra)
    return notSupported;
  const EmulatedKernel &k = *f->kernel;
  if (!grid[0] || !grid[1] || !grid[2] || grid[0] > 0x7fffffff ||
      grid[1] > 65535 || grid[2] > 65535)
    return invalidValue;
  // Kernels of the vocabulary know one dimension of threads.
  if (!block[0] || block[0] > k.threads || block[1] != 1 || block[2] != 1 ||
      shared > f->maxShared)
    return invalidValue;
  if (grid[0] % k.cluster || k.cluster > 8)
    return invalidClusterSize;
  if (k.count && !parameters)
    return invalidValue;
  work.type = nodeKernel;
  work.function = f;
  std::copy(grid, grid + 3, work.grid);
  work.threads = block[0];
  work.shared = shared;
  size_t bytes = k.count * sizeof(void *);
  for (unsigned i = 0; i < k.count; ++i)
    bytes = aligned(bytes) + k.sizes[i];
  // Aligned for what a parameter may be; the pointers are set where it is
  // launched.
  work.parameters.assign(bytes, 0);
  size_t at = k.count * sizeof(void *);
  for (unsigned i = 0; i < k.count; ++i) {
    at = aligned(at);
    memcpy(work.parameters.data() + at, parameters[i], k.sizes[i]);
    at += k.sizes[i];
  }
  return success;
}

static bool isWhole(const void *p, size_t bytes) {
  const Allocation *a = memory.base ? memory.find(p) : nullptr;
  return a && memory.offsetOf(p) - a->offset + bytes <= a->bytes;
}

Result makeMemset(Work &work, const MemsetNodeParams &p) {
  if (p.height != 1 ||
      (p.elementBytes != 1 && p.elementBytes != 2 && p.elementBytes != 4) ||
      p.to % p.elementBytes)
    return invalidValue;
  work.type = nodeMemset;
  work.to = reinterpret_cast<char *>(p.to);
  work.bytes = p.width * p.elementBytes;
  work.value = p.value;
  work.elementBytes = p.elementBytes;
  return isWhole(work.to, work.bytes) ? success : invalidValue;
}

Result makeCopy(Work &work, void *to, const void *from, size_t bytes) {
  work.type = nodeMemcpy;
  work.to = static_cast<char *>(to);
  work.from = static_cast<const char *>(from);
  work.bytes = bytes;
  for (const void *p : {static_cast<const void *>(to), from})
    if (bytes && (isDevice(p) || isPinned(p)) && !isWhole(p, bytes))
      return invalidValue;
  return success;
}

/// 0 for memory that is none of the driver's.
static uint64_t allocationOf(const void *p) {
  const Allocation *a = isDevice(p) || isPinned(p) ? memory.find(p) : nullptr;
  return a ? a->number : 0;
}

/// A graph's memcpy knows allocations, not addresses: on a GPU, one whose
/// memory was freed fails or crashes, whatever lies there since.
static bool isOfItsAllocations(const Work &work) {
  return (!work.allocations[0] ||
          work.allocations[0] == allocationOf(work.to)) &&
         (!work.allocations[1] ||
          work.allocations[1] == allocationOf(work.from));
}

Result makeCopy(Work &work, const CopyNodeParams &p) {
  auto side = [](const CopySide &s) {
    char *base = s.memoryType == 1 ? static_cast<char *>(s.host)
                                   : reinterpret_cast<char *>(s.device);
    return base + s.x;
  };
  auto plain = [](const CopySide &s) {
    return (s.memoryType == 1 || s.memoryType == 2) && !s.y && !s.z && !s.lod;
  };
  if (p.height != 1 || p.depth != 1 || !plain(p.from) || !plain(p.to))
    return notSupported;
  if ((p.from.memoryType == 2 && !isDevice(side(p.from))) ||
      (p.to.memoryType == 2 && !isDevice(side(p.to))))
    return invalidValue;
  work.allocations[0] = allocationOf(side(p.to));
  work.allocations[1] = allocationOf(side(p.from));
  return makeCopy(work, side(p.to), side(p.from), p.bytes);
}

std::string nameOf(const Work &work) {
  switch (work.type) {
  case nodeKernel:
    return "kernel " + work.function->name;
  case nodeMemcpy:
    return format("a copy of %zu bytes", work.bytes);
  case nodeMemset:
    return format("a fill of %zu bytes", work.bytes);
  case nodeGraph:
    return format("a graph of %zu nodes", work.child->work.size());
  default:
    return "an empty node";
  }
}

std::vector<const char *> usedBy(const Work &work) {
  std::vector<const char *> used;
  if (work.type == nodeKernel) {
    // A parameter, or a pointer in one, that points into an allocation.
    for (size_t at = 0; at + 8 <= work.parameters.size(); at += 8) {
      const char *p;
      memcpy(&p, work.parameters.data() + at, sizeof p);
      if (isDevice(p) || isPinned(p))
        used.push_back(p);
    }
  } else if (work.type == nodeGraph) {
    for (const Work &part : work.child->work)
      for (const char *p : usedBy(part))
        used.push_back(p);
  } else {
    used = {work.to, work.from};
  }
  return used;
}

static Result runKernel(const Work &work, bool isEarly) {
  const FunctionObject &f = *work.function;
  Launch l;
  l.kernel = f.kernel;
  l.name = f.name;
  l.device = f.module->context->device;
  std::copy(work.grid, work.grid + 3, l.grid);
  l.threads = work.threads;
  l.shared = work.shared;
  l.blocks = uint64_t(work.grid[0]) * work.grid[1] * work.grid[2];
  l.resident =
      static_cast<uint32_t>(residentBlocks(f, work.threads, work.shared));
  l.cluster = f.kernel->cluster;
  l.isEarly = isEarly || driver.startsEarly;
  l.constants = f.module->constants;
  l.constantsEnd = f.module->constantsEnd;
  // The values move to where they are aligned.
  const EmulatedKernel &k = *f.kernel;
  l.parameters.assign(work.parameters.size() + 2 * parameterAlignment, 0);
  auto start = reinterpret_cast<uintptr_t>(l.parameters.data());
  size_t from = aligned(k.count * sizeof(void *)), at = from;
  size_t shift = aligned(start) - start + from;
  auto **pointers = reinterpret_cast<void **>(l.parameters.data());
  for (unsigned i = 0; i < k.count; ++i) {
    at = aligned(at);
    pointers[i] = l.parameters.data() + shift + (at - from);
    memcpy(pointers[i], work.parameters.data() + at, k.sizes[i]);
    at += k.sizes[i];
  }
  LaunchRecord record(f, l);
  machine.run(std::move(l));
  if (!report.result)
    record.write();
  return static_cast<Result>(report.result);
}

static Result runCopy(const Work &work) {
  const char *from = work.staged.empty() ? work.from : work.staged.data();
  bool known = isDevice(from) || isPinned(from);
  for (const char *p : {static_cast<const char *>(work.to), from})
    if ((isDevice(p) || isPinned(p)) && !isWhole(p, work.bytes)) {
      fail(Fault::IllegalAddress,
           "use after free: " + nameOf(work) + " at " + memory.describe(p), {});
      return illegalAddress;
    }
  if (isDevice(work.to)) {
    // Nobody knows what the host has written, so its memory counts as written.
    if (known)
      memmove(memory.states + memory.offsetOf(work.to),
              memory.states + memory.offsetOf(from), work.bytes);
    else
      memory.setStates(work.to, work.bytes, Allocated | Written);
  } else if (isDevice(from) && machine.options.checks) {
    if (const void *p = memory.firstWithout(from, work.bytes, Written)) {
      fail(Fault::LaunchFailed,
           format("uninitialized: %s to the host reads %s, which nobody wrote",
                  nameOf(work).c_str(), memory.describe(p).c_str()),
           {});
      return launchFailed;
    }
  }
  memmove(work.to, from, work.bytes);
  if (isDevice(work.to))
    memory.noteOfGraph(work.to, work.bytes);
  return success;
}

static Result runMemset(const Work &work) {
  if (!isWhole(work.to, work.bytes)) {
    fail(Fault::IllegalAddress,
         "use after free: " + nameOf(work) + " at " + memory.describe(work.to),
         {});
    return illegalAddress;
  }
  for (size_t i = 0; i < work.bytes; i += work.elementBytes)
    memcpy(work.to + i, &work.value, work.elementBytes);
  memory.setStates(work.to, work.bytes, Allocated | Written);
  memory.noteOfGraph(work.to, work.bytes);
  return success;
}

Result perform(const Work &work, bool isEarly) {
  switch (work.type) {
  case nodeKernel:
    return runKernel(work, isEarly);
  case nodeMemcpy:
    if (!isOfItsAllocations(work)) {
      fail(Fault::IllegalAddress,
           nameOf(work) + " of a graph that was made for memory that was freed",
           {});
      return illegalAddress;
    }
    return work.bytes ? runCopy(work) : success;
  case nodeMemset:
    return work.bytes ? runMemset(work) : success;
  case nodeGraph:
    return performGraph(*work.child);
  default:
    return success;
  }
}

} // namespace ingot::emulator
