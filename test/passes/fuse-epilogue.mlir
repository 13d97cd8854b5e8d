// RUN: ingot-opt %s --fuse-epilogue | FileCheck %s

tfm.weight @w : tensor<4x8xf32> file "m" offset 0 length 128
tfm.weight @none : tensor<4x0xf32> file "m" offset 0 length 0
tfm.weight @square : tensor<4x4xf32> file "m" offset 0 length 64

// Several activations, in order, then the residual. Dims may be dynamic.
// CHECK-LABEL: func.func @chain
// CHECK-NEXT: tfm.get_weight
// CHECK-NEXT: %[[Y:.*]] = tfm.linear %arg0, %{{.*}} residual %arg1 epilogue {
// CHECK-NEXT: ^bb0(%[[A:.*]]: f32):
// CHECK-NEXT: %[[B:.*]] = tfm.apply neg(%[[A]])
// CHECK-NEXT: %[[C:.*]] = tfm.apply silu(%[[B]])
// CHECK-NEXT: tfm.yield %[[C]]
// CHECK: return %[[Y]]
func.func @chain(%x: tensor<?x4xf32, #tfm.dims<n, 4>>, %r: tensor<?x8xf32, #tfm.dims<n, 8>>) -> tensor<?x8xf32, #tfm.dims<n, 8>> {
  %w = tfm.get_weight @w : tensor<4x8xf32>
  %0 = tfm.linear %x, %w : (tensor<?x4xf32, #tfm.dims<n, 4>>, tensor<4x8xf32>) -> tensor<?x8xf32, #tfm.dims<n, 8>>
  %1 = tfm.elementwise neg(%0) : (tensor<?x8xf32, #tfm.dims<n, 8>>) -> tensor<?x8xf32, #tfm.dims<n, 8>>
  %2 = tfm.elementwise silu(%1) : (tensor<?x8xf32, #tfm.dims<n, 8>>) -> tensor<?x8xf32, #tfm.dims<n, 8>>
  %3 = tfm.elementwise add(%r, %2) : (tensor<?x8xf32, #tfm.dims<n, 8>>, tensor<?x8xf32, #tfm.dims<n, 8>>) -> tensor<?x8xf32, #tfm.dims<n, 8>>
  return %3 : tensor<?x8xf32, #tfm.dims<n, 8>>
}

// The residual is computed after the product: the linear moves behind it.
// CHECK-LABEL: func.func @late_residual
// CHECK: %[[R:.*]] = tfm.elementwise exp(%arg1)
// CHECK-NEXT: tfm.linear %arg0, %{{.*}} residual %[[R]]
func.func @late_residual(%x: tensor<2x4xf32>, %y: tensor<2x8xf32>) -> tensor<2x8xf32> {
  %w = tfm.get_weight @w : tensor<4x8xf32>
  %0 = tfm.linear %x, %w : (tensor<2x4xf32>, tensor<4x8xf32>) -> tensor<2x8xf32>
  %1 = tfm.elementwise exp(%y) : (tensor<2x8xf32>) -> tensor<2x8xf32>
  %2 = tfm.elementwise add(%0, %1) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  return %2 : tensor<2x8xf32>
}

// A sum of two linears: the later one takes the earlier as its residual.
// CHECK-LABEL: func.func @twins
// CHECK: %[[A:.*]] = tfm.linear %arg0, %{{[^ ]*}} :
// CHECK: tfm.linear %arg1, %{{.*}} residual %[[A]]
// CHECK-NOT: tfm.elementwise
func.func @twins(%x: tensor<2x4xf32>, %y: tensor<2x4xf32>) -> tensor<2x8xf32> {
  %w = tfm.get_weight @w : tensor<4x8xf32>
  %0 = tfm.linear %x, %w : (tensor<2x4xf32>, tensor<4x8xf32>) -> tensor<2x8xf32>
  %1 = tfm.linear %y, %w : (tensor<2x4xf32>, tensor<4x8xf32>) -> tensor<2x8xf32>
  %2 = tfm.elementwise add(%0, %1) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  return %2 : tensor<2x8xf32>
}

// A block whose own input is its residual, and one of no columns.
// CHECK-LABEL: func.func @stream
// CHECK: tfm.linear %arg0, %{{.*}} residual %arg0
// CHECK: tfm.linear %arg0, %{{.*}} epilogue
// CHECK: -> tensor<2x0xf32>
func.func @stream(%x: tensor<2x4xf32>) -> (tensor<2x4xf32>, tensor<2x0xf32>) {
  %w = tfm.get_weight @square : tensor<4x4xf32>
  %n = tfm.get_weight @none : tensor<4x0xf32>
  %0 = tfm.linear %x, %w : (tensor<2x4xf32>, tensor<4x4xf32>) -> tensor<2x4xf32>
  %1 = tfm.elementwise add(%x, %0) : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  %2 = tfm.linear %x, %n : (tensor<2x4xf32>, tensor<4x0xf32>) -> tensor<2x0xf32>
  %3 = tfm.elementwise relu(%2) : (tensor<2x0xf32>) -> tensor<2x0xf32>
  return %1, %3 : tensor<2x4xf32>, tensor<2x0xf32>
}

// The product is read again, or is a result itself; so is what the activation
// gives when it comes to the residual.
// CHECK-LABEL: func.func @read_again
// CHECK: %[[L:.*]] = tfm.linear %arg0, %{{[^ ]*}} :
// CHECK: tfm.elementwise add(%[[L]], %[[L]])
// CHECK: %[[M:.*]] = tfm.linear %arg1, %{{[^ ]*}} epilogue {
// CHECK: tfm.elementwise add(%[[M]], %arg2)
// CHECK: return %{{.*}}, %{{.*}}, %[[M]]
func.func @read_again(%x: tensor<2x4xf32>, %y: tensor<2x4xf32>, %r: tensor<2x8xf32>) -> (tensor<2x8xf32>, tensor<2x8xf32>, tensor<2x8xf32>) {
  %w = tfm.get_weight @w : tensor<4x8xf32>
  %0 = tfm.linear %x, %w : (tensor<2x4xf32>, tensor<4x8xf32>) -> tensor<2x8xf32>
  %1 = tfm.elementwise add(%0, %0) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %2 = tfm.linear %y, %w : (tensor<2x4xf32>, tensor<4x8xf32>) -> tensor<2x8xf32>
  %3 = tfm.elementwise relu(%2) : (tensor<2x8xf32>) -> tensor<2x8xf32>
  %4 = tfm.elementwise add(%3, %r) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  return %1, %4, %3 : tensor<2x8xf32>, tensor<2x8xf32>, tensor<2x8xf32>
}

// No epilogue: a sum that broadcasts either side, a parameter (that is a bias),
// another operation, a test that changes the type, an activation behind the
// residual.
// CHECK-LABEL: func.func @others
// CHECK: tfm.elementwise add(%{{.*}}, %arg1)
// CHECK: tfm.elementwise add(%{{.*}}, %arg2)
// CHECK: tfm.elementwise add(%{{.*}}, %{{.*}})
// CHECK: tfm.elementwise mul
// CHECK: tfm.elementwise isnan
// CHECK: tfm.linear {{.*}} residual
// CHECK-NEXT: tfm.elementwise relu
func.func @others(%x: tensor<2x4xf32>, %row: tensor<1x8xf32>, %more: tensor<3x2x8xf32>, %r: tensor<2x8xf32>) -> (tensor<2x8xf32>, tensor<3x2x8xf32>, tensor<2x8xf32>, tensor<2x8xf32>, tensor<2x8xi1>, tensor<2x8xf32>) {
  %w = tfm.get_weight @w : tensor<4x8xf32>
  %c = tfm.constant dense<[[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]]> : tensor<2x8xf32>
  %0 = tfm.linear %x, %w : (tensor<2x4xf32>, tensor<4x8xf32>) -> tensor<2x8xf32>
  %1 = tfm.elementwise add(%0, %row) : (tensor<2x8xf32>, tensor<1x8xf32>) -> tensor<2x8xf32>
  %2 = tfm.linear %x, %w : (tensor<2x4xf32>, tensor<4x8xf32>) -> tensor<2x8xf32>
  %3 = tfm.elementwise add(%2, %more) : (tensor<2x8xf32>, tensor<3x2x8xf32>) -> tensor<3x2x8xf32>
  %4 = tfm.linear %x, %w : (tensor<2x4xf32>, tensor<4x8xf32>) -> tensor<2x8xf32>
  %5 = tfm.elementwise add(%4, %c) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %6 = tfm.linear %x, %w : (tensor<2x4xf32>, tensor<4x8xf32>) -> tensor<2x8xf32>
  %7 = tfm.elementwise mul(%6, %r) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %8 = tfm.linear %x, %w : (tensor<2x4xf32>, tensor<4x8xf32>) -> tensor<2x8xf32>
  %9 = tfm.elementwise isnan(%8) : (tensor<2x8xf32>) -> tensor<2x8xi1>
  %10 = tfm.linear %x, %w : (tensor<2x4xf32>, tensor<4x8xf32>) -> tensor<2x8xf32>
  %11 = tfm.elementwise add(%10, %r) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %12 = tfm.elementwise relu(%11) : (tensor<2x8xf32>) -> tensor<2x8xf32>
  return %1, %3, %5, %7, %9, %12 : tensor<2x8xf32>, tensor<3x2x8xf32>, tensor<2x8xf32>, tensor<2x8xf32>, tensor<2x8xi1>, tensor<2x8xf32>
}

// Gemma's soft cap of logits: numbers go along.
// CHECK-LABEL: func.func @soft_cap
// CHECK: tfm.linear
// CHECK: %[[D:.*]] = tfm.apply div(%{{.*}}, %{{.*}}) : (f32, f32) -> f32
// CHECK: %[[T:.*]] = tfm.apply tanh(%[[D]])
// CHECK: %[[M:.*]] = tfm.apply mul(%{{.*}}, %[[T]]) : (f32, f32) -> f32
// CHECK: tfm.yield %[[M]]
// CHECK-NOT: tfm.elementwise
func.func @soft_cap(%x: tensor<2x4xf32>) -> tensor<2x8xf32> {
  %w = tfm.get_weight @w : tensor<4x8xf32>
  %cap = tfm.constant dense<30.0> : tensor<f32>
  %0 = tfm.linear %x, %w : (tensor<2x4xf32>, tensor<4x8xf32>) -> tensor<2x8xf32>
  %1 = tfm.elementwise div(%0, %cap) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %2 = tfm.elementwise tanh(%1) : (tensor<2x8xf32>) -> tensor<2x8xf32>
  %3 = tfm.elementwise mul(%cap, %2) : (tensor<f32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  return %3 : tensor<2x8xf32>
}

// Why an activation or a sum stays: others read the linear, or it broadcasts.
// CHECK-LABEL: func.func @reasons
// CHECK: tfm.linear %arg0, %{{.*}} {tfm.unfused = "relu is not taken along: its operand is read elsewhere too"}
// CHECK: tfm.linear %arg0, %{{.*}} {tfm.unfused = "the sum after it is not taken along: it broadcasts"}
func.func @reasons(%x: tensor<2x4xf32>, %r: tensor<1x8xf32>) -> (tensor<2x8xf32>, tensor<2x8xf32>, tensor<2x8xf32>) {
  %w = tfm.get_weight @w : tensor<4x8xf32>
  %0 = tfm.linear %x, %w : (tensor<2x4xf32>, tensor<4x8xf32>) -> tensor<2x8xf32>
  %1 = tfm.elementwise relu(%0) : (tensor<2x8xf32>) -> tensor<2x8xf32>
  %2 = tfm.linear %x, %w : (tensor<2x4xf32>, tensor<4x8xf32>) -> tensor<2x8xf32>
  %3 = tfm.elementwise add(%2, %r) : (tensor<2x8xf32>, tensor<1x8xf32>) -> tensor<2x8xf32>
  return %0, %1, %3 : tensor<2x8xf32>, tensor<2x8xf32>, tensor<2x8xf32>
}
