#include "machine.h"

#include "fiber.h"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace ingot::emulator {

Machine machine;

uint32_t Machine::next(uint32_t below) {
  random ^= random << 13;
  random ^= random >> 7;
  random ^= random << 17;
  return static_cast<uint32_t>((random >> 32) % below);
}

void fiberMain() {
  machine.launch.kernel->invoke(
      reinterpret_cast<void **>(machine.launch.parameters.data()));
  machine.finishThread();
}

// What the launch bounds leave a thread.
static unsigned registersAtStart(const Launch &l) {
  unsigned blocks = std::max(1u, l.kernel->min_blocks);
  return std::min(255u, 65536 / (l.kernel->threads * blocks) / 8 * 8);
}

void Machine::startBlock(Block &block) {
  Launch &l = launch;
  uint64_t number = l.next++;
  block.active = true;
  block.number = static_cast<uint32_t>(number);
  block.index[0] = static_cast<uint32_t>(number % l.grid[0]);
  block.index[1] = static_cast<uint32_t>(number / l.grid[0] % l.grid[1]);
  block.index[2] = static_cast<uint32_t>(number / l.grid[0] / l.grid[1]);
  block.live = l.threads;
  // Shared memory is garbage, NaN in every format.
  char *window = block.window();
  unsigned clear = std::max(block.windowUsed, l.shared);
  memory.setStates(window, clear, 0);
  memory.setStates(window, l.shared, Allocated);
  memset(window, 0xff, l.shared);
  memset(memory.pageLaunch + memory.offsetOf(window) / pageBytes, 0,
         windowBytes / pageBytes * sizeof(uint32_t));
  block.windowUsed = l.shared;
  forgetWrites(block, l.shared);
  block.base.assign(actorsOf(l.threads), 0);
  block.clusterRank = block.index[0] % l.cluster;
  block.firstSlot = block.slot - block.clusterRank;
  block.hasRemoteStores = false;
  block.mbarriers.clear();
  block.warpgroups.clear();
  block.warpgroups.resize(l.threads / 128);
  block.transactions = 0;
  block.freeRegisters = 0;
  block.wantRegisters.clear();
  block.warps.assign((l.threads + 31) / 32, Warp());
  for (Barrier &b : block.barriers)
    b = Barrier();
  if (block.threads.size() < l.threads)
    block.threads.resize(l.threads);
  for (unsigned i = 0; i < l.threads; ++i) {
    Thread &t = block.threads[i];
    if (!t.stack)
      t.stack = newStack();
    t.sp = prepareStack(t.stack, fiberMain);
    t.block = &block;
    t.warp = &block.warps[i / 32];
    t.tid = static_cast<int>(i);
    t.lane = static_cast<int>(i % 32);
    t.done = false;
    t.waits = nullptr;
    t.clock = 1;
    t.committed = t.waited = 0;
    t.atBase = true;
    t.knowledge.reset();
    t.copies.clear();
    t.stores.clear();
    t.storesCommitted = 0;
    t.wgmma = WgmmaThread();
    t.fences = 0;
    t.registers = registersAtStart(l);
    t.hasWaited = false;
    t.spinsOn = nullptr;
    ready.push_back(&t);
  }
  ++stats.blocks;
}

// The next thread to run, removed from the queue; null if nobody can.
Thread *Machine::pick() {
  // What is asynchronous waits until nobody can run, see Mode.
  while (head == ready.size())
    if (!landOne())
      return nullptr;
  ++stats.switches;
  if (options.mode == Mode::Random) {
    std::swap(ready[head + next(static_cast<uint32_t>(ready.size() - head))],
              ready.back());
    Thread *t = ready.back();
    ready.pop_back();
    return t;
  }
  Thread *t = ready[head++];
  if (head >= 4096 && head * 2 > ready.size()) {
    ready.erase(ready.begin(), ready.begin() + static_cast<long>(head));
    head = 0;
  }
  return t;
}

void Machine::wake(Thread &thread) {
  thread.waits = nullptr;
  ready.push_back(&thread);
}

// Leaves the running fiber for whoever comes next.
void Machine::switchAway() {
  if (options.mode == Mode::Random) {
    landSome();
    landAny();
  }
  Thread *from = current, *to = pick();
  if (to == from)
    return;
  current = to;
  ingot_switch_stack(&from->sp, to ? to->sp : mainStack);
}

void Machine::suspend(const char *what, const Where &where) {
  current->waits = what;
  current->where = where;
  switchAway();
}

void Machine::yield() {
  ready.push_back(current);
  switchAway();
}

void Machine::abandon() {
  abandoned = true;
  void *unused;
  current = nullptr;
  ingot_switch_stack(&unused, mainStack);
  __builtin_unreachable();
}

void Machine::finishThread() {
  Thread &t = *current;
  finishCopies(t);
  finishStores(t);
  finishWgmma(t);
  t.done = true;
  idleSpins = 0;
  Thread *to = nullptr;
  // A finished block goes back to run(), which starts another in its place.
  if (--t.block->live)
    to = pick();
  else {
    finishBlock(*t.block);
    if (++launch.ended == launch.blocks)
      finishEarly();
    t.block->active = false;
  }
  current = to;
  ingot_switch_stack(&t.sp, to ? to->sp : mainStack);
  __builtin_unreachable();
}

void Machine::run(Launch &&what) {
  static uint32_t launches = 0;
  memory.reserve();
  launch = std::move(what);
  launch.id = ++launches;
  random = (options.seed + 1) * 0x9e3779b97f4a7c15;
  abandoned = false;
  idleSpins = 0;
  hasWaited = false;
  letsNext = {};
  ready.clear();
  head = 0;
  forgetReleases();
  transactions.clear();
  atClusterSync.clear();
  for (unsigned i = 0; i < windowCount; ++i) {
    blocks[i].slot = i;
    blocks[i].active = false;
  }
  // Clusters whole.
  unsigned cluster = launch.cluster;
  unsigned resident =
      std::max(std::min<unsigned>(launch.resident, windowCount) / cluster, 1u) *
      cluster;
  launch.resident = resident;
  auto isFree = [&](unsigned first) {
    return std::none_of(blocks + first, blocks + first + cluster,
                        [](Block &b) { return b.active; });
  };
  for (;;) {
    for (unsigned i = 0; i < resident && launch.next < launch.blocks;
         i += cluster)
      if (isFree(i))
        for (unsigned rank = 0; rank < cluster; ++rank)
          startBlock(blocks[i + rank]);
    current = pick();
    if (report.result)
      return;
    if (!current) {
      bool waiting = std::any_of(blocks, blocks + resident,
                                 [](Block &b) { return b.active; });
      if (waiting)
        reportDeadlock();
      return;
    }
    ingot_switch_stack(&mainStack, current->sp);
    if (abandoned)
      return;
  }
}

void Machine::reportDeadlock() {
  // Threads of the first stuck block, by what they wait for and where.
  struct Group {
    const char *waits;
    Where where;
    unsigned count;
    Thread *first;
  };
  for (Block &block : blocks) {
    if (!block.active)
      continue;
    std::vector<Group> groups;
    unsigned exited = 0;
    for (unsigned i = 0; i < launch.threads; ++i) {
      Thread &t = block.threads[i];
      if (t.done) {
        ++exited;
        continue;
      }
      auto same = [&](const Group &g) {
        return g.waits == t.waits && g.where.line == t.where.line &&
               g.where.file == t.where.file;
      };
      auto found = std::find_if(groups.begin(), groups.end(), same);
      if (found == groups.end())
        groups.push_back({t.waits, t.where, 1, &t});
      else
        ++found->count;
    }
    std::string text = format("deadlock: of %u threads", launch.threads);
    const char *separator = " ";
    for (const Group &g : groups) {
      text += format("%s%u wait for %s at %s", separator, g.count, g.waits,
                     emulator::describe(g.where).c_str());
      separator = ", ";
    }
    if (exited)
      text += format("%s%u have returned", separator, exited);
    text += format("\n  kernel %s, block (%u,%u,%u), thread %d first",
                   launch.name.c_str(), block.index[0], block.index[1],
                   block.index[2], groups[0].first->tid);
    // Not on a fiber any more, so fail() returns.
    fail(Fault::LaunchFailed, text, groups[0].where);
    return;
  }
}

} // namespace ingot::emulator
