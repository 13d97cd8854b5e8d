// cuTensorMapEncodeTiled, with the checks that the driver's manual lists.
#include "../tensor_map.h"
#include "driver.h"

#include <algorithm>
#include <cstring>

namespace ingot::emulator {

static unsigned elementBytes(TensorMapType type) {
  switch (type) {
  case tensorMapU8:
    return 1;
  case tensorMapU16:
  case tensorMapF16:
  case tensorMapBf16:
    return 2;
  case tensorMapU32:
  case tensorMapI32:
  case tensorMapF32:
    return 4;
  case tensorMapU64:
  case tensorMapI64:
  case tensorMapF64:
    return 8;
  }
  return 0;
}

static bool fillMap(MapContent &m, TensorMapType type, unsigned rank,
                    void *base, const uint64_t *dims, const uint64_t *strides,
                    const unsigned *box, const unsigned *steps,
                    TensorMapSwizzle swizzle) {
  unsigned size = elementBytes(type);
  if (!size || rank < 1 || rank > 5 || !base || !dims || !box || !steps ||
      (rank > 1 && !strides) || reinterpret_cast<uintptr_t>(base) % 16 ||
      swizzle < tensorMapNoSwizzle || swizzle > tensorMapSwizzle128)
    return false;
  m.magic = tensorMapMagic;
  m.base = static_cast<char *>(base);
  m.rank = static_cast<uint8_t>(rank);
  m.elementBytes = static_cast<uint8_t>(size);
  m.swizzle = swizzle == tensorMapNoSwizzle
                  ? 0
                  : static_cast<uint16_t>(16u << static_cast<int>(swizzle));
  for (unsigned i = 0; i < rank; ++i) {
    if (!dims[i] || dims[i] > uint64_t(1) << 32 || !box[i] || box[i] > 256 ||
        !steps[i] || steps[i] > 8)
      return false;
    // Copies of every other element are not emulated, nor boxes of four dims.
    if (steps[i] != 1 || (i > 2 && box[i] != 1))
      return false;
    m.dims[i] = dims[i];
    m.box[i] = static_cast<uint16_t>(box[i]);
    if (i + 1 < rank) {
      if (!strides[i] || strides[i] % 16 || strides[i] >> 40)
        return false;
      m.strides[i] = strides[i];
    }
  }
  unsigned row = box[0] * size;
  return row % 16 == 0 && (!m.swizzle || row <= m.swizzle);
}

} // namespace ingot::emulator

using namespace ingot::emulator;

#pragma GCC visibility push(default)
extern "C" Result
cuTensorMapEncodeTiled(TensorMap *map, TensorMapType type, unsigned rank,
                       void *base, const uint64_t *dims,
                       const uint64_t *strides, const unsigned *box,
                       const unsigned *steps, TensorMapInterleave interleave,
                       TensorMapSwizzle swizzle, TensorMapPromotion promotion,
                       TensorMapFill fill) {
  DRIVER_CALL(cuTensorMapEncodeTiled, Init);
  if (driver.arch < 90)
    return call(notSupported);
  MapContent content = {};
  if (!map || reinterpret_cast<uintptr_t>(map) % 64 ||
      interleave != tensorMapNoInterleave || fill != tensorMapZeros ||
      promotion < tensorMapNoPromotion || promotion > tensorMapPromotion256 ||
      !fillMap(content, type, rank, base, dims, strides, box, steps, swizzle))
    return call(invalidValue);
  memcpy(map, &content, sizeof content);
  return call(success);
}
#pragma GCC visibility pop
