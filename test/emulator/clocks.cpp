// Happens-before, by vector clocks. Most threads most of the time know just
// what the last barrier of the whole block told everyone (the block's base) and
// themselves, so that such a barrier costs a number per thread.
#include "machine.h"

#include <algorithm>

namespace ingot::emulator {

static uint32_t threadsOf(const Block &block) { return machine.launch.threads; }

static void joinInto(Clocks &to, const Clocks &from) {
  for (size_t i = 0; i < to.size(); ++i)
    to[i] = std::max(to[i], from[i]);
}

// What the thread knows, itself included.
static Clocks snapshot(const Thread &t) {
  Clocks clocks = t.atBase ? t.block->base : t.own;
  clocks[static_cast<size_t>(t.tid)] = t.clock;
  uint32_t &copies = clocks[threadsOf(*t.block) + static_cast<size_t>(t.tid)];
  copies = std::max(copies, t.waited);
  return clocks;
}

bool happenedBefore(const Thread &t, uint32_t block, uint32_t actor,
                    uint32_t clock) {
  uint32_t self = static_cast<uint32_t>(t.tid), count = threadsOf(*t.block);
  if (block != t.block->number) {
    if (!t.knowledge)
      return false;
    auto known = t.knowledge->find(block);
    return known != t.knowledge->end() && clock <= known->second[actor];
  }
  if (actor == self)
    return true;
  if (actor == count + self)
    return clock <= t.waited;
  return clock <= (t.atBase ? t.block->base : t.own)[actor];
}

static std::shared_ptr<const Knowledge>
merge(const std::shared_ptr<const Knowledge> &a,
      const std::shared_ptr<const Knowledge> &b) {
  if (!a || a == b)
    return b;
  if (!b)
    return a;
  auto both = std::make_shared<Knowledge>(*a);
  for (const auto &[block, clocks] : *b) {
    auto [at, added] = both->try_emplace(block, clocks);
    if (!added)
      joinInto(at->second, clocks);
  }
  return both;
}

void joinAll(Block &block) {
  uint32_t count = threadsOf(block);
  std::shared_ptr<const Knowledge> knowledge;
  for (uint32_t i = 0; i < count; ++i) {
    Thread &t = block.threads[i];
    if (!t.atBase)
      joinInto(block.base, t.own);
    knowledge = merge(knowledge, t.knowledge);
  }
  for (uint32_t i = 0; i < count; ++i) {
    Thread &t = block.threads[i];
    block.base[i] = t.clock++;
    block.base[count + i] = t.waited;
    t.atBase = true;
    t.knowledge = knowledge;
  }
}

void joinSome(Thread *const *threads, size_t count) {
  Clocks all = snapshot(*threads[0]);
  std::shared_ptr<const Knowledge> knowledge = threads[0]->knowledge;
  for (size_t i = 1; i < count; ++i) {
    Thread &t = *threads[i];
    knowledge = merge(knowledge, t.knowledge);
    if (!t.atBase) {
      joinInto(all, snapshot(t));
      continue;
    }
    // The base is part of `all` already: thread 0 knew it.
    size_t self = static_cast<size_t>(t.tid),
           copies = threadsOf(*t.block) + self;
    all[self] = t.clock;
    all[copies] = std::max(all[copies], t.waited);
  }
  for (size_t i = 0; i < count; ++i) {
    Thread &t = *threads[i];
    t.own = all;
    t.atBase = false;
    t.knowledge = knowledge;
    ++t.clock;
  }
}

// What releases at an address told; by address, for the running launch.
static std::unordered_map<const void *, std::shared_ptr<const Knowledge>>
    released;

void forgetReleases() { released.clear(); }

void release(Thread &t, const void *address) {
  auto own = std::make_shared<Knowledge>();
  (*own)[t.block->number] = snapshot(t);
  auto &at = released[address];
  at = merge(at, merge(own, t.knowledge));
  ++t.clock;
}

void acquire(Thread &t, const void *address) {
  auto found = released.find(address);
  if (found == released.end() || !found->second)
    return;
  t.knowledge = merge(t.knowledge, found->second);
  auto mine = t.knowledge->find(t.block->number);
  if (mine == t.knowledge->end())
    return;
  t.own = snapshot(t);
  joinInto(t.own, mine->second);
  t.atBase = false;
}

} // namespace ingot::emulator
