#include "runtime/cuda_tensor_map.h"

#include "runtime/types.h"

namespace ingot::runtime {
namespace {

// Of sizes that matter to copies alone, the type is any of the size.
cuda::TensorMapType typeOf(fmt::ElementType type) {
  switch (type) {
  case fmt::ElementType::BF16:
    return cuda::tensorMapBf16;
  case fmt::ElementType::F16:
    return cuda::tensorMapF16;
  case fmt::ElementType::F32:
    return cuda::tensorMapF32;
  default:
    break;
  }
  switch (elementBits(type)) {
  case 64:
    return cuda::tensorMapU64;
  case 32:
    return cuda::tensorMapU32;
  case 16:
    return cuda::tensorMapU16;
  default:
    return cuda::tensorMapU8;
  }
}

cuda::TensorMapSwizzle swizzleOf(uint32_t bytes) {
  return bytes == 128  ? cuda::tensorMapSwizzle128
         : bytes == 64 ? cuda::tensorMapSwizzle64
         : bytes == 32 ? cuda::tensorMapSwizzle32
                       : cuda::tensorMapNoSwizzle;
}

bool canMove(const BoundMap &map, uint64_t address) {
  constexpr uint64_t kUnit = 16, kMostDim = uint64_t(1) << 32,
                     kMostStride = uint64_t(1) << 40;
  if (!address || address % kUnit)
    return false;
  for (uint32_t i = 0; i < map.rank; ++i)
    if (!map.dims[i] || map.dims[i] > kMostDim ||
        (i && (!map.strides[i - 1] || map.strides[i - 1] % kUnit ||
               map.strides[i - 1] >= kMostStride)))
      return false;
  return true;
}

} // namespace

cuda::Result encodeMap(const CudaDriver &driver, const BoundMap &map,
                       uint64_t address, cuda::TensorMap *result) {
  *result = {};
  if (!canMove(map, address))
    return cuda::success;
  const fmt::TensorMap &from = *map.map;
  uint32_t steps[BoundMap::kMostRank] = {1, 1, 1, 1, 1};
  return driver.tensorMapEncode(
      result, typeOf(from.type()), map.rank, reinterpret_cast<void *>(address),
      map.dims, map.strides, from.box()->data(), steps,
      cuda::tensorMapNoInterleave, swizzleOf(from.swizzle()),
      cuda::tensorMapPromotion128, cuda::tensorMapZeros);
}

} // namespace ingot::runtime
