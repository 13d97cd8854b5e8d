// Compiles where cuda.h is found: our declarations are the driver's. Nothing to
// run.
#define __CUDA_API_VERSION_INTERNAL // declares every version under its exported
                                    // name
#include <cuda.h>
#undef __CUDA_API_VERSION_INTERNAL

#include "runtime/cuda_api.h"

#include <type_traits>

namespace {

using namespace ingot::cuda;

// Passed alike by the calling convention: same class and size. Pointers point
// to anything.
template <class A, class B>
constexpr bool alike = sizeof(A) == sizeof(B) &&
                       std::is_pointer_v<A> ==
                           std::is_pointer_v<B> &&std::is_floating_point_v<A> ==
                           std::is_floating_point_v<B>;

template <class Theirs, class Ours>
struct SameSignature : std::false_type {};
template <class R, class... A, class S, class... B>
struct SameSignature<R(A...), S(B...)> {
  static constexpr bool test() {
    if constexpr (sizeof...(A) == sizeof...(B))
      return alike<R, S> && (alike<A, B> && ...);
    return false;
  }
  static constexpr bool value = test();
};

#define CUDA_SYMBOL(member, name, parameters)                                  \
  static_assert(SameSignature<decltype(::name), Result parameters>::value,     \
                #name " differs from cuda.h");
#include "runtime/cuda_symbols.def"

#define SAME(ours, theirs) static_assert(int(ours) == int(theirs), #theirs)
SAME(invalidValue, CUDA_ERROR_INVALID_VALUE);
SAME(outOfMemory, CUDA_ERROR_OUT_OF_MEMORY);
SAME(notInitialized, CUDA_ERROR_NOT_INITIALIZED);
SAME(deinitialized, CUDA_ERROR_DEINITIALIZED);
SAME(stubLibrary, CUDA_ERROR_STUB_LIBRARY);
SAME(eccUncorrectable, CUDA_ERROR_ECC_UNCORRECTABLE);
SAME(nvlinkUncorrectable, CUDA_ERROR_NVLINK_UNCORRECTABLE);
SAME(jitCompilerNotFound, CUDA_ERROR_JIT_COMPILER_NOT_FOUND);
SAME(unsupportedPtxVersion, CUDA_ERROR_UNSUPPORTED_PTX_VERSION);
SAME(systemDriverMismatch, CUDA_ERROR_SYSTEM_DRIVER_MISMATCH);
SAME(noDevice, CUDA_ERROR_NO_DEVICE);
SAME(invalidDevice, CUDA_ERROR_INVALID_DEVICE);
SAME(invalidImage, CUDA_ERROR_INVALID_IMAGE);
SAME(invalidContext, CUDA_ERROR_INVALID_CONTEXT);
SAME(noBinaryForGpu, CUDA_ERROR_NO_BINARY_FOR_GPU);
SAME(invalidPtx, CUDA_ERROR_INVALID_PTX);
SAME(invalidHandle, CUDA_ERROR_INVALID_HANDLE);
SAME(illegalState, CUDA_ERROR_ILLEGAL_STATE);
SAME(notFound, CUDA_ERROR_NOT_FOUND);
SAME(notReady, CUDA_ERROR_NOT_READY);
SAME(illegalAddress, CUDA_ERROR_ILLEGAL_ADDRESS);
SAME(launchOutOfResources, CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES);
SAME(misalignedAddress, CUDA_ERROR_MISALIGNED_ADDRESS);
SAME(launchFailed, CUDA_ERROR_LAUNCH_FAILED);
SAME(notPermitted, CUDA_ERROR_NOT_PERMITTED);
SAME(notSupported, CUDA_ERROR_NOT_SUPPORTED);
SAME(streamCaptureUnsupported, CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
SAME(streamCaptureInvalidated, CUDA_ERROR_STREAM_CAPTURE_INVALIDATED);
SAME(streamCaptureMerge, CUDA_ERROR_STREAM_CAPTURE_MERGE);
SAME(streamCaptureUnmatched, CUDA_ERROR_STREAM_CAPTURE_UNMATCHED);
SAME(streamCaptureUnjoined, CUDA_ERROR_STREAM_CAPTURE_UNJOINED);
SAME(streamCaptureIsolation, CUDA_ERROR_STREAM_CAPTURE_ISOLATION);
SAME(streamCaptureImplicit, CUDA_ERROR_STREAM_CAPTURE_IMPLICIT);
SAME(capturedEvent, CUDA_ERROR_CAPTURED_EVENT);
SAME(streamCaptureWrongThread, CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD);
SAME(graphExecUpdateFailure, CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE);
SAME(invalidClusterSize, CUDA_ERROR_INVALID_CLUSTER_SIZE);
SAME(unknown, CUDA_ERROR_UNKNOWN);
SAME(tensorMapU8, CU_TENSOR_MAP_DATA_TYPE_UINT8);
SAME(tensorMapF16, CU_TENSOR_MAP_DATA_TYPE_FLOAT16);
SAME(tensorMapF32, CU_TENSOR_MAP_DATA_TYPE_FLOAT32);
SAME(tensorMapBf16, CU_TENSOR_MAP_DATA_TYPE_BFLOAT16);
SAME(tensorMapNoInterleave, CU_TENSOR_MAP_INTERLEAVE_NONE);
SAME(tensorMapSwizzle128, CU_TENSOR_MAP_SWIZZLE_128B);
SAME(tensorMapPromotion128, CU_TENSOR_MAP_L2_PROMOTION_L2_128B);
SAME(tensorMapZeros, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
static_assert(sizeof(TensorMap) == sizeof(CUtensorMap) &&
              alignof(TensorMap) >= alignof(CUtensorMap));

SAME(deviceMaxThreadsPerBlock, CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK);
SAME(deviceMaxGridDimX, CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X);
SAME(deviceMaxGridDimY, CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Y);
SAME(deviceMaxGridDimZ, CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Z);
SAME(deviceMaxSharedMemoryPerBlock,
     CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK);
SAME(deviceWarpSize, CU_DEVICE_ATTRIBUTE_WARP_SIZE);
SAME(deviceClockRate, CU_DEVICE_ATTRIBUTE_CLOCK_RATE);
SAME(deviceMultiprocessorCount, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
SAME(deviceIntegrated, CU_DEVICE_ATTRIBUTE_INTEGRATED);
SAME(deviceMemoryClockRate, CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE);
SAME(deviceMemoryBusWidth, CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH);
SAME(deviceL2CacheSize, CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE);
SAME(deviceMaxThreadsPerMultiprocessor,
     CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_MULTIPROCESSOR);
SAME(deviceUnifiedAddressing, CU_DEVICE_ATTRIBUTE_UNIFIED_ADDRESSING);
SAME(deviceComputeCapabilityMajor,
     CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR);
SAME(deviceComputeCapabilityMinor,
     CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
SAME(deviceMaxSharedMemoryPerMultiprocessor,
     CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR);
SAME(deviceMaxRegistersPerMultiprocessor,
     CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_MULTIPROCESSOR);
SAME(deviceMaxSharedMemoryPerBlockOptin,
     CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN);
SAME(deviceMaxBlocksPerMultiprocessor,
     CU_DEVICE_ATTRIBUTE_MAX_BLOCKS_PER_MULTIPROCESSOR);

SAME(functionMaxThreadsPerBlock, CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK);
SAME(functionSharedSizeBytes, CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES);
SAME(functionLocalSizeBytes, CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES);
SAME(functionNumRegs, CU_FUNC_ATTRIBUTE_NUM_REGS);
SAME(functionBinaryVersion, CU_FUNC_ATTRIBUTE_BINARY_VERSION);
SAME(functionMaxDynamicSharedSizeBytes,
     CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES);
SAME(pointerMemoryType, CU_POINTER_ATTRIBUTE_MEMORY_TYPE);
SAME(pointerDeviceOrdinal, CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL);
SAME(streamNonBlocking, CU_STREAM_NON_BLOCKING);
SAME(eventDisableTiming, CU_EVENT_DISABLE_TIMING);
SAME(hostPortable, CU_MEMHOSTALLOC_PORTABLE);
SAME(captureGlobal, CU_STREAM_CAPTURE_MODE_GLOBAL);
SAME(captureThreadLocal, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL);
SAME(captureRelaxed, CU_STREAM_CAPTURE_MODE_RELAXED);
SAME(captureNone, CU_STREAM_CAPTURE_STATUS_NONE);
SAME(captureActive, CU_STREAM_CAPTURE_STATUS_ACTIVE);
SAME(captureInvalidated, CU_STREAM_CAPTURE_STATUS_INVALIDATED);
SAME(nodeKernel, CU_GRAPH_NODE_TYPE_KERNEL);
SAME(nodeMemcpy, CU_GRAPH_NODE_TYPE_MEMCPY);
SAME(nodeMemset, CU_GRAPH_NODE_TYPE_MEMSET);
SAME(nodeHost, CU_GRAPH_NODE_TYPE_HOST);
SAME(nodeGraph, CU_GRAPH_NODE_TYPE_GRAPH);
SAME(nodeEmpty, CU_GRAPH_NODE_TYPE_EMPTY);
SAME(jitErrorLogBuffer, CU_JIT_ERROR_LOG_BUFFER);
SAME(jitErrorLogBufferSizeBytes, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES);

#define SAME_FIELD(Ours, ours, Theirs, theirs)                                 \
  static_assert(offsetof(Ours, ours) == offsetof(Theirs, theirs), #theirs)
static_assert(sizeof(KernelNodeParams) == sizeof(CUDA_KERNEL_NODE_PARAMS_v2));
SAME_FIELD(KernelNodeParams, blockX, CUDA_KERNEL_NODE_PARAMS_v2, blockDimX);
SAME_FIELD(KernelNodeParams, sharedBytes, CUDA_KERNEL_NODE_PARAMS_v2,
           sharedMemBytes);
SAME_FIELD(KernelNodeParams, parameters, CUDA_KERNEL_NODE_PARAMS_v2,
           kernelParams);
SAME_FIELD(KernelNodeParams, context, CUDA_KERNEL_NODE_PARAMS_v2, ctx);
static_assert(sizeof(MemsetNodeParams) == sizeof(CUDA_MEMSET_NODE_PARAMS));
SAME_FIELD(MemsetNodeParams, elementBytes, CUDA_MEMSET_NODE_PARAMS,
           elementSize);
SAME_FIELD(MemsetNodeParams, height, CUDA_MEMSET_NODE_PARAMS, height);
static_assert(sizeof(CopyNodeParams) == sizeof(CUDA_MEMCPY3D));
SAME_FIELD(CopyNodeParams, from.device, CUDA_MEMCPY3D, srcDevice);
SAME_FIELD(CopyNodeParams, from.height, CUDA_MEMCPY3D, srcHeight);
SAME_FIELD(CopyNodeParams, to.host, CUDA_MEMCPY3D, dstHost);
SAME_FIELD(CopyNodeParams, to.pitch, CUDA_MEMCPY3D, dstPitch);
SAME_FIELD(CopyNodeParams, bytes, CUDA_MEMCPY3D, WidthInBytes);
SAME(edgeOfKernelsPort, CU_GRAPH_KERNEL_NODE_PORT_PROGRAMMATIC);
SAME(edgeOfKernels, CU_GRAPH_DEPENDENCY_TYPE_PROGRAMMATIC);
static_assert(sizeof(EdgeData) == sizeof(CUgraphEdgeData));
SAME_FIELD(EdgeData, fromPort, CUgraphEdgeData, from_port);
SAME_FIELD(EdgeData, toPort, CUgraphEdgeData, to_port);
SAME_FIELD(EdgeData, type, CUgraphEdgeData, type);
static_assert(sizeof(GraphUpdateInfo) == sizeof(CUgraphExecUpdateResultInfo));
SAME_FIELD(GraphUpdateInfo, node, CUgraphExecUpdateResultInfo, errorNode);

} // namespace
