// RUN: ingot-opt %s | ingot-opt | FileCheck %s
// RUN: ingot-opt %s --mlir-print-op-generic | ingot-opt | FileCheck %s

tfm.weight @w : tensor<4xf32> file "model.onnx" offset 0 length 16

// CHECK-LABEL: @get
func.func @get() -> tensor<4xf32> {
  // CHECK: tfm.get_weight @w : tensor<4xf32>
  %0 = tfm.get_weight @w : tensor<4xf32>
  return %0 : tensor<4xf32>
}
