//===- KernelChoice.h - What Choice.h says of a plan.kernel
//-----------------===//
#pragma once

#include "codegen/cpu/Choice.h"
#include "codegen/cpu/Tuning.h"
#include "ir/plan/Plan.h"

#include <utility>
#include <vector>

namespace ingot::cpu {

LinearProblem linearProblemOf(plan::KernelOp kernel);
/// The number of the record's rule for a linear; nothing, too, without a
/// record or of a quantized weight.
std::optional<size_t> ruleOf(plan::KernelOp kernel, const TuningRecord *record);
LinearChoice linearChoiceOf(plan::KernelOp kernel, const Isa &isa,
                            const TuningRecord *record = nullptr);
AttentionChoice attentionChoiceOf(plan::KernelOp kernel, const Isa &isa);

/// What people are told of a kernel: "choice" and "estimate", and "record"
/// where a rule of it counts; nothing of other families.
using KernelDetails = std::vector<std::pair<std::string, std::string>>;
KernelDetails detailsOf(plan::KernelOp kernel, const Isa &isa,
                        const TuningRecord *record = nullptr);

/// Gives the linears of a plan the rows a task that a record says, and their
/// launches grids for it.
void setTaskRows(mlir::ModuleOp module, const TuningRecord &record);

} // namespace ingot::cpu
