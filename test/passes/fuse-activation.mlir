// RUN: ingot-opt %s --fuse-activation | FileCheck %s

// x / sqrt(2), erf, + 1, times x, times a half.
// CHECK-LABEL: func.func @erf
// CHECK: tfm.elementwise gelu(%arg0)
// CHECK-NOT: erf(
func.func @erf(%x: tensor<4xf32>) -> tensor<4xf32> {
  %root = tfm.constant dense<1.41421354> : tensor<f32>
  %one = tfm.constant dense<1.0> : tensor<f32>
  %half = tfm.constant dense<0.5> : tensor<f32>
  %0 = tfm.elementwise div(%x, %root) : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %1 = tfm.elementwise erf(%0) : (tensor<4xf32>) -> tensor<4xf32>
  %2 = tfm.elementwise add(%1, %one) : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %3 = tfm.elementwise mul(%x, %2) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %4 = tfm.elementwise mul(%3, %half) : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  return %4 : tensor<4xf32>
}

// CHECK-LABEL: func.func @tanh
// CHECK: tfm.elementwise gelu_tanh(%arg0)
func.func @tanh(%x: tensor<4xf32>) -> tensor<4xf32> {
  %three = tfm.constant dense<3.0> : tensor<f32>
  %c = tfm.constant dense<4.471500e-02> : tensor<f32>
  %k = tfm.constant dense<0.797884583> : tensor<f32>
  %one = tfm.constant dense<1.0> : tensor<f32>
  %half = tfm.constant dense<0.5> : tensor<f32>
  %0 = tfm.elementwise pow(%x, %three) : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %1 = tfm.elementwise mul(%0, %c) : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %2 = tfm.elementwise add(%x, %1) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %3 = tfm.elementwise mul(%2, %k) : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %4 = tfm.elementwise tanh(%3) : (tensor<4xf32>) -> tensor<4xf32>
  %5 = tfm.elementwise add(%4, %one) : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %6 = tfm.elementwise mul(%x, %half) : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %7 = tfm.elementwise mul(%6, %5) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %7 : tensor<4xf32>
}

// CHECK-LABEL: func.func @silu
// CHECK: tfm.elementwise silu(%arg0)
func.func @silu(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = tfm.elementwise sigmoid(%x) : (tensor<4xf32>) -> tensor<4xf32>
  %1 = tfm.elementwise mul(%0, %x) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %1 : tensor<4xf32>
}

// A tanh of its own is no GELU.
// CHECK-LABEL: func.func @pooler
// CHECK: tfm.elementwise tanh
func.func @pooler(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = tfm.elementwise tanh(%x) : (tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// What is computed from the GELU stays: a clip, a sum with its own input.
// CHECK-LABEL: func.func @behind
// CHECK: %[[S:.*]] = tfm.elementwise silu(%arg0)
// CHECK: %[[C:.*]] = tfm.elementwise min(%[[S]]
// CHECK: tfm.elementwise add(%[[C]], %arg0)
// CHECK-NOT: sigmoid
func.func @behind(%x: tensor<4xf32>) -> tensor<4xf32> {
  %ten = tfm.constant dense<10.0> : tensor<f32>
  %0 = tfm.elementwise sigmoid(%x) : (tensor<4xf32>) -> tensor<4xf32>
  %1 = tfm.elementwise mul(%0, %x) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %2 = tfm.elementwise min(%1, %ten) : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %3 = tfm.elementwise add(%2, %x) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %3 : tensor<4xf32>
}

// The factor is clipped where no sample of the GELU's bend lies.
// CHECK-LABEL: func.func @clipped
// CHECK: tfm.elementwise sigmoid
// CHECK-NOT: silu
func.func @clipped(%x: tensor<4xf32>) -> tensor<4xf32> {
  %eight = tfm.constant dense<8.0> : tensor<f32>
  %0 = tfm.elementwise sigmoid(%x) : (tensor<4xf32>) -> tensor<4xf32>
  %1 = tfm.elementwise min(%x, %eight) : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %2 = tfm.elementwise mul(%0, %1) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %2 : tensor<4xf32>
}

// Constants of models that store halves: the root of 2, then of 2 / pi and 0.044715, rounded to f16.
// CHECK-LABEL: func.func @erf_of_halves
// CHECK: tfm.elementwise gelu(%arg0)
func.func @erf_of_halves(%x: tensor<4xf32>) -> tensor<4xf32> {
  %root = tfm.constant dense<1.4140625> : tensor<f32>
  %one = tfm.constant dense<1.0> : tensor<f32>
  %half = tfm.constant dense<0.5> : tensor<f32>
  %0 = tfm.elementwise div(%x, %root) : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %1 = tfm.elementwise erf(%0) : (tensor<4xf32>) -> tensor<4xf32>
  %2 = tfm.elementwise add(%1, %one) : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %3 = tfm.elementwise mul(%x, %2) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %4 = tfm.elementwise mul(%3, %half) : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  return %4 : tensor<4xf32>
}

// CHECK-LABEL: func.func @tanh_of_halves
// CHECK: tfm.elementwise gelu_tanh(%arg0)
func.func @tanh_of_halves(%x: tensor<4xf32>) -> tensor<4xf32> {
  %three = tfm.constant dense<3.0> : tensor<f32>
  %c = tfm.constant dense<0.044708251953125> : tensor<f32>
  %k = tfm.constant dense<0.7978515625> : tensor<f32>
  %one = tfm.constant dense<1.0> : tensor<f32>
  %half = tfm.constant dense<0.5> : tensor<f32>
  %0 = tfm.elementwise pow(%x, %three) : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %1 = tfm.elementwise mul(%0, %c) : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %2 = tfm.elementwise add(%x, %1) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %3 = tfm.elementwise mul(%2, %k) : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %4 = tfm.elementwise tanh(%3) : (tensor<4xf32>) -> tensor<4xf32>
  %5 = tfm.elementwise add(%4, %one) : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %6 = tfm.elementwise mul(%x, %half) : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %7 = tfm.elementwise mul(%6, %5) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %7 : tensor<4xf32>
}

// A root of three digits that no half is: another function.
// CHECK-LABEL: func.func @erf_of_three_digits
// CHECK: tfm.elementwise erf(
func.func @erf_of_three_digits(%x: tensor<4xf32>) -> tensor<4xf32> {
  %root = tfm.constant dense<1.414> : tensor<f32>
  %one = tfm.constant dense<1.0> : tensor<f32>
  %half = tfm.constant dense<0.5> : tensor<f32>
  %0 = tfm.elementwise div(%x, %root) : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %1 = tfm.elementwise erf(%0) : (tensor<4xf32>) -> tensor<4xf32>
  %2 = tfm.elementwise add(%1, %one) : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %3 = tfm.elementwise mul(%x, %2) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %4 = tfm.elementwise mul(%3, %half) : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  return %4 : tensor<4xf32>
}
