// mma: 16-row tiles of a times 8-column tiles of b, in f32. Which lane holds
// which element is written down from the figures of the PTX manual, section
// "Matrix fragments for mma.m16n8k16 with floating point type" and "...
// mma.m16n8k8 with .tf32".
#include "matrix.h"

#include "verbs.h"

#include <cstring>

namespace ingot::emulator {
namespace {

float fromBits(uint32_t bits) {
  float f;
  memcpy(&f, &bits, sizeof f);
  return f;
}

float halfToFloat(uint32_t h) {
  uint32_t sign = (h & 0x8000) << 16, exponent = h >> 10 & 31,
           mantissa = h & 0x3ff;
  if (exponent == 31)
    return fromBits(sign | 0x7f800000 | mantissa << 13);
  if (exponent == 0)
    return (sign ? -1.f : 1.f) * static_cast<float>(mantissa) * 0x1p-24f;
  return fromBits(sign | (exponent + 112) << 23 | mantissa << 13);
}

// Exponents as they are but for 15, whose last number alone is NaN.
float e4m3ToFloat(uint32_t bits) {
  uint32_t sign = (bits & 0x80) << 24, exponent = bits >> 3 & 15,
           mantissa = bits & 7;
  if (exponent == 15 && mantissa == 7)
    return fromBits(sign | 0x7fc00000);
  if (exponent == 0)
    return (sign ? -1.f : 1.f) * static_cast<float>(mantissa) * 0x1p-9f;
  return fromBits(sign | (exponent + 120) << 23 | mantissa << 20);
}

// c[rows][columns] += a[rows][depth] * b[depth][columns], row-major.
template <int Depth>
[[gnu::always_inline]] inline void
multiplyLoops(float *c, const float *a, const float *b, int rows, int columns) {
  for (int i = 0; i < rows; ++i)
    for (int k = 0; k < Depth; ++k)
      for (int j = 0; j < columns; ++j)
        c[i * columns + j] += a[i * Depth + k] * b[k * columns + j];
}

[[gnu::target("avx2,fma")]] void multiplyWide(float *c, const float *a,
                                              const float *b, int rows,
                                              int columns, int depth) {
  if (depth == 32)
    multiplyLoops<32>(c, a, b, rows, columns);
  else if (depth == 16)
    multiplyLoops<16>(c, a, b, rows, columns);
  else
    multiplyLoops<8>(c, a, b, rows, columns);
}

void multiplyPlain(float *c, const float *a, const float *b, int rows,
                   int columns, int depth) {
  if (depth == 32)
    multiplyLoops<32>(c, a, b, rows, columns);
  else if (depth == 16)
    multiplyLoops<16>(c, a, b, rows, columns);
  else
    multiplyLoops<8>(c, a, b, rows, columns);
}

} // namespace

float element(int type, uint32_t word, int i) {
  if (type == EMU_TF32)
    return fromBits(word &
                    ~0x1fffu); // the tensor core does not see the low 13 bits
  if (type == EMU_E4M3)
    return e4m3ToFloat(word >> 8 * i & 0xff);
  uint32_t bits = word >> 16 * i & 0xffff;
  return type == EMU_BF16 ? fromBits(bits << 16) : halfToFloat(bits);
}

void multiply(float *c, const float *a, const float *b, int rows, int columns,
              int depth) {
  static const bool wide =
      __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  (wide ? multiplyWide : multiplyPlain)(c, a, b, rows, columns, depth);
}

void multiplyTile(const MmaLane *lanes[32]) {
  constexpr int maxTiles = 32; // of either side: 256 columns
  static float a[maxTiles * 16 * 16], b[16 * maxTiles * 8],
      c[maxTiles * 16 * maxTiles * 8];
  const MmaLane &first = *lanes[0];
  int type = first.type, fm = first.fm, fn = first.fn;
  if (fm > maxTiles || fn > maxTiles)
    __builtin_trap();
  int depth = type == EMU_TF32 ? 8 : 16, columns = fn * 8;
  for (int lane = 0; lane < 32; ++lane) {
    int group = lane / 4, member = lane % 4; // "groupID", "threadID_in_group"
    const MmaLane &l = *lanes[lane];
    for (int i = 0; i < fm; ++i)
      for (int r = 0; r < 4; ++r) {
        // a0: rows 0-7; a1: rows 8-15; a2, a3: the same rows, second half of k.
        int row = i * 16 + group + r % 2 * 8;
        float *to = a + row * depth;
        uint32_t word = l.a[i * 4 + r];
        if (type == EMU_TF32) {
          to[member + r / 2 * 4] = element(type, word, 0);
        } else {
          to[member * 2 + r / 2 * 8] = element(type, word, 0);
          to[member * 2 + r / 2 * 8 + 1] = element(type, word, 1);
        }
      }
    for (int j = 0; j < fn; ++j)
      for (int r = 0; r < 2; ++r) {
        int column = j * 8 + group;
        uint32_t word = l.b[j * 2 + r];
        if (type == EMU_TF32) {
          b[(member + r * 4) * columns + column] = element(type, word, 0);
        } else {
          b[(member * 2 + r * 8) * columns + column] = element(type, word, 0);
          b[(member * 2 + r * 8 + 1) * columns + column] =
              element(type, word, 1);
        }
      }
  }
  // c0, c1: row groupID, columns 2 * threadID_in_group and + 1; c2, c3: 8 rows
  // below.
  auto accumulators = [&](auto move) {
    for (int lane = 0; lane < 32; ++lane)
      for (int i = 0; i < fm; ++i)
        for (int j = 0; j < fn; ++j)
          for (int e = 0; e < 4; ++e)
            move(lanes[lane]->acc[(i * fn + j) * 4 + e],
                 c[(i * 16 + lane / 4 + e / 2 * 8) * columns + j * 8 +
                   lane % 4 * 2 + e % 2]);
  };
  accumulators([](float &mine, float &tile) { tile = mine; });
  multiply(c, a, b, fm * 16, columns, depth);
  accumulators([](float &mine, float &tile) { mine = tile; });
}

} // namespace ingot::emulator
