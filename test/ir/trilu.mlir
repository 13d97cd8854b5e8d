// RUN: ingot-opt %s | ingot-opt | FileCheck %s
// RUN: ingot-opt %s --mlir-print-op-generic | ingot-opt | FileCheck %s

// CHECK-LABEL: @trilu
func.func @trilu(%x: tensor<4x?xi1, #tfm.dims<4, n>>) -> tensor<4x?xi1, #tfm.dims<4, n>> {
  // CHECK: tfm.trilu upper %{{.*}} diagonal <1> : tensor<4x?xi1, #tfm.dims<4, n>>
  %0 = tfm.trilu upper %x diagonal <1> : tensor<4x?xi1, #tfm.dims<4, n>>
  // CHECK: tfm.trilu %{{.*}} diagonal <past> : tensor<4x?xi1, #tfm.dims<4, n>>
  %1 = tfm.trilu %0 diagonal <past> : tensor<4x?xi1, #tfm.dims<4, n>>
  return %1 : tensor<4x?xi1, #tfm.dims<4, n>>
}
