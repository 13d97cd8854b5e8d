// RUN: ingot-opt %s | ingot-opt | FileCheck %s
// RUN: ingot-opt %s --mlir-print-op-generic | ingot-opt | FileCheck %s

// CHECK-LABEL: @cumsum
func.func @cumsum(%x: tensor<2x?xi64, #tfm.dims<2, sequence>>) -> tensor<2x?xi64, #tfm.dims<2, sequence>> {
  // CHECK: tfm.cumsum %{{.*}} axis 1 : tensor<2x?xi64, #tfm.dims<2, sequence>>
  %0 = tfm.cumsum %x axis 1 : tensor<2x?xi64, #tfm.dims<2, sequence>>
  // CHECK: tfm.cumsum %{{.*}} axis 0 exclusive reverse : tensor<2x?xi64, #tfm.dims<2, sequence>>
  %1 = tfm.cumsum %0 axis 0 exclusive reverse : tensor<2x?xi64, #tfm.dims<2, sequence>>
  return %1 : tensor<2x?xi64, #tfm.dims<2, sequence>>
}
