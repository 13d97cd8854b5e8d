// RUN: ingot-opt %s | ingot-opt | FileCheck %s
// RUN: ingot-opt %s --mlir-print-op-generic | ingot-opt | FileCheck %s

// CHECK-LABEL: @constants
func.func @constants() -> (tensor<2xi64>, tensor<f32>, tensor<1000xi1>) {
  // CHECK: tfm.constant dense<[1, -2]> : tensor<2xi64>
  %0 = tfm.constant dense<[1, -2]> : tensor<2xi64>
  // CHECK: tfm.constant dense<2.500000e-01> : tensor<f32>
  %1 = tfm.constant dense<0.25> : tensor<f32>
  // CHECK: tfm.constant dense<true> : tensor<1000xi1>
  %2 = tfm.constant dense<true> : tensor<1000xi1>
  return %0, %1, %2 : tensor<2xi64>, tensor<f32>, tensor<1000xi1>
}
