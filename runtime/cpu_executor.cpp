#include "runtime/cpu_executor.h"

#include <errno.h>
#include <immintrin.h>
#include <limits.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

namespace ingot::runtime {
int64_t nanosecondsNow() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return int64_t(time.tv_sec) * 1000000000 + time.tv_nsec;
}

namespace {

// Long enough to bridge the gap between steps, far shorter than a scheduler
// slice: a thread that spins through its slice starves whom it waits for.
constexpr int64_t kSpinNanoseconds = 20000;
// A thread takes this part of what each thread would have to do.
constexpr uint32_t kSharesPerThread = 2;
constexpr unsigned kUnitBits = 16; // of the ticket, twice
constexpr int64_t kMostUnits = (1 << kUnitBits) - 1;
constexpr size_t kStackBytes = 1 << 20;
// Round to nearest, denormals kept, exceptions masked, whatever the caller set:
// results do not depend on the thread that computes them.
constexpr unsigned kFloatControl = 0x1f80;

void futexWait(std::atomic<uint32_t> &word, uint32_t expected) {
  syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, expected, nullptr, nullptr, 0);
}

void futexWake(std::atomic<uint32_t> &word, int count) {
  syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, count, nullptr, nullptr, 0);
}

/// Of the ticket: units that nobody has taken.
uint32_t remainingOf(uint64_t ticket) { return ticket & kMostUnits; }

class FloatControl {
public:
  FloatControl() : saved(_mm_getcsr()) { _mm_setcsr(kFloatControl); }
  ~FloatControl() { _mm_setcsr(saved); }

private:
  unsigned saved;
};

} // namespace

void CpuExecutor::configure(const Allocator &from, int32_t threads,
                            const ingot_thread_pool &embedderPool) {
  stop();
  allocator = &from;
  threadCount = threads;
  pool = embedderPool;
  workers.clear();
  scratch.clear();
  scratchBytes = 0;
}

Error CpuExecutor::prepare(size_t workerScratchBytes) {
  if (!workers.size()) {
    if (!workers.create(*allocator, size_t(threadCount)) ||
        !scratch.create(*allocator, size_t(threadCount))) {
      workers.clear();
      return outOfMemory(*allocator, "a thread pool",
                         size_t(threadCount) * sizeof(Worker));
    }
    for (Worker &worker : workers)
      worker.executor = this;
  }
  if (workerScratchBytes > scratchBytes) {
    // Idle threads touch nothing before they take units.
    for (size_t i = 0; i < workers.size(); ++i) {
      workers[i].scratch = nullptr;
      if (!scratch[i].grow(*allocator, workerScratchBytes)) {
        scratchBytes = 0;
        return outOfMemory(*allocator, "scratch memory of a thread",
                           workerScratchBytes);
      }
      workers[i].scratch = scratch[i].data();
    }
    scratchBytes = workerScratchBytes;
  }
  return pool.parallel ? nullptr : startThreads();
}

Error CpuExecutor::startThreads() {
  if (startedThreads >= threadCount - 1)
    return nullptr;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, kStackBytes);
  // Signals are the embedder's business.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int cause = 0;
  while (startedThreads < threadCount - 1) {
    Worker &worker = workers[size_t(startedThreads) + 1];
    cause = pthread_create(&worker.thread, &attributes, threadMain, &worker);
    if (cause)
      break;
    ++startedThreads;
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_attr_destroy(&attributes);
  if (!cause)
    return nullptr;
  int missing = threadCount - 1 - startedThreads;
  stop();
  return makeError(*allocator, INGOT_ERROR_SYSTEM,
                   "cannot start %d of %d threads: %s", missing,
                   threadCount - 1, strerror(cause));
}

void CpuExecutor::stop() {
  if (!startedThreads)
    return;
  isStopping.store(true, std::memory_order_seq_cst);
  wake(INT_MAX);
  for (; startedThreads; --startedThreads)
    pthread_join(workers[size_t(startedThreads)].thread, nullptr);
  isStopping.store(false, std::memory_order_relaxed);
}

void CpuExecutor::execute(const Run &toRun, RunOutcome &result) {
  run = &toRun;
  outcome = &result;
  isFailing.store(false, std::memory_order_relaxed);
  isFinished.store(false, std::memory_order_relaxed);
  if (toRun.times)
    startedAt = nanosecondsNow();
  publishFrom(0);
  if (pool.parallel && threadCount > 1) {
    pool.parallel(pool.user, threadCount, poolMain, this);
    // An embedder's pool that called nobody must not lose the run.
  }
  workUntilFinished(workers[0]);
}

void *CpuExecutor::threadMain(void *argument) {
  auto &worker = *static_cast<Worker *>(argument);
  CpuExecutor &self = *worker.executor;
  char name[16];
  snprintf(name, sizeof(name), "ingot-%d", int(&worker - self.workers.data()));
  pthread_setname_np(pthread_self(), name);
  FloatControl control;
  while (!self.isStopping.load(std::memory_order_acquire))
    if (!self.workOnStep(worker))
      self.wait(
          [&] { return self.isStopping.load(std::memory_order_seq_cst); });
  return nullptr;
}

void CpuExecutor::poolMain(void *executor, int32_t worker) {
  auto &self = *static_cast<CpuExecutor *>(executor);
  if (worker >= 0 && worker < self.threadCount)
    self.workUntilFinished(self.workers[size_t(worker)]);
}

void CpuExecutor::workUntilFinished(Worker &worker) {
  FloatControl control;
  while (!isFinished.load(std::memory_order_acquire))
    if (!workOnStep(worker))
      wait([&] { return isFinished.load(std::memory_order_seq_cst); });
}

/// Takes units of the current step while there are any. False: there were none.
/// Every other worker takes the last ones, so that each is in the same part of
/// every step and finds there what it wrote itself.
bool CpuExecutor::workOnStep(Worker &worker) {
  bool fromBack = (&worker - workers.data()) % 2;
  uint32_t done = 0; // until it is counted, no other step can be published
  uint64_t seen = ticket.load(std::memory_order_acquire);
  while (uint32_t remaining = remainingOf(seen)) {
    uint32_t units = shareOf(remaining), first = uint32_t(seen) >> kUnitBits;
    uint64_t rest = seen - units;
    if (fromBack)
      first += remaining - units;
    else
      rest += units << kUnitBits;
    if (!ticket.compare_exchange_weak(seen, rest, std::memory_order_acq_rel,
                                      std::memory_order_acquire))
      continue;
    runUnits(worker, first, units);
    done += units;
    seen = ticket.load(std::memory_order_acquire);
  }
  if (done)
    finishUnits(done);
  return done;
}

/// Large pieces first, so that they are few (each is two transfers of a cache
/// line between CPUs); small ones last, so that threads end together.
uint32_t CpuExecutor::shareOf(uint32_t remaining) const {
  if (threadCount == 1)
    return remaining;
  uint32_t share = remaining / (kSharesPerThread * uint32_t(threadCount));
  return share ? share : 1;
}

void CpuExecutor::runUnits(Worker &worker, uint32_t firstUnit, uint32_t units) {
  const BoundStep &step = run->steps[current];
  int64_t first = firstUnit * unitTasks, wanted = units * unitTasks;
  int64_t last = step.tasks - first < wanted ? step.tasks : first + wanted;
  int64_t begin = run->times ? nanosecondsNow() : 0;
  runTasks(worker, step, first, last);
  if (run->times)
    __atomic_fetch_add(&run->times[current].busy, nanosecondsNow() - begin,
                       __ATOMIC_RELAXED);
  if (worker.status.code) {
    // The first to come reports.
    if (!isFailing.exchange(true, std::memory_order_acq_rel)) {
      outcome->status = worker.status;
      outcome->failedStep = current;
      outcome->isFailed = true;
    }
    worker.status = {};
  }
}

void CpuExecutor::finishUnits(uint32_t units) {
  uint32_t finished = current;
  if (pending.fetch_sub(units, std::memory_order_acq_rel) != units)
    return;
  if (run->times) {
    int64_t now = nanosecondsNow();
    run->times[finished].nanoseconds = now - startedAt;
    startedAt = now;
  }
  publishFrom(finished + 1);
}

void CpuExecutor::runTasks(Worker &worker, const BoundStep &step, int64_t first,
                           int64_t last) {
  const uint64_t *args = run->args + step.firstArg;
  if (step.kind == fmt::StepKind::Launch) {
    auto kernel = reinterpret_cast<ingot_kernel_function>(step.kernel);
    for (int64_t task = first; task < last; ++task)
      kernel(task, args, worker.scratch, &worker.status);
    return;
  }
  bool isCopy = step.kind == fmt::StepKind::Copy;
  auto bytes = int64_t(args[isCopy ? 2 : 1]);
  int64_t begin = first * kTransferBytes;
  int64_t end = bytes - begin < (last - first) * kTransferBytes
                    ? bytes
                    : last * kTransferBytes;
  auto *destination = reinterpret_cast<char *>(args[0]) + begin;
  if (isCopy)
    memmove(destination, reinterpret_cast<const char *>(args[1]) + begin,
            size_t(end - begin));
  else
    memset(destination, int(args[2]), size_t(end - begin));
}

/// Makes the first non-empty step from `step` on the current one, or ends the
/// run. Only one thread is ever here: who finished the step before.
void CpuExecutor::publishFrom(uint32_t step) {
  if (isFailing.load(std::memory_order_acquire))
    return finish();
  for (; step < run->stepCount && run->steps[step].tasks == 0; ++step)
    ;
  if (step == run->stepCount)
    return finish();
  if (run->cancel && __atomic_load_n(run->cancel, __ATOMIC_RELAXED)) {
    outcome->isCancelled = true;
    return finish();
  }
  int64_t tasks = run->steps[step].tasks;
  unitTasks = 1 + (tasks - 1) / kMostUnits;
  unitCount = uint32_t(1 + (tasks - 1) / unitTasks);
  current = step;
  uint32_t units = unitCount;
  pending.store(units, std::memory_order_relaxed);
  uint64_t publication = (ticket.load(std::memory_order_relaxed) >> 32) + 1;
  ticket.store(publication << 32 | units, std::memory_order_seq_cst);
  // This thread takes one itself. (The step may be over by now: touch nothing.)
  wake(units - 1);
}

void CpuExecutor::finish() {
  isFinished.store(true, std::memory_order_seq_cst);
  wake(INT_MAX);
}

/// After a store that sleepers wait for. They announce themselves before they
/// look one last time, so either they see the store or we see them.
void CpuExecutor::wake(uint32_t wanted) {
  if (!wanted || !sleepers.load(std::memory_order_seq_cst))
    return;
  epoch.fetch_add(1, std::memory_order_seq_cst);
  futexWake(epoch, wanted < INT_MAX ? int(wanted) : INT_MAX);
}

/// Returns when there may be units to take or `stop()` holds.
template <typename Stop>
void CpuExecutor::wait(Stop stop) {
  auto isOver = [&] {
    return remainingOf(ticket.load(std::memory_order_seq_cst)) || stop();
  };
  if (threadCount > 1) {
    int64_t deadline = nanosecondsNow() + kSpinNanoseconds;
    do {
      for (int i = 0; i < 32; ++i) {
        if (isOver())
          return;
        _mm_pause();
      }
    } while (nanosecondsNow() < deadline);
  }
  sleepers.fetch_add(1, std::memory_order_seq_cst);
  uint32_t seen = epoch.load(std::memory_order_seq_cst);
  if (!isOver())
    futexWait(epoch, seen);
  sleepers.fetch_sub(1, std::memory_order_relaxed);
}

} // namespace ingot::runtime
