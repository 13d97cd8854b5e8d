//===- Diagnostics.h - What is wrong, on stderr ---------------------------===//
#pragma once

#include "mlir/IR/Diagnostics.h"

namespace ingot::cli {

/// Prints the context's diagnostics while it lives: one line each, and a line a
/// note, as "error: PLACE: words". What was just said is not said again.
class DiagnosticPrinter {
public:
  explicit DiagnosticPrinter(mlir::MLIRContext &context);

  /// Says nothing while muted, for an attempt that may fail.
  void mute(bool on) { isMuted = on; }

private:
  std::string last;
  bool isMuted = false;
  mlir::ScopedDiagnosticHandler handler;
};

/// Where a diagnostic points, as people say it: a node's name, or FILE:LINE.
/// Empty where nothing is known.
std::string placeOf(mlir::Location loc);

} // namespace ingot::cli
