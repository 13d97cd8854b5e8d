// Matrices of e4m3 and what their bytes mean.
#pragma once

#include "test/emulator/Harness.h"

#include <cmath>
#include <random>

namespace ingot::emulator {

inline double meaning(unsigned bits) {
  int e = bits >> 3 & 15, m = bits & 7;
  double x = (bits & 127) == 127 ? NAN
             : e                 ? std::ldexp(m + 8, e - 10)
                                 : std::ldexp(m, -9);
  return bits & 128 ? -x : x;
}

// The byte of e4m3 that is nearest to x, of two the even one.
inline unsigned nearestBits(double x) {
  if (std::isnan(x))
    return 0x7f;
  double size = std::min(std::fabs(x), 448.0);
  int unit = std::max(size > 0 ? std::ilogb(size) : -6, -6) - 3;
  auto units = unsigned(std::nearbyint(std::ldexp(size, -unit)));
  return (std::signbit(x) ? 128u : 0u) | (unsigned(unit + 9) * 8 + units);
}

// Rows of bytes, the least pitch and offset that TMA takes.
struct Bytes {
  int rows, columns, pitch = (columns + 15) / 16 * 16 + 16;
  std::vector<uint8_t> values;
  DeviceArray<uint8_t> memory;

  static std::vector<uint8_t> random(int rows, int pitch, unsigned seed,
                                     bool alike) {
    std::mt19937 random(seed);
    std::vector<uint8_t> values(size_t(16 + rows * pitch));
    for (uint8_t &x : values)
      do
        x = uint8_t(alike ? 0x38 + random() % 8 : random());
      while ((x & 127) == 127);
    return values;
  }
  Bytes(int rows, int columns, unsigned seed, bool alike)
      : rows(rows), columns(columns), values(random(rows, pitch, seed, alike)),
        memory(values) {}
  double at(int r, int c) const {
    return meaning(values[size_t(16 + r * pitch + c)]);
  }
  void set(int r, int c, uint8_t bits) {
    size_t at = size_t(16 + r * pitch + c);
    values[at] = bits;
    EXPECT_EQ(driverTable().copyToDevice(memory.pointer + at, &bits, 1),
              cu::success);
  }
  cu::TensorMap map(int boxRows) const {
    MapShape shape{uint64_t(columns), uint64_t(rows), uint64_t(pitch),
                   unsigned(boxRows)};
    shape.type = cu::tensorMapU8;
    shape.boxColumns = 128;
    return makeMap(memory.pointer + 16, shape);
  }
};

} // namespace ingot::emulator
