// Our declarations of the driver agree with cuda.h. Nothing runs here: without
// a toolkit the file is not compiled.
#include "runtime/cuda_types.h"

#include <cuda.h>
#include <gtest/gtest.h>

#include <type_traits>

namespace ingot::cuda {
#define CUDA_SYMBOL(name, parameters) using of_##name = CUresult parameters;
#include "runtime/cuda_symbols.def"
#undef CUDA_SYMBOL
} // namespace ingot::cuda

namespace ours = ingot::cuda;

namespace {

// Handles, enumerators and structs differ by name only.
template <typename A, typename B>
constexpr bool sameKind = sizeof(A) == sizeof(B) &&
                          (std::is_pointer_v<A> ? std::is_pointer_v<B>
                           : std::is_floating_point_v<A>
                               ? std::is_floating_point_v<B>
                               : std::is_integral_v<B> || std::is_enum_v<B>);

template <typename F, typename G>
constexpr bool sameFunction = false;
template <typename R, typename... A, typename S, typename... B>
constexpr bool sameFunction<R(A...), S(B...)> = [] {
  if constexpr (sizeof...(A) != sizeof...(B))
    return false;
  else
    return sameKind<R, S> && (sameKind<A, B> && ...);
}();

#define CUDA_SYMBOL(name, parameters)                                          \
  static_assert(sameFunction<ours::of_##name, decltype(::name)>, #name);
#include "runtime/cuda_symbols.def"
#undef CUDA_SYMBOL

#define SAME(value) static_assert(int(ours::value) == int(::value), #value)
SAME(CUDA_SUCCESS);
SAME(CUDA_ERROR_INVALID_VALUE);
SAME(CUDA_ERROR_OUT_OF_MEMORY);
SAME(CUDA_ERROR_NOT_INITIALIZED);
SAME(CUDA_ERROR_DEINITIALIZED);
SAME(CUDA_ERROR_STUB_LIBRARY);
SAME(CUDA_ERROR_DEVICE_UNAVAILABLE);
SAME(CUDA_ERROR_NO_DEVICE);
SAME(CUDA_ERROR_INVALID_DEVICE);
SAME(CUDA_ERROR_INVALID_IMAGE);
SAME(CUDA_ERROR_INVALID_CONTEXT);
SAME(CUDA_ERROR_NO_BINARY_FOR_GPU);
SAME(CUDA_ERROR_ECC_UNCORRECTABLE);
SAME(CUDA_ERROR_INVALID_PTX);
SAME(CUDA_ERROR_NVLINK_UNCORRECTABLE);
SAME(CUDA_ERROR_JIT_COMPILER_NOT_FOUND);
SAME(CUDA_ERROR_UNSUPPORTED_PTX_VERSION);
SAME(CUDA_ERROR_INVALID_SOURCE);
SAME(CUDA_ERROR_INVALID_HANDLE);
SAME(CUDA_ERROR_NOT_FOUND);
SAME(CUDA_ERROR_NOT_READY);
SAME(CUDA_ERROR_ILLEGAL_ADDRESS);
SAME(CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES);
SAME(CUDA_ERROR_LAUNCH_TIMEOUT);
SAME(CUDA_ERROR_CONTEXT_IS_DESTROYED);
SAME(CUDA_ERROR_ASSERT);
SAME(CUDA_ERROR_HARDWARE_STACK_ERROR);
SAME(CUDA_ERROR_ILLEGAL_INSTRUCTION);
SAME(CUDA_ERROR_MISALIGNED_ADDRESS);
SAME(CUDA_ERROR_INVALID_ADDRESS_SPACE);
SAME(CUDA_ERROR_INVALID_PC);
SAME(CUDA_ERROR_LAUNCH_FAILED);
SAME(CUDA_ERROR_NOT_SUPPORTED);
SAME(CUDA_ERROR_SYSTEM_DRIVER_MISMATCH);
SAME(CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE);
SAME(CUDA_ERROR_UNKNOWN);
SAME(CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
SAME(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR);
SAME(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
SAME(CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN);
SAME(CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES);
SAME(CU_POINTER_ATTRIBUTE_MEMORY_TYPE);
SAME(CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL);
SAME(CU_MEMORYTYPE_HOST);
SAME(CU_MEMORYTYPE_DEVICE);
SAME(CU_JIT_ERROR_LOG_BUFFER);
SAME(CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES);
SAME(CU_STREAM_NON_BLOCKING);
SAME(CU_EVENT_DEFAULT);
SAME(CU_EVENT_DISABLE_TIMING);
constexpr unsigned theirs = CU_MEMHOSTALLOC_PORTABLE;
#undef CU_MEMHOSTALLOC_PORTABLE // a macro in cuda.h
static_assert(ours::CU_MEMHOSTALLOC_PORTABLE == theirs);

#define SAME_FIELD(type, field)                                                \
  static_assert(offsetof(ours::type, field) == offsetof(::type, field) &&      \
                    sizeof(ours::type::field) == sizeof(::type::field),        \
                #type "." #field)
static_assert(sizeof(ours::CUDA_KERNEL_NODE_PARAMS) ==
              sizeof(::CUDA_KERNEL_NODE_PARAMS));
SAME_FIELD(CUDA_KERNEL_NODE_PARAMS, func);
SAME_FIELD(CUDA_KERNEL_NODE_PARAMS, gridDimX);
SAME_FIELD(CUDA_KERNEL_NODE_PARAMS, gridDimZ);
SAME_FIELD(CUDA_KERNEL_NODE_PARAMS, blockDimX);
SAME_FIELD(CUDA_KERNEL_NODE_PARAMS, blockDimZ);
SAME_FIELD(CUDA_KERNEL_NODE_PARAMS, sharedMemBytes);
SAME_FIELD(CUDA_KERNEL_NODE_PARAMS, kernelParams);
SAME_FIELD(CUDA_KERNEL_NODE_PARAMS, extra);
SAME_FIELD(CUDA_KERNEL_NODE_PARAMS, kern);
SAME_FIELD(CUDA_KERNEL_NODE_PARAMS, ctx);
static_assert(sizeof(ours::CUDA_MEMCPY3D) == sizeof(::CUDA_MEMCPY3D));
SAME_FIELD(CUDA_MEMCPY3D, srcMemoryType);
SAME_FIELD(CUDA_MEMCPY3D, srcHost);
SAME_FIELD(CUDA_MEMCPY3D, srcDevice);
SAME_FIELD(CUDA_MEMCPY3D, srcHeight);
SAME_FIELD(CUDA_MEMCPY3D, dstMemoryType);
SAME_FIELD(CUDA_MEMCPY3D, dstHost);
SAME_FIELD(CUDA_MEMCPY3D, dstDevice);
SAME_FIELD(CUDA_MEMCPY3D, dstHeight);
SAME_FIELD(CUDA_MEMCPY3D, WidthInBytes);
SAME_FIELD(CUDA_MEMCPY3D, Height);
SAME_FIELD(CUDA_MEMCPY3D, Depth);
static_assert(sizeof(ours::CUDA_MEMSET_NODE_PARAMS) ==
              sizeof(::CUDA_MEMSET_NODE_PARAMS));
SAME_FIELD(CUDA_MEMSET_NODE_PARAMS, dst);
SAME_FIELD(CUDA_MEMSET_NODE_PARAMS, value);
SAME_FIELD(CUDA_MEMSET_NODE_PARAMS, elementSize);
SAME_FIELD(CUDA_MEMSET_NODE_PARAMS, width);
SAME_FIELD(CUDA_MEMSET_NODE_PARAMS, height);

TEST(CudaTypes, AgreeWithTheToolkit) { SUCCEED(); } // or this did not compile

} // namespace
