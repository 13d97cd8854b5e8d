// A place where models run, with the embedder's hooks. Only the CPU so far.
#pragma once

#include "runtime/cpu_features.h"
#include "runtime/support.h"

#include <atomic>

struct ingot_device {
  ingot_device(const ingot::runtime::Allocator &allocator)
      : allocator(allocator) {}
  [[gnu::format(printf, 3, 4)]] void log(ingot_log_level level,
                                         const char *format, ...) const;
  void retain() { references.fetch_add(1, std::memory_order_relaxed); }
  void release();

  std::atomic<uint32_t> references{1};
  ingot::runtime::Allocator allocator;
  ingot_log_function logFunction = nullptr;
  void *logUser = nullptr;
  ingot::runtime::CpuFeatures features = 0;
  ingot::runtime::Text featuresText;
};
