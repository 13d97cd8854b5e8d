// RUN: ingot-opt %s --raise-norm | FileCheck %s

// TensorFlow's spelling: x * f + (bias - mean * f) with f = scale / root.
// CHECK-LABEL: func.func @expanded
// CHECK: %[[W:.*]] = tfm.constant dense<[1.0
// CHECK: %[[B:.*]] = tfm.constant dense<[5.0
// CHECK: tfm.norm layer %arg0 scale %[[W]] bias %[[B]] axis 1
// CHECK-NOT: tfm.reduce
func.func @expanded(%x: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %eps = tfm.constant dense<1.0e-5> : tensor<f32>
  %w = tfm.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
  %b = tfm.constant dense<[5.0, 6.0, 7.0, 8.0]> : tensor<4xf32>
  %m = tfm.reduce mean %x axes [1] keepdims : tensor<2x4xf32> -> tensor<2x1xf32>
  %d = tfm.elementwise sub(%x, %m) : (tensor<2x4xf32>, tensor<2x1xf32>) -> tensor<2x4xf32>
  %s = tfm.elementwise mul(%d, %d) : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  %v = tfm.reduce mean %s axes [1] keepdims : tensor<2x4xf32> -> tensor<2x1xf32>
  %e = tfm.elementwise add(%v, %eps) : (tensor<2x1xf32>, tensor<f32>) -> tensor<2x1xf32>
  %r = tfm.elementwise sqrt(%e) : (tensor<2x1xf32>) -> tensor<2x1xf32>
  %i = tfm.elementwise reciprocal(%r) : (tensor<2x1xf32>) -> tensor<2x1xf32>
  %f = tfm.elementwise mul(%i, %w) : (tensor<2x1xf32>, tensor<4xf32>) -> tensor<2x4xf32>
  %0 = tfm.elementwise mul(%m, %f) : (tensor<2x1xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  %1 = tfm.elementwise sub(%b, %0) : (tensor<4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  %2 = tfm.elementwise mul(%x, %f) : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  %3 = tfm.elementwise add(%2, %1) : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  return %3 : tensor<2x4xf32>
}

// The mean that is taken off is of another tensor: no norm of this one.
// CHECK-LABEL: func.func @expanded_around_another
// CHECK-NOT: tfm.norm
// CHECK: tfm.reduce mean %{{.*}} axes [1] keepdims {tfm.unfused = "nothing divides by the root what the mean of squares is of"}
func.func @expanded_around_another(%x: tensor<2x4xf32>, %other: tensor<2x1xf32>) -> tensor<2x4xf32> {
  %eps = tfm.constant dense<1.0e-5> : tensor<f32>
  %w = tfm.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
  %m = tfm.reduce mean %x axes [1] keepdims : tensor<2x4xf32> -> tensor<2x1xf32>
  %d = tfm.elementwise sub(%x, %m) : (tensor<2x4xf32>, tensor<2x1xf32>) -> tensor<2x4xf32>
  %s = tfm.elementwise mul(%d, %d) : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  %v = tfm.reduce mean %s axes [1] keepdims : tensor<2x4xf32> -> tensor<2x1xf32>
  %e = tfm.elementwise add(%v, %eps) : (tensor<2x1xf32>, tensor<f32>) -> tensor<2x1xf32>
  %r = tfm.elementwise sqrt(%e) : (tensor<2x1xf32>) -> tensor<2x1xf32>
  %i = tfm.elementwise reciprocal(%r) : (tensor<2x1xf32>) -> tensor<2x1xf32>
  %f = tfm.elementwise mul(%i, %w) : (tensor<2x1xf32>, tensor<4xf32>) -> tensor<2x4xf32>
  %0 = tfm.elementwise mul(%other, %f) : (tensor<2x1xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  %1 = tfm.elementwise sub(%w, %0) : (tensor<4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  %2 = tfm.elementwise mul(%x, %f) : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  %3 = tfm.elementwise add(%2, %1) : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  return %3 : tensor<2x4xf32>
}

// Other normalizations say what they are; a plain mean of squares says nothing.
// CHECK-LABEL: func.func @others
// CHECK: tfm.reduce mean %{{.*}} axes [0] keepdims {tfm.unfused = "its mean of squares is not over the last axis alone"}
// CHECK: tfm.reduce l2 %{{.*}} axes [1] keepdims {tfm.unfused = "it divides by the length of a vector (an L2 norm), not by the root of a mean"}
// CHECK: tfm.reduce mean %{{.*}} axes [1] keepdims :
func.func @others(%x: tensor<2x4xf32>) -> (tensor<2x4xf32>, tensor<2x4xf32>, tensor<2x1xf32>) {
  %eps = tfm.constant dense<1.0e-5> : tensor<f32>
  %s = tfm.elementwise mul(%x, %x) : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  %v = tfm.reduce mean %s axes [0] keepdims : tensor<2x4xf32> -> tensor<1x4xf32>
  %e = tfm.elementwise add(%v, %eps) : (tensor<1x4xf32>, tensor<f32>) -> tensor<1x4xf32>
  %r = tfm.elementwise sqrt(%e) : (tensor<1x4xf32>) -> tensor<1x4xf32>
  %0 = tfm.elementwise div(%x, %r) : (tensor<2x4xf32>, tensor<1x4xf32>) -> tensor<2x4xf32>
  %l = tfm.reduce l2 %x axes [1] keepdims : tensor<2x4xf32> -> tensor<2x1xf32>
  %1 = tfm.elementwise div(%x, %l) : (tensor<2x4xf32>, tensor<2x1xf32>) -> tensor<2x4xf32>
  %2 = tfm.reduce mean %s axes [1] keepdims : tensor<2x4xf32> -> tensor<2x1xf32>
  return %0, %1, %2 : tensor<2x4xf32>, tensor<2x4xf32>, tensor<2x1xf32>
}
