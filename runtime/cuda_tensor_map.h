// Tensors as kernels for sm_90a get them: made by the driver from an address,
// dims and strides, passed by value.
#pragma once

#include "runtime/bind.h"
#include "runtime/cuda_driver.h"

namespace ingot::runtime {

/// What the driver takes and counts as parameters of a kernel.
constexpr uint32_t kMostCudaMaps = 8;

/// A tensor that the copy engine cannot take (dims of 0, addresses or strides
/// that are no multiples of 16) gives a map of zeros, which the kernel must not
/// use: it knows the same numbers.
[[nodiscard]] cuda::Result encodeMap(const CudaDriver &driver,
                                     const BoundMap &map, uint64_t address,
                                     cuda::TensorMap *result);

} // namespace ingot::runtime
