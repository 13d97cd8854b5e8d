#include "tools/compiler/LinearTimer.h"

#include "runtime/kernel_abi.h"

#include "mlir/Parser/Parser.h"

#include <atomic>
#include <chrono>
#include <sys/mman.h>
#include <thread>

using namespace mlir;

namespace ingot::cli {

namespace {
using Clock = std::chrono::steady_clock;

double since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

int64_t ceilOf(int64_t a, int64_t b) { return (a + b - 1) / b; }

/// 0.01 as f32 and, nearly, twice as bf16: products and sums stay normal.
constexpr uint32_t kWord = 0x3c243c24;
/// Weights of a model that does not fit caches.
constexpr size_t kPoolBytes = size_t(64) << 20;
/// Of a sample; shorter runs are repeated.
constexpr double kSampleSeconds = 50e-6;
constexpr int kLeastTurns = 5, kMostTurns = 60;

std::string planOf(const TimedLinear &linear, int64_t taskRows) {
  const std::string &type = linear.type;
  std::string cast, sum = "%acc";
  if (linear.result != "f32") {
    cast = "  %0 = tfm.convert %acc : f32 to " + linear.result + "\n";
    sum = "%0";
  }
  return "plan.kernel linear @k outs [" + linear.result + "] ins [" + type +
         ", " + type +
         "] scalars 1 params {m = -1, n = " + std::to_string(linear.n) +
         ", k = " + std::to_string(linear.k) +
         ", lda = " + std::to_string(linear.k) +
         ", rows = " + std::to_string(taskRows) + ", panels = 1} {\n" +
         "^bb0(%acc: f32, %m: i64, %n: i64, %x: tensor<?x" + type +
         ">, %w: tensor<?x" + type + ">, %M: i64):\n" + cast + "  tfm.yield " +
         sum + " : " + linear.result + "\n}\n";
}

/// The record that makes the code of a candidate.
cpu::TuningRecord recordOf(const TimedLinear &linear, cpu::IsaLevel level,
                           const LinearCandidate &candidate) {
  cpu::LinearRule rule;
  rule.type = linear.type;
  rule.tile = {candidate.blocking.tileRows, candidate.blocking.tileVectors};
  rule.depth = candidate.blocking.depth;
  return {level, "", {rule}};
}
} // namespace

/// Threads that take the tasks of one launch after the other. They spin between
/// launches, so that starting them takes no time.
class LinearTimer::Threads {
public:
  explicit Threads(unsigned count) {
    for (unsigned i = 1; i < count; ++i)
      others.emplace_back([this] { serve(); });
  }
  ~Threads() {
    function = nullptr;
    launch.fetch_add(1, std::memory_order_release);
    for (std::thread &thread : others)
      thread.join();
  }

  void run(ingot_kernel_function kernel, const uint64_t *kernelArgs,
           int64_t tasks) {
    function = kernel;
    args = kernelArgs;
    count = tasks;
    nextTask.store(0, std::memory_order_relaxed);
    done.store(0, std::memory_order_relaxed);
    launch.fetch_add(1, std::memory_order_release);
    takeTasks();
    while (done.load(std::memory_order_acquire) != others.size())
      std::this_thread::yield();
  }

private:
  void takeTasks() {
    ingot_kernel_status status = {};
    for (;;) {
      int64_t task = nextTask.fetch_add(1, std::memory_order_relaxed);
      if (task >= count)
        return;
      function(task, args, nullptr, &status);
    }
  }
  void serve() {
    for (uint64_t seen = 0;;) {
      while (launch.load(std::memory_order_acquire) == seen)
        std::this_thread::yield();
      ++seen;
      if (!function)
        return;
      takeTasks();
      done.fetch_add(1, std::memory_order_release);
    }
  }

  std::vector<std::thread> others;
  ingot_kernel_function function = nullptr;
  const uint64_t *args = nullptr;
  int64_t count = 0;
  std::atomic<int64_t> nextTask = 0;
  std::atomic<uint64_t> launch = 0;
  std::atomic<size_t> done = 0;
};

std::unique_ptr<LinearTimer>
LinearTimer::make(const TimedLinear &linear, cpu::IsaLevel level,
                  llvm::ArrayRef<LinearCandidate> candidates, unsigned jobs) {
  std::vector<cpu::KernelJob> work;
  for (const LinearCandidate &candidate : candidates)
    work.push_back(
        {"k" + std::to_string(work.size()), level,
         [=, name = "k" + std::to_string(work.size())](
             MLIRContext &context) -> OwningOpRef<ModuleOp> {
           auto module = parseSourceString<ModuleOp>(
               planOf(linear, candidate.taskRows), &context);
           assert(module && "a plan.kernel that we have written");
           plan::KernelOp kernel = *module->getOps<plan::KernelOp>().begin();
           kernel.setSymName(name);
           cpu::TuningRecord record = recordOf(linear, level, candidate);
           return cpu::emitKernel(kernel, cpu::isaOf(level), &record);
         }});
  cpu::CompileOptions options;
  options.jobs = jobs;
  options.prepare = [](MLIRContext &context) {
    context.loadDialect<plan::PlanDialect, tfm::TfmDialect>();
  };
  std::vector<cpu::KernelObject> objects = cpu::compileKernels(work, options);
  MLIRContext context(MLIRContext::Threading::DISABLED);
  Location loc = UnknownLoc::get(&context);
  std::vector<cpu::LinkInput> inputs;
  for (auto [job, object] : llvm::zip_equal(work, objects)) {
    if (!object.error.empty())
      return nullptr;
    inputs.push_back({job.name, object.object, loc});
  }
  FailureOr<cpu::Blob> blob = cpu::linkKernels(inputs, loc);
  std::unique_ptr<LinearTimer> timer(new LinearTimer(linear, candidates));
  if (failed(blob) || !timer->load(*blob))
    return nullptr;
  return timer;
}

bool LinearTimer::load(const cpu::Blob &blob) {
  codeBytes = blob.code.size();
  void *memory = mmap(nullptr, codeBytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    return false;
  code = static_cast<char *>(memory);
  std::copy(blob.code.begin(), blob.code.end(), code);
  entries = blob.entries;
  int64_t panels = ceilOf(linear.n, plan::kPanelColumns);
  weightWords = static_cast<size_t>(panels * plan::kPanelColumns * linear.k) /
                (linear.type == "f32" ? 1 : 2);
  copies = std::max<size_t>(1, kPoolBytes / (weightWords * 4));
  constexpr size_t kAlignment = 16; // of words
  weights.assign(copies * weightWords + kAlignment, kWord);
  return mprotect(memory, codeBytes, PROT_READ | PROT_EXEC) == 0;
}

LinearTimer::~LinearTimer() {
  if (code)
    munmap(code, codeBytes);
}

std::vector<double> LinearTimer::measure(int64_t m, unsigned threads,
                                         double seconds) {
  auto wordsOf = [&](const std::string &type, int64_t columns) {
    return static_cast<size_t>(m * columns) / (type == "f32" ? 1 : 2) + 32;
  };
  std::vector<uint32_t> a(wordsOf(linear.type, linear.k), kWord),
      out(wordsOf(linear.result, linear.n));
  auto aligned = [](std::vector<uint32_t> &words) {
    return llvm::alignTo(reinterpret_cast<uint64_t>(words.data()), 64);
  };
  uint64_t args[] = {aligned(out), aligned(a), 0, static_cast<uint64_t>(m)};
  uint64_t pool = aligned(weights);
  Threads team(threads);
  auto run = [&](size_t i) {
    args[2] = pool + next++ % copies * weightWords * 4;
    int64_t tasks = ceilOf(m, candidates[i].taskRows) *
                    ceilOf(linear.n, plan::kPanelColumns);
    team.run(reinterpret_cast<ingot_kernel_function>(code + entries[i]), args,
             tasks);
  };
  auto timeOf = [&](size_t i, int64_t runs) {
    Clock::time_point start = Clock::now();
    for (int64_t r = 0; r < runs; ++r)
      run(i);
    return since(start) / static_cast<double>(runs);
  };
  run(0);
  double once = timeOf(0, 1);
  auto count = static_cast<double>(candidates.size());
  if (once * count * kLeastTurns > seconds)
    return {};
  auto runs = std::max<int64_t>(1, static_cast<int64_t>(kSampleSeconds / once));
  std::vector<double> least(candidates.size(), 1e9);
  Clock::time_point start = Clock::now();
  for (int turn = 0; turn < kMostTurns; ++turn) {
    if (turn >= kLeastTurns && since(start) > seconds)
      break;
    for (size_t i = 0; i < candidates.size(); ++i)
      least[i] = std::min(least[i], timeOf(i, runs));
  }
  return least;
}

} // namespace ingot::cli
