// One caller's bound tensors, binds and working memory.
#pragma once

#include "runtime/bind.h"

namespace ingot::runtime {

/// What is bound to one entry.
struct EntryTensors {
  Array<ingot_tensor> inputs;
  Array<bool> isSet;
  Array<ingot_tensor> outputs;
  Array<bool> isBorrowed; // by output
  // As placed by the device for the last bind: where kernels find them, and
  // where callers find outputs.
  Array<uint64_t> inputAt, outputAt;
  Array<void *> outputData;
  Array<int64_t> key;         // of `inputs`, as of the last look
  const Bind *last = nullptr; // of the last bind or run
};

/// Whether a tensor is in memory of a GPU.
inline bool isOnDevice(const ingot_tensor &tensor) {
  return tensor.device && tensor.device->isGpu();
}

/// Makes a second thread inside a session an error instead of a crash.
class Guard {
public:
  explicit Guard(std::atomic<bool> &flag)
      : flag(flag), isFree(!flag.exchange(true, std::memory_order_acquire)) {}
  ~Guard() {
    if (isFree)
      flag.store(false, std::memory_order_release);
  }
  explicit operator bool() const { return isFree; }

private:
  std::atomic<bool> &flag;
  bool isFree;
};

} // namespace ingot::runtime

struct ingot_session {
  explicit ingot_session(ingot_model *model)
      : model(model), allocator(model->allocator) {
    model->retain();
  }
  ~ingot_session() { dropBinds(); }
  ingot_session(const ingot_session &) = delete;

  [[nodiscard]] ingot::runtime::Error
  create(const ingot_session_options &options);
  [[nodiscard]] ingot::runtime::Error useEntry(const char *name);
  /// The bind for the tensors that are set, made if it is a new shape, with
  /// memory and pointers in place.
  [[nodiscard]] ingot::runtime::Error prepare(ingot::runtime::Bind **result);
  [[nodiscard]] ingot::runtime::Error reserve(const ingot_dim *dims,
                                              size_t count);
  [[nodiscard]] ingot::runtime::Error run();
  /// `runs` in a row, and their time by the device's clock.
  [[nodiscard]] ingot::runtime::Error time(uint32_t runs, int64_t *nanoseconds);
  void dropBinds();
  void resetState();

  const ingot::artifact::Entry &currentEntry() const {
    return model->entry(entry);
  }
  ingot::runtime::EntryTensors &tensors() { return entries[entry]; }
  const char *outputName(uint32_t ofEntry, uint32_t output) const {
    return model->entry(ofEntry).outputs()->Get(output)->name()->c_str();
  }
  /// Of EntryTensors: a new value makes arguments anew.
  void setAddress(uint64_t &slot, uint64_t address) {
    pointerVersion += slot != address;
    slot = address;
  }
  const ingot::runtime::DeviceFunctions &functions() const {
    return model->device->functions;
  }

  ingot_model *model;
  const ingot::runtime::Allocator &allocator;
  std::atomic<bool> isBusy{false};
  uint32_t entry = 0;
  ingot::runtime::Array<ingot::runtime::EntryTensors> entries;
  // Changes with every pointer that arguments are made from.
  uint64_t pointerVersion = 1;
  uint64_t memoryVersion = 0; // of allocations, whatever their addresses
  int32_t parallel = 0;       // value of the symbol DeviceParallel
  const volatile int32_t *cancelFlag = nullptr;
  ingot_profile_function profile = nullptr;
  void *profileUser = nullptr;
  ingot::runtime::Array<ingot::runtime::StepTime>
      stepTimes;          // by step, while profiling
  uint32_t timedRuns = 0; // of `time`; 0: a plain run
  int64_t timed = 0;      // nanoseconds of them
  ingot::runtime::DeviceMemory arena;

private:
  ingot::runtime::Bind *findBind(const int64_t *key, size_t length);
  ingot::runtime::Error addBind(const ingot_tensor *inputs,
                                ingot::runtime::Bind **result);
  ingot::runtime::Error bindAnew(const int64_t *key,
                                 ingot::runtime::Bind **result);
  void drop(ingot::runtime::Bind *&bind);
  ingot::runtime::Error provideMemory(const ingot::runtime::Bind &bind);
  ingot::runtime::Error checkOutputs(const ingot::runtime::Bind &bind);
  void patch(ingot::runtime::Bind &bind);
  ingot::runtime::Error failure(const ingot::runtime::Bind &bind,
                                const ingot::runtime::RunOutcome &outcome);
  void reportProfile(const ingot::runtime::Bind &bind);

  ingot::runtime::Array<ingot::runtime::Bind *> binds; // null: free
  ingot::runtime::BindScratch scratch;
  uint64_t clock = 0; // counts looks into `binds`
  ingot::runtime::Array<ingot::runtime::DeviceMemory> states;
  ingot::runtime::Array<int64_t> stateBytes; // -1: not made yet
};
