// RUN: ingot-opt %s | ingot-opt | FileCheck %s
// RUN: ingot-opt %s --mlir-print-op-generic | ingot-opt | FileCheck %s

// CHECK-LABEL: @gather_nd
func.func @gather_nd(%x: tensor<?x5x6x7xf32, #tfm.dims<batch, 5, 6, 7>>, %i: tensor<?x3x2xi64, #tfm.dims<batch, 3, 2>>) -> tensor<?x3x7xf32, #tfm.dims<batch, 3, 7>> {
  // CHECK: tfm.gather_nd %{{.*}}, %{{.*}} batch_dims 1 : (tensor<?x5x6x7xf32, #tfm.dims<batch, 5, 6, 7>>, tensor<?x3x2xi64, #tfm.dims<batch, 3, 2>>) -> tensor<?x3x7xf32, #tfm.dims<batch, 3, 7>>
  %0 = tfm.gather_nd %x, %i batch_dims 1 : (tensor<?x5x6x7xf32, #tfm.dims<batch, 5, 6, 7>>, tensor<?x3x2xi64, #tfm.dims<batch, 3, 2>>) -> tensor<?x3x7xf32, #tfm.dims<batch, 3, 7>>
  return %0 : tensor<?x3x7xf32, #tfm.dims<batch, 3, 7>>
}
