//===- Passes.h - tfm to tfm to plan
//---------------------------------------===//
#pragma once

#include "ir/plan/Plan.h"
#include "ir/tfm/Tfm.h"

#include "mlir/Pass/Pass.h"

namespace ingot {

/// Of a function that is for one target alone: the target, the function it
/// stands for, and the precision of its products.
inline constexpr llvm::StringLiteral kTargetAttr = "tfm.target",
                                     kEntryAttr = "tfm.entry",
                                     kPrecisionAttr = "tfm.precision";

/// Of attention over rows of several sequences: how many there are. Says what
/// it costs.
inline constexpr llvm::StringLiteral kSequencesAttr = "tfm.sequences";

#define GEN_PASS_DECL
#include "passes/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "passes/Passes.h.inc"

} // namespace ingot
