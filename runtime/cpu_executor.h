// Runs a program's steps on the caller's thread and helpers.
#pragma once

#include "runtime/bind.h"

#include <atomic>
#include <pthread.h>

namespace ingot::runtime {

/// Of the clock that only goes forward.
int64_t nanosecondsNow();

/// One execution of a program. Lives on the caller's stack.
struct Run {
  const BoundStep *steps;
  uint32_t stepCount;
  const uint64_t *args;
  const volatile int32_t *cancel; // may be null
  StepTime *times;                // by step; null: read no clock
};

/// Threads that work through the steps of one run at a time. Nobody waits for
/// a thread, only for tasks: whoever finishes the last task of a step publishes
/// the next step, so one thread alone gets through, and one that the system
/// has put aside holds up nothing but the task it is in.
class CpuExecutor {
public:
  CpuExecutor() = default;
  CpuExecutor(const CpuExecutor &) = delete;
  CpuExecutor &operator=(const CpuExecutor &) = delete;
  ~CpuExecutor() { stop(); }

  /// `pool` with a null function: threads of its own, made by `prepare`.
  void configure(const Allocator &allocator, int32_t threads,
                 const ingot_thread_pool &pool);
  int32_t threads() const { return threadCount; }
  /// Scratch for each worker and threads, if not there yet.
  [[nodiscard]] Error prepare(size_t workerScratchBytes);
  /// Executes `run`; the caller takes part. Needs `prepare`.
  void execute(const Run &run, RunOutcome &outcome);
  /// Ends the threads.
  void stop();

private:
  struct alignas(64) Worker {
    ingot_kernel_status status = {};
    void *scratch = nullptr;
    CpuExecutor *executor = nullptr;
    pthread_t thread = {};
  };

  [[nodiscard]] Error startThreads();
  static void *threadMain(void *worker);
  static void poolMain(void *executor, int32_t worker);
  void workUntilFinished(Worker &worker);
  bool workOnStep(Worker &worker);
  uint32_t shareOf(uint32_t remaining) const;
  void runUnits(Worker &worker, uint32_t firstUnit, uint32_t units);
  void finishUnits(uint32_t units);
  void runTasks(Worker &worker, const BoundStep &step, int64_t first,
                int64_t last);
  void publishFrom(uint32_t step);
  void finish();
  void wake(uint32_t sleepersWanted);
  template <typename Stop>
  void wait(Stop stop);

  const Allocator *allocator = nullptr;
  int32_t threadCount = 1;
  int32_t startedThreads = 0;
  ingot_thread_pool pool = {};
  Array<Worker> workers;
  Array<Region> scratch; // by worker
  size_t scratchBytes = 0;

  // The step being worked on, cut into units of as many tasks. Written by the
  // thread that publishes it, before `ticket`; a thread may read it while it
  // holds units of the step.
  const Run *run = nullptr;
  RunOutcome *outcome = nullptr;
  uint32_t current = 0;
  uint32_t unitCount = 0;
  int64_t unitTasks = 0;
  int64_t startedAt = 0;

  // Publication number in the high half; in the low one, 16 bits each, the
  // first unit not yet taken and how many there are from it on: taking some by
  // compare-and-swap proves that the step is still current.
  alignas(64) std::atomic<uint64_t> ticket{0};
  alignas(64) std::atomic<uint32_t> pending{0}; // units not yet done
  std::atomic<bool> isFailing{false};
  alignas(64) std::atomic<uint32_t> epoch{
      0}; // futex, changes when sleepers must look again
  std::atomic<uint32_t> sleepers{0};
  std::atomic<bool> isFinished{true};
  std::atomic<bool> isStopping{false};
};

} // namespace ingot::runtime
