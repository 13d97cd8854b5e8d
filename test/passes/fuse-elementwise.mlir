// RUN: ingot-opt %s --fuse-elementwise --canonicalize --cse | FileCheck %s

// CHECK-LABEL: func.func @chain
// CHECK: tfm.fused
// CHECK-NEXT: ^bb0(%[[I:.*]]: i64, %[[J:.*]]: i64):
// CHECK-DAG: %[[A:.*]] = tfm.load %arg0[%[[J]], %[[I]]]
// CHECK-DAG: %[[B:.*]] = tfm.load %arg1[%[[J]], %[[I]]]
// CHECK: tfm.apply mul(%[[A]], %[[B]])
// CHECK-NOT: tfm.transpose
func.func @chain(%a: tensor<2x3xf32>, %b: tensor<2x3xf32>) -> tensor<3x2xf32> {
  %0 = tfm.elementwise mul(%a, %b) : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  %1 = tfm.transpose %0 perm [1, 0] : tensor<2x3xf32> -> tensor<3x2xf32>
  return %1 : tensor<3x2xf32>
}

// A plain reshape costs nothing and stays.
// CHECK-LABEL: func.func @reshape
// CHECK-NOT: tfm.fused
// CHECK: tfm.reshape
func.func @reshape(%a: tensor<2x3xf32>) -> tensor<6xf32> {
  %0 = tfm.reshape %a : tensor<2x3xf32> -> tensor<6xf32>
  return %0 : tensor<6xf32>
}

// The second half of a concatenation is never read outside its tensor.
// CHECK-LABEL: func.func @concat
// CHECK: tfm.fused
// CHECK: tfm.apply max
// CHECK: tfm.choose
func.func @concat(%a: tensor<2xf32>, %b: tensor<3xf32>) -> tensor<5xf32> {
  %0 = tfm.concat %a, %b axis 0 : (tensor<2xf32>, tensor<3xf32>) -> tensor<5xf32>
  return %0 : tensor<5xf32>
}
