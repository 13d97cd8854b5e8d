//===- RegionEmitter.h - Scalar regions as vector code
//---------------------===//
//
// Emits what a region of a plan.kernel yields for a vector of elements. Loads
// become broadcasts, vector loads or gathers by the stride of their offset. A
// value that `tfm.choose` may not choose is computed under its condition: its
// loads are masked, its index checks silent.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "codegen/cpu/Strand.h"
#include "ir/tfm/Tfm.h"
#include "llvm/ADT/DenseSet.h"

namespace ingot::cpu {

/// The type elements of `type` have in memory: i1 is a byte, as are two of 4
/// bits; the rest itself without signedness.
mlir::Type memoryType(mlir::Type type);

/// A tensor argument of a region.
struct TensorBuffer {
  mlir::Value memory; ///< flat memref of the memory type
  mlir::Type element; ///< as the kernel declares it
};

class RegionEmitter {
public:
  /// `tail` masks the lanes that exist, null for all. `status` is the kernel's.
  RegionEmitter(Emitter &e, mlir::Value status, mlir::Value tail = {});

  void bind(mlir::Value argument, Strand strand);
  /// The argument is a coordinate: it is not negative.
  void bindIndex(mlir::Value argument, Strand strand);
  void bind(mlir::Value argument, TensorBuffer buffer);
  /// The value of `value`, in the lanes that exist.
  Strand evaluate(mlir::Value value) { return evaluate(value, kRoot); }

private:
  /// Conditions under which values are needed, as a tree; the root is the tail.
  struct Guard {
    int parent;
    mlir::Value source; ///< the region's i1, null for the root
    Strand condition;   ///< its value here
    bool negated;
    mlir::Value lanes; ///< vector of i1, made when first asked for
  };
  static constexpr int kRoot = 0;

  int guarded(int parent, mlir::Value source, Strand condition, bool negated);
  mlir::Value maskOf(int guard); ///< null: all lanes
  mlir::Value anyOf(int guard);  ///< i1, null: always
  /// What a value's computation holds that makes it depend on the guard.
  struct Traits {
    bool reads = false;  ///< loads and index checks
    bool clamps = false; ///< integer min and max, which a guard may make moot
  };
  Traits traitsOf(mlir::Value value);
  /// The operand that an integer min or max is under the guard, or null.
  mlir::Value unclamped(tfm::ApplyOp op, int guard);
  Strand evaluate(mlir::Value value, int guard);
  Strand define(mlir::Operation *op, int guard);
  Strand load(tfm::LoadOp op, int guard);
  Strand loadOf(const TensorBuffer &buffer, Strand offset, int guard);
  Strand check(tfm::CheckIndexOp op, int guard);
  void report(mlir::Value bad, mlir::Value index, mlir::Value limit);
  Strand widen(mlir::Value loaded, mlir::Type element);

  Emitter &e;
  mlir::Value status;
  llvm::SmallVector<Guard> guards;
  llvm::DenseMap<std::pair<mlir::Value, int>, Strand> known;
  llvm::DenseMap<mlir::Value, TensorBuffer> buffers;
  llvm::DenseMap<mlir::Value, Traits> traits;
  llvm::SmallDenseSet<mlir::Value> indices;
};

} // namespace ingot::cpu
