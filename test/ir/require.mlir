// RUN: ingot-opt %s | ingot-opt | FileCheck %s
// RUN: ingot-opt %s --mlir-print-op-generic | ingot-opt | FileCheck %s

// CHECK-LABEL: @requirements
func.func @requirements() {
  // CHECK: tfm.require le <sequence, 512> "position table of node 'Slice_12'"
  tfm.require le <sequence, 512> "position table of node 'Slice_12'"
  // CHECK: tfm.require eq <total, past + sequence> "mask of node 'Add_3'"
  tfm.require eq <total, past + sequence> "mask of node 'Add_3'"
  return
}
