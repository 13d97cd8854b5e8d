#include "frontend/onnx/Report.h"

using namespace mlir;

namespace ingot::onnx {

void Report::emit(Location model, size_t numNodes) const {
  InFlightDiagnostic diagnostic = emitError(model)
                                  << refusals.size() << " of " << numNodes
                                  << " nodes and values "
                                  << (refusals.size() == 1 ? "is" : "are")
                                  << " not supported";
  for (const Refusal &refusal : refusals) {
    Diagnostic &note = diagnostic.attachNote(refusal.loc);
    note << refusal.what << " '" << refusal.name << "'";
    if (!refusal.operands.empty())
      note << " of (" << refusal.operands << ")";
    note << ": " << refusal.reason;
    if (!refusal.nearest.empty())
      note << "; nearest is " << refusal.nearest;
  }
}

} // namespace ingot::onnx
