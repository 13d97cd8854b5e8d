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

// c[rows][columns] += a[rows][depth] * b[depth][columns], row-major; depth is
// 8, 16 or 32.
void multiply(float *c, const float *a, const float *b, int rows, int columns,
              int depth);
// What the tensor core sees of a word's element: of EMU_BF16 and EMU_F16 that
// of its lower or upper half, of EMU_TF32 the whole, of EMU_E4M3 of byte `i`.
float element(int type, uint32_t word, int i);

} // namespace ingot::emulator
