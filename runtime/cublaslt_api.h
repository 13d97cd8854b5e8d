// cuBLASLt's interface as far as Ingot uses it, declared by ourselves so that
// no toolkit is needed to build. test/emulator/CublasLtHeaderTest.cpp compares
// it with cublasLt.h where there is one. cublaslt_symbols.def lists the
// functions.
#pragma once

#include "runtime/cuda_api.h"

namespace ingot::cublaslt {

// Handles are the library's: pointers to what only it knows.
using Handle = struct HandleObject *;         // cublasLtHandle_t
using Operation = struct OperationObject *;   // cublasLtMatmulDesc_t
using Layout = struct LayoutObject *;         // cublasLtMatrixLayout_t
using Preference = struct PreferenceObject *; // cublasLtMatmulPreference_t

// cublasStatus_t; any value may come back.
enum Status : int {
  success = 0,
  notInitialized = 1,
  allocFailed = 3,
  invalidValue = 7,
  archMismatch = 8,
  executionFailed = 13,
  internalError = 14,
  notSupported = 15,
};

// cudaDataType
enum DataType : int { real32 = 0, real16 = 2, realB16 = 14 };

// cublasComputeType_t
enum ComputeType : int { computeF32 = 68, computeTf32 = 77 };

// cublasOperation_t
enum Transpose : int { asIs = 0, transposed = 1 };

// cublasLtMatmulDescAttributes_t
enum OperationAttribute : int {
  operationTransposeA = 3,  // int32_t
  operationTransposeB = 4,  // int32_t
  operationEpilogue = 7,    // uint32_t
  operationBiasPointer = 8, // const void *
};

// cublasLtEpilogue_t; a bias is one more bit.
enum Epilogue : uint32_t {
  epilogueNone = 1,
  epilogueRelu = 2,
  epilogueBias = 4,
  epilogueGelu = 32, // by tanh
};

// cublasLtMatmulPreferenceAttributes_t
enum PreferenceAttribute : int {
  preferWorkspaceBytes = 1,   // uint64_t
  preferReductionSchemes = 3, // uint32_t, of the mask below
  preferAlignmentA = 5,       // uint32_t, bytes; also of B, C, D
  preferAlignmentB = 6,
  preferAlignmentC = 7,
  preferAlignmentD = 8,
};

// cublasLtReductionScheme_t: partial sums in the workspace in the type of the
// sums, added up in order by a second kernel.
enum : uint32_t { reductionInWorkspace = 2 };

// cublasLtMatmulAlgo_t
struct Algorithm {
  uint64_t data[8];
};

// cublasLtMatmulHeuristicResult_t
struct Heuristic {
  Algorithm algorithm;
  size_t workspaceBytes;
  Status state;
  float waves;
  int reserved[4];
};

} // namespace ingot::cublaslt
