// Tasks whose sum several blocks share. Each adds up a part and leaves it in
// the workspace; the block that comes last adds up the parts, always in the
// same order, so that results do not depend on who came when. Nobody waits.
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
