// Verbs of a warp or a block: rendezvous, shuffles, votes, barriers.
#include "machine.h"

#include "matrix.h"

#include <algorithm>

namespace ingot::emulator {

static bool sameSite(const Where &a, const Where &b) {
  return a.line == b.line && a.file == b.file;
}

// Each lane leaves `argument`; the last of the 32 runs the operation for all.
void rendezvous(const char *verb, void *argument, const Where &where,
                void (*run)(Warp &)) {
  Thread &t = *machine.current;
  Warp &w = *t.warp;
  if (w.arrived && (w.verb != verb || !sameSite(w.where, where)))
    fail(Fault::LaunchFailed,
         format("divergence: lane %d calls %s while others of its warp wait "
                "for %s at %s",
                t.lane, verb, w.verb, describe(w.where).c_str()),
         where);
  w.verb = verb;
  w.where = where;
  w.arguments[t.lane] = argument;
  w.lanes[t.lane] = &t;
  if (++w.arrived < 32)
    return machine.suspend(verb, where);
  w.arrived = 0;
  run(w);
  for (int i = 0; i < 32; ++i)
    if (w.lanes[i] != &t)
      machine.wake(*w.lanes[i]);
}

namespace {

// A matrix of rows of 16 bytes is one phase if its rows lie in eight different
// groups of four banks.
void countConflicts(const uintptr_t *rows) {
  int perGroup[8] = {}, phases = 0;
  for (int i = 0; i < 8; ++i)
    if (std::find(rows, rows + i, rows[i]) == rows + i)
      phases = std::max(phases, ++perGroup[rows[i] / 16 % 8]);
  ++machine.stats.matrixPhases;
  machine.stats.bankConflicts += static_cast<uint64_t>(phases - 1);
}

struct Shuffle {
  int kind, argument;
  unsigned long long value, result;
};

void runShuffle(Warp &w) {
  auto lane = [&](int i) { return static_cast<Shuffle *>(w.arguments[i]); };
  for (int i = 0; i < 32; ++i) {
    Shuffle &s = *lane(i);
    int from = i;
    switch (s.kind) {
    case EMU_XOR:
      from = i ^ s.argument;
      break;
    case EMU_INDEX:
      from = s.argument & 31;
      break;
    case EMU_UP:
      from = i - s.argument;
      break;
    case EMU_DOWN:
      from = i + s.argument;
      break;
    }
    // A lane that does not exist: the own value, as PTX has it.
    s.result = lane(from < 0 || from > 31 ? i : from)->value;
  }
}

struct Vote {
  int predicate;
  unsigned result;
};

void runBallot(Warp &w) {
  unsigned ballot = 0;
  for (int i = 0; i < 32; ++i)
    ballot |= unsigned(static_cast<Vote *>(w.arguments[i])->predicate != 0)
              << i;
  for (int i = 0; i < 32; ++i)
    static_cast<Vote *>(w.arguments[i])->result = ballot;
}

struct Reduce {
  int kind;
  float value;
};

// The device's shuffle tree, so that sums have the same bits.
void runReduce(Warp &w) {
  float v[32], next[32];
  auto lane = [&](int i) { return static_cast<Reduce *>(w.arguments[i]); };
  for (int i = 0; i < 32; ++i)
    v[i] = lane(i)->value;
  for (int distance = 16; distance; distance /= 2) {
    for (int i = 0; i < 32; ++i) {
      float a = v[i], b = v[i ^ distance];
      // fmaxf and fminf prefer a number over NaN.
      next[i] = lane(i)->kind == EMU_SUM   ? a + b
                : lane(i)->kind == EMU_MAX ? __builtin_fmaxf(a, b)
                                           : __builtin_fminf(a, b);
    }
    std::copy(next, next + 32, v);
  }
  for (int i = 0; i < 32; ++i)
    lane(i)->value = v[i];
}

void runWarpSync(Warp &w) { joinSome(w.lanes, 32); }

struct LoadMatrix {
  unsigned *r;
  const uint16_t *row; // what this lane addresses
  int transposed;
};

void runLoadMatrix4(Warp &w) {
  auto lane = [&](int i) { return static_cast<LoadMatrix *>(w.arguments[i]); };
  for (int matrix = 0; matrix < 4; ++matrix) {
    uintptr_t rows[8];
    for (int i = 0; i < 8; ++i)
      rows[i] = reinterpret_cast<uintptr_t>(lane(matrix * 8 + i)->row);
    countConflicts(rows);
    for (int i = 0; i < 32; ++i) {
      unsigned pair[2];
      for (int e = 0; e < 2; ++e) {
        int row = i / 4, column = i % 4 * 2 + e;
        if (lane(i)->transposed)
          std::swap(row, column);
        pair[e] = lane(matrix * 8 + row)->row[column];
      }
      lane(i)->r[matrix] = pair[0] | pair[1] << 16;
    }
  }
}

struct StoreMatrix {
  const unsigned *r;
  uint16_t *row; // what this lane addresses
};

void runStoreMatrix4(Warp &w) {
  auto lane = [&](int i) { return static_cast<StoreMatrix *>(w.arguments[i]); };
  for (int matrix = 0; matrix < 4; ++matrix) {
    uintptr_t rows[8];
    for (int i = 0; i < 8; ++i)
      rows[i] = reinterpret_cast<uintptr_t>(lane(matrix * 8 + i)->row);
    countConflicts(rows);
    for (int i = 0; i < 32; ++i) {
      uint16_t *to = lane(matrix * 8 + i / 4)->row + i % 4 * 2;
      to[0] = static_cast<uint16_t>(lane(i)->r[matrix]);
      to[1] = static_cast<uint16_t>(lane(i)->r[matrix] >> 16);
    }
  }
}

void runMma(Warp &w) {
  const MmaLane *lanes[32];
  for (int i = 0; i < 32; ++i)
    lanes[i] = static_cast<MmaLane *>(w.arguments[i]);
  multiplyTile(lanes);
}

} // namespace
} // namespace ingot::emulator

using namespace ingot::emulator;

extern "C" {

int emu_tid() { return machine.current->tid; }
int emu_threads() { return static_cast<int>(machine.launch.threads); }
int emu_block(int axis) {
  return static_cast<int>(machine.current->block->index[axis]);
}
int emu_grid(int axis) { return static_cast<int>(machine.launch.grid[axis]); }
void *emu_shared() { return machine.current->block->window(); }

// Shared memory does not start at 0, so that nobody takes 0 for its start.
unsigned emu_saddr(const void *p, const char *file, int line) {
  auto offset = static_cast<const char *>(p) - machine.current->block->window();
  if (offset < 0 || static_cast<size_t>(offset) >= windowBytes)
    fail(Fault::IllegalAddress,
         "not shared memory of this block: " + memory.describe(p),
         {file, line});
  return static_cast<unsigned>(1024 + offset);
}

unsigned long long emu_shuffle(int kind, unsigned long long value, int argument,
                               const char *file, int line) {
  Shuffle s{kind, argument, value, 0};
  rendezvous("a shuffle", &s, {file, line}, runShuffle);
  return s.result;
}

unsigned emu_ballot(int predicate, const char *file, int line) {
  Vote v{predicate, 0};
  rendezvous("a vote", &v, {file, line}, runBallot);
  return v.result;
}

float emu_warp_reduce(int kind, float value, const char *file, int line) {
  Reduce r{kind, value};
  rendezvous("a warp reduction", &r, {file, line}, runReduce);
  return r.value;
}

void emu_warp_sync(const char *file, int line) {
  rendezvous("warp_sync", nullptr, {file, line}, runWarpSync);
}

void emu_load_matrix4(unsigned *r, const void *shared, int transposed,
                      const char *file, int line) {
  Where where{file, line};
  emu_saddr(shared, file, line);
  access(shared, 16, 0, where);
  LoadMatrix m{r, static_cast<const uint16_t *>(shared), transposed};
  rendezvous("load_matrix4", &m, where, runLoadMatrix4);
}

void emu_store_matrix4(void *shared, const unsigned *r, const char *file,
                       int line) {
  Where where{file, line};
  emu_saddr(shared, file, line);
  access(shared, 16, IsWrite, where);
  StoreMatrix m{r, static_cast<uint16_t *>(shared)};
  rendezvous("store_matrix4", &m, where, runStoreMatrix4);
}

void emu_mma(int type, float *acc, const unsigned *a, const unsigned *b, int fm,
             int fn, const char *file, int line) {
  MmaLane m{type, acc, a, b, fm, fn};
  rendezvous("mma", &m, {file, line}, runMma);
}

void emu_barrier(int id, int threads, const char *file, int line) {
  Thread &t = *machine.current;
  Block &block = *t.block;
  Where where{file, line};
  if (id < 0 || id > 15)
    fail(Fault::LaunchFailed, format("barrier %d does not exist", id), where);
  unsigned expected =
      threads ? static_cast<unsigned>(threads) : machine.launch.threads;
  if (expected > machine.launch.threads)
    fail(Fault::LaunchFailed,
         format("barrier %d waits for %u threads of a block of %u", id,
                expected, machine.launch.threads),
         where);
  // Lanes of a warp arrive by one instruction.
  Warp &w = *t.warp;
  if (w.barrier && !sameSite(w.barrierWhere, where))
    fail(Fault::LaunchFailed,
         format("divergence: lane %d reaches this barrier while others of its "
                "warp wait at that of %s",
                t.lane, describe(w.barrierWhere).c_str()),
         where);
  w.barrierWhere = where;
  ++w.barrier;
  Barrier &b = block.barriers[id];
  if (b.arrived && b.expected != expected)
    fail(Fault::LaunchFailed,
         format("barrier %d is waited for with %u and with %u threads", id,
                b.expected, expected),
         where);
  b.expected = expected;
  b.waiting.push_back(&t);
  if (++b.arrived < expected)
    return machine.suspend(id ? "a named barrier" : "the barrier", where);
  for (Thread *other : b.waiting)
    other->warp->barrier = 0;
  if (expected == machine.launch.threads)
    joinAll(block);
  else
    joinSome(b.waiting.data(), b.waiting.size());
  b.arrived = 0;
  for (Thread *other : b.waiting)
    if (other != &t)
      machine.wake(*other);
  b.waiting.clear();
}

} // extern "C"
