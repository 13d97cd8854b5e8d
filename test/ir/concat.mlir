// RUN: ingot-opt %s | ingot-opt | FileCheck %s
// RUN: ingot-opt %s --mlir-print-op-generic | ingot-opt | FileCheck %s

// CHECK-LABEL: @concat
func.func @concat(%past: tensor<2x?x4xf32, #tfm.dims<2, past, 4>>, %new: tensor<2x?x4xf32, #tfm.dims<2, sequence, 4>>) -> tensor<2x?x4xf32, #tfm.dims<2, past + sequence, 4>> {
  // CHECK: tfm.concat %{{.*}}, %{{.*}} axis 1 : (tensor<2x?x4xf32, #tfm.dims<2, past, 4>>, tensor<2x?x4xf32, #tfm.dims<2, sequence, 4>>) -> tensor<2x?x4xf32, #tfm.dims<2, past + sequence, 4>>
  %0 = tfm.concat %past, %new axis 1 : (tensor<2x?x4xf32, #tfm.dims<2, past, 4>>, tensor<2x?x4xf32, #tfm.dims<2, sequence, 4>>) -> tensor<2x?x4xf32, #tfm.dims<2, sequence + past, 4>>
  return %0 : tensor<2x?x4xf32, #tfm.dims<2, past + sequence, 4>>
}
