// A stand-in for cuBLASLt as far as Ingot calls it
// (runtime/cublaslt_symbols.def), on the emulated driver. It takes the one form
// of product that Ingot asks for, and refuses what is inconsistent as the
// library does. Faults are injected as into the driver: "fail cublasLtMatmul 2
// 13" (test/emulator/emulator.h).
#include "../emulator.h"
#include "kernels.h"

#include <cstring>
#include <memory>
#include <mutex>
#include <set>

namespace ingot::cublaslt {

struct HandleObject {
  cuda::Context context;
  std::shared_ptr<Kernels> kernels;
};
struct OperationObject {
  ComputeType compute;
  DataType scale;
  int32_t transposeA = asIs, transposeB = asIs;
  uint32_t epilogue = epilogueNone;
  const void *bias = nullptr;
};
struct LayoutObject {
  DataType type;
  uint64_t rows, columns;
  int64_t stride;
};
struct PreferenceObject {
  uint64_t workspaceBytes = 0;
  uint32_t reductionSchemes = 7;
  uint32_t alignment[4] = {256, 256, 256, 256}; // of A to D
};

namespace {

std::mutex lock;
std::set<const void *> alive;
std::map<cuda::Context, std::weak_ptr<Kernels>> kernelsOf;

template <class T>
Status make(T **result, const char *call, T object) {
  if (int code = ingot_emulator_call(call))
    return Status(code);
  *result = new T(std::move(object));
  alive.insert(*result);
  ingot_emulator_hold(call, 1);
  return success;
}

template <class T>
Status drop(T *object, const char *call) {
  if (!alive.erase(object))
    return invalidValue;
  delete object;
  ingot_emulator_hold(call, -1);
  return success;
}

template <class T>
Status assign(T &member, const void *value, size_t bytes) {
  if (bytes != sizeof(T))
    return invalidValue;
  memcpy(&member, value, bytes);
  return success;
}

bool isKnown(DataType type) {
  return type == real32 || type == real16 || type == realB16;
}

// The library looks at descriptors when they are used, not when they are made.
Status check(const OperationObject &o, const LayoutObject &a,
             const LayoutObject &b, const LayoutObject &c,
             const LayoutObject &d, Problem &p) {
  if (a.columns != d.rows || b.columns != d.columns || a.rows != b.rows ||
      c.rows != d.rows || c.columns != d.columns || c.type != d.type)
    return invalidValue;
  for (const LayoutObject *l : {&a, &b, &c, &d})
    if (!isKnown(l->type) || !l->rows || !l->columns ||
        l->stride < int64_t(l->rows))
      return invalidValue;
  uint32_t activation = o.epilogue & ~epilogueBias;
  if (o.epilogue != epilogueNone && o.epilogue != epilogueBias &&
      activation != epilogueRelu && activation != epilogueGelu)
    return invalidValue;
  if (!(o.epilogue & epilogueBias) != !o.bias)
    return invalidValue;
  // The combinations of types that it documents, sums in f32.
  bool isTf32 = o.compute == computeTf32;
  if (o.transposeA != transposed || o.transposeB != asIs || a.type != b.type ||
      o.scale != real32 || (o.compute != computeF32 && !isTf32) ||
      (isTf32 && a.type != real32) || (d.type != real32 && d.type != a.type))
    return notSupported;
  p = {d.rows,   d.columns, a.rows, a.stride,  b.stride,  c.stride,
       d.stride, a.type,    d.type, o.compute, o.epilogue};
  return success;
}

// What an algorithm is for.
struct Chosen {
  char name[8];
  uint64_t problem, parts;
  uint32_t alignment[4];
};
static_assert(sizeof(Chosen) <= sizeof(Algorithm));

uint64_t hashOf(const Problem &p) {
  uint64_t hash = 0;
  for (uint64_t value :
       {p.rows, p.columns, p.depth, uint64_t(p.aStride), uint64_t(p.bStride),
        uint64_t(p.cStride), uint64_t(p.dStride), uint64_t(p.in),
        uint64_t(p.out), uint64_t(p.compute), uint64_t(p.epilogue)})
    hash = (hash ^ value) * 0x9E3779B97F4A7C15u + (hash >> 32);
  return hash;
}

// Few results of long sums are added up in parts.
uint64_t partsOf(const Problem &p, const PreferenceObject &preference) {
  bool isWorthIt = p.rows * p.columns <= 512 && p.depth >= 32;
  bool isAllowed = preference.reductionSchemes & reductionInWorkspace;
  return isWorthIt && isAllowed &&
                 partBytes(p, kParts) <= preference.workspaceBytes
             ? kParts
             : 1;
}

} // namespace
} // namespace ingot::cublaslt

using namespace ingot;
using namespace ingot::cublaslt;

namespace ingot::cuda {
extern "C" Result cuCtxGetCurrent(Context *context);
}

#pragma GCC visibility push(default)
extern "C" {

// An injected fault is the version, so that a test can have an old one.
size_t cublasLtGetVersion() {
  int code = ingot_emulator_call("cublasLtGetVersion");
  return code ? size_t(code) : 130000;
}

const char *cublasLtGetStatusName(Status status) {
  switch (status) {
  case success:
    return "CUBLAS_STATUS_SUCCESS";
  case notInitialized:
    return "CUBLAS_STATUS_NOT_INITIALIZED";
  case allocFailed:
    return "CUBLAS_STATUS_ALLOC_FAILED";
  case invalidValue:
    return "CUBLAS_STATUS_INVALID_VALUE";
  case archMismatch:
    return "CUBLAS_STATUS_ARCH_MISMATCH";
  case executionFailed:
    return "CUBLAS_STATUS_EXECUTION_FAILED";
  case internalError:
    return "CUBLAS_STATUS_INTERNAL_ERROR";
  case notSupported:
    return "CUBLAS_STATUS_NOT_SUPPORTED";
  }
  return "CUBLAS_STATUS_UNKNOWN";
}

const char *cublasLtGetStatusString(Status) { return "of the stand-in"; }

Status cublasLtCreate(Handle *handle) {
  std::lock_guard guard(lock);
  cuda::Context context = nullptr;
  if (cuda::cuCtxGetCurrent(&context) || !context)
    return notInitialized;
  std::shared_ptr<Kernels> kernels = kernelsOf[context].lock();
  if (!kernels)
    kernels = std::make_shared<Kernels>();
  kernelsOf[context] = kernels;
  return make(handle, "cublasLtCreate", HandleObject{context, kernels});
}

Status cublasLtDestroy(Handle handle) {
  std::lock_guard guard(lock);
  return drop(handle, "cublasLtCreate");
}

Status cublasLtMatmulDescCreate(Operation *operation, ComputeType compute,
                                DataType scale) {
  std::lock_guard guard(lock);
  return make(operation, "cublasLtMatmulDescCreate",
              OperationObject{compute, scale});
}

Status cublasLtMatmulDescDestroy(Operation operation) {
  std::lock_guard guard(lock);
  return drop(operation, "cublasLtMatmulDescCreate");
}

Status cublasLtMatmulDescSetAttribute(Operation operation,
                                      OperationAttribute attribute,
                                      const void *value, size_t bytes) {
  std::lock_guard guard(lock);
  if (int code = ingot_emulator_call("cublasLtMatmulDescSetAttribute"))
    return Status(code);
  if (!alive.count(operation))
    return invalidValue;
  switch (attribute) {
  case operationTransposeA:
    return assign(operation->transposeA, value, bytes);
  case operationTransposeB:
    return assign(operation->transposeB, value, bytes);
  case operationEpilogue:
    return assign(operation->epilogue, value, bytes);
  case operationBiasPointer:
    return assign(operation->bias, value, bytes);
  }
  return invalidValue;
}

Status cublasLtMatrixLayoutCreate(Layout *layout, DataType type, uint64_t rows,
                                  uint64_t columns, int64_t stride) {
  std::lock_guard guard(lock);
  return make(layout, "cublasLtMatrixLayoutCreate",
              LayoutObject{type, rows, columns, stride});
}

Status cublasLtMatrixLayoutDestroy(Layout layout) {
  std::lock_guard guard(lock);
  return drop(layout, "cublasLtMatrixLayoutCreate");
}

Status cublasLtMatmulPreferenceCreate(Preference *preference) {
  std::lock_guard guard(lock);
  return make(preference, "cublasLtMatmulPreferenceCreate", PreferenceObject());
}

Status cublasLtMatmulPreferenceDestroy(Preference preference) {
  std::lock_guard guard(lock);
  return drop(preference, "cublasLtMatmulPreferenceCreate");
}

Status cublasLtMatmulPreferenceSetAttribute(Preference preference,
                                            PreferenceAttribute attribute,
                                            const void *value, size_t bytes) {
  std::lock_guard guard(lock);
  if (int code = ingot_emulator_call("cublasLtMatmulPreferenceSetAttribute"))
    return Status(code);
  if (!alive.count(preference))
    return invalidValue;
  switch (attribute) {
  case preferWorkspaceBytes:
    return assign(preference->workspaceBytes, value, bytes);
  case preferReductionSchemes:
    return assign(preference->reductionSchemes, value, bytes);
  case preferAlignmentA:
  case preferAlignmentB:
  case preferAlignmentC:
  case preferAlignmentD:
    return assign(preference->alignment[attribute - preferAlignmentA], value,
                  bytes);
  }
  return invalidValue;
}

Status cublasLtMatmulAlgoGetHeuristic(Handle handle, Operation operation,
                                      Layout a, Layout b, Layout c, Layout d,
                                      Preference preference, int wanted,
                                      Heuristic *results, int *found) {
  std::lock_guard guard(lock);
  *found = 0;
  if (int code = ingot_emulator_call("cublasLtMatmulAlgoGetHeuristic"))
    return Status(code);
  for (const void *object :
       {static_cast<const void *>(handle), static_cast<const void *>(operation),
        static_cast<const void *>(a), static_cast<const void *>(b),
        static_cast<const void *>(c), static_cast<const void *>(d),
        static_cast<const void *>(preference)})
    if (!alive.count(object))
      return invalidValue;
  Problem problem;
  if (Status status = check(*operation, *a, *b, *c, *d, problem))
    return status;
  if (wanted < 1)
    return invalidValue;
  if (Status status = handle->kernels->load(problem))
    return status;
  Chosen chosen = {
      "standin", hashOf(problem), partsOf(problem, *preference), {}};
  memcpy(chosen.alignment, preference->alignment, sizeof(chosen.alignment));
  results[0] = {};
  memcpy(&results[0].algorithm, &chosen, sizeof(chosen));
  results[0].workspaceBytes = partBytes(problem, chosen.parts);
  *found = 1;
  return success;
}

Status cublasLtMatmul(Handle handle, Operation operation, const void *alpha,
                      const void *a, Layout aLayout, const void *b,
                      Layout bLayout, const void *beta, const void *c,
                      Layout cLayout, void *d, Layout dLayout,
                      const Algorithm *algorithm, void *workspace,
                      size_t workspaceBytes, cuda::Stream stream) {
  std::lock_guard guard(lock);
  if (int code = ingot_emulator_call("cublasLtMatmul"))
    return Status(code);
  for (const void *object :
       {static_cast<const void *>(handle), static_cast<const void *>(operation),
        static_cast<const void *>(aLayout), static_cast<const void *>(bLayout),
        static_cast<const void *>(cLayout), static_cast<const void *>(dLayout)})
    if (!alive.count(object))
      return invalidValue;
  cuda::Context context = nullptr;
  if (cuda::cuCtxGetCurrent(&context) || context != handle->context)
    return invalidValue;
  Problem problem;
  if (Status status =
          check(*operation, *aLayout, *bLayout, *cLayout, *dLayout, problem))
    return status;
  Chosen chosen;
  if (!algorithm || !alpha || !beta || !a || !b || !c || !d)
    return invalidValue;
  memcpy(&chosen, algorithm, sizeof(chosen));
  if (strcmp(chosen.name, "standin") || chosen.problem != hashOf(problem) ||
      partBytes(problem, chosen.parts) > workspaceBytes)
    return invalidValue;
  const void *operands[] = {a, b, c, d};
  for (int i = 0; i < 4; ++i)
    if (reinterpret_cast<uintptr_t>(operands[i]) % chosen.alignment[i])
      return invalidValue;
  Operands o{a,
             b,
             c,
             operation->bias,
             d,
             *static_cast<const float *>(alpha),
             *static_cast<const float *>(beta)};
  return handle->kernels->launch(problem, o, chosen.parts, workspace, stream);
}

} // extern "C"
#pragma GCC visibility pop
