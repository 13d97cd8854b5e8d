// RUN: ingot-opt %s | ingot-opt | FileCheck %s
// RUN: ingot-opt %s --mlir-print-op-generic | ingot-opt | FileCheck %s

// CHECK-LABEL: @linear
func.func @linear(%x: tensor<?x8xf32, #tfm.dims<n, 8>>, %w: tensor<8x4xf32>, %b: tensor<4xf32>, %r: tensor<?x4xf32, #tfm.dims<n, 4>>) -> tensor<?x4xf32, #tfm.dims<n, 4>> {
  // CHECK: tfm.linear %{{.*}}, %{{.*}} : (tensor<?x8xf32, #tfm.dims<n, 8>>, tensor<8x4xf32>) -> tensor<?x4xf32, #tfm.dims<n, 4>>
  %0 = tfm.linear %x, %w : (tensor<?x8xf32, #tfm.dims<n, 8>>, tensor<8x4xf32>) -> tensor<?x4xf32, #tfm.dims<n, 4>>
  // CHECK: tfm.linear %{{.*}}, %{{.*}} bias %{{.*}} residual %{{.*}} epilogue {
  // CHECK-NEXT: ^bb0(%[[V:.*]]: f32):
  // CHECK-NEXT: %[[G:.*]] = tfm.apply gelu(%[[V]]) : (f32) -> f32
  // CHECK-NEXT: tfm.yield %[[G]] : f32
  // CHECK-NEXT: } : (
  %1 = tfm.linear %x, %w bias %b residual %r epilogue {
  ^bb0(%v: f32):
    %g = tfm.apply gelu(%v) : (f32) -> f32
    tfm.yield %g : f32
  } : (tensor<?x8xf32, #tfm.dims<n, 8>>, tensor<8x4xf32>, tensor<4xf32>, tensor<?x4xf32, #tfm.dims<n, 4>>) -> tensor<?x4xf32, #tfm.dims<n, 4>>
  return %1 : tensor<?x4xf32, #tfm.dims<n, 4>>
}

// CHECK-LABEL: @quantized
func.func @quantized(%x: tensor<2x8xf32>, %w: tensor<8x4xi4>, %s: tensor<3x4xf16>, %z: tensor<3x4xi4>, %c: tensor<8x4xui8>, %t: tensor<1x4xf32>, %b: tensor<4xf32>) -> tensor<2x4xf32> {
  // CHECK: tfm.linear %{{.*}}, %{{.*}} scales %{{.*}} zeros %{{.*}} bias %{{.*}} {block = 3 : i64} : (tensor<2x8xf32>, tensor<8x4xi4>, tensor<3x4xf16>, tensor<3x4xi4>, tensor<4xf32>) -> tensor<2x4xf32>
  %0 = tfm.linear %x, %w scales %s zeros %z bias %b {block = 3 : i64} : (tensor<2x8xf32>, tensor<8x4xi4>, tensor<3x4xf16>, tensor<3x4xi4>, tensor<4xf32>) -> tensor<2x4xf32>
  // CHECK: tfm.linear %{{.*}}, %{{.*}} scales %{{.*}} residual %{{.*}} {block = 8 : i64} : (tensor<2x8xf32>, tensor<8x4xui8>, tensor<1x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  %1 = tfm.linear %x, %c scales %t residual %0 {block = 8 : i64} : (tensor<2x8xf32>, tensor<8x4xui8>, tensor<1x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  return %1 : tensor<2x4xf32>
}
