// RUN: ingot-opt %s | ingot-opt | FileCheck %s
// RUN: ingot-opt %s --mlir-print-op-generic | ingot-opt | FileCheck %s

// CHECK-LABEL: @gather
func.func @gather(%table: tensor<100x8xf32>, %ids: tensor<?x?xi64, #tfm.dims<batch, sequence>>) -> tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>> {
  // CHECK: tfm.gather %{{.*}}, %{{.*}} axis 0 : (tensor<100x8xf32>, tensor<?x?xi64, #tfm.dims<batch, sequence>>) -> tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>>
  %0 = tfm.gather %table, %ids axis 0 : (tensor<100x8xf32>, tensor<?x?xi64, #tfm.dims<batch, sequence>>) -> tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>>
  return %0 : tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>>
}
