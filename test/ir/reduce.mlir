// RUN: ingot-opt %s | ingot-opt | FileCheck %s
// RUN: ingot-opt %s --mlir-print-op-generic | ingot-opt | FileCheck %s

// CHECK-LABEL: @reduce
func.func @reduce(%x: tensor<?x3x4xf32, #tfm.dims<batch, 3, 4>>) -> (tensor<?x1x4xf32, #tfm.dims<batch, 1, 4>>, tensor<3xf32>, tensor<?x3x4xf32, #tfm.dims<batch, 3, 4>>) {
  // CHECK: tfm.reduce mean %{{.*}} axes [1] keepdims : tensor<?x3x4xf32, #tfm.dims<batch, 3, 4>> -> tensor<?x1x4xf32, #tfm.dims<batch, 1, 4>>
  %0 = tfm.reduce mean %x axes [1] keepdims : tensor<?x3x4xf32, #tfm.dims<batch, 3, 4>> -> tensor<?x1x4xf32, #tfm.dims<batch, 1, 4>>
  // CHECK: tfm.reduce l2 %{{.*}} axes [0, 2] : tensor<?x3x4xf32, #tfm.dims<batch, 3, 4>> -> tensor<3xf32>
  %1 = tfm.reduce l2 %x axes [0, 2] : tensor<?x3x4xf32, #tfm.dims<batch, 3, 4>> -> tensor<3xf32>
  // CHECK: tfm.reduce sum %{{.*}} axes [] :
  %2 = tfm.reduce sum %x axes [] : tensor<?x3x4xf32, #tfm.dims<batch, 3, 4>> -> tensor<?x3x4xf32, #tfm.dims<batch, 3, 4>>
  return %0, %1, %2 : tensor<?x1x4xf32, #tfm.dims<batch, 1, 4>>, tensor<3xf32>, tensor<?x3x4xf32, #tfm.dims<batch, 3, 4>>
}
