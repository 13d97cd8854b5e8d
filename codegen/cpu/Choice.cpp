// What is chosen for linear and attention, and the model behind the estimates.
#include "codegen/cpu/Choice.h"

#include "codegen/cpu/Tuning.h"
#include "ir/plan/Plan.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"

using llvm::Twine;

namespace ingot::cpu {

static constexpr int64_t kColumns = plan::kPanelColumns;

const Machine &referenceMachine() {
  // Intel Xeon Platinum 8480+ (ark.intel.com): 56 cores, 2.0 GHz base, 2 MB of
  // L2 each, 8 channels of DDR5-4800: 307.2 GB/s. Of these, 8 cores with their
  // share of memory. "Intel 64 and IA-32 Architectures Optimization Reference
  // Manual" (Golden Cove; AMX): two multiply-adds of vectors a clock, of 4
  // clocks each; 16 clocks a product of tiles, 8192 multiply-adds of bf16; two
  // loads of a vector a clock; L2 48 bytes a clock, sustained. Products of
  // pairs by vectors: one in two clocks, a quarter of the f32 rate (`ingot
  // bench` on a Xeon with AMX: peaks of 116 and 235 GFLOP/s).
  static const Machine xeon = {
      "Xeon 8480+",       8,   2.0e9, 307.2e9 * 8 / 56,
      /*multiplyAdds=*/2, 0.5, 512,   /*latency=*/4,
      /*loads=*/2,        128, 48,    /*operations=*/2};
  return xeon;
}

namespace {
double numberOf(int64_t value) { return static_cast<double>(value); }

int64_t ceilOf(int64_t a, int64_t b) {
  return static_cast<int64_t>(
      llvm::divideCeil(static_cast<uint64_t>(a), static_cast<uint64_t>(b)));
}

using Term = std::pair<double, llvm::StringRef>;

Term largest(llvm::ArrayRef<Term> terms) {
  return *llvm::max_element(
      terms, [](const Term &a, const Term &b) { return a.first < b.first; });
}

/// Instructions for a vector of products: pairs are widened where there is no
/// instruction for them.
double instructionsOf(const Isa &isa, bool isBf16) {
  return isBf16 && !isa.bf16 ? 2 : 1;
}

/// Clocks of a step of a register tile of `rows` by `vectors`, of one element
/// or pair along k.
Term stepOf(const Machine &machine, const Isa &isa, bool isBf16, int64_t rows,
            int64_t vectors) {
  double rate =
      isBf16 && isa.bf16 ? machine.dotProducts16 : machine.multiplyAdds;
  double sums = numberOf(rows * vectors) * instructionsOf(isa, isBf16);
  return largest({{sums / rate, "products"},
                  {machine.latency, "latency"},
                  {numberOf(rows + vectors) / machine.loads, "loads"}});
}

/// What threads do, one wave of tasks after the other, beside what comes from
/// memory.
Estimate estimateOf(const Machine &machine, int64_t tasks, double task,
                    llvm::StringRef limit, double memoryBytes) {
  Estimate e;
  e.machine = machine.name;
  e.threads = machine.threads;
  e.tasks = tasks;
  e.waves = ceilOf(tasks, machine.threads);
  double waves = numberOf(e.waves) * task / machine.hertz;
  double memory = memoryBytes / machine.memoryBytes;
  e.seconds = std::max(waves, memory);
  bool isIdle = 2 * tasks < e.waves * machine.threads;
  e.limit = memory >= waves ? "memory" : isIdle ? "waves" : limit;
  return e;
}
} // namespace

bool isRegisterTile(const Isa &isa, int64_t rows, int64_t vectors) {
  auto lanes = static_cast<int64_t>(isa.lanes);
  int64_t registers = isa.avx512 ? 32 : 16;
  // The shorter side is held, and one of the longer.
  return rows >= 1 && rows <= kMostTileRows && vectors >= 1 &&
         kColumns % (vectors * lanes) == 0 &&
         rows * vectors + std::min(rows, vectors) + 1 <= registers;
}

/// The measured best for as many steps along k.
static GemmBlocking blockingOf(const Isa &isa, int64_t steps) {
  // Accumulators + B vectors + one broadcast fit 32 registers. 8 rows also fit
  // the 8 ways of L1 when lda is a multiple of 4 KB. A panel streams from L2 as
  // fast as it is used, so K is not cut.
  if (isa.lanes == 16)
    return {8, 3, 0};
  // 16 registers: strips of 16 columns. Past K = 1024 a strip is too large for
  // L2 beside A; parts of it stay in L1 (measured on Zen 3: 79 to 85 % of the
  // peak at K = 3072, nothing gained at 768).
  if (steps >= 0 && steps <= 1024)
    return {6, 2, 0};
  for (int64_t depth : {384, 256, 320, 192})
    if (steps > 0 && steps % depth == 0)
      return {6, 2, depth};
  return {6, 2, 384};
}

LinearChoice chooseLinear(const Isa &isa, const LinearProblem &problem,
                          int64_t taskRows, int64_t taskPanels,
                          const LinearRule *measured) {
  /// Rows of sums kept between the product and its epilogue: 24 KB.
  constexpr int64_t kChunkRows = 128;
  /// Up to so many rows vectors are as fast as tiles: the weights bound both.
  constexpr int64_t kFewRows = 4;
  LinearChoice choice;
  choice.taskRows = taskRows;
  choice.taskPanels = taskPanels;
  choice.blocking = blockingOf(isa, problem.isBf16 ? problem.k / 2 : problem.k);
  if (measured && measured->tile)
    std::tie(choice.blocking.tileRows, choice.blocking.tileVectors) =
        *measured->tile;
  if (measured && measured->depth)
    choice.blocking.depth = *measured->depth;
  choice.chunkRows = std::min(taskRows, kChunkRows);
  choice.onTiles = problem.isBf16 && isa.amx && !problem.quantizedBits;
  choice.fewRows = choice.onTiles ? kFewRows : 0;
  if (problem.quantizedBits) {
    // Whole blocks, or parts of one.
    constexpr int64_t kDepth = plan::kQuantizedDepth;
    choice.quantizedDepth = problem.block <= kDepth
                                ? kDepth / problem.block * problem.block
                                : kDepth;
    // As many as are one tile: more would decode the weight again, which takes
    // as long as to have it dequantized once.
    choice.fewRows = isa.lanes == 16 ? 8 : 4;
  }
  return choice;
}

/// Clocks of the product of `rows` rows and a panel.
static Term panelProduct(const Isa &isa, const LinearProblem &problem,
                         const LinearChoice &choice, int64_t rows,
                         const Machine &machine) {
  int64_t bytes = problem.isBf16 ? 2 : 4;
  double panel = numberOf(problem.k * kColumns * bytes);
  auto lanes = static_cast<int64_t>(isa.lanes);
  // Widened, converted and scaled, once a task.
  constexpr double kOperations = 4;
  double dequantized = problem.quantizedBits
                           ? numberOf(problem.k * kColumns / lanes) *
                                 kOperations / machine.operations
                           : 0;
  if (choice.onTiles && rows > choice.fewRows) {
    // Seven loads of 16 lines for six products; the panel comes once a block.
    int64_t blocks = ceilOf(rows, kAmxRows),
            steps = ceilOf(problem.k, kAmxDepth);
    double block = numberOf(kAmxRows * kColumns * kAmxDepth);
    return largest(
        {{numberOf(blocks * steps) * block / machine.tileProducts, "products"},
         {numberOf(blocks * steps) * 7 * 16 / machine.loads, "loads"},
         {numberOf(blocks) * panel / machine.l2Bytes, "L2"}});
  }
  auto [tileRows, vectors, depth] = choice.blocking;
  if (choice.quantizedDepth)
    depth = choice.quantizedDepth;
  int64_t steps = problem.isBf16 ? problem.k / 2 : problem.k;
  // Rows that fill no tile: four of them as one, then two and one by the whole
  // panel at once.
  int64_t full = rows / tileRows, rest = rows % tileRows;
  Term product = {0, "products"};
  double largestPart = 0;
  auto add = [&](int64_t count, int64_t tileRows, int64_t vectors) {
    auto [step, limit] =
        stepOf(machine, isa, problem.isBf16, tileRows, vectors);
    double part = numberOf(count * kColumns / (vectors * lanes) * steps) * step;
    product.first += part;
    if (part > largestPart)
      product.second = limit;
    largestPart = std::max(largestPart, part);
  };
  add(full, tileRows, vectors);
  add(rest / 4, 4, vectors);
  add(rest % 4 / 2, 2, kColumns / lanes);
  add(rest % 2, 1, kColumns / lanes);
  // A strip, or a part of it, that L1 holds comes from L2 once, not once a
  // tile.
  constexpr int64_t kL1 = 32 << 10;
  int64_t held = (depth ? depth : steps) * vectors * lanes * 4;
  double tiles = numberOf(full + (rest ? 1 : 0)),
         reads = held <= kL1 ? 1 : tiles;
  Term result = largest({product, {reads * panel / machine.l2Bytes, "L2"}});
  result.first += dequantized;
  return result;
}

Estimate estimateLinear(const Isa &isa, const LinearProblem &problem,
                        const LinearChoice &choice, int64_t m,
                        const Machine &machine) {
  int64_t panels = ceilOf(problem.n, kColumns);
  int64_t tasks =
      ceilOf(m, choice.taskRows) * ceilOf(panels, choice.taskPanels);
  // Stored once by the product and read once; with parts of K stored and read
  // each time.
  int64_t steps = problem.isBf16 ? problem.k / 2 : problem.k;
  auto costOf = [&](int64_t rows) {
    Term product = panelProduct(isa, problem, choice, rows, machine);
    int64_t depth = choice.quantizedDepth ? choice.quantizedDepth
                    : choice.onTiles      ? 0
                                          : choice.blocking.depth;
    int64_t length = choice.quantizedDepth ? problem.k : steps;
    int64_t parts = depth ? ceilOf(std::max<int64_t>(1, length), depth) : 1;
    double sums = numberOf(rows * kColumns) *
                  (numberOf(8 * parts) + problem.outBytes) / machine.l1Bytes;
    if (sums > product.first)
      product.second = "sums";
    product.first += sums;
    return product;
  };
  auto [task, limit] = costOf(std::min(m, choice.taskRows));
  int64_t bytes = problem.isBf16 ? 2 : 4;
  double memory =
      numberOf(panels * kColumns * problem.k) * problem.weightBits() / 8 +
      numberOf(m * (problem.k * bytes + problem.n * problem.outBytes));
  return estimateOf(machine, tasks, task * numberOf(choice.taskPanels), limit,
                    memory);
}

AttentionChoice vectorAttention(const Isa &isa, int64_t taskRows) {
  // 16 rows and eight keys are as many sums as a multiply-add's latency wants.
  int64_t vectors = 16 / isa.lanes;
  return {taskRows,
          /*onTiles=*/false,
          vectors,
          vectors * isa.lanes,
          /*blockKeys=*/64,
          /*tile=*/8 / vectors};
}

AttentionChoice chooseAttention(const Isa &isa, const AttentionProblem &problem,
                                int64_t taskRows) {
  // Tiles are 16 rows of 32 elements along d, by 16 columns of values.
  if (!isa.amx || !problem.isBf16 || problem.d % 32 || problem.dv % 16)
    return vectorAttention(isa, taskRows);
  // Tiles take 32 rows and 32 keys of each block, whether they are there or
  // not. Measured on a Xeon with AMX (docs/performance.md): all attention of
  // MiniLM-L6 at 1x1 by tiles and by vectors 83 and 18 us, 1x16 56 and 38, 1x32
  // 87 and 114; but one query over 128 keys 33 and 53. Both forms' buffers have
  // to fit the stack.
  constexpr int64_t kFew = 16, kWidestHead = 256;
  return {taskRows,
          /*onTiles=*/true,
          /*vectors=*/2,
          2 * isa.lanes,
          /*blockKeys=*/128,
          /*tile=*/16,
          std::max(problem.d, problem.dv) <= kWidestHead ? kFew : 0};
}

AttentionProblem assumed(AttentionProblem problem) {
  auto assume = [](int64_t &extent, int64_t typical) {
    if (extent < 0)
      extent = typical;
  };
  assume(problem.batch, 1);
  assume(problem.queries, kTypicalRows);
  assume(problem.keys, kTypicalRows);
  return problem;
}

Estimate estimateAttention(const Isa &isa, const AttentionProblem &at,
                           const AttentionChoice &choice,
                           const Machine &machine) {
  // A score of a lane: the region, the maximum, an exponential, the sum, loads
  // and stores; with tiles weights are rounded and transposed too.
  constexpr double kOperations = 24, kTileOperations = 32;
  int64_t taskRows = std::min(at.queries, choice.taskRows);
  int64_t groups = ceilOf(taskRows, choice.groupRows);
  // Rows of a group that do not exist are computed.
  double rows = numberOf(groups * choice.groupRows), keys = numberOf(at.keys);
  double perHead = numberOf(at.d + at.dv);
  Term product;
  if (choice.onTiles) {
    product = {rows * keys * perHead / machine.tileProducts, "products"};
  } else {
    // Pairs are widened: products are those of f32.
    auto [step, limit] =
        stepOf(machine, isa, /*isBf16=*/false, choice.tile, choice.vectors);
    product = {numberOf(groups) * keys / numberOf(choice.tile) * perHead * step,
               limit};
  }
  int64_t bytes = at.isBf16 ? 2 : 4;
  product = largest(
      {product,
       {numberOf(groups) * keys * perHead * numberOf(bytes) / machine.l2Bytes,
        "L2"}});
  double softmax = rows / isa.lanes * keys *
                   (choice.onTiles ? kTileOperations : kOperations) /
                   machine.operations;
  double sums = rows * numberOf(at.dv) * (4 + at.outBytes) / machine.l1Bytes;
  llvm::StringRef limit = product.first > softmax ? product.second : "softmax";
  int64_t tasks = at.batch * at.heads * ceilOf(at.queries, choice.taskRows);
  double memory = numberOf(at.batch) *
                  (numberOf(at.heads * at.queries * at.d * bytes) +
                   numberOf(ceilOf(at.heads, std::max<int64_t>(1, at.group)) *
                            at.keys * (at.d + at.dv) * bytes) +
                   numberOf(at.heads * at.queries * at.dv * at.outBytes));
  return estimateOf(machine, tasks, product.first + softmax + sums, limit,
                    memory);
}

std::string Estimate::text(llvm::StringRef where) const {
  std::string text;
  llvm::raw_string_ostream(text)
      << llvm::format("%.3g us on ", seconds * 1e6) << threads << " cores of a "
      << machine << " at " << where << " (" << limit << ")";
  return text;
}

std::string LinearChoice::text(const Isa &isa) const {
  Twine columns(taskPanels * kColumns);
  std::string text =
      (Twine(taskRows) + " rows by " + columns + " columns a task, ").str();
  if (onTiles)
    text += (Twine("AMX ") + Twine(kAmxRows) + "x" + Twine(kColumns) +
             " (vectors up to " + Twine(fewRows) + " rows)")
                .str();
  else
    text += ("registers " + Twine(blocking.tileRows) + "x" +
             Twine(blocking.tileVectors * static_cast<int64_t>(isa.lanes)))
                .str();
  if (quantizedDepth)
    text += (Twine(", ") + Twine(quantizedDepth) +
             " of K dequantized at once (as they stream up to " +
             Twine(fewRows) + " rows)")
                .str();
  else if (!onTiles && blocking.depth)
    text += ", K in parts of " + std::to_string(blocking.depth);
  return text + ", sums of " + std::to_string(chunkRows) + " rows";
}

std::string AttentionChoice::text(const Isa &isa) const {
  std::string text = (Twine(taskRows) + " queries a task, " + Twine(groupRows) +
                      " by " + Twine(blockKeys) + " keys at once, ")
                         .str();
  if (onTiles)
    return text + "AMX" +
           (few ? " (vectors up to " + std::to_string(few) +
                      " queries and keys)"
                : "");
  return text + "registers " + std::to_string(tile) + "x" +
         std::to_string(vectors * static_cast<int64_t>(isa.lanes));
}

} // namespace ingot::cpu
