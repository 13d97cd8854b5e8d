// RUN: ingot-opt %s | ingot-opt | FileCheck %s
// RUN: ingot-opt %s --mlir-print-op-generic | ingot-opt | FileCheck %s

// CHECK-LABEL: @shape
func.func @shape() -> (tensor<4xi64>, tensor<i32>, tensor<0xi64>) {
  // CHECK: tfm.symbolic <batch, 12, sequence, 32> : tensor<4xi64>
  %0 = tfm.symbolic <batch, 12, sequence, 32> : tensor<4xi64>
  // CHECK: tfm.symbolic <past + sequence> : tensor<i32>
  %1 = tfm.symbolic <past + sequence> : tensor<i32>
  // CHECK: tfm.symbolic <> : tensor<0xi64>
  %2 = tfm.symbolic <> : tensor<0xi64>
  return %0, %1, %2 : tensor<4xi64>, tensor<i32>, tensor<0xi64>
}
