// RUN: ingot-opt %s | ingot-opt | FileCheck %s
// RUN: ingot-opt %s --mlir-print-op-generic | ingot-opt | FileCheck %s

// CHECK-LABEL: @gather_elements
func.func @gather_elements(%x: tensor<4x8xf32>, %i: tensor<4x?xi32, #tfm.dims<4, n>>) -> tensor<4x?xf32, #tfm.dims<4, n>> {
  // CHECK: tfm.gather_elements %{{.*}}, %{{.*}} axis 1 : (tensor<4x8xf32>, tensor<4x?xi32, #tfm.dims<4, n>>) -> tensor<4x?xf32, #tfm.dims<4, n>>
  %0 = tfm.gather_elements %x, %i axis 1 : (tensor<4x8xf32>, tensor<4x?xi32, #tfm.dims<4, n>>) -> tensor<4x?xf32, #tfm.dims<4, n>>
  return %0 : tensor<4x?xf32, #tfm.dims<4, n>>
}
