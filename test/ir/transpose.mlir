// RUN: ingot-opt %s | ingot-opt | FileCheck %s
// RUN: ingot-opt %s --mlir-print-op-generic | ingot-opt | FileCheck %s

// CHECK-LABEL: @transpose
func.func @transpose(%x: tensor<?x?x12x64xf32, #tfm.dims<batch, sequence, 12, 64>>) -> tensor<?x12x?x64xf32, #tfm.dims<batch, 12, sequence, 64>> {
  // CHECK: tfm.transpose %{{.*}} perm [0, 2, 1, 3] : tensor<?x?x12x64xf32, #tfm.dims<batch, sequence, 12, 64>> -> tensor<?x12x?x64xf32, #tfm.dims<batch, 12, sequence, 64>>
  %0 = tfm.transpose %x perm [0, 2, 1, 3] : tensor<?x?x12x64xf32, #tfm.dims<batch, sequence, 12, 64>> -> tensor<?x12x?x64xf32, #tfm.dims<batch, 12, sequence, 64>>
  return %0 : tensor<?x12x?x64xf32, #tfm.dims<batch, 12, sequence, 64>>
}

// CHECK-LABEL: @scalar
func.func @scalar(%x: tensor<f32>) -> tensor<f32> {
  // CHECK: tfm.transpose %{{.*}} perm [] : tensor<f32> -> tensor<f32>
  %0 = tfm.transpose %x perm [] : tensor<f32> -> tensor<f32>
  return %0 : tensor<f32>
}
