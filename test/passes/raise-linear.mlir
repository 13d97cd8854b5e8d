// RUN: ingot-opt %s --raise-linear --fuse-epilogue | FileCheck %s

tfm.weight @w : tensor<4x8xf32> file "m" offset 0 length 128

// Bias on the left, activation, residual: one op.
// CHECK-LABEL: func.func @all
// CHECK: tfm.linear %arg0, %{{.*}} bias %{{.*}} residual %arg1 epilogue {
// CHECK: tfm.apply gelu
// CHECK-NOT: tfm.elementwise
func.func @all(%x: tensor<2x4xf32>, %r: tensor<2x8xf32>) -> tensor<2x8xf32> {
  %w = tfm.get_weight @w : tensor<4x8xf32>
  %b = tfm.constant dense<[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]> : tensor<8xf32>
  %0 = tfm.matmul %x, %w : (tensor<2x4xf32>, tensor<4x8xf32>) -> tensor<2x8xf32>
  %1 = tfm.elementwise add(%b, %0) : (tensor<8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %2 = tfm.elementwise gelu(%1) : (tensor<2x8xf32>) -> tensor<2x8xf32>
  %3 = tfm.elementwise add(%r, %2) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  return %3 : tensor<2x8xf32>
}

// Somebody else reads the product: the activation stays outside.
// CHECK-LABEL: func.func @shared
// CHECK: %[[L:.*]] = tfm.linear
// CHECK-NOT: epilogue
// CHECK: tfm.elementwise relu(%[[L]])
func.func @shared(%x: tensor<2x4xf32>) -> (tensor<2x8xf32>, tensor<2x8xf32>) {
  %w = tfm.get_weight @w : tensor<4x8xf32>
  %0 = tfm.matmul %x, %w : (tensor<2x4xf32>, tensor<4x8xf32>) -> tensor<2x8xf32>
  %1 = tfm.elementwise relu(%0) : (tensor<2x8xf32>) -> tensor<2x8xf32>
  return %0, %1 : tensor<2x8xf32>, tensor<2x8xf32>
}

// Two computed operands are no linear.
// CHECK-LABEL: func.func @computed
// CHECK: tfm.matmul
// CHECK-SAME: tfm.unfused = "both operands are computed"
func.func @computed(%x: tensor<2x4xf32>, %y: tensor<4x8xf32>) -> tensor<2x8xf32> {
  %0 = tfm.matmul %x, %y : (tensor<2x4xf32>, tensor<4x8xf32>) -> tensor<2x8xf32>
  return %0 : tensor<2x8xf32>
}

// One term a sum: a product of elements. Where nobody knows an operand of a
// longer product it stays and says so.
// CHECK-LABEL: func.func @outer
// CHECK: %[[M:.*]] = tfm.elementwise mul(%arg0, %arg1) : (tensor<2x3x1xf32>, tensor<2x1x4xf32>) -> tensor<2x3x4xf32>
// CHECK: tfm.matmul %[[M]], %arg2 {tfm.unfused = "both operands are computed"}
func.func @outer(%x: tensor<2x3x1xf32>, %y: tensor<2x1x4xf32>, %z: tensor<2x4x5xf32>) -> tensor<2x3x5xf32> {
  %0 = tfm.matmul %x, %y : (tensor<2x3x1xf32>, tensor<2x1x4xf32>) -> tensor<2x3x4xf32>
  %1 = tfm.matmul %0, %z : (tensor<2x3x4xf32>, tensor<2x4x5xf32>) -> tensor<2x3x5xf32>
  return %1 : tensor<2x3x5xf32>
}

// A Gemm between reshapes that keep the last axis works on the tensor itself,
// with the bias behind.
// CHECK-LABEL: func.func @gemm
// CHECK: %[[Y:.*]] = tfm.linear %arg0, %{{.*}} bias %{{.*}} -> tensor<?x?x4xf32, #tfm.dims<batch, sequence, 4>>
// CHECK-NEXT: return %[[Y]]
func.func @gemm(%x: tensor<?x?x2xf32, #tfm.dims<batch, sequence, 2>>) -> tensor<?x?x4xf32, #tfm.dims<batch, sequence, 4>> {
  %w = tfm.constant dense<[[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]]> : tensor<2x4xf32>
  %b = tfm.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
  %0 = tfm.reshape %x : tensor<?x?x2xf32, #tfm.dims<batch, sequence, 2>> -> tensor<?x2xf32, #tfm.dims<batch*sequence, 2>>
  %1 = tfm.matmul %0, %w : (tensor<?x2xf32, #tfm.dims<batch*sequence, 2>>, tensor<2x4xf32>) -> tensor<?x4xf32, #tfm.dims<batch*sequence, 4>>
  %2 = tfm.reshape %1 : tensor<?x4xf32, #tfm.dims<batch*sequence, 4>> -> tensor<?x?x4xf32, #tfm.dims<batch, sequence, 4>>
  %3 = tfm.elementwise add(%2, %b) : (tensor<?x?x4xf32, #tfm.dims<batch, sequence, 4>>, tensor<4xf32>) -> tensor<?x?x4xf32, #tfm.dims<batch, sequence, 4>>
  return %3 : tensor<?x?x4xf32, #tfm.dims<batch, sequence, 4>>
}
