// What cuTensorMapEncodeTiled of the emulated driver puts into the 128 bytes.
#pragma once

#include <cstdint>

namespace ingot::emulator {

constexpr uint64_t tensorMapMagic = 0x70616d726f736e74;

struct MapContent {
  uint64_t magic;
  char *base;
  uint64_t dims[5];
  uint64_t strides[4]; // bytes, of dims 1 and up
  uint16_t box[5];
  uint8_t rank, elementBytes;
  uint16_t swizzle; // bytes: 0, 32, 64 or 128
  uint8_t reserved[26];
};
static_assert(sizeof(MapContent) == 128);

} // namespace ingot::emulator
