//===- Report.h - Everything in a model that is not supported -------------===//
#pragma once

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Location.h"

#include <string>
#include <vector>

namespace ingot::onnx {

/// One thing of a model that cannot be imported.
struct Refusal {
  mlir::Location loc;
  std::string what;     ///< "Einsum (opset 17)", "input"
  std::string name;     ///< of the node or value
  std::string operands; ///< "f32[batch, 4], i64[2]"
  std::string reason;
  std::string nearest; ///< what is supported and comes closest, or ""
};

class Report {
public:
  void add(Refusal refusal) { refusals.push_back(std::move(refusal)); }
  bool empty() const { return refusals.empty(); }
  /// One error with a note for each refusal.
  void emit(mlir::Location model, size_t numNodes) const;

private:
  std::vector<Refusal> refusals;
};

} // namespace ingot::onnx
