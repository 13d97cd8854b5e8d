// RUN: ingot-opt %s | ingot-opt | FileCheck %s
// RUN: ingot-opt %s --mlir-print-op-generic | ingot-opt | FileCheck %s

// CHECK-LABEL: @tile
func.func @tile(%x: tensor<?x2xf32, #tfm.dims<n, 2>>) -> tensor<?x6xf32, #tfm.dims<2*n, 6>> {
  // CHECK: tfm.tile %{{.*}} : tensor<?x2xf32, #tfm.dims<n, 2>> -> tensor<?x6xf32, #tfm.dims<2*n, 6>>
  %0 = tfm.tile %x : tensor<?x2xf32, #tfm.dims<n, 2>> -> tensor<?x6xf32, #tfm.dims<2*n, 6>>
  return %0 : tensor<?x6xf32, #tfm.dims<2*n, 6>>
}
