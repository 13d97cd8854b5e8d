#include "runtime/fill.h"

#include <string.h>

namespace ingot::runtime {
namespace {

uint64_t elementBytes(fmt::ElementType type) {
  return type == fmt::ElementType::F32                                     ? 4
         : type == fmt::ElementType::F16 || type == fmt::ElementType::BF16 ? 2
         : type == fmt::ElementType::F8E4M3FN                              ? 1
                                                                           : 0;
}

bool isPanels(const fmt::Blob &blob) {
  return blob.layout() && blob.layout()->kind() == fmt::LayoutKind::Panels;
}

/// In [-1, 1), by SplitMix64.
float uniform(uint64_t seed, uint64_t i) {
  uint64_t z = seed + i * 0x9E3779B97F4A7C15u;
  z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
  z = (z ^ z >> 27) * 0x94D049BB133111EBu;
  return float(int32_t((z ^ z >> 31) >> 32)) * 0x1p-31f;
}

uint32_t bitsOf(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof(bits));
  return bits;
}

/// The upper bits after rounding to the nearest, to even between two.
uint32_t rounded(uint32_t bits, int dropped) {
  uint32_t half = (1u << (dropped - 1)) - 1;
  return (bits + half + (bits >> dropped & 1)) >> dropped;
}

/// Of `width` bits. The exponent's bias is less by what `scale` takes off;
/// what has none left is subnormal in both.
uint32_t narrowed(float x, int width, float largest, float scale, int dropped) {
  uint32_t sign = bitsOf(x) >> 31 << (width - 1);
  float magnitude = x < 0 ? -x : x;
  if (magnitude > largest)
    magnitude = largest;
  return sign | rounded(bitsOf(magnitude * scale), dropped);
}
uint32_t toF16(float x) { return narrowed(x, 16, 65504, 0x1p-112f, 13); }
uint32_t toF8(float x) { return narrowed(x, 8, 448, 0x1p-120f, 20); }

/// Whether stored element `i` of panels is past the end of the matrix.
bool isPadding(const fmt::Blob &blob, uint64_t i) {
  uint64_t columns = blob.layout()->columns(),
           interleave = blob.layout()->interleave();
  uint32_t rank = count(blob.dims());
  uint64_t n = blob.dims()->Get(rank - 2), k = blob.dims()->Get(rank - 1);
  uint64_t steps = (k + interleave - 1) / interleave;
  uint64_t step = i / (columns * interleave);
  uint64_t panel = steps ? step / steps % ((n + columns - 1) / columns) : 0;
  uint64_t column = panel * columns + i / interleave % columns;
  uint64_t row = steps ? step % steps * interleave + i % interleave : 0;
  return column >= n || row >= k;
}

} // namespace

bool canFill(const fmt::Blob &blob) {
  uint64_t size = elementBytes(blob.type());
  if (!size || blob.length() % size)
    return false;
  if (!isPanels(blob))
    return true;
  uint32_t rank = count(blob.dims());
  return rank >= 2 && blob.layout()->columns() && blob.layout()->interleave() &&
         blob.dims()->Get(rank - 2) && blob.dims()->Get(rank - 1);
}

void fillWeight(const fmt::Blob &blob, uint64_t from, uint64_t bytes,
                uint8_t *to) {
  const fmt::Fill &fill = *blob.fill();
  uint64_t size = elementBytes(blob.type());
  float width = fill.deviation() * 1.7320508f;
  bool hasPadding = isPanels(blob);
  for (uint64_t i = from / size, end = (from + bytes) / size; i < end;
       ++i, to += size) {
    float x = fill.mean() + width * uniform(fill.seed(), i);
    if (hasPadding && isPadding(blob, i))
      x = 0;
    uint32_t bits = blob.type() == fmt::ElementType::F32 ? bitsOf(x)
                    : blob.type() == fmt::ElementType::BF16
                        ? rounded(bitsOf(x), 16)
                    : blob.type() == fmt::ElementType::F16 ? toF16(x)
                                                           : toF8(x);
    memcpy(to, &bits, size);
  }
}

} // namespace ingot::runtime
