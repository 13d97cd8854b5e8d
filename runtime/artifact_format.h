// What frames the FlatBuffers header in an .ingot file, for those who write it
// and those who read it. All integers are little-endian.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

namespace ingot::artifact {

// Bumped when an older runtime would misread the file.
inline constexpr uint32_t kFormatVersion = 1;
inline constexpr uint64_t kSectionAlignment = 4096;
inline constexpr uint64_t kBlobAlignment = 64;
inline constexpr uint32_t kNone = UINT32_MAX;
// The line ends show a transfer in text mode, as in PNG.
inline constexpr unsigned char kMagic[8] = {0x89, 'I',  'N',  'G',
                                            'T',  '\r', '\n', 0x1a};

// The first 64 bytes; the header follows at once.
struct Prefix {
  unsigned char magic[8];
  uint32_t formatVersion;
  uint32_t reserved0; // zero
  uint64_t headerLength;
  uint64_t headerHash; // ContentHash of the header's bytes
  uint64_t fileLength;
  uint64_t reserved[3]; // zero
};
static_assert(sizeof(Prefix) == 64);

// XXH64 with seed 0: finds damage, is no signature. Bytes may come in pieces.
class ContentHash {
public:
  void update(const void *data, size_t length) {
    if (!length)
      return;
    auto *bytes = static_cast<const unsigned char *>(data);
    total += length;
    if (pending + length < sizeof(block)) {
      memcpy(block + pending, bytes, length);
      pending += length;
      return;
    }
    if (pending) {
      size_t head = sizeof(block) - pending;
      memcpy(block + pending, bytes, head);
      consume(block);
      bytes += head;
      length -= head;
    }
    for (; length >= sizeof(block);
         bytes += sizeof(block), length -= sizeof(block))
      consume(bytes);
    memcpy(block, bytes, length);
    pending = length;
  }

  uint64_t finish() const {
    uint64_t hash;
    if (total >= sizeof(block)) {
      hash = rotate(lanes[0], 1) + rotate(lanes[1], 7) + rotate(lanes[2], 12) +
             rotate(lanes[3], 18);
      for (uint64_t lane : lanes)
        hash = (hash ^ round(0, lane)) * kPrime1 + kPrime4;
    } else {
      hash = kPrime5;
    }
    hash += total;
    const unsigned char *p = block, *end = block + pending;
    for (; end - p >= 8; p += 8)
      hash = rotate(hash ^ round(0, read64(p)), 27) * kPrime1 + kPrime4;
    if (end - p >= 4) {
      uint32_t word;
      memcpy(&word, p, 4);
      hash = rotate(hash ^ (word * kPrime1), 23) * kPrime2 + kPrime3;
      p += 4;
    }
    for (; p != end; ++p)
      hash = rotate(hash ^ (*p * kPrime5), 11) * kPrime1;
    hash = (hash ^ (hash >> 33)) * kPrime2;
    hash = (hash ^ (hash >> 29)) * kPrime3;
    return hash ^ (hash >> 32);
  }

  static uint64_t of(const void *data, size_t length) {
    ContentHash hash;
    hash.update(data, length);
    return hash.finish();
  }

private:
  static constexpr uint64_t kPrime1 = 0x9E3779B185EBCA87u,
                            kPrime2 = 0xC2B2AE3D27D4EB4Fu,
                            kPrime3 = 0x165667B19E3779F9u,
                            kPrime4 = 0x85EBCA77C2B2AE63u,
                            kPrime5 = 0x27D4EB2F165667C5u;
  static uint64_t rotate(uint64_t x, int by) {
    return x << by | x >> (64 - by);
  }
  static uint64_t round(uint64_t lane, uint64_t word) {
    return rotate(lane + word * kPrime2, 31) * kPrime1;
  }
  static uint64_t read64(const unsigned char *p) {
    uint64_t word;
    memcpy(&word, p, 8);
    return word;
  }
  void consume(const unsigned char *p) {
    for (int i = 0; i < 4; ++i)
      lanes[i] = round(lanes[i], read64(p + 8 * i));
  }

  uint64_t lanes[4] = {kPrime1 + kPrime2, kPrime2, 0, 0 - kPrime1};
  uint64_t total = 0;
  size_t pending = 0;
  unsigned char block[32];
};

} // namespace ingot::artifact
