// What of the emulated multiprocessors is Hopper's: mbarriers, TMA
// transactions, wgmma in flight, clusters.
#pragma once

#include "clocks.h"
#include "report.h"
#include "tensor_map.h"

#include <deque>

namespace ingot::emulator {

// At its place in shared memory lies a word that says so.
struct MBarrier {
  uint64_t word = 0;
  uint32_t expected = 0, pending = 0;
  uint32_t phases = 0; // that are over
  int64_t bytes = 0;   // to come in this phase
  // Of mbar_init, and when that thread fenced it; 0: not yet.
  Thread *initializer = nullptr;
  uint32_t fenceClock = 0;
  View current, done; // of arrivals in this phase, in all before
  // Phases that somebody has waited for, and the one of the last load.
  uint32_t waited = 0, loaded = 0;
  bool hasLoads = false;
  bool hasRemote = false; // arrivals of other blocks
  Where loadedAt;
  std::vector<Thread *> waiting;
};

// A box on its way, to or from one block's shared memory.
struct Transaction {
  bool isStore, isDone = false;
  Block *block;
  Thread *issuer;
  char *shared;
  MapContent map;
  int at[4];
  uint64_t *barrier; // of loads
  uint32_t group;    // of stores
  uint32_t actor, clock;
  View view;
  Where where;
};

// An array of sums that wgmma in flight own.
struct WgmmaSums {
  int columns;
  std::vector<float> values; // [64][columns]
  float *registers[128];
  uint32_t lastGroup; // that has it
};

struct WgmmaOperation {
  int type, columns, keep, transposed;
  bool hasRegisters;
  uint64_t a, b;
  uint32_t group;
  unsigned seen = 0; // threads that have issued it
  WgmmaSums *sums;
  std::vector<unsigned> registers; // a's, [128][4]
  View view;                       // what all warps know
  Where where;
};

struct Warpgroup {
  Warpgroup() = default;
  Warpgroup(Warpgroup &&) = default;
  Warpgroup(const Warpgroup &) = delete;
  std::deque<WgmmaOperation> operations; // not run yet
  uint64_t run = 0;                      // operations
  std::vector<std::unique_ptr<WgmmaSums>> sums;
  std::vector<Thread *> waiting;
  Where waitsAt;
};

// Of a thread.
struct WgmmaThread {
  uint64_t issued = 0;    // operations
  uint32_t committed = 0; // groups
  bool isFenced = false;  // since its last wait
  std::vector<WgmmaSums *> inFlight;
};

// mbarrier.cpp
MBarrier &findBarrier(Block &block, const void *address, const Where &where);
// The mbarrier as the asynchronous proxy of `view` finds it: initialized and
// fenced before.
MBarrier &findFenced(Block &block, const void *address, const View &view,
                     const Where &where);
// The block of that rank in the cluster, which must not have ended.
Block &clusterBlock(Block &block, int rank, const Where &where);
void completeBytes(MBarrier &barrier, const Transaction &load, int64_t bytes);

// tma.cpp
bool landOne();                 // the next transaction; false if there is none
void landAny();                 // random mode: any
void finishBlock(Block &block); // its last thread has returned
void finishStores(Thread &thread);

// wgmma.cpp
void runSome(Block &block); // random mode
void finishWgmma(Thread &thread);

} // namespace ingot::emulator
