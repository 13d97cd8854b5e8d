// The arithmetic of mma, apart from the rendezvous.
#pragma once

#include <cstdint>

namespace ingot::emulator {

// One lane's part of an mma_tile, as emu_mma has it.
struct MmaLane {
  int type;
  float *acc;
  const uint32_t *a, *b;
  int fm, fn;
};

void multiplyTile(const MmaLane *lanes[32]);

} // namespace ingot::emulator
