// A place where models run, with the embedder's hooks.
#pragma once

#include "runtime/artifact.h"
#include "runtime/support.h"

#include <atomic>
#include <string.h>

namespace ingot::runtime {

struct Bind;
struct Program;
struct RunOutcome;

/// What models and sessions ask of their device. Objects are made as the kind's
/// own structs, derived from those that callers know; addresses are as kernels
/// see them.
struct DeviceFunctions {
  void (*destroyDevice)(ingot_device *device);
  /// False: appends what `target` needs and this device lacks.
  bool (*canRun)(const ingot_device &device, const fmt::Target &target,
                 Text &missing);

  /// 64-byte aligned; `what` names what it is for.
  Error (*allocate)(ingot_device &device, const char *what, size_t bytes,
                    uint64_t *address);
  void (*release)(ingot_device &device, uint64_t address, size_t bytes);

  ingot_model *(*makeModel)(ingot_device &device); // null: out of memory
  void (*destroyModel)(ingot_model *model);
  uint32_t mostArguments; ///< of a step
  uint32_t mostMaps;      ///< tensor maps among them
  /// Makes kernels and weights of the chosen target usable: fills
  /// `model.kernels` and `model.weights`.
  Error (*loadCode)(ingot_model &model);
  /// Executes a program of init steps whose scratch is in place.
  Error (*runInit)(ingot_model &model, Program &program, RunOutcome &outcome);

  ingot_session *(*makeSession)(ingot_model &model); // null: out of memory
  void (*destroySession)(ingot_session *session);
  Error (*configureSession)(ingot_session &session,
                            const ingot_session_options &options);
  Error (*setThreads)(ingot_session &session, int32_t threads);
  /// What of a tensor only its device can tell: whether its memory is there.
  Error (*checkTensor)(const ingot_session &session, const char *what,
                       const char *name, const ingot_tensor &tensor);
  Error (*zero)(ingot_session &session, uint64_t address, size_t bytes);
  /// Memory of the session for the bind's tensors, and where kernels and
  /// callers find them (EntryTensors), by ingot_session::setAddress.
  Error (*placeTensors)(ingot_session &session, const Bind &bind);
  /// After all arguments are in place.
  Error (*prepareRun)(ingot_session &session, Bind &bind);
  Error (*run)(ingot_session &session, Bind &bind, RunOutcome &outcome);
};

/// What of `options` the caller's version of the struct has.
template <typename Options>
Options givenOptions(const Options *given, const Options &defaults) {
  Options options = defaults;
  if (given)
    memcpy(&options, given,
           given->struct_size < sizeof(options) ? given->struct_size
                                                : sizeof(options));
  return options;
}

// One for each kind of device.
[[nodiscard]] Error createCpuDevice(const Allocator &allocator,
                                    const ingot_device_options &options,
                                    ingot_device **result);
[[nodiscard]] Error createCudaDevice(const Allocator &allocator,
                                     const ingot_device_options &options,
                                     bool isEmulated, int ordinal,
                                     ingot_device **result);

} // namespace ingot::runtime

struct ingot_device {
  ingot_device(const ingot::runtime::DeviceFunctions &functions,
               const ingot::runtime::Allocator &allocator)
      : functions(functions), allocator(allocator) {}
  [[gnu::format(printf, 3, 4)]] void log(ingot_log_level level,
                                         const char *format, ...) const;
  bool isGpu() const { return driverVersion; }
  void retain() { references.fetch_add(1, std::memory_order_relaxed); }
  void release();

  const ingot::runtime::DeviceFunctions &functions;
  std::atomic<uint32_t> references{1};
  ingot::runtime::Allocator allocator;
  ingot_log_function logFunction = nullptr;
  void *logUser = nullptr;
  char name[32] = "cpu";
  // For messages: "this CPU", "cuda:0 (NVIDIA A10, sm_86)".
  ingot::runtime::Text description;
  ingot::runtime::Text features; // "avx,avx2", "sm_86"
  int32_t parallel = 1;          // multiprocessors
  // Of a GPU.
  ingot::runtime::Text modelName; // "NVIDIA A10"
  int32_t driverVersion = 0;
  int32_t count = 1; // devices of this kind
  uint64_t memoryBytes = 0;
  uint64_t libraryBytes = 0; // workspace of a session's library for products
};

namespace ingot::runtime {

/// Memory of a device that only grows; growing loses the contents.
class DeviceMemory {
public:
  DeviceMemory() = default;
  DeviceMemory(const DeviceMemory &) = delete;
  DeviceMemory &operator=(const DeviceMemory &) = delete;
  ~DeviceMemory() { clear(); }
  /// On failure the old memory is gone too.
  [[nodiscard]] Error grow(ingot_device &from, const char *what, size_t bytes) {
    if (start && bytes <= capacity)
      return nullptr;
    clear();
    if (Error error = from.functions.allocate(from, what, bytes, &start))
      return error;
    device = &from;
    capacity = bytes;
    return nullptr;
  }
  void clear() {
    if (start)
      device->functions.release(*device, start, capacity);
    start = 0;
    capacity = 0;
  }
  uint64_t address() const { return start; } // 0: none yet
  size_t size() const { return capacity; }

private:
  ingot_device *device = nullptr;
  uint64_t start = 0;
  size_t capacity = 0;
};

} // namespace ingot::runtime
