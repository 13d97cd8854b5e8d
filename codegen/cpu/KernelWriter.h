//===- KernelWriter.h - What the kernel families share
//---------------------===//
//
// One plan.kernel being written: its arguments, the numbers in its params, its
// regions, and the loops over rows and vectors of elements.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "codegen/cpu/RegionEmitter.h"
#include "ir/plan/Plan.h"

namespace ingot::cpu {

struct TuningRecord;

class KernelWriter {
public:
  /// `values` as buildKernelModule gives them: task, outputs, inputs, scalars,
  /// scratch, status.
  KernelWriter(Emitter &e, plan::KernelOp kernel, mlir::ValueRange values);

  Emitter &e;
  plan::KernelOp kernel;
  mlir::Value task;                     ///< index
  const TuningRecord *record = nullptr; ///< what was measured, if anything

  mlir::Value out(unsigned i) { return outs[i]; }
  mlir::Value in(unsigned i) { return ins[i]; }
  mlir::Type outType(unsigned i) { return kernel.outType(i); }

  /// An extent or stride of the params: a number if >= 0, else scalar -1-k.
  mlir::Value number(int64_t code);
  bool has(llvm::StringRef param) { return kernel.getParams().contains(param); }
  mlir::Value extent(llvm::StringRef name) {
    return number(kernel.param(name));
  }
  llvm::SmallVector<mlir::Value> extents(llvm::StringRef name);
  double real(llvm::StringRef name) { return kernel.paramReal(name); }
  llvm::StringRef text(llvm::StringRef name) { return kernel.paramText(name); }
  bool flag(llvm::StringRef name) { return kernel.paramFlag(name); }

  bool hasRegion(unsigned i) { return i < kernel.getBodies().size(); }
  mlir::Block &region(unsigned i) { return kernel.getBodies()[i].front(); }
  mlir::Value yielded(unsigned i) {
    return region(i).getTerminator()->getOperand(0);
  }
  /// An evaluator of region `i` with its leading arguments bound.
  RegionEmitter evaluator(unsigned i, llvm::ArrayRef<Strand> leading,
                          mlir::Value mask);
  /// What region `i` yields.
  Strand evaluate(unsigned i, llvm::ArrayRef<Strand> leading, mlir::Value mask);

  /// Stores region scalars as elements of output `i` from element `at` (index)
  /// on: one if `single`, else the lanes of `mask`.
  void store(unsigned i, const Strand &value, mlir::Value at, mlir::Value mask,
             bool single = false);

  /// A scalar or lanes as output `i` has them in memory.
  mlir::Value stored(unsigned i, mlir::Value element);

  /// Stores what region 1 (the epilogue, where there is one) makes of `value`
  /// at the coordinates `leading` as lanes of output 0 from `at` on. Gives
  /// that.
  Strand storeEpilogue(mlir::Value value, llvm::ArrayRef<Strand> leading,
                       mlir::Value at, mlir::Value mask);

  /// for (at = from; at < to; at += lanes) body(at, mask): full vectors with a
  /// null mask, then at most one with the lanes that are left. `divisor` is
  /// known of `from`.
  using VectorBody = llvm::function_ref<void(Strand index, mlir::Value mask)>;
  void vectors(mlir::Value from, mlir::Value to, VectorBody body,
               int64_t divisor = 0);
  /// The same carrying values; the body returns the next ones.
  using CarryingBody = llvm::function_ref<llvm::SmallVector<mlir::Value>(
      Strand index, mlir::Value mask, mlir::ValueRange carried)>;
  llvm::SmallVector<mlir::Value> vectors(mlir::Value from, mlir::Value to,
                                         mlir::ValueRange init,
                                         CarryingBody body,
                                         int64_t divisor = 0);

  /// The sum over [0, to) of what `term` adds to its f32 vector; in several
  /// independent sums, so that the latency of an addition does not count.
  using SumBody = llvm::function_ref<mlir::Value(Strand index, mlir::Value mask,
                                                 mlir::Value sum)>;
  mlir::Value sumOver(mlir::Value to, SumBody term);

  /// The coordinates of row `row` in `dims`, row-major.
  llvm::SmallVector<Strand> coordinates(mlir::Value row,
                                        llvm::ArrayRef<mlir::Value> dims);
  mlir::Value product(llvm::ArrayRef<mlir::Value> dims);
  /// [task * chunk, min(total, (task + 1) * chunk))
  std::pair<mlir::Value, mlir::Value> share(mlir::Value total, int64_t chunk);

private:
  mlir::Value status;
  llvm::SmallVector<mlir::Value> outs, ins, scalars;
};

// The families, each in a file of its own: code for one task.
void emitMap(KernelWriter &w);
void emitReduce(KernelWriter &w);
void emitScan(KernelWriter &w);
void emitSoftmax(KernelWriter &w);
void emitNorm(KernelWriter &w);
void emitLinear(KernelWriter &w);
void emitAttention(KernelWriter &w);
void emitNonZero(KernelWriter &w);

} // namespace ingot::cpu
