// All ops of the tfm dialect, by file.
#ifndef INGOT_TFM_OPS
#define INGOT_TFM_OPS

include "ir/tfm/TfmBase.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

include "ir/tfm/TfmModuleOps.td"
include "ir/tfm/TfmPlainOps.td"
include "ir/tfm/TfmQuantOps.td"
include "ir/tfm/TfmViewOps.td"
include "ir/tfm/TfmTransformerOps.td"
include "ir/tfm/TfmScalarOps.td"

#endif
