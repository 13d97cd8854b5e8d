// RUN: ingot-opt %s | ingot-opt | FileCheck %s
// RUN: ingot-opt %s --mlir-print-op-generic | ingot-opt | FileCheck %s

// CHECK-LABEL: @pad
func.func @pad(%x: tensor<?x4xf32, #tfm.dims<n, 4>>, %v: tensor<f32>) -> (tensor<?x4xf32, #tfm.dims<n + 3, 4>>, tensor<?x3xf32, #tfm.dims<n, 3>>) {
  // CHECK: tfm.pad constant %{{.*}}, %{{.*}} low <1, 0> high <2, 0> : (tensor<?x4xf32, #tfm.dims<n, 4>>, tensor<f32>) -> tensor<?x4xf32, #tfm.dims<n + 3, 4>>
  %0 = tfm.pad constant %x, %v low <1, 0> high <2, 0> : (tensor<?x4xf32, #tfm.dims<n, 4>>, tensor<f32>) -> tensor<?x4xf32, #tfm.dims<n + 3, 4>>
  // CHECK: tfm.pad edge %{{.*}} low <0, -2> high <0, 1> : (tensor<?x4xf32, #tfm.dims<n, 4>>) -> tensor<?x3xf32, #tfm.dims<n, 3>>
  %1 = tfm.pad edge %x low <0, -2> high <0, 1> : (tensor<?x4xf32, #tfm.dims<n, 4>>) -> tensor<?x3xf32, #tfm.dims<n, 3>>
  return %0, %1 : tensor<?x4xf32, #tfm.dims<n + 3, 4>>, tensor<?x3xf32, #tfm.dims<n, 3>>
}
