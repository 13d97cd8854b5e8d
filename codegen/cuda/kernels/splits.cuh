// Tasks whose sum several blocks share. Each adds up a part and leaves it in
// the workspace; the block that comes last, or each for a share of the result,
// adds up the parts, always in the same order, so that results do not depend on
// who came when. Nobody has to wait.
//   grid   any
//   smem   4 bytes
//   needs  counters are zero before, and are zero after
#pragma once
#include "vocabulary.cuh"

struct Splits {
  static constexpr bool POSSIBLE = true;
  float *partials; // `count` parts, each for the whole result
  u32 *counters;   // one a task
  i64 count;       // 1: blocks share nothing
};

struct NoSplits {
  static constexpr bool POSSIBLE = false;
  static constexpr i64 count = 1;
};

// Called by all threads of a block that left its part of a task, of which
// `meet` is a barrier: true in the block that came last, whose threads may then
// read the parts of all. `last` is in shared memory.
template <class Meet>
DEV bool splits_meet(u32 *counter, i64 count, u32 *last, bool leads,
                     const Meet &meet) {
  meet(); // everybody's part has been left
  if (leads) {
    *last = atomic_add_acq_rel(counter, 1) == count - 1;
    if (*last)
      *counter = 0; // for the next launch
  }
  meet();
  bool is_last = *last;
  meet(); // everybody has read it
  return is_last;
}
// By a whole block, whose shared memory is free before and after.
DEV bool splits_meet(u32 *counter, i64 count) {
  return splits_meet(counter, count, shared_base<u32>(), tid() == 0,
                     [] { barrier(); });
}

// Where all parts of a task go on, each with its share of the result: who comes
// early waits a while for the others, and else leaves its share to the last
// one. Blocks that are not there yet may need the multiprocessors of those that
// wait, so waiting without end would be wrong; and adding up all alone, what
// the last one reads takes as long as a part. The counter of a task has
//   bits 0-7    parts that have come
//   bits 8-15   parts that are done with the counter
//   bits 16-    for each part, whether it has left its share
constexpr int SPLITS_MOST = 8; // parts

// By one thread of the block of `part`, between two barriers, when all its
// threads have left their sums: a bit for each share that is this block's.
DEV u32 splits_shares(u32 *counter, int part, int parts) {
  constexpr int PATIENCE = 64; // round trips to L2, some 20 us
  u32 before = atomic_add_acq_rel(counter, 1), share = 1u << part;
  if ((before & 255) + 1 == (u32)parts)
    return share | before >> 16;
  for (int i = 0; i < PATIENCE; ++i)
    if ((load_acquire(counter) & 255) == (u32)parts)
      return share;
  before = atomic_add_acq_rel(counter, share << 16);
  // The last one has come in between, and does not know.
  return (before & 255) == (u32)parts ? share : 0;
}
// By one thread of each part, after that.
DEV void splits_leave(u32 *counter, int parts) {
  u32 before = atomic_add_acq_rel(counter, 1u << 8);
  if ((before >> 8 & 255) + 1 == (u32)parts)
    *counter = 0; // for the next launch
}
