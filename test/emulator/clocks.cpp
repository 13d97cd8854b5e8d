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

bool happenedBefore(const View &v, uint32_t block, uint32_t actor,
                    uint32_t clock) {
  if (block == v.block)
    return clock <= v.clocks[actor];
  if (!v.others)
    return false;
  auto known = v.others->find(block);
  return known != v.others->end() && clock <= known->second[actor];
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

static std::shared_ptr<const Knowledge> knowing(uint32_t block,
                                                const Clocks &clocks) {
  auto made = std::make_shared<Knowledge>();
  (*made)[block] = clocks;
  return made;
}

View viewOf(Thread &t) {
  View v{t.block->number, snapshot(t), t.knowledge};
  ++t.clock;
  return v;
}

View viewFor(const View &view, const Block &block) {
  View v{block.number, Clocks(block.base.size(), 0), nullptr};
  join(v, view);
  return v;
}

static std::shared_ptr<const Knowledge> othersFor(uint32_t block,
                                                  const View &from) {
  return from.block == block
             ? from.others
             : merge(from.others, knowing(from.block, from.clocks));
}

void join(View &to, const View &from) {
  if (to.clocks.empty()) {
    to.clocks.assign(from.clocks.size(), 0);
  }
  if (from.block == to.block)
    joinInto(to.clocks, from.clocks);
  else if (from.others)
    if (auto mine = from.others->find(to.block); mine != from.others->end())
      joinInto(to.clocks, mine->second);
  to.others = merge(to.others, othersFor(to.block, from));
}

static Clocks &ownOf(Thread &t) {
  if (t.atBase) {
    t.own = snapshot(t);
    t.atBase = false;
  }
  return t.own;
}

void learn(Thread &t, const View &view) {
  uint32_t block = t.block->number;
  if (view.block == block)
    joinInto(ownOf(t), view.clocks);
  else if (view.others)
    if (auto mine = view.others->find(block); mine != view.others->end())
      joinInto(ownOf(t), mine->second);
  t.knowledge = merge(t.knowledge, othersFor(block, view));
}

void learn(Thread &t, uint32_t actor, uint32_t clock) {
  uint32_t &known = ownOf(t)[actor];
  known = std::max(known, clock);
}

void meet(View &to, const View &other) {
  for (size_t i = 0; i < to.clocks.size(); ++i)
    to.clocks[i] = std::min(to.clocks[i], other.clocks[i]);
  if (!other.others)
    to.others = nullptr;
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

void joinCluster(Block *const *blocks, size_t count) {
  for (size_t i = 0; i < count; ++i)
    joinAll(*blocks[i]);
  auto all = std::make_shared<Knowledge>();
  std::shared_ptr<const Knowledge> before;
  for (size_t i = 0; i < count; ++i) {
    (*all)[blocks[i]->number] = blocks[i]->base;
    before = merge(before, blocks[i]->threads[0].knowledge);
  }
  auto knowledge = merge(before, all);
  for (size_t i = 0; i < count; ++i)
    for (uint32_t t = 0; t < threadsOf(*blocks[i]); ++t)
      blocks[i]->threads[t].knowledge = knowledge;
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
