// RUN: ingot-opt %s --resolve-shapes | FileCheck %s

// What a model computes of a shape: a gather, a product, a sum, a constant.
// CHECK-LABEL: func.func @arithmetic
// CHECK-NEXT: %[[TWICE:.*]] = tfm.symbolic <2*sequence> : tensor<i64>
// CHECK-NEXT: %[[SUM:.*]] = tfm.symbolic <2*sequence + batch, 3*sequence, 2*sequence + 8> : tensor<3xi64>
// CHECK-NEXT: %[[WIDTH:.*]] = tfm.constant dense<8> : tensor<2xi64>
// CHECK-NEXT: return %[[TWICE]], %[[SUM]], %[[WIDTH]]
func.func @arithmetic(%x: tensor<?x?x8xf32, #tfm.dims<batch, sequence, 8>>) -> (tensor<i64>, tensor<3xi64>, tensor<2xi64>) {
  %shape = tfm.symbolic <batch, sequence, 8> : tensor<3xi64>
  %one = tfm.constant dense<1> : tensor<i64>
  %two = tfm.constant dense<2> : tensor<i64>
  %0 = tfm.gather %shape, %one axis 0 : (tensor<3xi64>, tensor<i64>) -> tensor<i64>
  %1 = tfm.elementwise mul(%0, %two) : (tensor<i64>, tensor<i64>) -> tensor<i64>
  %2 = tfm.elementwise add(%shape, %1) : (tensor<3xi64>, tensor<i64>) -> tensor<3xi64>
  %3 = tfm.constant dense<[2, -1]> : tensor<2xi64>
  %4 = tfm.gather %shape, %3 axis 0 : (tensor<3xi64>, tensor<2xi64>) -> tensor<2xi64>
  return %1, %2, %4 : tensor<i64>, tensor<3xi64>, tensor<2xi64>
}

// The root of the head dim, as the tracing exporter spells it.
// CHECK-LABEL: func.func @float_scalar
// CHECK-NEXT: %[[ROOT:.*]] = tfm.constant dense<8.000000e+00> : tensor<f32>
// CHECK-NEXT: return %[[ROOT]]
func.func @float_scalar(%x: tensor<?x64xf32, #tfm.dims<batch, 64>>) -> tensor<f32> {
  %shape = tfm.symbolic <batch, 64> : tensor<2xi64>
  %one = tfm.constant dense<1> : tensor<i64>
  %0 = tfm.gather %shape, %one axis 0 : (tensor<2xi64>, tensor<i64>) -> tensor<i64>
  %1 = tfm.cast %0 : tensor<i64> -> tensor<f32>
  %2 = tfm.elementwise sqrt(%1) : (tensor<f32>) -> tensor<f32>
  return %2 : tensor<f32>
}

// CHECK-LABEL: func.func @empty
// CHECK-NEXT: tfm.constant dense<> : tensor<0xi64>
// CHECK-NEXT: return
func.func @empty(%x: tensor<?x64xf32, #tfm.dims<batch, 64>>) -> tensor<0xi64> {
  %shape = tfm.symbolic <batch, 64> : tensor<2xi64>
  %0 = tfm.slice %shape starts <2> steps [1] : tensor<2xi64> -> tensor<0xi64>
  return %0 : tensor<0xi64>
}

// What is resolved keeps its type; a narrower one wraps.
// CHECK-LABEL: func.func @widths
// CHECK: %[[I32:.*]] = tfm.symbolic <batch, 64> : tensor<2xi32>
// CHECK: %[[I8:.*]] = tfm.symbolic <(batch + 128) mod 256 - 128, 64> : tensor<2xi8>
// CHECK: %[[LESS:.*]] = tfm.constant dense<[true, true, true, false]> : tensor<4xi1>
// CHECK: return %[[I32]], %[[I8]], %[[LESS]]
func.func @widths(%x: tensor<?x64xf32, #tfm.dims<batch, 64>>) -> (tensor<2xi32>, tensor<2xi8>, tensor<4xi1>) {
  %shape = tfm.symbolic <batch, 64> : tensor<2xi64>
  %0 = tfm.cast %shape : tensor<2xi64> -> tensor<2xi32>
  %1 = tfm.cast %shape : tensor<2xi64> -> tensor<2xi8>
  %three = tfm.constant dense<3> : tensor<i64>
  %i = tfm.iota <0, 1> : tensor<4xi64>
  %2 = tfm.elementwise lt(%i, %three) : (tensor<4xi64>, tensor<i64>) -> tensor<4xi1>
  return %0, %1, %2 : tensor<2xi32>, tensor<2xi8>, tensor<4xi1>
}

// A comparison the symbols decide only at bind stays.
// CHECK-LABEL: func.func @undecided
// CHECK: tfm.elementwise lt
func.func @undecided(%x: tensor<?x64xf32, #tfm.dims<batch, 64>>) -> tensor<2xi1> {
  %shape = tfm.symbolic <batch, 64> : tensor<2xi64>
  %three = tfm.constant dense<3> : tensor<i64>
  %0 = tfm.elementwise lt(%shape, %three) : (tensor<2xi64>, tensor<i64>) -> tensor<2xi1>
  return %0 : tensor<2xi1>
}

// Data stays: float vectors, what reads an input, a scalar that a symbol makes
// a float, matrices, more elements than a constant may have, a dynamic length.
// CHECK-LABEL: func.func @data
// CHECK: tfm.elementwise add({{.*}}) : (tensor<2xf32>
// CHECK: tfm.elementwise mul({{.*}}) : (tensor<2xi64>
// CHECK: tfm.cast %{{.*}} : tensor<i64> -> tensor<f32>
// CHECK: tfm.transpose
// CHECK: tfm.iota {{.*}} : tensor<300xi64>
// CHECK: tfm.iota {{.*}} : tensor<?xi64
func.func @data(%x: tensor<?x2xf32, #tfm.dims<batch, 2>>, %i: tensor<2xi64>) -> (tensor<2xf32>, tensor<2xi64>, tensor<f32>, tensor<2x1xi64>, tensor<300xi64>, tensor<?xi64, #tfm.dims<batch>>) {
  %floats = tfm.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %0 = tfm.elementwise add(%floats, %floats) : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  %1 = tfm.elementwise mul(%i, %i) : (tensor<2xi64>, tensor<2xi64>) -> tensor<2xi64>
  %batch = tfm.symbolic <batch> : tensor<i64>
  %2 = tfm.cast %batch : tensor<i64> -> tensor<f32>
  %matrix = tfm.constant dense<[[1, 2]]> : tensor<1x2xi64>
  %3 = tfm.transpose %matrix perm [1, 0] : tensor<1x2xi64> -> tensor<2x1xi64>
  %4 = tfm.iota <0, 1> : tensor<300xi64>
  %5 = tfm.iota <0, 1> : tensor<?xi64, #tfm.dims<batch>>
  return %0, %1, %2, %3, %4, %5 : tensor<2xf32>, tensor<2xi64>, tensor<f32>, tensor<2x1xi64>, tensor<300xi64>, tensor<?xi64, #tfm.dims<batch>>
}

// A value that one reader needs as shape and another as result is replaced for
// both.
// CHECK-LABEL: func.func @several_users
// CHECK-NEXT: %[[TWICE:.*]] = tfm.symbolic <2*batch> : tensor<i64>
// CHECK-NEXT: %[[VECTOR:.*]] = tfm.symbolic <2*batch> : tensor<1xi64>
// CHECK-NEXT: return %[[TWICE]], %[[VECTOR]]
func.func @several_users(%x: tensor<?x2xf32, #tfm.dims<batch, 2>>) -> (tensor<i64>, tensor<1xi64>) {
  %batch = tfm.symbolic <batch> : tensor<i64>
  %0 = tfm.elementwise add(%batch, %batch) : (tensor<i64>, tensor<i64>) -> tensor<i64>
  %1 = tfm.reshape %0 : tensor<i64> -> tensor<1xi64>
  return %0, %1 : tensor<i64>, tensor<1xi64>
}
