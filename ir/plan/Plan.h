//===- Plan.h - The plan dialect: how it runs
//------------------------------===//
#pragma once

#include "ir/tfm/Tfm.h"

namespace ingot::plan {
using tfm::parseWord;
using tfm::printWord;

/// Columns of a panel of the weight layout "panels48": one for all levels of
/// x86-64.
inline constexpr int64_t kPanelColumns = 48;

/// The one state there is: what blocks that share a task count in.
inline constexpr int64_t kCountersState = 0;
inline constexpr const char *kCountersName = "counters";

/// A matrix [K, N] in layout "panels48": [count][steps][48][interleave], padded
/// with zeros. Elements of 16 bits lie in pairs along K, which one instruction
/// multiplies; those of 4 bits, too: a byte has two, the low half the first.
struct PanelShape {
  int64_t count, steps, interleave;
  int64_t elementBits;
  int64_t bytes() const { ///< of a panel
    return steps * kPanelColumns * interleave * elementBits / 8;
  }
};
PanelShape panelShape(mlir::RankedTensorType type);

/// Whether kernels for x86-64 multiply by a quantized weight [K, N] of that
/// type and block along K as it is stored: 8 or 4 bits; a block that is not all
/// of K is even (of 4 bits two share a byte) and fits parts of 256.
bool multipliesQuantized(mlir::RankedTensorType weight, int64_t block);
/// Steps along K of such a weight that are dequantized at once.
inline constexpr int64_t kQuantizedDepth = 256;

/// What a quantized weight [K, N] becomes for cuda, as QuantFormat of
/// codegen/cuda/kernels/quant.cuh counts it.
struct ArrangedShape {
  int64_t weightBytes;
  int64_t scales;    ///< of 4 bytes
  int64_t zeroWords; ///< of 4 bytes
};
/// Of weights of that many bits with a block that `canArrange`.
ArrangedShape arrangedShape(unsigned bits, int64_t k, int64_t n, int64_t block);
/// Whether there is such an order: a block is all of K, or a multiple of 16
/// that divides the rows of a unit of 16 bytes or is a multiple of them.
bool canArrange(unsigned bits, int64_t k, int64_t block);
} // namespace ingot::plan

#include "ir/plan/PlanDialect.h.inc"
#include "ir/plan/PlanEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "ir/plan/PlanAttrs.h.inc"

#define GET_TYPEDEF_CLASSES
#include "ir/plan/PlanTypes.h.inc"

#define GET_OP_CLASSES
#include "ir/plan/PlanOps.h.inc"
