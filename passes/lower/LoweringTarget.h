//===- LoweringTarget.h - What the lowering decides by target
//--------------===//
#pragma once

#include "mlir/IR/BuiltinTypes.h"

namespace ingot {

/// Tasks of a `linear` kernel.
struct LinearTasks {
  int64_t rows, columns;
  /// Columns a task where there are few rows; 0: the same.
  int64_t columnsOfFewRows = 0;
};

struct LoweringTarget {
  /// Of the programs: "x86-64" or "cuda".
  llvm::StringRef name;
  /// How the weight of a linear lies in the artifact, and how kernels read it.
  /// Where these differ, init launches bring it from one into the other.
  llvm::StringRef storedLayout, linearLayout;
  /// Every element (or row) is a task, and the grid has one dim: blocks take as
  /// many as suit their kernel. Else tasks are chunks.
  bool hasFineTasks;
  /// Attention reads keys and values from pages of a cache; else they are put
  /// one after the other first.
  bool readsPages;
  /// Kernels read quantized weights as init launches arrange them
  /// (plan::ArrangedShape), from panels or plain; else in the stored layout.
  bool arrangesQuantized;
  /// Kernels round to 8-bit floats where they store them; else their regions
  /// compute bytes.
  bool storesFloat8;
  /// The precision of the target, and of the one whose stored layout it shares.
  std::string precision = "f32", storedPrecision = "f32";

  /// Whether kernels multiply `input` by a quantized weight [K, N] with that
  /// block; else it is dequantized when compiling.
  bool multipliesQuantized(mlir::Type input, mlir::RankedTensorType weight,
                           int64_t block) const;
  /// How a quantized weight lies in the artifact.
  llvm::StringRef quantizedLayout() const {
    return storedLayout == "panels48" ? storedLayout : "plain";
  }
  LinearTasks linearTasks(int64_t columns) const;
  /// Query rows that a task of attention takes.
  int64_t attentionRows(int64_t headDim) const;

  static LoweringTarget x86();
  /// With code for x86-64 in the same artifact weights lie as that wants them.
  static LoweringTarget cuda(bool besideX86);
};

/// The targets of those names, each once, at the precision that `precisionOf`
/// says.
llvm::SmallVector<LoweringTarget>
loweringTargets(llvm::ArrayRef<std::string> names,
                llvm::function_ref<std::string(llvm::StringRef)> precisionOf);

} // namespace ingot
