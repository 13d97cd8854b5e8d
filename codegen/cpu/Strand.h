//===- Strand.h - A scalar of a region over the lanes of a vector
//----------===//
//
// Regions say what one element computes; kernels compute a vector of elements
// along one index. Each scalar then is one value for all lanes, or an integer
// that grows by a step from lane to lane (indices, offsets: kept as scalars so
// that loads know their stride), or a vector.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "codegen/cpu/Emitter.h"
#include "ir/scalar/ScalarOps.h"

namespace ingot::cpu {

struct Strand {
  /// A scalar (of all lanes, or of lane 0 if there is a step), or a vector.
  mlir::Value value;
  /// i64: lane l has value + l * step. Null if uniform or a vector.
  mlir::Value step;
  /// `value` is a multiple of this; 0 stands for the value zero. Scalars only.
  int64_t divisor = 1;

  bool isVector() const { return llvm::isa<mlir::VectorType>(value.getType()); }
  bool isUniform() const { return !step && !isVector(); }
  mlir::Type element() const {
    return mlir::getElementTypeOrSelf(value.getType());
  }
};

/// `value` in all lanes; i64 or index, f32 or i1.
Strand uniform(Emitter &e, mlir::Value value, int64_t divisor = 1);
/// The index whose lane 0 is `first`: first, first + 1, ...
Strand consecutive(Emitter &e, mlir::Value first, int64_t divisor = 1);
/// The constant a strand is in all lanes, or its step, if known.
std::optional<int64_t> constantOf(mlir::Value scalar);

/// All lanes as a vector of the target's length.
mlir::Value lanesOf(Emitter &e, const Strand &strand);

Strand applyStrands(Emitter &e, ScalarOp op, llvm::ArrayRef<Strand> operands);
Strand convertStrand(Emitter &e, const Strand &strand, mlir::Type element);
Strand chooseStrand(Emitter &e, const Strand &condition, const Strand &yes,
                    const Strand &no);

} // namespace ingot::cpu
