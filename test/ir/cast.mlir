// RUN: ingot-opt %s | ingot-opt | FileCheck %s
// RUN: ingot-opt %s --mlir-print-op-generic | ingot-opt | FileCheck %s

// CHECK-LABEL: @cast
func.func @cast(%x: tensor<?xi64, #tfm.dims<batch>>) -> tensor<?xui8, #tfm.dims<batch>> {
  // CHECK: tfm.cast %{{.*}} : tensor<?xi64, #tfm.dims<batch>> -> tensor<?xf8E4M3FN, #tfm.dims<batch>>
  %0 = tfm.cast %x : tensor<?xi64, #tfm.dims<batch>> -> tensor<?xf8E4M3FN, #tfm.dims<batch>>
  // CHECK: tfm.cast %{{.*}} : tensor<?xf8E4M3FN, #tfm.dims<batch>> -> tensor<?xui8, #tfm.dims<batch>>
  %1 = tfm.cast %0 : tensor<?xf8E4M3FN, #tfm.dims<batch>> -> tensor<?xui8, #tfm.dims<batch>>
  return %1 : tensor<?xui8, #tfm.dims<batch>>
}
