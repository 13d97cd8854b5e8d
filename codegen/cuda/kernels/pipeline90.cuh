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

// The same of 1, 2 or 4 slabs, in one register.
template <int STAGES>
struct CountedRing {
  static_assert((STAGES & (STAGES - 1)) == 0);
  u32 n = 0;
  DEV u32 stage() const { return n % STAGES; }
  DEV u32 parity() const { return n / STAGES % 2; }
  DEV void next() { ++n; }
};
