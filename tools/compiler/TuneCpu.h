//===- TuneCpu.h - `ingot compile --tune`: linears measured here ----------===//
//
// Each linear of a plan, bare, is compiled as Choice.h would and with other
// rows a task, register tiles and depths, and runs on this machine: at its
// rows, or at 16, 128 and 1024, by one thread and by all. What is at least 3 %
// faster on the whole, and nowhere 3 % slower, in a second round too, becomes a
// rule of a tuning record. Candidates differ in time only; where AMX tiles take
// few rows by vectors, other rows a task change last bits.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "codegen/cpu/Tuning.h"
#include "ir/plan/Plan.h"

namespace ingot::cli {

/// Seconds that all of it may measure, at most; compiling comes on top.
inline constexpr double kTuneSeconds = 60;

/// The highest of `levels` that this machine runs.
std::optional<cpu::IsaLevel> levelHere(llvm::ArrayRef<cpu::IsaLevel> levels);

/// The record for `kernels` on this machine. Says on stderr what it measures.
/// Nothing after a complaint.
std::optional<cpu::TuningRecord> tuneCpu(llvm::ArrayRef<plan::KernelOp> kernels,
                                         cpu::IsaLevel level, unsigned jobs);

} // namespace ingot::cli
