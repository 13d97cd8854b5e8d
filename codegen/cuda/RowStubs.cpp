// map, reduce, scan, softmax and norm.
#include "codegen/RegionIndices.h"
#include "codegen/cuda/StubWriter.h"

using namespace mlir;
using llvm::Twine;

namespace ingot::cuda {

namespace {
/// How the threads of a block share rows of `columns` (a number if >= 0).
struct RowPlan {
  unsigned group; ///< threads a row: 32 of a block of 128, or the block's
  unsigned held;  ///< values a thread keeps in registers; 0: any number
  unsigned block() const { return group == 32 ? 128 : group; }
  unsigned rows() const { return block() / group; } ///< a block
  /// One partial result a warp, where rows span warps.
  unsigned shared(unsigned bytes) const {
    return group == 32 ? 0 : group / 32 * bytes;
  }
};

/// Threads take `width` columns at once.
RowPlan planRows(int64_t columns, unsigned width) {
  auto held = [&](unsigned group) {
    return static_cast<unsigned>(
        std::max<int64_t>(1, llvm::divideCeil(columns, group)));
  };
  if (columns < 0) // most often a sequence length
    return {32, 0};
  if (columns <= 256)
    return {32, held(32)};
  if (width > 1 && columns <= 8192) {
    // Two pieces a thread, if a block has that many.
    auto warps =
        static_cast<unsigned>(llvm::divideCeil(columns, 2 * 32 * width));
    unsigned group = 32 * std::min(16u, warps);
    return {group, held(group)};
  }
  if (columns <= 1024)
    return {128, held(128)};
  if (columns <= 4096)
    return {256, held(256)};
  if (columns <= 8192)
    return {512, held(512)};
  return {512, 0};
}

/// "name<32, 4>"
std::string instance(StringRef name, ArrayRef<std::string> arguments) {
  return (name + "<" + llvm::join(arguments, ", ") + ">").str();
}
} // namespace

CudaStub printMap(StubWriter &w) {
  size_t rank = w.rank("extents");
  w.method(0, "value", "const i64 *c", coordinateNames(rank));
  // Several elements a thread hide the latency of loads; a long region does so
  // by itself, and would be printed several times.
  bool isShort = w.isShort(0);
  unsigned perThread = isShort ? 4 : 1,
           width = isShort && rank ? w.lanes(rank - 1, rank, "extents", 0,
                                             /*anyEnd=*/rank == 1)
                                   : 1;
  std::string call =
      instance("map", {std::to_string(perThread), std::to_string(width)}) +
      "(" + w.shape("extents") + ", body, " + w.outs() + ");";
  return w.finishTasks(256 * std::max(perThread, width), "map.cuh", call, 256);
}

/// The type of ReduceX that combines.
static std::string kindOf(StubWriter &w) {
  StringRef kind = w.text("kind");
  std::string type = w.yieldedTypeName(0);
  if (kind.starts_with("arg")) {
    if (type == "bool")
      type = "i64";
    return instance("ReduceArg", {type, kind == "argmax" ? "true" : "false",
                                  w.flag("last") ? "true" : "false"});
  }
  if (type == "bool")
    return kind == "min" || kind == "prod" ? "ReduceAll" : "ReduceAny";
  // Regions between have no memory type; theirs is as wide as the scalar.
  std::string memory = w.hasRegion(1) ? type : w.outTypeName(0).str();
  if (kind == "max")
    return instance("ReduceMax", {type, memory});
  if (kind == "min")
    return instance("ReduceMin", {type, memory});
  StringRef name = kind == "sum"    ? "ReduceSum"
                   : kind == "mean" ? "ReduceMean"
                   : kind == "prod" ? "ReduceProd"
                                    : "ReduceL2";
  return instance(name, {type});
}

/// The product of extents if all are numbers, else -1.
static int64_t countOf(ArrayRef<int64_t> extents) {
  int64_t count = 1;
  for (int64_t extent : extents)
    if (extent < 0 || llvm::MulOverflow(count, extent, count))
      return -1;
  return count;
}

CudaStub printReduce(StubWriter &w) {
  size_t rank = w.rank("extents"), reduced = w.rank("reduce_extents");
  assert(rank && reduced && "an extent of 1 stands for none");
  w.valueAndFinish(rank + reduced, rank);
  ArrayRef<int64_t> extents = w.kernel.paramArray("extents");
  int64_t outs = countOf(extents),
          length = countOf(w.kernel.paramArray("reduce_extents"));
  Value x = w.yielded(0);
  auto gathers = [&](size_t position) {
    return gathersAlong(x, w.region(0).getArgument(position));
  };
  // Lanes along the reduced elements where more loads are contiguous so, and
  // where there are too few outputs to go round.
  bool isRows = extents.back() == 1 ||
                gathers(rank + reduced - 1) < gathers(rank - 1) ||
                (outs >= 0 && outs < 1024 && length > 4 * outs);
  std::string tail = "(" + w.shape("extents") + ", " +
                     w.shape("reduce_extents") + ", body, " + w.outs() + ");";
  if (!isRows) {
    unsigned width =
        w.isShort(0) ? w.lanes(rank - 1, rank + reduced, "extents", rank) : 1;
    return w.finishTasks(
        128, "reduce.cuh",
        instance("reduce_columns", {kindOf(w), std::to_string(width)}) + tail,
        128);
  }
  unsigned width = w.isShort(0) ? w.lanes(rank + reduced - 1, rank + reduced,
                                          "reduce_extents", 0)
                                : 1;
  RowPlan rows{length > 4096 ? 512u : length > 1024 ? 128u : 32u, 0};
  return w.finishTasks(
      rows.rows(), "reduce.cuh",
      instance("reduce_rows",
               {std::to_string(rows.group), kindOf(w), std::to_string(width)}) +
          tail,
      rows.block(), rows.shared(16));
}

CudaStub printScan(StubWriter &w) {
  size_t rank = w.rank("extents");
  w.method(0, "value", "const i64 *c", coordinateNames(rank));
  auto word = [&](StringRef name) { return w.flag(name) ? "true" : "false"; };
  std::string call = instance("scan", {w.yieldedTypeName(0),
                                       std::to_string(w.kernel.param("axis")),
                                       word("exclusive"), word("reverse")}) +
                     "(out0, " + w.shape("extents") + ", body);";
  // As the kernel does: a warp a line of the last axis, else a thread.
  bool isLast = static_cast<size_t>(w.kernel.param("axis")) + 1 == rank;
  return w.finishTasks(isLast ? 4 : 128, "scan.cuh", call, 128);
}

/// How many columns a thread of softmax or norm takes at once.
static unsigned rowLanes(StubWriter &w) {
  size_t rank = w.rank("extents");
  bool fits = w.isShort(0) && (!w.hasRegion(1) || w.isShort(1)) &&
              w.yieldedTypeName(0) == "float";
  return fits ? w.lanes(rank - 1, rank, "extents", rank) : 1;
}

CudaStub printSoftmax(StubWriter &w) {
  size_t rank = w.rank("extents");
  w.valueAndFinish(rank, rank);
  unsigned width = rowLanes(w);
  RowPlan rows = planRows(w.kernel.paramArray("extents").back(), width);
  std::string call =
      instance("softmax", {std::to_string(rows.group),
                           std::to_string(rows.held), std::to_string(width)}) +
      "(" + w.shape("extents") + ", body, " + w.outs() + ");";
  return w.finishTasks(rows.rows(), "softmax.cuh", call, rows.block(),
                       rows.shared(4));
}

CudaStub printNorm(StubWriter &w) {
  size_t rank = w.rank("extents");
  w.valueAndFinish(rank, rank);
  unsigned width = rowLanes(w);
  RowPlan rows = planRows(w.kernel.paramArray("extents").back(), width);
  size_t copies = w.flag("copy");
  std::string keep =
      w.kernel.numOuts() > 1 + copies ? "out1" : "(float *)nullptr";
  std::string copy = copies ? ", " + w.out(w.kernel.numOuts() - 1) : "";
  std::string call =
      instance("norm", {std::to_string(rows.group), std::to_string(rows.held),
                        w.text("kind") == "layer" ? "true" : "false",
                        std::to_string(width)}) +
      "(out0, " + keep + ", " + w.shape("extents") + ", " +
      literal(w.real("epsilon")) + ", body" + copy + ");";
  return w.finishTasks(rows.rows(), "norm.cuh", call, rows.block(),
                       rows.shared(4));
}

} // namespace ingot::cuda
