// RUN: ingot-opt %s | ingot-opt | FileCheck %s
// RUN: ingot-opt %s --mlir-print-op-generic | ingot-opt | FileCheck %s

// CHECK-LABEL: @select
func.func @select(%c: tensor<?x1xi1, #tfm.dims<batch, 1>>, %x: tensor<4xf32>, %y: tensor<f32>) -> tensor<?x4xf32, #tfm.dims<batch, 4>> {
  // CHECK: tfm.select %{{.*}}, %{{.*}}, %{{.*}} : (tensor<?x1xi1, #tfm.dims<batch, 1>>, tensor<4xf32>, tensor<f32>) -> tensor<?x4xf32, #tfm.dims<batch, 4>>
  %0 = tfm.select %c, %x, %y : (tensor<?x1xi1, #tfm.dims<batch, 1>>, tensor<4xf32>, tensor<f32>) -> tensor<?x4xf32, #tfm.dims<batch, 4>>
  return %0 : tensor<?x4xf32, #tfm.dims<batch, 4>>
}
