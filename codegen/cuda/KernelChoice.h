//===- KernelChoice.h - What Choice.h says of a plan.kernel
//-----------------===//
#pragma once

#include "codegen/cuda/LinearNormChoice.h"
#include "ir/plan/Plan.h"

namespace ingot::cuda {

/// A linear whose rows are f8E4M3FN, as its weight: for sm_90a alone.
bool multipliesF8(plan::KernelOp kernel);

/// The tag of what multiplies the operands of a linear or attention: "tf32",
/// "e4m3" or their type.
llvm::StringRef mathTagOf(plan::KernelOp kernel);

/// `canSplit`: it has a workspace, or may get one. `measured`: see
/// chooseLinear.
LinearChoice linearChoiceOf(plan::KernelOp kernel, bool canSplit,
                            std::optional<int64_t> measured = std::nullopt,
                            const Chip &chip = referenceChip());
/// For sm_90a.
std::optional<HopperLinear>
hopperLinearOf(plan::KernelOp kernel, bool canSplit,
               llvm::ArrayRef<HopperMeasured> measured = {});
/// Of a kernel of linear_norm.
LinearNormChoice linearNormChoiceOf(plan::KernelOp kernel);
/// The same of a linear and the norm of its rows; nothing where two kernels
/// take less.
std::optional<LinearNormChoice> chooseLinearNormOf(plan::KernelOp linear,
                                                   plan::KernelOp norm,
                                                   int64_t readBytes,
                                                   bool isRead);
AttentionChoice attentionChoiceOf(plan::KernelOp kernel, bool canSplit);
/// Whether keys and values of attention lie in pages.
bool hasPages(plan::KernelOp kernel);
/// Of q, k or v of attention ("q", ...): how many batch rows or pages, rows and
/// heads there are, in the order of its strides.
std::array<int64_t, 3> attentionExtentsOf(plan::KernelOp kernel,
                                          llvm::StringRef operand);
/// For sm_90a; nothing also where what is known of strides and pages is not
/// what the copy engine takes.
std::optional<HopperAttention> hopperAttentionOf(plan::KernelOp kernel,
                                                 bool canSplit);

} // namespace ingot::cuda
