//===- Targets.h - What `ingot compile` makes code for
//---------------------===//
#pragma once

#include "codegen/cpu/Isa.h"
#include "passes/Pipelines.h"

#include <string>
#include <vector>

namespace ingot::cli {

struct Targets {
  bool x86 = true;
  /// Architectures of images, in the order that the runtime tries them:
  /// "sm_90", "sm_80", then PTX, "compute_80".
  std::vector<std::string> archs;

  std::string x86Precision = "f32", cudaPrecision = "f32";
  /// Code for CPUs without bf16 too: exact products, slower than f32.
  bool emulateBf16 = false;

  bool hasCuda() const { return !archs.empty(); }
  /// As passes name them.
  std::vector<PlanTarget> plans() const;
  std::vector<cpu::IsaLevel> levels() const;
};

/// Reads "sm_80,x86-64", in any order. Returns 0, else the exit code after a
/// complaint.
int parseTargets(const char *text, Targets &targets);
/// Reads "bf16", of all targets, or "sm_80:bf16,x86-64:f32" into targets that
/// are known already. Returns as parseTargets.
int parsePrecision(const char *text, Targets &targets);

} // namespace ingot::cli
