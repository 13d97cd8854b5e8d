#include "runtime/cublaslt.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

namespace ingot::runtime {
namespace {

using namespace ingot::cublaslt;

constexpr size_t kNeededVersion = 120000; // 12.0.0

const char *nameOf(const BoundStep &step) {
  return step.step->name() ? step.step->name()->c_str() : "(unnamed)";
}

DataType dataType(fmt::ElementType type) {
  if (type == fmt::ElementType::F32)
    return real32;
  return type == fmt::ElementType::F16 ? real16 : realB16;
}

uint32_t alignmentOf(uint64_t address) {
  constexpr uint64_t most = kCudaAlignment;
  uint64_t lowest = address & (0 - address);
  return uint32_t(address && lowest < most ? lowest : most);
}

/// What the library is told of a step. It counts columns first, so that W is
/// its A, to be transposed, our A is its B, and all else is as it lies.
class Description {
public:
  explicit Description(const Functions &functions) : lt(functions) {}
  Description(const Description &) = delete;
  ~Description();
  Status create(const Program &program, const BoundStep &step);
  Status ask(Handle handle, size_t workspaceBytes, Heuristic &result,
             int &found);
  Status multiply(Handle handle, const Algorithm &algorithm,
                  const DeviceMemory &workspace, cuda::Stream stream);

private:
  template <typename T>
  Status set(OperationAttribute attribute, T value) {
    return lt.operationSet(operation, attribute, &value, sizeof(value));
  }
  template <typename T>
  Status set(PreferenceAttribute attribute, T value) {
    return lt.preferenceSet(preference, attribute, &value, sizeof(value));
  }

  const Functions &lt;
  Operation operation = nullptr;
  Layout w = nullptr, a = nullptr, out = nullptr;
  Preference preference = nullptr;
  uint64_t wAt = 0, aAt = 0, outAt = 0, residualAt = 0; // addresses
  float residualFactor = 0;
};

Description::~Description() {
  if (preference)
    (void)lt.preferenceDestroy(preference);
  for (Layout layout : {w, a, out})
    if (layout)
      (void)lt.layoutDestroy(layout);
  if (operation)
    (void)lt.operationDestroy(operation);
}

Status Description::create(const Program &program, const BoundStep &step) {
  const fmt::Product &product = *step.step->product();
  const BoundProduct &dims = program.products[step.product];
  const uint64_t *args = &program.args[step.firstArg];
  outAt = args[0];
  aAt = args[product.a()];
  wAt = args[product.w()];
  bool hasResidual = product.residual() != fmt::kNone;
  residualAt = hasResidual ? args[product.residual()] : outAt;
  residualFactor = hasResidual ? 1 : 0;
  DataType type = dataType(product.type());
  DataType outType = dataType(product.out_type());
  if (Status status = lt.operationCreate(
          &operation, product.tf32() ? computeTf32 : computeF32, real32))
    return status;
  if (Status status =
          lt.layoutCreate(&w, type, uint64_t(dims.k), uint64_t(dims.n), dims.k))
    return status;
  if (Status status = lt.layoutCreate(&a, type, uint64_t(dims.k),
                                      uint64_t(dims.m), dims.lda))
    return status;
  if (Status status = lt.layoutCreate(&out, outType, uint64_t(dims.n),
                                      uint64_t(dims.m), dims.n))
    return status;
  if (Status status = set(operationTransposeA, int32_t(transposed)))
    return status;
  if (Status status = set(operationTransposeB, int32_t(asIs)))
    return status;
  uint32_t epilogue = epilogueNone;
  if (product.activation() == fmt::Activation::Relu)
    epilogue = epilogueRelu;
  if (product.activation() == fmt::Activation::GeluTanh)
    epilogue = epilogueGelu;
  if (product.bias() != fmt::kNone) {
    epilogue = epilogue == epilogueNone ? uint32_t(epilogueBias)
                                        : epilogue | epilogueBias;
    if (Status status = set(operationBiasPointer, args[product.bias()]))
      return status;
  }
  return set(operationEpilogue, epilogue);
}

Status Description::ask(Handle handle, size_t workspaceBytes, Heuristic &result,
                        int &found) {
  if (Status status = lt.preferenceCreate(&preference))
    return status;
  if (Status status = set(preferWorkspaceBytes, uint64_t(workspaceBytes)))
    return status;
  // Not those that add up in the order in which blocks come to an end, or in a
  // narrow type.
  if (Status status = set(preferReductionSchemes, reductionInWorkspace))
    return status;
  const struct {
    PreferenceAttribute attribute;
    uint64_t address;
  } operands[] = {{preferAlignmentA, wAt},
                  {preferAlignmentB, aAt},
                  {preferAlignmentC, residualAt},
                  {preferAlignmentD, outAt}};
  for (auto &operand : operands)
    if (Status status = set(operand.attribute, alignmentOf(operand.address)))
      return status;
  return lt.heuristic(handle, operation, w, a, out, out, preference, 1, &result,
                      &found);
}

const void *pointer(uint64_t address) {
  return reinterpret_cast<const void *>(address);
}

Status Description::multiply(Handle handle, const Algorithm &algorithm,
                             const DeviceMemory &workspace,
                             cuda::Stream stream) {
  float one = 1;
  return lt.multiply(handle, operation, &one, pointer(wAt), w, pointer(aAt), a,
                     &residualFactor, pointer(residualAt), out,
                     reinterpret_cast<void *>(outAt), out, &algorithm,
                     reinterpret_cast<void *>(workspace.address()),
                     workspace.size(), stream);
}

} // namespace

void CublasLt::close() {
  if (forCapture)
    (void)device->driver.streamDestroy(forCapture);
  if (handle)
    (void)destroy(handle);
  if (library)
    dlclose(library);
  forCapture = nullptr;
  handle = nullptr;
  library = nullptr;
  workspace.clear();
}

Error CublasLt::openLibrary() {
  const Allocator &allocator = device->allocator;
  // The one of the driver's CUDA first; older ones run on it too.
  const char *names[] = {"libcublasLt.so.13", "libcublasLt.so.12"};
  const char **first = names, **end = names + 2;
  if (device->driver.version() < 13000)
    ++first;
  Text beside;
  const char *chosen = getenv("INGOT_CUBLASLT");
  if (!chosen && device->isEmulated) {
    const char *driver = device->library.c_str(), *slash = strrchr(driver, '/');
    beside.append("%.*slibingot_emulator_cublaslt.so",
                  slash ? int(slash + 1 - driver) : 0, driver);
    chosen = beside.c_str();
  }
  if (chosen) {
    names[0] = chosen;
    first = names;
    end = names + 1;
  }
  Text tried;
  const char *found = nullptr;
  for (const char **name = first; name < end && !library; ++name) {
    // As the driver's: never unmapped.
    library = dlopen(*name, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    found = *name;
    if (!library)
      tried.append("%s%s", tried.empty() ? "" : "; ", dlerror());
  }
  if (!library)
    return makeError(allocator, INGOT_ERROR_DEVICE,
                     "%s: cuBLASLt is not found (%s): install the cuBLAS of "
                     "CUDA 12 or 13, or name its libcublasLt.so in "
                     "INGOT_CUBLASLT",
                     device->name, tried.c_str());
  const char *missing = nullptr;
  auto find = [&](auto &function, const char *name) {
    *reinterpret_cast<void **>(&function) = dlsym(library, name);
    if (!function)
      missing = name;
  };
#define CUBLASLT_SYMBOL(result, member, name, parameters) find(member, #name);
#include "runtime/cublaslt_symbols.def"
  size_t version = getVersion ? getVersion() : 0;
  if (missing || version < kNeededVersion)
    return makeError(allocator, INGOT_ERROR_DEVICE,
                     "%s: %s is too old or no cuBLASLt: it says %zu.%zu%s%s, "
                     "12.0 is needed: install the cuBLAS of CUDA 12 or 13",
                     device->name, found, version / 10000,
                     version % 10000 / 100, missing ? " and lacks " : "",
                     missing ? missing : "");
  return nullptr;
}

Error CublasLt::open(CudaDevice &on) {
  device = &on;
  if (Error error = openLibrary())
    return error;
  Handle made = nullptr;
  if (Status status = create(&made))
    return makeError(device->allocator, INGOT_ERROR_DEVICE,
                     "%s: cuBLASLt does not start: %s (%s)", device->name,
                     getStatusName(status), getStatusString(status));
  handle = made;
  cuda::Stream stream = nullptr;
  if (Error error = device->check(
          device->driver.streamCreate(&stream, cuda::streamNonBlocking),
          "making a stream"))
    return error;
  forCapture = stream;
  return workspace.grow(*device, "the workspace of cuBLASLt",
                        device->libraryBytes);
}

Error CublasLt::failure(Status status, const BoundStep &step,
                        const char *call) const {
  return makeError(
      device->allocator,
      status == allocFailed ? INGOT_ERROR_OUT_OF_MEMORY : INGOT_ERROR_DEVICE,
      "%s: step '%s': %s fails: %s (%s)", device->name, nameOf(step), call,
      getStatusName(status), getStatusString(status));
}

Error CublasLt::choose(Program &program, const BoundStep &step) {
  BoundProduct &product = program.products[step.product];
  Description description(*this);
  if (Status status = description.create(program, step))
    return failure(status, step, "describing it to cuBLASLt");
  Heuristic result = {};
  int found = 0;
  Status status = description.ask(handle, workspace.size(), result, found);
  if (status != success && status != notSupported)
    return failure(status, step, "cublasLtMatmulAlgoGetHeuristic");
  product.isByLibrary =
      status == success && found > 0 && result.state == success;
  static_assert(sizeof(product.algorithm) == sizeof(result.algorithm));
  memcpy(product.algorithm, &result.algorithm, sizeof(result.algorithm));
  if (!product.isByLibrary)
    device->log(INGOT_LOG_WARNING,
                "step '%s': cuBLASLt %zu has no algorithm for %lld x %lld x "
                "%lld, our kernel runs",
                nameOf(step), getVersion(), (long long)product.m,
                (long long)product.n, (long long)product.k);
  return nullptr;
}

Error CublasLt::enqueue(const Program &program, const BoundStep &step,
                        cuda::Stream stream) {
  Description description(*this);
  if (Status status = description.create(program, step))
    return failure(status, step, "describing it to cuBLASLt");
  Algorithm algorithm;
  memcpy(&algorithm, program.products[step.product].algorithm,
         sizeof(algorithm));
  if (Status status =
          description.multiply(handle, algorithm, workspace, stream))
    return failure(status, step, "cublasLtMatmul");
  return nullptr;
}

Error CublasLt::capture(const Program &program, const BoundStep &step,
                        cuda::Graph *graph) {
  // Relaxed: the library may load its kernels at their first use.
  if (Error error = device->check(
          device->driver.streamBeginCapture(forCapture, cuda::captureRelaxed),
          "beginning to record a step"))
    return error;
  Error error = enqueue(program, step, forCapture);
  cuda::Graph recorded = nullptr;
  cuda::Result result = device->driver.streamEndCapture(forCapture, &recorded);
  if (!error)
    error = device->check(result, "recording a step");
  if (!error) {
    *graph = recorded;
    return nullptr;
  }
  if (recorded)
    (void)device->driver.graphDestroy(recorded);
  return error;
}

} // namespace ingot::runtime
