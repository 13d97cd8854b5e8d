// RUN: ingot-opt %s | ingot-opt | FileCheck %s
// RUN: ingot-opt %s --mlir-print-op-generic | ingot-opt | FileCheck %s

// CHECK-LABEL: @broadcast
func.func @broadcast(%x: tensor<1x4xf32>) -> tensor<?x3x4xf32, #tfm.dims<batch, 3, 4>> {
  // CHECK: tfm.broadcast %{{.*}} : tensor<1x4xf32> -> tensor<?x3x4xf32, #tfm.dims<batch, 3, 4>>
  %0 = tfm.broadcast %x : tensor<1x4xf32> -> tensor<?x3x4xf32, #tfm.dims<batch, 3, 4>>
  return %0 : tensor<?x3x4xf32, #tfm.dims<batch, 3, 4>>
}
