// RUN: ingot-opt %s | ingot-opt | FileCheck %s
// RUN: ingot-opt %s --mlir-print-op-generic | ingot-opt | FileCheck %s

// CHECK-LABEL: @symbol
func.func @symbol() -> i64 {
  // CHECK: tfm.symbol <past + sequence>
  %0 = tfm.symbol <sequence + past>
  return %0 : i64
}
