//===- KernelChoice.h - What Choice.h says of a plan.kernel
//-----------------===//
#pragma once

#include "codegen/cpu/Choice.h"
#include "ir/plan/Plan.h"

#include <utility>
#include <vector>

namespace ingot::cpu {

LinearProblem linearProblemOf(plan::KernelOp kernel);
LinearChoice linearChoiceOf(plan::KernelOp kernel, const Isa &isa);
AttentionChoice attentionChoiceOf(plan::KernelOp kernel, const Isa &isa);

/// What people are told of a kernel: "choice" and "estimate"; nothing of other
/// families.
using KernelDetails = std::vector<std::pair<std::string, std::string>>;
KernelDetails detailsOf(plan::KernelOp kernel, const Isa &isa);

} // namespace ingot::cpu
