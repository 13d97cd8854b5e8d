// The emulated multiprocessors: resident blocks whose threads are fibers, and
// who runs next. One kernel runs at a time, on one operating-system thread.
#pragma once

#include "hopper.h"
#include "memory.h"
#include "verbs.h"

#include <string>

namespace ingot::emulator {

// A cp.async between issue and wait.
struct Copy {
  char *to;
  const char *from;
  int bytes, valid;
  uint32_t group;
  bool landed;
};

struct Warp;

struct Thread {
  void *sp;
  char *stack = nullptr; // lowest address, kept from block to block
  Block *block;
  Warp *warp;
  int tid, lane;
  bool done;
  const char *waits; // for what it is suspended, else null
  Where where;
  uint32_t clock;             // own events
  uint32_t committed, waited; // groups of copies
  bool atBase;                // knows the block's base, else `own`
  Clocks own;
  std::shared_ptr<const Knowledge> knowledge;
  std::vector<Copy> copies;
  std::vector<std::shared_ptr<Transaction>> stores; // TMA's
  uint32_t storesCommitted;                         // groups
  WgmmaThread wgmma;
  uint32_t fences; // of the asynchronous proxy
  unsigned registers;
  bool hasWaited; // for the grids before this one
  // The last acquiring load, to notice that a thread spins.
  const void *spinsOn;
  uint32_t spinValue;
};

// A collective in progress: lanes leave their arguments, the last one runs it
// for all.
struct Warp {
  int arrived = 0;
  const char *verb = nullptr;
  Where where;
  void *arguments[32];
  Thread *lanes[32];
  int barrier = 0; // lanes that wait at a barrier, and where
  Where barrierWhere;
};

struct Barrier {
  unsigned arrived = 0, expected = 0;
  std::vector<Thread *> waiting;
};

// A resident block: window of shared memory, warps, barriers.
struct Block {
  unsigned slot; // which window
  bool active = false;
  uint32_t index[3];
  uint32_t number; // linear, of the grid
  unsigned live;   // threads that have not returned
  unsigned windowUsed = 0;
  std::vector<Thread> threads;
  std::vector<Warp> warps;
  Barrier barriers[16];
  Clocks base; // what every thread knew at the last barrier of all
  unsigned clusterRank = 0, firstSlot = 0; // of the cluster's blocks
  bool hasRemoteStores = false;            // of other blocks, here
  std::unordered_map<const void *, MBarrier> mbarriers;
  std::vector<Warpgroup> warpgroups;
  uint32_t transactions = 0;  // started; their actors go round
  unsigned freeRegisters = 0; // a thread's, summed
  std::vector<Thread *> wantRegisters;
  char *window() const {
    return memory.base + windowStart + slot * windowBytes;
  }
};

enum class Mode { Late, Early, Random };

struct Options {
  Mode mode = Mode::Late;
  uint64_t seed = 1;
  bool checks = true;
  bool quiet = false; // findings are not printed
};

struct Stats {
  uint64_t callbacks = 0; // of compiler instrumentation, within device memory
  uint64_t globalLoads[5] = {}, globalStores[5] = {}; // by 1, 2, 4, 8, 16 bytes
  uint64_t matrixPhases = 0, bankConflicts = 0;       // conflicts: extra phases
  uint64_t asyncCopies[3] = {};                       // by 4, 8, 16 bytes
  uint64_t loads = 0, multicasts = 0, stores = 0;     // of TMA
  uint64_t wgmmas = 0;
  uint64_t blocks = 0, switches = 0;
};

struct Launch {
  const EmulatedKernel *kernel = nullptr;
  std::string name;
  int device = 0;
  uint32_t grid[3];
  uint32_t threads = 0;
  uint32_t shared = 0;
  uint32_t resident = 1;
  uint32_t cluster = 1;         // blocks
  bool isEarly = false;         // the kernels before it may still run
  std::vector<char> parameters; // pointers to values, then the values
  const char *constants = nullptr, *constantsEnd = nullptr; // of the stub
  uint64_t blocks = 0, next = 0, ended = 0;
  uint32_t id = 0;
};

struct Machine {
  Options options;
  Stats stats;
  Launch launch;
  Block blocks[windowCount];
  Thread *current = nullptr; // null outside of kernels
  uint64_t random = 1;
  // Consecutive acquiring loads that found nothing new while nothing else
  // happened.
  uint64_t idleSpins = 0;
  std::deque<std::shared_ptr<Transaction>> transactions; // in flight
  std::vector<Thread *> atClusterSync;
  // Whether any thread of the launch has waited for the grids before, and where
  // one has let the next begin.
  bool hasWaited = false;
  Where letsNext;

  // Runs a kernel to its end or to the first finding (then report.result says
  // so).
  void run(Launch &&launch);

  // For verbs, on a fiber.
  void suspend(const char *what, const Where &where); // until wake()
  void wake(Thread &thread);
  void yield();                  // to the end of the queue
  [[noreturn]] void abandon();   // the launch ends here
  uint32_t next(uint32_t below); // random number

private:
  friend void fiberMain();
  void startBlock(Block &block);
  void switchAway();
  void finishThread();
  Thread *pick();
  [[gnu::noinline]] void reportDeadlock();
  std::vector<Thread *> ready; // a queue from `head`
  size_t head = 0;
  void *mainStack = nullptr;
  bool abandoned = false;
};
extern Machine machine;

// access.cpp: checks one access of the running thread.
enum AccessFlags : unsigned {
  IsWrite = 1,
  IsAtomic = 2,
  AnyAlignment = 4,
  IsCopy = 8,    // by the thread's cp.async
  IsUpdate = 16, // reads what it writes
  IsAsync = 32   // of the asynchronous proxy: stores must have been fenced
};
void access(const void *p, size_t bytes, unsigned flags, const Where &where);
// The same in the shared memory of another block of the cluster.
void accessRemote(const Block &window, const void *p, size_t bytes,
                  unsigned flags, const Where &where);
// The same by an asynchronous operation of `block`, which knows `view`.
struct AsyncActor {
  const Block *block;
  uint32_t actor, clock;
  const View *view;
};
void access(const AsyncActor &actor, const void *p, size_t bytes,
            unsigned flags, const Where &where);
// `bytes` of shared memory are the asynchronous proxy's, or as `thread` has
// just stored them.
void noteAsyncWrite(const void *p, size_t bytes);
void noteGenericWrite(const Thread &thread, const void *p, size_t bytes);
// No rights of the threads before: a block starts.
void forgetWrites(const Block &block, size_t bytes);

// dependent.cpp: what a thread of a launch that began early may do, when what
// comes before may still run.
void checkEarly(const void *p, size_t bytes, bool isWrite, const Where &where);
void finishEarly(); // of the whole grid

// collectives.cpp
void rendezvous(const char *verb, void *argument, const Where &where,
                void (*run)(Warp &));

// copies.cpp
void landSome();                   // random mode: some copies in flight arrive
void finishCopies(Thread &thread); // at the thread's end

} // namespace ingot::emulator
