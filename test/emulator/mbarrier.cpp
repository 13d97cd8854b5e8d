// mbarriers: phases of arrivals and bytes, and who is ordered after them.
#include "machine.h"

#include <algorithm>
#include <cstring>

namespace ingot::emulator {

// Nothing else has this word at its own place.
static uint64_t wordFor(const void *address) {
  return reinterpret_cast<uintptr_t>(address) ^ 0x6d62617272696572;
}

MBarrier &findBarrier(Block &block, const void *address, const Where &where) {
  auto found = block.mbarriers.find(address);
  uint64_t word = 0;
  if (found != block.mbarriers.end())
    memcpy(&word, address, sizeof word);
  if (found != block.mbarriers.end() && word == found->second.word)
    return found->second;
  fail(Fault::LaunchFailed,
       format("no mbarrier: %s was not initialized as one, or was overwritten",
              memory.describe(address).c_str()),
       where);
  // Where no thread runs, fail() comes back.
  static MBarrier none;
  return none = MBarrier();
}

MBarrier &findFenced(Block &block, const void *address, const View &view,
                     const Where &where) {
  MBarrier &b = findBarrier(block, address, where);
  const Thread &by = *b.initializer;
  if (!machine.options.checks)
    return b;
  if (!b.fenceClock)
    fail(Fault::LaunchFailed,
         "missing fence: the mbarrier is used by others than threads of the "
         "block, without mbar_fence_init",
         where);
  if (!happenedBefore(view, block.number, static_cast<uint32_t>(by.tid),
                      b.fenceClock))
    fail(Fault::LaunchFailed,
         format("race: the mbarrier at %s of block %u is used, not ordered "
                "after its mbar_init and that one's fence",
                memory.describe(address).c_str(), block.number),
         where);
  return b;
}

static void completePhase(MBarrier &b) {
  if (b.pending || b.bytes)
    return;
  ++b.phases;
  b.pending = b.expected;
  join(b.done, b.current);
  for (Thread *t : b.waiting)
    machine.wake(*t);
  b.waiting.clear();
}

void completeBytes(MBarrier &b, const Transaction &load, int64_t bytes) {
  b.bytes -= bytes;
  b.hasLoads = true;
  b.loaded = b.phases;
  b.loadedAt = load.where;
  join(b.current, load.view);
  completePhase(b);
}

static void arrive(MBarrier &b, int bytes, const View &view,
                   const Where &where) {
  if (!b.pending)
    fail(Fault::LaunchFailed,
         format("more arrivals at an mbarrier than the %u of a phase, while "
                "%lld bytes have not come",
                b.expected, static_cast<long long>(b.bytes)),
         where);
  --b.pending;
  b.bytes += bytes;
  join(b.current, view);
  completePhase(b);
}

// The block of that rank in the cluster, which must not have ended.
Block &clusterBlock(Block &block, int rank, const Where &where) {
  if (rank < 0 || rank >= static_cast<int>(machine.launch.cluster))
    fail(Fault::LaunchFailed,
         format("block %d of a cluster of %u", rank, machine.launch.cluster),
         where);
  Block &other = machine.blocks[block.firstSlot + static_cast<unsigned>(rank)];
  if (!other.active)
    fail(Fault::LaunchFailed,
         format("block %d of the cluster has returned: its shared memory is "
                "gone",
                rank),
         where);
  return other;
}

} // namespace ingot::emulator

using namespace ingot::emulator;

extern "C" {

void emu_mbar_init(unsigned long long *b, int arrivals, const char *file,
                   int line) {
  Thread &t = *machine.current;
  Where where{file, line};
  emu_saddr(b, file, line);
  if (arrivals < 1 || arrivals >= 1 << 20)
    fail(Fault::LaunchFailed, format("an mbarrier of %d arrivals", arrivals),
         where);
  access(b, 8, IsWrite, where);
  noteAsyncWrite(b, 8);
  MBarrier m;
  m.word = *b = wordFor(b);
  m.expected = m.pending = static_cast<uint32_t>(arrivals);
  m.initializer = &t;
  m.current.block = m.done.block = t.block->number;
  m.current.clocks = m.done.clocks = Clocks(t.block->base.size(), 0);
  t.block->mbarriers[b] = m;
}

void emu_mbar_arrive(unsigned long long *b, int bytes, int rank,
                     const char *file, int line) {
  Thread &t = *machine.current;
  Where where{file, line};
  t.where = where;
  emu_saddr(b, file, line);
  if (rank < 0) {
    access(b, 8, IsWrite | IsAtomic | IsUpdate, where);
    MBarrier &m = findBarrier(*t.block, b, where);
    arrive(m, bytes, viewOf(t), where);
  } else {
    Block &other = clusterBlock(*t.block, rank, where);
    View view = viewOf(t);
    auto *there = reinterpret_cast<unsigned long long *>(
        other.window() +
        (reinterpret_cast<const char *>(b) - t.block->window()));
    MBarrier &m = findFenced(other, there, view, where);
    m.hasRemote |= &other != t.block;
    arrive(m, bytes, view, where);
  }
  if (machine.options.mode == Mode::Random)
    machine.yield();
}

void emu_mbar_wait(unsigned long long *b, int parity, int cluster,
                   const char *file, int line) {
  Thread &t = *machine.current;
  Where where{file, line};
  t.where = where;
  emu_saddr(b, file, line);
  if (parity != 0 && parity != 1)
    fail(Fault::LaunchFailed, format("a wait for parity %d", parity), where);
  access(b, 8, IsAtomic, where);
  for (;;) {
    MBarrier &m = findBarrier(*t.block, b, where);
    if (static_cast<int>(m.phases & 1) != parity) {
      if (!cluster && m.hasRemote && t.block->hasRemoteStores)
        fail(Fault::LaunchFailed,
             "missing scope: threads of other blocks have stored here and "
             "arrived at the mbarrier, and mbar_wait does not see that: "
             "mbar_wait_cluster does",
             where);
      m.waited = std::max(m.waited, m.phases);
      learn(t, m.done);
      return;
    }
    m.waiting.push_back(&t);
    machine.suspend("mbar_wait", where);
  }
}

void emu_fence_async(int only_inits) {
  Thread &t = *machine.current;
  for (auto &[address, b] : t.block->mbarriers)
    if (b.initializer == &t && !b.fenceClock)
      b.fenceClock = t.clock;
  if (!only_inits)
    ++t.fences;
}

int emu_cluster_rank() {
  return static_cast<int>(machine.current->block->clusterRank);
}

void emu_cluster_sync(const char *file, int line) {
  Thread &t = *machine.current;
  Block &block = *t.block;
  Where where{file, line};
  // Of this cluster: others may wait at the same time.
  auto isMine = [&](const Thread *other) {
    return other->block->firstSlot == block.firstSlot;
  };
  auto &waiting = machine.atClusterSync;
  waiting.push_back(&t);
  auto arrived = std::count_if(waiting.begin(), waiting.end(), isMine);
  if (static_cast<uint64_t>(arrived) <
      uint64_t(machine.launch.cluster) * machine.launch.threads)
    return machine.suspend("cluster_sync", where);
  std::vector<Block *> blocks;
  for (unsigned i = 0; i < machine.launch.cluster; ++i)
    blocks.push_back(&machine.blocks[block.firstSlot + i]);
  joinCluster(blocks.data(), blocks.size());
  auto mine = std::stable_partition(waiting.begin(), waiting.end(),
                                    [&](Thread *o) { return !isMine(o); });
  for (auto i = mine; i != waiting.end(); ++i)
    if (*i != &t)
      machine.wake(**i);
  waiting.erase(mine, waiting.end());
}

void emu_store_remote(float *s, float x, unsigned long long *b, int rank,
                      const char *file, int line) {
  Thread &t = *machine.current;
  Where where{file, line};
  t.where = where;
  emu_saddr(s, file, line);
  emu_saddr(b, file, line);
  Block &other = clusterBlock(*t.block, rank, where);
  bool isOwn = &other == t.block;
  if (!isOwn && machine.options.checks &&
      !(t.knowledge && t.knowledge->count(other.number)))
    fail(Fault::LaunchFailed,
         format("race: a store to block %d of the cluster, not ordered after "
                "its start",
                rank),
         where);
  auto there = [&](void *mine) {
    return other.window() + (static_cast<char *>(mine) - t.block->window());
  };
  accessRemote(other, there(s), sizeof x, IsWrite, where);
  memcpy(there(s), &x, sizeof x);
  View view = viewOf(t);
  MBarrier &m = isOwn ? findBarrier(other, b, where)
                      : findFenced(other, there(b), view, where);
  other.hasRemoteStores |= !isOwn;
  m.hasRemote |= !isOwn;
  m.bytes -= sizeof x;
  join(m.current, view);
  completePhase(m);
  if (machine.options.mode == Mode::Random)
    machine.yield();
}

// A block has as many registers as it started with: who wants more waits for
// others to give some back.
void emu_registers(int count, int up, const char *file, int line) {
  Thread &t = *machine.current;
  Block &block = *t.block;
  Where where{file, line};
  auto wanted = static_cast<unsigned>(count);
  if (up ? wanted < t.registers : wanted > t.registers)
    fail(Fault::LaunchFailed,
         format("setmaxnreg %s to %u registers from %u", up ? "up" : "down",
                wanted, t.registers),
         where);
  if (!up) {
    block.freeRegisters += t.registers - wanted;
    t.registers = wanted;
    for (Thread *other : block.wantRegisters)
      machine.wake(*other);
    block.wantRegisters.clear();
    return;
  }
  while (block.freeRegisters < wanted - t.registers) {
    block.wantRegisters.push_back(&t);
    machine.suspend("registers of setmaxnreg", where);
  }
  block.freeRegisters -= wanted - t.registers;
  t.registers = wanted;
}

} // extern "C"
