// Sessions on the CPU: the caller's memory is the kernels' memory.
#include "runtime/cpu_device.h"

#include <sched.h>
#include <string.h>

namespace ingot::runtime {
namespace {

constexpr int32_t kMaxThreads = 1024;

CpuSession &cpu(ingot_session &session) {
  return static_cast<CpuSession &>(session);
}

int32_t allowedCpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  int allowed = sched_getaffinity(0, sizeof(set), &set) ? 1 : CPU_COUNT(&set);
  return allowed < 1 ? 1 : allowed > kMaxThreads ? kMaxThreads : allowed;
}

} // namespace

ingot_session *makeCpuSession(ingot_model &model) {
  return model.allocator.make<CpuSession>(&model);
}

void destroyCpuSession(ingot_session *session) {
  session->allocator.destroy(&cpu(*session));
}

Error configureCpuSession(ingot_session &base,
                          const ingot_session_options &options) {
  CpuSession &session = cpu(base);
  if (options.stream)
    return makeError(session.allocator, INGOT_ERROR_INVALID_ARGUMENT,
                     "a session on the CPU has no stream");
  session.threadPool = options.thread_pool;
  bool isMade =
      session.ownedOutputs.create(session.allocator, session.entries.size());
  for (size_t e = 0; e < session.entries.size() && isMade; ++e)
    isMade = session.ownedOutputs[e].create(session.allocator,
                                            session.entries[e].outputs.size());
  if (!isMade)
    return outOfMemory(session.allocator, "a session", sizeof(Region));
  return setCpuThreads(session, options.threads);
}

Error setCpuThreads(ingot_session &base, int32_t threads) {
  CpuSession &session = cpu(base);
  if (threads < 0 || threads > kMaxThreads)
    return makeError(session.allocator, INGOT_ERROR_INVALID_ARGUMENT,
                     "the number of threads must be in 0..%d, but is %d",
                     kMaxThreads, threads);
  if (!threads)
    threads = allowedCpus();
  if (threads != session.parallel)
    session.executor.configure(session.allocator, threads, session.threadPool);
  session.parallel = threads;
  return nullptr;
}

Error checkCpuTensor(const ingot_session &session, const char *what,
                     const char *name, const ingot_tensor &tensor) {
  if (!tensor.stream)
    return nullptr;
  return makeError(session.allocator, INGOT_ERROR_INVALID_ARGUMENT,
                   "%s '%s' has a stream, but this session runs on the CPU",
                   what, name);
}

Error zeroCpu(ingot_session &, uint64_t address, size_t bytes) {
  memset(reinterpret_cast<void *>(address), 0, bytes);
  return nullptr;
}

Error placeCpuTensors(ingot_session &base, const Bind &bind) {
  CpuSession &session = cpu(base);
  EntryTensors &bound = session.entries[bind.entry];
  Array<Region> &owned = session.ownedOutputs[bind.entry];
  for (uint32_t i = 0; i < bound.inputs.size(); ++i)
    session.setAddress(bound.inputAt[i],
                       reinterpret_cast<uintptr_t>(bound.inputs[i].data));
  for (uint32_t i = 0; i < bound.outputs.size(); ++i) {
    bool isBorrowed = bound.isBorrowed[i];
    if (!isBorrowed && !owned[i].grow(session.allocator, bind.outputs[i].bytes))
      return outOfMemory(session.allocator, session.outputName(bind.entry, i),
                         bind.outputs[i].bytes);
    bound.outputData[i] = isBorrowed ? bound.outputs[i].data : owned[i].data();
    session.setAddress(bound.outputAt[i],
                       reinterpret_cast<uintptr_t>(bound.outputData[i]));
  }
  return session.executor.prepare(bind.program.workerScratchBytes);
}

Error prepareCpuRun(ingot_session &, Bind &) { return nullptr; }

Error runCpu(ingot_session &base, Bind &bind, RunOutcome &outcome) {
  CpuSession &session = cpu(base);
  auto execute = [&] {
    session.executor.execute(
        {bind.program.steps.data(), uint32_t(bind.program.steps.size()),
         bind.program.args.data(), session.cancelFlag,
         session.profile ? session.stepTimes.data() : nullptr},
        outcome);
  };
  if (!session.timedRuns) {
    execute();
    return nullptr;
  }
  int64_t start = nanosecondsNow();
  for (uint32_t i = 0; i < session.timedRuns; ++i)
    if (!outcome.isFailed && !outcome.isCancelled)
      execute();
  session.timed = nanosecondsNow() - start;
  return nullptr;
}

} // namespace ingot::runtime
