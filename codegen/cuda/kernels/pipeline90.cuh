// What pipelines of TMA and wgmma share.
#pragma once
#include "vocabulary.cuh"

// Goes round a ring of slabs: which one, and the parity of its phase. Who fills
// waits for the parity before, `parity ^ 1`: of a fresh mbarrier that is over.
template <int STAGES>
struct Ring {
  int stage = 0, parity = 0;
  DEV void next() {
    if (++stage == STAGES) {
      stage = 0;
      parity ^= 1;
    }
  }
  // Past slabs that are another's.
  DEV void skip(int slabs) {
    int at = stage + slabs;
    stage = at % STAGES;
    parity ^= at / STAGES & 1;
  }
};
