// RUN: ingot-opt %s | ingot-opt | FileCheck %s
// RUN: ingot-opt %s --mlir-print-op-generic | ingot-opt | FileCheck %s

// CHECK-LABEL: @matmul
func.func @matmul(%x: tensor<?x1x?x32xf32, #tfm.dims<batch, 1, sequence, 32>>, %y: tensor<12x32x8xf32>) -> tensor<?x12x?x8xf32, #tfm.dims<batch, 12, sequence, 8>> {
  // CHECK: tfm.matmul %{{.*}}, %{{.*}} : (tensor<?x1x?x32xf32, #tfm.dims<batch, 1, sequence, 32>>, tensor<12x32x8xf32>) -> tensor<?x12x?x8xf32, #tfm.dims<batch, 12, sequence, 8>>
  %0 = tfm.matmul %x, %y : (tensor<?x1x?x32xf32, #tfm.dims<batch, 1, sequence, 32>>, tensor<12x32x8xf32>) -> tensor<?x12x?x8xf32, #tfm.dims<batch, 12, sequence, 8>>
  return %0 : tensor<?x12x?x8xf32, #tfm.dims<batch, 12, sequence, 8>>
}
