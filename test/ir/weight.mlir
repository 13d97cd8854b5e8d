// RUN: ingot-opt %s | ingot-opt | FileCheck %s
// RUN: ingot-opt %s --mlir-print-op-generic | ingot-opt | FileCheck %s

// CHECK: tfm.weight @w : tensor<2x3xf32> file "model.onnx" offset 16 length 24
tfm.weight @w : tensor<2x3xf32> file "model.onnx" offset 16 length 24

// A boolean takes a byte, two 4-bit elements share one.
// CHECK: tfm.weight @mask : tensor<5xi1> file "model.onnx" offset 0 length 5
tfm.weight @mask : tensor<5xi1> file "model.onnx" offset 0 length 5
// CHECK: tfm.weight @nibbles : tensor<5xui4> file "model.onnx" offset 5 length 3
tfm.weight @nibbles : tensor<5xui4> file "model.onnx" offset 5 length 3

// CHECK: tfm.weight @wt : tensor<3x2xf32> recipe {
// CHECK-NEXT: %[[W:.*]] = tfm.get_weight @w : tensor<2x3xf32>
// CHECK-NEXT: %[[T:.*]] = tfm.transpose %[[W]] perm [1, 0]
// CHECK-NEXT: tfm.yield %[[T]] : tensor<3x2xf32>
tfm.weight @wt : tensor<3x2xf32> recipe {
  %0 = tfm.get_weight @w : tensor<2x3xf32>
  %1 = tfm.transpose %0 perm [1, 0] : tensor<2x3xf32> -> tensor<3x2xf32>
  tfm.yield %1 : tensor<3x2xf32>
}
