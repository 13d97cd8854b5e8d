// RUN: ingot-opt %s | ingot-opt | FileCheck %s
// RUN: ingot-opt %s --mlir-print-op-generic | ingot-opt | FileCheck %s

// CHECK-LABEL: @nonzero
func.func @nonzero(%x: tensor<2x?xi64, #tfm.dims<2, sequence>>, %y: tensor<4xi1>) {
  // CHECK: %{{.*}}:2 = tfm.nonzero %{{.*}} : (tensor<2x?xi64, #tfm.dims<2, sequence>>) -> (tensor<?xi64, #tfm.dims<n>>, tensor<?xi64, #tfm.dims<n>>)
  %b, %s = tfm.nonzero %x : (tensor<2x?xi64, #tfm.dims<2, sequence>>) -> (tensor<?xi64, #tfm.dims<n>>, tensor<?xi64, #tfm.dims<n>>)
  // CHECK: tfm.nonzero %{{.*}} : (tensor<4xi1>) -> tensor<3xi64>
  %i = tfm.nonzero %y : (tensor<4xi1>) -> tensor<3xi64>
  return
}
