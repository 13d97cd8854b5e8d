// RUN: ingot-opt %s | ingot-opt | FileCheck %s
// RUN: ingot-opt %s --mlir-print-op-generic | ingot-opt | FileCheck %s

// CHECK-LABEL: @softmax
func.func @softmax(%x: tensor<2x?xf16, #tfm.dims<2, keys>>) -> tensor<2x?xf16, #tfm.dims<2, keys>> {
  // CHECK: tfm.softmax %{{.*}} axis 1 : tensor<2x?xf16, #tfm.dims<2, keys>>
  %0 = tfm.softmax %x axis 1 : tensor<2x?xf16, #tfm.dims<2, keys>>
  return %0 : tensor<2x?xf16, #tfm.dims<2, keys>>
}
