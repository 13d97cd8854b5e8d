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
