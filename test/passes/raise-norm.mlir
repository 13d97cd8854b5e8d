// RUN: ingot-opt %s --raise-norm | FileCheck %s

// A mean of squares around x - mean(x), divided, scaled and shifted.
// CHECK-LABEL: func.func @layer
// CHECK: tfm.norm layer %arg0 scale %{{.*}} bias %{{.*}} axis 1 epsilon 9.99
// CHECK-NOT: tfm.reduce
func.func @layer(%x: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %two = tfm.constant dense<2.0> : tensor<f32>
  %eps = tfm.constant dense<1.0e-5> : tensor<f32>
  %w = tfm.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
  %b = tfm.constant dense<[0.5, 0.5, 0.5, 0.0]> : tensor<4xf32>
  %m = tfm.reduce mean %x axes [1] keepdims : tensor<2x4xf32> -> tensor<2x1xf32>
  %d = tfm.elementwise sub(%x, %m) : (tensor<2x4xf32>, tensor<2x1xf32>) -> tensor<2x4xf32>
  %s = tfm.elementwise pow(%d, %two) : (tensor<2x4xf32>, tensor<f32>) -> tensor<2x4xf32>
  %v = tfm.reduce mean %s axes [1] keepdims : tensor<2x4xf32> -> tensor<2x1xf32>
  %e = tfm.elementwise add(%v, %eps) : (tensor<2x1xf32>, tensor<f32>) -> tensor<2x1xf32>
  %r = tfm.elementwise sqrt(%e) : (tensor<2x1xf32>) -> tensor<2x1xf32>
  %n = tfm.elementwise div(%d, %r) : (tensor<2x4xf32>, tensor<2x1xf32>) -> tensor<2x4xf32>
  %y = tfm.elementwise mul(%n, %w) : (tensor<2x4xf32>, tensor<4xf32>) -> tensor<2x4xf32>
  %z = tfm.elementwise add(%y, %b) : (tensor<2x4xf32>, tensor<4xf32>) -> tensor<2x4xf32>
  return %z : tensor<2x4xf32>
}

// CHECK-LABEL: func.func @rms
// CHECK: tfm.norm rms %arg0 scale %{{.*}} axis 1
// CHECK-NOT: tfm.reduce
func.func @rms(%x: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %eps = tfm.constant dense<1.0e-6> : tensor<f32>
  %w = tfm.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
  %s = tfm.elementwise mul(%x, %x) : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  %v = tfm.reduce mean %s axes [1] keepdims : tensor<2x4xf32> -> tensor<2x1xf32>
  %e = tfm.elementwise add(%eps, %v) : (tensor<f32>, tensor<2x1xf32>) -> tensor<2x1xf32>
  %r = tfm.elementwise sqrt(%e) : (tensor<2x1xf32>) -> tensor<2x1xf32>
  %i = tfm.elementwise reciprocal(%r) : (tensor<2x1xf32>) -> tensor<2x1xf32>
  %n = tfm.elementwise mul(%x, %i) : (tensor<2x4xf32>, tensor<2x1xf32>) -> tensor<2x4xf32>
  %y = tfm.elementwise mul(%w, %n) : (tensor<4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  return %y : tensor<2x4xf32>
}

// The mean is over another axis: not a norm of the last one.
// CHECK-LABEL: func.func @other_axis
// CHECK-NOT: tfm.norm
func.func @other_axis(%x: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %eps = tfm.constant dense<1.0e-6> : tensor<f32>
  %s = tfm.elementwise mul(%x, %x) : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  %v = tfm.reduce mean %s axes [0] keepdims : tensor<2x4xf32> -> tensor<1x4xf32>
  %e = tfm.elementwise add(%eps, %v) : (tensor<f32>, tensor<1x4xf32>) -> tensor<1x4xf32>
  %r = tfm.elementwise sqrt(%e) : (tensor<1x4xf32>) -> tensor<1x4xf32>
  %n = tfm.elementwise div(%x, %r) : (tensor<2x4xf32>, tensor<1x4xf32>) -> tensor<2x4xf32>
  return %n : tensor<2x4xf32>
}

// An epsilon of more dims makes the result larger than the input.
// CHECK-LABEL: func.func @larger
// CHECK-NOT: tfm.norm
func.func @larger(%x: tensor<2x4xf32>) -> tensor<1x2x4xf32> {
  %eps = tfm.constant dense<1.0e-6> : tensor<1x1x1xf32>
  %s = tfm.elementwise mul(%x, %x) : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  %v = tfm.reduce mean %s axes [1] keepdims : tensor<2x4xf32> -> tensor<2x1xf32>
  %e = tfm.elementwise add(%eps, %v) : (tensor<1x1x1xf32>, tensor<2x1xf32>) -> tensor<1x2x1xf32>
  %r = tfm.elementwise sqrt(%e) : (tensor<1x2x1xf32>) -> tensor<1x2x1xf32>
  %n = tfm.elementwise div(%x, %r) : (tensor<2x4xf32>, tensor<1x2x1xf32>) -> tensor<1x2x4xf32>
  return %n : tensor<1x2x4xf32>
}

// Mean and inverse deviation are results too, as LayerNormalization may have them.
// CHECK-LABEL: func.func @statistics
// CHECK-NOT: tfm.norm
func.func @statistics(%x: tensor<2x4xf32>) -> (tensor<2x1xf32>, tensor<2x1xf32>) {
  %eps = tfm.constant dense<1.0e-6> : tensor<f32>
  %m = tfm.reduce mean %x axes [1] keepdims : tensor<2x4xf32> -> tensor<2x1xf32>
  %d = tfm.elementwise sub(%x, %m) : (tensor<2x4xf32>, tensor<2x1xf32>) -> tensor<2x4xf32>
  %s = tfm.elementwise mul(%d, %d) : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  %v = tfm.reduce mean %s axes [1] keepdims : tensor<2x4xf32> -> tensor<2x1xf32>
  %e = tfm.elementwise add(%v, %eps) : (tensor<2x1xf32>, tensor<f32>) -> tensor<2x1xf32>
  %r = tfm.elementwise sqrt(%e) : (tensor<2x1xf32>) -> tensor<2x1xf32>
  %i = tfm.elementwise reciprocal(%r) : (tensor<2x1xf32>) -> tensor<2x1xf32>
  return %m, %i : tensor<2x1xf32>, tensor<2x1xf32>
}
