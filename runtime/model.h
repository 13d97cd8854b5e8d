// A loaded artifact and the code chosen from it.
#pragma once

#include "runtime/device.h"

namespace ingot::runtime {

/// Memory that an entry's init plan fills once; lives as long as the model.
struct ModelMemory {
  Array<DeviceMemory>
      buffers; // by number in the plan; only those of kind Model
};

} // namespace ingot::runtime

struct ingot_model {
  explicit ingot_model(ingot_device *device)
      : device(device), allocator(device->allocator) {
    device->retain();
  }
  ingot_model(const ingot_model &) = delete;
  void retain() { references.fetch_add(1, std::memory_order_relaxed); }
  void release();

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
  // Filled by the device; addresses as kernels see them.
  ingot::runtime::Array<uint64_t> kernels; // by number in the target
  ingot::runtime::Array<uint64_t> weights; // by blob; 0: not there after init
  ingot::runtime::Region filled; // of weights that are in no file, on a CPU
  // By entry; null where it has no plan for the target.
  ingot::runtime::Array<const ingot::artifact::Plan *> plans;
  ingot::runtime::Array<ingot::runtime::ModelMemory> memory; // by entry
};
