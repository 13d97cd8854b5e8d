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

// c[rows][columns] += a[rows][16] * b[16][columns], row-major.
void multiply16(float *c, const float *a, const float *b, int rows,
                int columns);
// Of the verbs' types EMU_BF16 and EMU_F16.
float halfElement(int type, uint16_t bits);

} // namespace ingot::emulator
