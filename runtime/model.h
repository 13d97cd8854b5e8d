// A loaded artifact and the code chosen from it.
#pragma once

#include "runtime/artifact.h"
#include "runtime/device.h"

#include <pthread.h>

namespace ingot::runtime {

/// Memory that an entry's init plan fills once; lives as long as the model.
struct ModelMemory {
  Array<Region> buffers; // by number in the plan; only those of kind Model
};

} // namespace ingot::runtime

struct ingot_model {
  explicit ingot_model(ingot_device *device)
      : device(device), allocator(device->allocator) {
    device->retain();
  }
  ~ingot_model();
  void retain() { references.fetch_add(1, std::memory_order_relaxed); }
  void release();
  /// Runs the init plans, the first time.
  [[nodiscard]] ingot::runtime::Error initialize();

  const ingot::artifact::Artifact &header() const { return *artifact.header(); }
  const ingot::artifact::Entry &entry(uint32_t number) const {
    return *header().entries()->Get(number);
  }

  std::atomic<uint32_t> references{1};
  ingot_device *device;
  const ingot::runtime::Allocator &allocator; // the device's
  ingot::runtime::Artifact artifact;
  // Null after a load with `inspect`.
  const ingot::artifact::Target *target = nullptr;
  const uint8_t *code = nullptr;
  size_t codeLength = 0; // as mapped
  // By entry; null where it has no plan for the target.
  ingot::runtime::Array<const ingot::artifact::Plan *> plans;
  ingot::runtime::Array<ingot::runtime::ModelMemory> memory; // by entry

private:
  pthread_mutex_t initLock = PTHREAD_MUTEX_INITIALIZER;
  bool isInitialized = false;
};
