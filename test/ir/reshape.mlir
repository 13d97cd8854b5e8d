// RUN: ingot-opt %s | ingot-opt | FileCheck %s
// RUN: ingot-opt %s --mlir-print-op-generic | ingot-opt | FileCheck %s

// CHECK-LABEL: @reshape
func.func @reshape(%x: tensor<?x?x768xf32, #tfm.dims<batch, sequence, 768>>) -> tensor<?x12x64xf32, #tfm.dims<batch*sequence, 12, 64>> {
  // CHECK: tfm.reshape %{{.*}} : tensor<?x?x768xf32, #tfm.dims<batch, sequence, 768>> -> tensor<?x12x64xf32, #tfm.dims<batch*sequence, 12, 64>>
  %0 = tfm.reshape %x : tensor<?x?x768xf32, #tfm.dims<batch, sequence, 768>> -> tensor<?x12x64xf32, #tfm.dims<sequence*batch, 12, 64>>
  return %0 : tensor<?x12x64xf32, #tfm.dims<batch*sequence, 12, 64>>
}

// Counts that are equal by assumption.
// CHECK-LABEL: @assumed
func.func @assumed(%x: tensor<?x4xf32, #tfm.dims<batch, 4>>) -> tensor<?x8xf32, #tfm.dims<rows, 8>> {
  tfm.require eq <4*batch, 8*rows> "node 'Reshape_0'"
  // CHECK: tfm.reshape
  %0 = tfm.reshape %x : tensor<?x4xf32, #tfm.dims<batch, 4>> -> tensor<?x8xf32, #tfm.dims<rows, 8>>
  return %0 : tensor<?x8xf32, #tfm.dims<rows, 8>>
}
