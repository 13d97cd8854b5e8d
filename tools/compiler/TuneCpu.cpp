#include "tools/compiler/TuneCpu.h"

#include "codegen/cpu/KernelChoice.h"
#include "tools/compiler/LinearTimer.h"
#include "tools/compiler/Progress.h"
#include "tools/compiler/TunePoints.h"
#include "tools/ingot/CpuPeak.h"
#include "tools/ingot/Options.h"

#include <chrono>
#include <ctime>

namespace ingot::cli {

namespace {
/// Where the plan knows no rows: a short text, a text, a batch.
constexpr int64_t kRows[] = {16, 128, 1024};

/// A linear of the plan: at which rows, and how it is cut now.
struct Linear {
  TimedLinear timed;
  std::vector<int64_t> rows;
  LinearCandidate chosen;
  bool onTiles;
};

std::string typeText(mlir::Type type) { return type.isBF16() ? "bf16" : "f32"; }

/// The linears, each once, in the order of the plan.
std::vector<Linear> linearsOf(llvm::ArrayRef<plan::KernelOp> kernels,
                              const cpu::Isa &isa) {
  std::vector<Linear> linears;
  for (plan::KernelOp kernel : kernels) {
    if (kernel.getFamily() != plan::Family::Linear || kernel.isQuantized())
      continue;
    cpu::LinearProblem problem = cpu::linearProblemOf(kernel);
    cpu::LinearChoice choice = cpu::linearChoiceOf(kernel, isa);
    TimedLinear timed{typeText(kernel.inType(1)), typeText(kernel.outType(0)),
                      problem.n, problem.k};
    if (timed.n == 0 || timed.k == 0)
      continue;
    auto found = llvm::find_if(
        linears, [&](const Linear &other) { return other.timed == timed; });
    if (found == linears.end())
      found = linears.insert(
          found,
          {timed, {}, {choice.taskRows, choice.blocking}, choice.onTiles});
    auto add = [&](int64_t m) {
      if (m > 0 && !llvm::is_contained(found->rows, m) &&
          found->rows.size() < std::size(kRows))
        found->rows.push_back(m);
    };
    if (problem.m >= 0)
      add(problem.m);
    else
      llvm::for_each(kRows, add);
  }
  return linears;
}

/// Rows a task that make a difference: up to the first that has them all.
std::vector<LinearCandidate> rowCandidates(const Linear &linear) {
  std::vector<LinearCandidate> candidates{linear.chosen};
  int64_t most = *llvm::max_element(linear.rows);
  for (int64_t rows : {32, 64, 128, 256}) {
    if (rows != linear.chosen.taskRows)
      candidates.push_back({rows, linear.chosen.blocking});
    if (rows >= most)
      break;
  }
  return candidates;
}

/// The model's choice, the same with the best rows, and other blockings at
/// those.
std::vector<LinearCandidate>
blockingCandidates(const Linear &linear, int64_t rows, const cpu::Isa &isa) {
  std::vector<LinearCandidate> candidates{linear.chosen};
  auto add = [&](cpu::GemmBlocking blocking) {
    LinearCandidate candidate{rows, blocking};
    if (!llvm::is_contained(candidates, candidate))
      candidates.push_back(candidate);
  };
  cpu::GemmBlocking now = linear.chosen.blocking;
  add(now);
  if (linear.onTiles)
    return candidates;
  for (int64_t tileRows : {8, 6, 4})
    for (int64_t vectors : {3, 2, 1})
      if (cpu::isRegisterTile(isa, tileRows, vectors))
        add({tileRows, vectors, now.depth});
  int64_t steps = linear.timed.k / (linear.timed.type == "f32" ? 1 : 2);
  for (int64_t depth : {0, 256, 384, 768})
    if (depth < steps)
      add({now.tileRows, now.tileVectors, depth});
  return candidates;
}

std::string textOf(const LinearCandidate &candidate, const Linear &linear,
                   const cpu::Isa &isa) {
  std::string text = std::to_string(candidate.taskRows) + " rows a task";
  if (linear.onTiles)
    return text;
  auto [rows, vectors, depth] = candidate.blocking;
  text += ", registers " + std::to_string(rows) + "x" +
          std::to_string(vectors * static_cast<int64_t>(isa.lanes));
  return depth ? text + ", K in parts of " + std::to_string(depth) : text;
}

class Tuner {
public:
  Tuner(cpu::IsaLevel level, unsigned jobs)
      : level(level), isa(cpu::isaOf(level)), jobs(jobs),
        allThreads(static_cast<unsigned>(allowedCpus())) {}

  std::optional<cpu::TuningRecord> run(llvm::ArrayRef<plan::KernelOp> kernels);

private:
  using Clock = std::chrono::steady_clock;
  std::vector<TunePoint> measure(LinearTimer &timer, const Linear &linear,
                                 double seconds);
  bool tune(const Linear &linear, double seconds);
  void addRule(const Linear &linear, const LinearCandidate &best);
  std::string whereText(const std::vector<Linear> &linears);

  cpu::IsaLevel level;
  const cpu::Isa &isa;
  unsigned jobs, allThreads;
  cpu::TuningRecord record;
  double measured = 0; ///< seconds
};
} // namespace

std::vector<TunePoint> Tuner::measure(LinearTimer &timer, const Linear &linear,
                                      double seconds) {
  std::vector<unsigned> teams{1};
  if (allThreads > 1)
    teams.push_back(allThreads);
  double share =
      seconds / static_cast<double>(linear.rows.size() * teams.size());
  std::vector<TunePoint> points;
  Clock::time_point start = Clock::now();
  for (int64_t m : linear.rows)
    for (unsigned threads : teams) {
      TunePoint point{m, threads, timer.measure(m, threads, share)};
      if (!point.seconds.empty())
        points.push_back(std::move(point));
    }
  measured += std::chrono::duration<double>(Clock::now() - start).count();
  return points;
}

/// Rows first, then the rest, beside what was chosen. False after a complaint.
bool Tuner::tune(const Linear &linear, double seconds) {
  std::string name = "linear " + linear.timed.type + " n " +
                     std::to_string(linear.timed.n) + " k " +
                     std::to_string(linear.timed.k);
  std::vector<LinearCandidate> candidates = rowCandidates(linear);
  std::vector<TunePoint> points;
  size_t best = 0;
  for (bool isSecond : {false, true}) {
    if (isSecond) {
      std::vector<LinearCandidate> others =
          blockingCandidates(linear, candidates[best].taskRows, isa);
      if (others.size() == 1)
        break;
      candidates = std::move(others);
    }
    std::unique_ptr<LinearTimer> timer =
        LinearTimer::make(linear.timed, level, candidates, jobs);
    if (!timer) {
      fail("cannot compile %s to measure it", name.c_str());
      return false;
    }
    points = measure(*timer, linear, seconds / 2);
    if (points.empty()) {
      fprintf(stderr, "%s: not measured, it takes too long\n", name.c_str());
      return true;
    }
    best = bestCandidate(points);
  }
  std::string chosen = textOf(linear.chosen, linear, isa);
  // Where nothing is better: how far the next best is.
  size_t other = best;
  for (size_t i = 1; best == 0 && i < candidates.size(); ++i)
    if (other == 0 || wholeRatio(points, i) < wholeRatio(points, other))
      other = i;
  std::string text = name + ": " + chosen + ", as chosen";
  if (best != 0)
    text = name + ": " + textOf(candidates[best], linear, isa) +
           " instead of " + chosen;
  else if (other != 0)
    text += "; next " + textOf(candidates[other], linear, isa);
  if (other != 0) {
    text += format(", time %+.1f %% (", (wholeRatio(points, other) - 1) * 100);
    for (const TunePoint &point : points)
      text += format("%sM %lld on %u: %+.0f", &point == &points[0] ? "" : ", ",
                     static_cast<long long>(point.m), point.threads,
                     (point.ratio(other) - 1) * 100);
    text += ")";
  }
  fprintf(stderr, "%s\n", text.c_str());
  if (best != 0)
    addRule(linear, candidates[best]);
  return true;
}

void Tuner::addRule(const Linear &linear, const LinearCandidate &best) {
  cpu::LinearRule rule;
  rule.type = linear.timed.type;
  rule.result = linear.timed.result;
  rule.n = {linear.timed.n, linear.timed.n};
  rule.k = {linear.timed.k, linear.timed.k};
  const LinearCandidate &chosen = linear.chosen;
  if (best.taskRows != chosen.taskRows)
    rule.taskRows = best.taskRows;
  auto [rows, vectors, depth] = best.blocking;
  if (rows != chosen.blocking.tileRows ||
      vectors != chosen.blocking.tileVectors)
    rule.tile = {rows, vectors};
  if (depth != chosen.blocking.depth)
    rule.depth = depth;
  record.linear.push_back(std::move(rule));
}

/// "CPU, 2 threads, M 16, 128, 1024; ingot 0.1 compile --tune, 2025-01-31".
std::string Tuner::whereText(const std::vector<Linear> &linears) {
  std::vector<int64_t> rows;
  for (const Linear &linear : linears)
    for (int64_t m : linear.rows)
      if (!llvm::is_contained(rows, m))
        rows.push_back(m);
  std::string text =
      cpuName() + ", 1 and " + std::to_string(allThreads) + " threads, M";
  for (int64_t m : rows)
    text += (m == rows.front() ? " " : ", ") + std::to_string(m);
  std::time_t now = std::time(nullptr);
  std::tm day = {};
  gmtime_r(&now, &day);
  char date[16];
  std::strftime(date, sizeof(date), "%Y-%m-%d", &day);
  return text + "; ingot " INGOT_VERSION " compile --tune, " + date;
}

std::optional<cpu::TuningRecord>
Tuner::run(llvm::ArrayRef<plan::KernelOp> kernels) {
  std::vector<Linear> linears = linearsOf(kernels, isa);
  record.level = level;
  record.measured = whereText(linears);
  Progress::clear();
  fprintf(stderr, "tuning %zu linears for %s, measuring at most %.0f s\n",
          linears.size(), std::string(isa.name).c_str(), kTuneSeconds);
  for (auto [i, linear] : llvm::enumerate(linears)) {
    double left = kTuneSeconds - measured;
    if (!tune(linear, left / static_cast<double>(linears.size() - i)))
      return std::nullopt;
  }
  fprintf(stderr,
          "tuned: %zu of %zu linears other than chosen, %.1f s measured\n",
          record.linear.size(), linears.size(), measured);
  return record;
}

std::optional<cpu::IsaLevel> levelHere(llvm::ArrayRef<cpu::IsaLevel> levels) {
  std::optional<cpu::IsaLevel> highest;
  for (cpu::IsaLevel level : levels)
    if (cpu::hostRuns(level) && (!highest || level > *highest))
      highest = level;
  return highest;
}

std::optional<cpu::TuningRecord> tuneCpu(llvm::ArrayRef<plan::KernelOp> kernels,
                                         cpu::IsaLevel level, unsigned jobs) {
  return Tuner(level, jobs).run(kernels);
}

} // namespace ingot::cli
