//===- Targets.h - What `ingot compile` makes code for
//---------------------===//
#pragma once

#include <string>
#include <vector>

namespace ingot::cli {

struct Targets {
  bool x86 = true;
  /// Architectures of images, in the order that the runtime tries them:
  /// "sm_90", "sm_80", then PTX, "compute_80".
  std::vector<std::string> archs;

  bool hasCuda() const { return !archs.empty(); }
  /// As passes name them.
  std::vector<std::string> plans() const;
};

/// Reads "sm_80,x86-64", in any order. Returns 0, else the exit code after a
/// complaint.
int parseTargets(const char *text, Targets &targets);

} // namespace ingot::cli
