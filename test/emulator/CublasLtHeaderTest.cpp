// Our own declarations of cuBLASLt are those of cublasLt.h. Compiled where
// there is one; nothing runs.
#include "runtime/cublaslt_api.h"

#include <cublasLt.h>

namespace {

namespace lt = ingot::cublaslt;

#define SAME(ours, theirs) static_assert(int(lt::ours) == int(theirs), #theirs)
SAME(success, CUBLAS_STATUS_SUCCESS);
SAME(notInitialized, CUBLAS_STATUS_NOT_INITIALIZED);
SAME(allocFailed, CUBLAS_STATUS_ALLOC_FAILED);
SAME(invalidValue, CUBLAS_STATUS_INVALID_VALUE);
SAME(archMismatch, CUBLAS_STATUS_ARCH_MISMATCH);
SAME(executionFailed, CUBLAS_STATUS_EXECUTION_FAILED);
SAME(internalError, CUBLAS_STATUS_INTERNAL_ERROR);
SAME(notSupported, CUBLAS_STATUS_NOT_SUPPORTED);
SAME(real32, CUDA_R_32F);
SAME(real16, CUDA_R_16F);
SAME(realB16, CUDA_R_16BF);
SAME(computeF32, CUBLAS_COMPUTE_32F);
SAME(computeTf32, CUBLAS_COMPUTE_32F_FAST_TF32);
SAME(asIs, CUBLAS_OP_N);
SAME(transposed, CUBLAS_OP_T);
SAME(operationTransposeA, CUBLASLT_MATMUL_DESC_TRANSA);
SAME(operationTransposeB, CUBLASLT_MATMUL_DESC_TRANSB);
SAME(operationEpilogue, CUBLASLT_MATMUL_DESC_EPILOGUE);
SAME(operationBiasPointer, CUBLASLT_MATMUL_DESC_BIAS_POINTER);
SAME(epilogueNone, CUBLASLT_EPILOGUE_DEFAULT);
SAME(epilogueRelu, CUBLASLT_EPILOGUE_RELU);
SAME(epilogueBias, CUBLASLT_EPILOGUE_BIAS);
SAME(epilogueGelu, CUBLASLT_EPILOGUE_GELU);
static_assert((lt::epilogueRelu | lt::epilogueBias) ==
              CUBLASLT_EPILOGUE_RELU_BIAS);
static_assert((lt::epilogueGelu | lt::epilogueBias) ==
              CUBLASLT_EPILOGUE_GELU_BIAS);
SAME(preferWorkspaceBytes, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES);
SAME(preferReductionSchemes, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK);
SAME(preferAlignmentA, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES);
SAME(preferAlignmentB, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES);
SAME(preferAlignmentC, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES);
SAME(preferAlignmentD, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES);
SAME(reductionInWorkspace, CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE);

static_assert(sizeof(lt::Algorithm) == sizeof(cublasLtMatmulAlgo_t));
static_assert(sizeof(lt::Heuristic) == sizeof(cublasLtMatmulHeuristicResult_t));
#define SAME_FIELD(ours, theirs)                                               \
  static_assert(offsetof(lt::Heuristic, ours) ==                               \
                    offsetof(cublasLtMatmulHeuristicResult_t, theirs),         \
                #theirs)
SAME_FIELD(algorithm, algo);
SAME_FIELD(workspaceBytes, workspaceSize);
SAME_FIELD(state, state);
SAME_FIELD(waves, wavesCount);

// Our functions have as many parameters of the same sizes as the library's.
template <typename Ours, typename Theirs>
constexpr bool isSameCall = false;
template <typename R, typename... A, typename S, typename... B>
constexpr bool isSameCall<R (*)(A...), S (*)(B...)> =
    sizeof(R) == sizeof(S) && sizeof...(A) == sizeof...(B) &&
    ((sizeof(A) == sizeof(B) &&
      std::is_pointer_v<A> == std::is_pointer_v<B>)&&...);

} // namespace

namespace ingot::cublaslt {
#define CUBLASLT_SYMBOL(result, member, name, parameters)                      \
  static_assert(isSameCall<result(*) parameters, decltype(&::name)>, #name);
#include "runtime/cublaslt_symbols.def"
} // namespace ingot::cublaslt
