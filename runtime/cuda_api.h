// The CUDA driver's interface as far as Ingot uses it, declared by ourselves so
// that no toolkit is needed to build. test/emulator/CudaHeaderTest.cpp compares
// it with cuda.h where there is one. cuda_symbols.def lists the functions.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ingot::cuda {

// Handles are the driver's: pointers to what only it knows.
using Context = struct ContextObject *;
using Module = struct ModuleObject *;
using Function = struct FunctionObject *;
using Stream = struct StreamObject *; // null: the legacy default stream
using Event = struct EventObject *;
using Graph = struct GraphObject *;
using GraphNode = struct GraphNodeObject *;
using GraphExec = struct GraphExecObject *;
using Device = int;
using Pointer = uint64_t;

// Any value may come back; these have a name here.
enum Result : int {
  success = 0,
  invalidValue = 1,
  outOfMemory = 2,
  notInitialized = 3,
  deinitialized = 4,
  stubLibrary = 34,
  noDevice = 100,
  invalidDevice = 101,
  invalidImage = 200,
  invalidContext = 201,
  noBinaryForGpu = 209,
  eccUncorrectable = 214,
  invalidPtx = 218,
  nvlinkUncorrectable = 220,
  jitCompilerNotFound = 221,
  unsupportedPtxVersion = 222,
  invalidHandle = 400,
  illegalState = 401,
  notFound = 500,
  notReady = 600,
  illegalAddress = 700,
  launchOutOfResources = 701,
  misalignedAddress = 716,
  launchFailed = 719, // 700 to 719, but for 701: the context is lost
  notPermitted = 800,
  notSupported = 801,
  systemDriverMismatch = 803,
  streamCaptureUnsupported = 900,
  streamCaptureInvalidated = 901,
  streamCaptureMerge = 902,
  streamCaptureUnmatched = 903,
  streamCaptureUnjoined = 904,
  streamCaptureIsolation = 905,
  streamCaptureImplicit = 906,
  capturedEvent = 907,
  streamCaptureWrongThread = 908,
  graphExecUpdateFailure = 910,
  invalidClusterSize = 912,
  unknown = 999,
};

// CUdevice_attribute
enum DeviceAttribute : int {
  deviceMaxThreadsPerBlock = 1,
  deviceMaxGridDimX = 5,
  deviceMaxGridDimY = 6,
  deviceMaxGridDimZ = 7,
  deviceMaxSharedMemoryPerBlock = 8,
  deviceWarpSize = 10,
  deviceClockRate = 13, // kHz
  deviceMultiprocessorCount = 16,
  deviceIntegrated = 18,
  deviceMemoryClockRate = 36,
  deviceMemoryBusWidth = 37,
  deviceL2CacheSize = 38,
  deviceMaxThreadsPerMultiprocessor = 39,
  deviceUnifiedAddressing = 41,
  deviceComputeCapabilityMajor = 75,
  deviceComputeCapabilityMinor = 76,
  deviceMaxSharedMemoryPerMultiprocessor = 81,
  deviceMaxRegistersPerMultiprocessor = 82,
  deviceMaxSharedMemoryPerBlockOptin = 97,
  deviceMaxBlocksPerMultiprocessor = 106,
};

// CUfunction_attribute
enum FunctionAttribute : int {
  functionMaxThreadsPerBlock = 0,
  functionSharedSizeBytes = 1,
  functionLocalSizeBytes = 3,
  functionNumRegs = 4,
  functionBinaryVersion = 6,
  functionMaxDynamicSharedSizeBytes = 8,
};

// CUpointer_attribute
enum PointerAttribute : int {
  pointerMemoryType = 2, // unsigned: 1 host, 2 device
  pointerDeviceOrdinal = 9,
};

// Stream, event and host memory flags; capture modes and states; node types.
enum : unsigned { streamNonBlocking = 1 };
enum : unsigned { eventDefault = 0, eventDisableTiming = 2 };
enum : unsigned { hostPortable = 1 };
enum CaptureMode : int { captureGlobal, captureThreadLocal, captureRelaxed };
enum CaptureStatus : int { captureNone, captureActive, captureInvalidated };
enum NodeType : int {
  nodeKernel,
  nodeMemcpy,
  nodeMemset,
  nodeHost,
  nodeGraph,
  nodeEmpty
};
// CUjit_option
enum JitOption : int { jitErrorLogBuffer = 5, jitErrorLogBufferSizeBytes = 6 };

// CUtensorMap: a parameter of a kernel, by value.
struct alignas(128) TensorMap {
  uint64_t opaque[16];
};
// CUtensorMapDataType
enum TensorMapType : int {
  tensorMapU8 = 0,
  tensorMapU16 = 1,
  tensorMapU32 = 2,
  tensorMapI32 = 3,
  tensorMapU64 = 4,
  tensorMapI64 = 5,
  tensorMapF16 = 6,
  tensorMapF32 = 7,
  tensorMapF64 = 8,
  tensorMapBf16 = 9,
};
// CUtensorMapInterleave, CUtensorMapSwizzle, CUtensorMapL2promotion,
// CUtensorMapFloatOOBfill
enum TensorMapInterleave : int { tensorMapNoInterleave = 0 };
enum TensorMapSwizzle : int {
  tensorMapNoSwizzle,
  tensorMapSwizzle32,
  tensorMapSwizzle64,
  tensorMapSwizzle128
};
enum TensorMapPromotion : int {
  tensorMapNoPromotion,
  tensorMapPromotion64,
  tensorMapPromotion128,
  tensorMapPromotion256
};
enum TensorMapFill : int { tensorMapZeros, tensorMapNans };

// CUDA_KERNEL_NODE_PARAMS_v2
struct KernelNodeParams {
  Function function;
  unsigned gridX, gridY, gridZ;
  unsigned blockX, blockY, blockZ;
  unsigned sharedBytes;
  void **parameters;
  void **extra;
  void *kernel; // null: `function` counts
  Context context;
};

// CUDA_MEMSET_NODE_PARAMS
struct MemsetNodeParams {
  Pointer to;
  size_t pitch;
  unsigned value;
  unsigned elementBytes; // 1, 2 or 4
  size_t width;          // elements
  size_t height;         // rows
};

// One side of a CUDA_MEMCPY3D.
struct CopySide {
  size_t x, y, z, lod; // x in bytes
  int memoryType;      // 1 host, 2 device
  void *host;
  Pointer device;
  void *array;
  void *reserved;
  size_t pitch, height;
};
struct CopyNodeParams {
  CopySide from, to;
  size_t bytes, height, depth;
};

// CUgraphEdgeData: all zeros are the edge that waits until everything is done.
struct EdgeData {
  uint8_t fromPort, toPort, type;
  uint8_t reserved[5];
};
// Between kernels: the latter may begin once all blocks of the former have let
// it (griddepcontrol.launch_dependents) or are done.
enum : uint8_t { edgeOfKernelsPort = 1, edgeOfKernels = 1 };

// CUgraphExecUpdateResultInfo
struct GraphUpdateInfo {
  int result;
  GraphNode node, from;
};

} // namespace ingot::cuda
