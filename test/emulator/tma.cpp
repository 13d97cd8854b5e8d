// TMA: boxes between global and shared memory, each an actor of its own that
// happens when the hardware likes: when nobody can run (late), at once (early)
// or at any time and in any order (random).
#include "machine.h"

#include <algorithm>
#include <cstring>

namespace ingot::emulator {
namespace {

// The swizzle moves 16-byte chunks by bits of the address in shared memory,
// wherever the box starts. Windows are multiples of 1024.
char *swizzled(char *p, unsigned swizzle) {
  auto a = reinterpret_cast<uintptr_t>(p);
  if (swizzle)
    a ^= (a >> 7 & (swizzle / 16 - 1)) << 4;
  return reinterpret_cast<char *>(a);
}

// A row of the box: where it lies, and which of its elements are the tensor's.
struct Row {
  char *shared, *global;
  int64_t first, last;
};

template <class F>
void forRows(const Transaction &t, F f) {
  const MapContent &m = t.map;
  int64_t bytes = m.box[0] * m.elementBytes;
  unsigned planes = m.rank > 2 ? m.box[2] : 1;
  char *shared = t.shared;
  for (unsigned z = 0; z < planes; ++z)
    for (unsigned y = 0; y < m.box[1]; ++y, shared += bytes) {
      int64_t at[] = {t.at[0], t.at[1] + y, t.at[2] + z, t.at[3]};
      Row row{shared, m.base + at[0] * m.elementBytes, 0, 0};
      bool isInside = true;
      for (int i = 1; i < m.rank; ++i) {
        isInside &= at[i] >= 0 && static_cast<uint64_t>(at[i]) < m.dims[i];
        row.global += at[i] * static_cast<int64_t>(m.strides[i - 1]);
      }
      if (isInside) {
        row.first = std::clamp<int64_t>(-at[0], 0, m.box[0]);
        row.last = std::clamp<int64_t>(static_cast<int64_t>(m.dims[0]) - at[0],
                                       row.first, m.box[0]);
      }
      f(row);
    }
}

size_t boxBytes(const MapContent &m) {
  size_t bytes = size_t(m.elementBytes) * m.box[0] * m.box[1];
  return m.rank > 2 ? bytes * m.box[2] : bytes;
}

void move(const Transaction &t) {
  const MapContent &m = t.map;
  int64_t size = m.elementBytes;
  forRows(t, [&](const Row &row) {
    int64_t bytes = m.box[0] * size;
    for (int64_t at = 0; at < bytes; at += 16) {
      char *shared = swizzled(row.shared + at, m.swizzle);
      int64_t from = std::clamp<int64_t>(row.first * size, at, at + 16),
              to = std::clamp<int64_t>(row.last * size, at, at + 16);
      if (to < from)
        to = from;
      if (t.isStore) {
        memcpy(row.global + from, shared + (from - at),
               static_cast<size_t>(to - from));
        continue;
      }
      memset(shared, 0, 16);
      memcpy(shared + (from - at), row.global + from,
             static_cast<size_t>(to - from));
    }
  });
}

void land(Transaction &t) {
  if (t.isDone)
    return;
  t.isDone = true;
  move(t);
  if (t.isStore)
    return;
  memory.setStates(t.shared, boxBytes(t.map), Allocated | Written);
  completeBytes(findBarrier(*t.block, t.barrier, t.where), t,
                static_cast<int64_t>(boxBytes(t.map)));
}

// Takes it out of the queue first: it may wake threads.
void landAt(size_t i) {
  auto &queue = machine.transactions;
  std::shared_ptr<Transaction> t = queue[i];
  queue.erase(queue.begin() + static_cast<long>(i));
  land(*t);
}

const MapContent &mapAt(const void *map, int rank, const Where &where) {
  auto &m = *static_cast<const MapContent *>(map);
  if (m.magic != tensorMapMagic)
    fail(Fault::LaunchFailed, "not a tensor map of the driver", where);
  if (reinterpret_cast<uintptr_t>(map) % 64)
    fail(Fault::MisalignedAddress, "misaligned: a tensor map", where);
  if (rank && m.rank != rank)
    fail(Fault::LaunchFailed,
         format("a copy of %d dims by a tensor map of %d", rank, m.rank),
         where);
  return m;
}

// Checks all that the operation touches, as of now; what happens to it before
// it lands is then a race of the other side.
void start(const std::shared_ptr<Transaction> &t) {
  const MapContent &m = t->map;
  size_t size = m.elementBytes, bytes = m.box[0] * size;
  if (reinterpret_cast<uintptr_t>(t->shared) % 128)
    fail(Fault::MisalignedAddress,
         "misaligned: TMA wants shared memory at a multiple of 128, not " +
             memory.describe(t->shared),
         t->where);
  uint32_t number = ++t->block->transactions;
  t->actor = 2 * machine.launch.threads + number % transactionActors;
  // Its reads, and its writes: who knows of the former does not of the latter.
  t->clock = 2 * number;
  AsyncActor reads{t->block, t->actor, t->clock, &t->view},
      writes{t->block, t->actor, t->clock + 1, &t->view};
  forRows(*t, [&](const Row &row) {
    const char *global = row.global + row.first * static_cast<int64_t>(size);
    size_t inside = static_cast<size_t>(row.last - row.first) * size;
    if (!t->isStore) {
      access(writes, row.shared, bytes, IsWrite, t->where);
      return access(reads, global, inside, 0, t->where);
    }
    access(reads, row.shared, bytes, 0, t->where);
    access(writes, global, inside, IsWrite, t->where);
    if (inside)
      memory.setStates(global, inside, Allocated | Written);
  });
  t->view.clocks[t->actor] = t->clock + 1;
  if (!t->isStore) {
    size_t all = boxBytes(m);
    memset(t->shared, 0xff, all);
    memory.setStates(t->shared, all, Allocated | Pending);
    noteAsyncWrite(t->shared, all);
  }
  machine.transactions.push_back(t);
  if (machine.options.mode == Mode::Early)
    landAt(machine.transactions.size() - 1);
}

} // namespace

bool landOne() {
  auto &queue = machine.transactions;
  if (queue.empty())
    return false;
  landAt(machine.options.mode == Mode::Random
             ? machine.next(static_cast<uint32_t>(queue.size()))
             : 0);
  return true;
}

void landAny() {
  if (machine.next(32) == 0)
    landOne();
  Block &block = machine.blocks[machine.next(machine.launch.resident)];
  if (block.active && machine.next(16) == 0)
    runSome(block);
}

// Loads that nobody has waited for may have been in flight as well.
void finishBlock(Block &block) {
  const Where *where = nullptr;
  for (const auto &t : machine.transactions)
    if (t->block == &block && !t->isStore)
      where = &t->where;
  for (const auto &[address, b] : block.mbarriers)
    if (b.hasLoads && b.waited <= b.loaded)
      where = &b.loadedAt;
  if (where)
    fail(Fault::LaunchFailed,
         "missing wait: the block returns, and nobody has waited for a TMA "
         "load to its shared memory",
         *where);
}

void finishStores(Thread &t) {
  if (!t.stores.empty())
    fail(Fault::LaunchFailed,
         format("missing wait: the thread returns with %zu TMA stores that may "
                "still read shared memory",
                t.stores.size()),
         t.stores[0]->where);
}

} // namespace ingot::emulator

using namespace ingot::emulator;

extern "C" {

void emu_tma_prefetch(const void *map, const char *file, int line) {
  mapAt(map, 0, {file, line});
}

void emu_tma_load(void *shared, const void *map, unsigned long long *b,
                  const int *at, int rank, int blocks, const char *file,
                  int line) {
  Thread &t = *machine.current;
  Where where{file, line};
  t.where = where;
  emu_saddr(shared, file, line);
  emu_saddr(b, file, line);
  const MapContent &m = mapAt(map, rank, where);
  if (blocks >> machine.launch.cluster)
    fail(Fault::LaunchFailed,
         format("a load to blocks %#x of a cluster of %u", blocks,
                machine.launch.cluster),
         where);
  ++(blocks ? machine.stats.multicasts : machine.stats.loads);
  View known = viewOf(t);
  unsigned to =
      blocks ? static_cast<unsigned>(blocks) : 1u << t.block->clusterRank;
  for (unsigned r = 0; to >> r; ++r) {
    if (!(to >> r & 1))
      continue;
    Block &block = clusterBlock(*t.block, static_cast<int>(r), where);
    auto there = [&](const void *p) {
      return block.window() +
             (static_cast<const char *>(p) - t.block->window());
    };
    auto load = std::make_shared<Transaction>();
    load->isStore = false;
    load->block = &block;
    load->issuer = &t;
    load->shared = there(shared);
    load->map = m;
    for (int i = 0; i < 4; ++i)
      load->at[i] = i < rank ? at[i] : 0;
    load->barrier = reinterpret_cast<uint64_t *>(there(b));
    load->view = viewFor(known, block);
    load->where = where;
    findFenced(block, load->barrier, load->view, where);
    start(load);
  }
}

void emu_tma_store(const void *map, const void *shared, const int *at, int rank,
                   const char *file, int line) {
  Thread &t = *machine.current;
  Where where{file, line};
  emu_saddr(shared, file, line);
  auto store = std::make_shared<Transaction>();
  store->isStore = true;
  store->block = t.block;
  store->issuer = &t;
  store->shared = const_cast<char *>(static_cast<const char *>(shared));
  store->map = mapAt(map, rank, where);
  for (int i = 0; i < 4; ++i)
    store->at[i] = i < rank ? at[i] : 0;
  store->group = t.storesCommitted;
  store->view = viewOf(t);
  store->where = where;
  ++machine.stats.stores;
  t.stores.push_back(store);
  start(store);
}

void emu_tma_commit() { ++machine.current->storesCommitted; }

void emu_tma_wait_read(int groups, const char *file, int line) {
  Thread &t = *machine.current;
  t.where = {file, line};
  if (t.storesCommitted < static_cast<uint32_t>(groups))
    return;
  uint32_t end = t.storesCommitted - static_cast<uint32_t>(groups);
  auto isOver = [&](const auto &s) { return s->group < end; };
  for (const auto &s : t.stores)
    if (isOver(s)) {
      land(*s);
      learn(t, s->actor, s->clock);
    }
  std::erase_if(t.stores, isOver);
  std::erase_if(machine.transactions, [](const auto &s) { return s->isDone; });
}

} // extern "C"
