// A GPU as a device: its structs, which only the cuda_*.cpp files know. Where
// the driver is called, the device's context is current (CudaScope).
#pragma once

#include "runtime/cuda_driver.h"
#include "runtime/cuda_tensor_map.h"
#include "runtime/session.h"

namespace ingot::runtime {

extern const DeviceFunctions cudaFunctions;

// Of weights, tensors and parts of larger allocations; what cuMemAlloc gives.
constexpr size_t kCudaAlignment = 256;
inline size_t alignedForCuda(size_t bytes) {
  return (bytes + kCudaAlignment - 1) / kCudaAlignment * kCudaAlignment;
}

struct CudaDevice : ingot_device {
  explicit CudaDevice(const Allocator &allocator)
      : ingot_device(cudaFunctions, allocator) {}
  ~CudaDevice();
  [[nodiscard]] Error create(const char *path, int ordinal);
  /// Null on success, else an error that says what we were `doing`.
  [[nodiscard]] Error check(cuda::Result result, const char *doing) const;

  CudaDriver driver;
  Text library; // the driver's
  bool isEmulated = false;
  cuda::Device ordinal = 0;
  cuda::Context context = nullptr; // the primary one, retained
  int major = 0, minor = 0;        // compute capability
  int maxSharedBytes = 0;          // of a block
};

/// Makes the device's context current, and the caller's again at the end.
class CudaScope {
public:
  explicit CudaScope(const CudaDevice &device)
      : device(device),
        result(device.driver.contextPushCurrent(device.context)) {}
  ~CudaScope() {
    if (result == cuda::success)
      (void)device.driver.contextPopCurrent(nullptr);
  }
  CudaScope(const CudaScope &) = delete;
  [[nodiscard]] Error error() const {
    return device.check(result, "entering its context");
  }

private:
  const CudaDevice &device;
  cuda::Result result;
};

/// Page-locked host memory, which the GPU reads and writes; grows only.
class PinnedMemory {
public:
  PinnedMemory() = default;
  PinnedMemory(const PinnedMemory &) = delete;
  PinnedMemory &operator=(const PinnedMemory &) = delete;
  ~PinnedMemory() { clear(); }
  /// On failure the old memory is gone too.
  [[nodiscard]] Error grow(const CudaDevice &from, const char *what,
                           size_t bytes);
  void clear();
  uint8_t *data() const { return start; }
  size_t size() const { return capacity; }

private:
  const CudaDevice *device = nullptr;
  uint8_t *start = nullptr;
  size_t capacity = 0;
};

/// How blocks of a kernel look.
struct CudaKernel {
  cuda::Module module = nullptr;
  unsigned block[3] = {1, 1, 1};
  unsigned sharedBytes = 0;
  bool waits = false; // for the kernels before it
};

struct CudaModel : ingot_model {
  using ingot_model::ingot_model;
  ~CudaModel();
  CudaDevice &gpu() const { return *static_cast<CudaDevice *>(device); }
  Array<CudaKernel> code; // by number in the target, as `kernels`
  DeviceMemory weightMemory;
};

inline CudaModel &onGpu(ingot_model &model) {
  return static_cast<CudaModel &>(model);
}

/// A kernel's parameters: the step's arguments, then the status and the step.
class CudaParameters {
public:
  // The driver takes 4 KB of them; of maps, also what aligns them.
  static constexpr uint32_t kMost =
      512 - 2 - (kMostCudaMaps + 1) * sizeof(cuda::TensorMap) / 8;
  CudaParameters(uint64_t *args, uint32_t count, uint64_t status, int64_t step)
      : status(status), step(step) {
    for (uint32_t i = 0; i < count; ++i)
      pointers[i] = &args[i];
    pointers[count] = &this->status;
    pointers[count + 1] = &this->step;
  }
  CudaParameters(const CudaParameters &) = delete;
  /// `map` in place of the argument.
  void setMap(uint32_t argument, cuda::TensorMap &map) {
    pointers[argument] = &map;
  }
  void **data() { return pointers; }

private:
  uint64_t status;
  int64_t step;
  void *pointers[kMost + 2];
};

/// Enqueues one step of a program that is not empty.
[[nodiscard]] Error launchStep(const CudaModel &model, Program &program,
                               const BoundStep &step, uint64_t status,
                               cuda::Stream stream);
/// Why a kernel complained, from the status it wrote.
void readStatus(const ingot_cuda_kernel_status &status, const Program &program,
                RunOutcome &outcome);

// Of models and sessions; see DeviceFunctions.
ingot_model *makeCudaModel(ingot_device &device);
void destroyCudaModel(ingot_model *model);
Error loadCudaCode(ingot_model &model);
/// Gives the weights that runs use their place and uploads them. What only init
/// plans use stays in the file.
[[nodiscard]] Error loadCudaWeights(CudaModel &model);
Error runCudaInit(ingot_model &model, Program &program, RunOutcome &outcome);
ingot_session *makeCudaSession(ingot_model &model);
void destroyCudaSession(ingot_session *session);
Error configureCudaSession(ingot_session &session,
                           const ingot_session_options &options);
Error setCudaThreads(ingot_session &session, int32_t threads);
Error checkCudaTensor(const ingot_session &session, const char *what,
                      const char *name, const ingot_tensor &tensor);
Error zeroCuda(ingot_session &session, uint64_t address, size_t bytes);
Error placeCudaTensors(ingot_session &session, const Bind &bind);
Error prepareCudaRun(ingot_session &session, Bind &bind);
Error runCuda(ingot_session &session, Bind &bind, RunOutcome &outcome);

} // namespace ingot::runtime
