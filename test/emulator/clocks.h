// Happens-before between actors: threads, and what happens asynchronously.
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

namespace ingot::emulator {

struct Thread;
struct Block;

// Event counts by actor of a block: its threads; their cp.async copies, which a
// barrier of the thread must not order; TMA transactions, which take these
// numbers in turn; wgmma of each warpgroup.
using Clocks = std::vector<uint32_t>;
constexpr uint32_t transactionActors = 64, warpgroupActors = 8;
constexpr uint32_t actorsOf(uint32_t threads) {
  return 2 * threads + transactionActors + warpgroupActors;
}
// What is known of blocks, by block number.
using Knowledge = std::unordered_map<uint32_t, Clocks>;

// What an asynchronous operation of a block, or an mbarrier, knows.
struct View {
  uint32_t block = 0;
  Clocks clocks;
  std::shared_ptr<const Knowledge> others;
};

// What the thread knows by now; what it does later is not in it.
View viewOf(Thread &thread);
// The same for an operation of another block.
View viewFor(const View &view, const Block &block);
void join(View &to, const View &from);
void learn(Thread &thread, const View &view);
// An actor of the thread's own block.
void learn(Thread &thread, uint32_t actor, uint32_t clock);
// What both know. Of one block.
void meet(View &to, const View &other);

bool happenedBefore(const Thread &thread, uint32_t block, uint32_t actor,
                    uint32_t clock);
bool happenedBefore(const View &view, uint32_t block, uint32_t actor,
                    uint32_t clock);
void joinAll(Block &block); // barrier of the whole block
void joinSome(Thread *const *threads, size_t count); // named barrier, warp_sync
void joinCluster(Block *const *blocks, size_t count);
void acquire(Thread &thread, const void *address);
void release(Thread &thread, const void *address);
void forgetReleases();

} // namespace ingot::emulator
