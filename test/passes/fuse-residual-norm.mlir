// RUN: ingot-opt %s --fuse-residual-norm | FileCheck %s

// The sum is read again: it is the norm's second result.
// CHECK-LABEL: func.func @stream
// CHECK: %{{.*}}, %[[SUM:.*]] = tfm.norm layer %arg0 residual %arg1
// CHECK: tfm.elementwise relu(%[[SUM]])
func.func @stream(%a: tensor<2x4xf32>, %b: tensor<2x4xf32>) -> (tensor<2x4xf32>, tensor<2x4xf32>) {
  %s = tfm.elementwise add(%a, %b) : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  %n = tfm.norm layer %s axis 1 epsilon 1.0e-5 : (tensor<2x4xf32>) -> tensor<2x4xf32>
  %r = tfm.elementwise relu(%s) : (tensor<2x4xf32>) -> tensor<2x4xf32>
  return %n, %r : tensor<2x4xf32>, tensor<2x4xf32>
}

// A sum that broadcasts is no residual.
// CHECK-LABEL: func.func @broadcast
// CHECK: tfm.elementwise add
// CHECK-NOT: residual
func.func @broadcast(%a: tensor<2x4xf32>, %b: tensor<4xf32>) -> tensor<2x4xf32> {
  %s = tfm.elementwise add(%a, %b) : (tensor<2x4xf32>, tensor<4xf32>) -> tensor<2x4xf32>
  %n = tfm.norm layer %s axis 1 epsilon 1.0e-5 : (tensor<2x4xf32>) -> tensor<2x4xf32>
  return %n : tensor<2x4xf32>
}
