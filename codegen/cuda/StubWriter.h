//===- StubWriter.h - What the stubs of all families share
//-----------------===//
#pragma once

#include "codegen/cuda/KernelChoice.h"
#include "codegen/cuda/RegionPrinter.h"
#include "codegen/cuda/StubPrinter.h"

namespace ingot::cuda {

/// One stub being written: the functor of the kernel's regions, then the kernel
/// that calls the family's template.
class StubWriter {
public:
  StubWriter(plan::KernelOp kernel, llvm::StringRef arch,
             const TuningRecord *record)
      : kernel(kernel), arch(arch), record(record) {}

  plan::KernelOp kernel;
  llvm::StringRef arch;
  const TuningRecord *record; ///< or null
  /// Of the stub, before `finish`: parameters map0, map1, ...
  std::vector<StubMap> maps;
  /// The template waits for the grids before it by itself; else the stub does,
  /// where the architecture can.
  bool waitsByItself = false;
  unsigned cluster = 1; ///< of the stub

  std::string out(unsigned i) { return "out" + std::to_string(i); }
  std::string outs(); ///< all of them, as arguments
  mlir::Type outType(unsigned i) { return kernel.outType(i); }
  llvm::StringRef outTypeName(unsigned i);
  /// An extent or stride of the params: a literal, or the scalar it names.
  std::string number(int64_t code);
  std::string extent(llvm::StringRef name) {
    return number(kernel.param(name));
  }
  /// "Shape<2>{{s0, 4}}"; an extent of 1 where there are none.
  std::string shape(llvm::StringRef name);
  /// As many coordinates as `name` has extents.
  size_t rank(llvm::StringRef name) { return kernel.paramArray(name).size(); }
  double real(llvm::StringRef name) { return kernel.paramReal(name); }
  llvm::StringRef text(llvm::StringRef name) { return kernel.paramText(name); }
  bool flag(llvm::StringRef name) { return kernel.paramFlag(name); }
  /// The tag of what multiplies the operands of linear and attention: "tf32" or
  /// their type.
  llvm::StringRef math() { return mathTagOf(kernel); }
  /// The last argument of what blocks may share: ", Splits{...}", or nothing.
  std::string splits();

  bool hasRegion(unsigned i) { return i < kernel.getBodies().size(); }
  mlir::Block &region(unsigned i) { return kernel.getBodies()[i].front(); }
  /// A region that may be printed several times in one kernel.
  bool isShort(unsigned i) { return llvm::range_size(region(i)) <= 48; }
  mlir::Value yielded(unsigned i) {
    return region(i).getTerminator()->getOperand(0);
  }
  /// Of several: a Tuple.
  std::string yieldedTypeName(unsigned i);

  /// Adds `T name(PARAMETERS) const` with region `i`; `leading` has the C++ of
  /// the arguments before inputs and scalars.
  void method(unsigned i, llvm::StringRef name, llvm::StringRef parameters,
              llvm::ArrayRef<std::string> leading);
  /// A region in two phases: `Loads load(POSITION) const` and
  /// `T apply(const Loads &in, float x, POSITION) const`; `leading` as above,
  /// of which number `late` is x. The kernel stores the result as `stored`, or
  /// does something else with it.
  void twoPhases(unsigned i, llvm::StringRef position,
                 llvm::ArrayRef<std::string> leading, unsigned late,
                 mlir::Type stored = {});
  /// Region 0 of attention, see ScoreRegion.h.
  void score(bool packs);
  /// The same for `width` elements at once, from a multiple of it on along
  /// argument `along`: `LanesLoads lanes_load(POSITION) const`, `Lanes<T,
  /// width> lanes_apply(const LanesLoads &in, const Lanes<T, width> &x,
  /// POSITION) const` and `is_wide()`.
  void twoPhasesOfLanes(unsigned i, llvm::StringRef position,
                        llvm::ArrayRef<std::string> leading, unsigned late,
                        mlir::Type stored, unsigned along, unsigned width);
  /// `value(c)` with region 0 and `finish(x, c)` with region 1, or the value
  /// itself where there is none; `coordinates` is how many each gets.
  void valueAndFinish(size_t coordinates, size_t finishCoordinates);
  /// Adds `lanes_value(c)` for several elements along coordinate `along` of
  /// `coordinates` and `is_wide()`, if loads get wider by that, and gives how
  /// many, else 1. The last of `extents` counts along it. With
  /// `finishCoordinates` also `lanes_finish(x, c)` of as many; `anyEnd`: the
  /// line may end between multiples.
  unsigned lanes(size_t along, size_t coordinates, llvm::StringRef extents,
                 size_t finishCoordinates, bool anyEnd = false);

  /// Scalars that have to be multiples of the width where is_wide(): a bit
  /// each.
  uint64_t scalarsOfLanes = 0;

  /// What is added from here on are methods of one more functor, `End end`
  /// after `Body body`.
  void startEnd() { std::swap(methods, methodsOfBody); }

  /// The stub with `call` as the kernel's body.
  CudaStub finish(llvm::StringRef header, const std::string &call,
                  unsigned threads, unsigned sharedBytes = 0,
                  unsigned minBlocks = 1);
  /// The same; a block takes `tasks` of the grid's at a time.
  CudaStub finishTasks(unsigned tasks, llvm::StringRef header,
                       const std::string &call, unsigned threads,
                       unsigned sharedBytes = 0) {
    CudaStub stub = finish(header, call, threads, sharedBytes);
    stub.tasks = tasks;
    return stub;
  }

private:
  void addIsWide(const LaneNeeds &needs, unsigned width);
  bool lanesOf(unsigned width, size_t along, size_t coordinates, int64_t end,
               size_t finishCoordinates, bool anyEnd);
  std::vector<std::string> arguments(llvm::ArrayRef<std::string> leading);
  std::string methods;
  std::string methodsOfBody; ///< once there is an end
};

/// "c[0]", "c[1]", ...
std::vector<std::string> coordinateNames(size_t count);

/// The type of the elements that input `i` has in memory: of quantized weights
/// and zeros bytes and words, whatever these stand for; empty as
/// memoryTypeName.
llvm::StringRef inTypeName(plan::KernelOp kernel, unsigned i);
/// The same of output `i`; 8-bit floats are stored only.
llvm::StringRef outTypeName(plan::KernelOp kernel, unsigned i);
inline llvm::StringRef StubWriter::outTypeName(unsigned i) {
  return cuda::outTypeName(kernel, i);
}

// The families.
CudaStub printMap(StubWriter &w);
CudaStub printReduce(StubWriter &w);
CudaStub printScan(StubWriter &w);
CudaStub printSoftmax(StubWriter &w);
CudaStub printNorm(StubWriter &w);
CudaStub printAttention(StubWriter &w);
CudaStub printLinear(StubWriter &w);
CudaStub printQuantizedLinear(StubWriter &w);
/// Whether it can be, for a linear with a quantized weight.
bool canMultiplyQuantized(plan::KernelOp kernel);
CudaStub printArrange(StubWriter &w);
/// For sm_90a.
CudaStub printLinear90(StubWriter &w, const struct HopperLinear &choice);
CudaStub printLinearNorm90(StubWriter &w);
/// Whether pairs of what its regions load lie at multiples of two elements.
bool hasPairs(plan::KernelOp linearNorm);
/// Whether attention takes heads this wide.
bool hasAttention(int64_t d, int64_t dv);

} // namespace ingot::cuda
