// The CPU as a device: its structs, which only cpu_device.cpp and
// cpu_session.cpp know.
#pragma once

#include "runtime/cpu_executor.h"
#include "runtime/cpu_features.h"
#include "runtime/session.h"

namespace ingot::runtime {

extern const DeviceFunctions cpuFunctions;

struct CpuDevice : ingot_device {
  explicit CpuDevice(const Allocator &allocator)
      : ingot_device(cpuFunctions, allocator) {}
  CpuFeatures cpuFeatures = 0;
};

struct CpuModel : ingot_model {
  using ingot_model::ingot_model;
  ~CpuModel();
  const uint8_t *code = nullptr;
  size_t codeLength = 0; // as mapped
};

struct CpuSession : ingot_session {
  using ingot_session::ingot_session;
  CpuExecutor executor;
  ingot_thread_pool threadPool = {};
  Array<Array<Region>> ownedOutputs; // by entry and output
};

// Of sessions; see DeviceFunctions.
ingot_session *makeCpuSession(ingot_model &model);
void destroyCpuSession(ingot_session *session);
Error configureCpuSession(ingot_session &session,
                          const ingot_session_options &options);
Error setCpuThreads(ingot_session &session, int32_t threads);
Error checkCpuTensor(const ingot_session &session, const char *what,
                     const char *name, const ingot_tensor &tensor);
Error zeroCpu(ingot_session &session, uint64_t address, size_t bytes);
Error placeCpuTensors(ingot_session &session, const Bind &bind);
Error prepareCpuRun(ingot_session &session, Bind &bind);
Error runCpu(ingot_session &session, Bind &bind, RunOutcome &outcome);

} // namespace ingot::runtime
