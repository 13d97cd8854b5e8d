// RUN: ingot-opt %s | ingot-opt | FileCheck %s
// RUN: ingot-opt %s --mlir-print-op-generic | ingot-opt | FileCheck %s

// CHECK-LABEL: @attention
func.func @attention(%q: tensor<?x?x12x32xf32, #tfm.dims<batch, sequence, 12, 32>>, %k: tensor<?x?x4x32xf32, #tfm.dims<batch, keys, 4, 32>>,
                     %v: tensor<?x?x4x16xf32, #tfm.dims<batch, keys, 4, 16>>, %mask: tensor<?x?xi1, #tfm.dims<batch, keys>>) -> tensor<?x?x12x16xf32, #tfm.dims<batch, sequence, 12, 16>> {
  // CHECK: tfm.attention %{{.*}}, %{{.*}}, %{{.*}} scale 1.250000e-01 terms [] empty_rows nan : (
  %0 = tfm.attention %q, %k, %v scale 0.125 terms [] empty_rows nan
      : (tensor<?x?x12x32xf32, #tfm.dims<batch, sequence, 12, 32>>, tensor<?x?x4x32xf32, #tfm.dims<batch, keys, 4, 32>>, tensor<?x?x4x16xf32, #tfm.dims<batch, keys, 4, 16>>) -> tensor<?x?x12x16xf32, #tfm.dims<batch, sequence, 12, 16>>
  // CHECK: tfm.attention %{{.*}}, %{{.*}}, %{{.*}} scale 1.250000e-01 terms ["key_valid"] empty_rows mean score_mod {
  // CHECK-NEXT: ^bb0(%[[S:[^:]*]]: f32, %[[B:[^:]*]]: i64, %{{.*}}: i64, %{{.*}}: i64, %[[K:[^:]*]]: i64):
  // CHECK-NEXT: %[[KEEP:.*]] = tfm.load %{{.*}}[%[[B]], %[[K]]]
  // CHECK: tfm.choose %[[KEEP]], %[[S]], %{{.*}} : f32
  %1 = tfm.attention %q, %k, %v scale 0.125 terms ["key_valid"] empty_rows mean score_mod {
  ^bb0(%s: f32, %b: i64, %h: i64, %i: i64, %j: i64):
    %keep = tfm.load %mask[%b, %j] : tensor<?x?xi1, #tfm.dims<batch, keys>> -> i1
    %fill = arith.constant -3.40282347E+38 : f32
    %m = tfm.choose %keep, %s, %fill : f32
    tfm.yield %m : f32
  } : (tensor<?x?x12x32xf32, #tfm.dims<batch, sequence, 12, 32>>, tensor<?x?x4x32xf32, #tfm.dims<batch, keys, 4, 32>>, tensor<?x?x4x16xf32, #tfm.dims<batch, keys, 4, 16>>) -> tensor<?x?x12x16xf32, #tfm.dims<batch, sequence, 12, 16>>
  return %1 : tensor<?x?x12x16xf32, #tfm.dims<batch, sequence, 12, 16>>
}

// CHECK-LABEL: @bounds
func.func @bounds(%q: tensor<1x?x2x8xf32, #tfm.dims<1, n, 2, 8>>, %b: tensor<1x?xi64, #tfm.dims<1, n>>, %e: tensor<1x?xi64, #tfm.dims<1, n>>) -> tensor<1x?x2x8xf32, #tfm.dims<1, n, 2, 8>> {
  // CHECK: tfm.attention %[[Q:.*]], %[[Q]], %[[Q]] keys %{{.*}} to %{{.*}} scale 1.250000e-01 terms [] empty_rows zero :
  %0 = tfm.attention %q, %q, %q keys %b to %e scale 0.125 terms [] empty_rows zero : (tensor<1x?x2x8xf32, #tfm.dims<1, n, 2, 8>>, tensor<1x?x2x8xf32, #tfm.dims<1, n, 2, 8>>, tensor<1x?x2x8xf32, #tfm.dims<1, n, 2, 8>>, tensor<1x?xi64, #tfm.dims<1, n>>, tensor<1x?xi64, #tfm.dims<1, n>>) -> tensor<1x?x2x8xf32, #tfm.dims<1, n, 2, 8>>
  return %0 : tensor<1x?x2x8xf32, #tfm.dims<1, n, 2, 8>>
}

// CHECK-LABEL: @pages
func.func @pages(%q: tensor<?x1x4x8xf32, #tfm.dims<batch, 1, 4, 8>>, %k: tensor<?x16x2x8xf32, #tfm.dims<n, 16, 2, 8>>, %v: tensor<?x16x2x4xf32, #tfm.dims<n, 16, 2, 4>>, %p: tensor<?x3xi32, #tfm.dims<batch, 3>>) -> tensor<?x1x4x4xf32, #tfm.dims<batch, 1, 4, 4>> {
  // CHECK: tfm.attention %{{.*}}, %{{.*}}, %{{.*}} pages %{{.*}} scale 1.250000e-01 terms [] empty_rows zero :
  %0 = tfm.attention %q, %k, %v pages %p scale 0.125 terms [] empty_rows zero : (tensor<?x1x4x8xf32, #tfm.dims<batch, 1, 4, 8>>, tensor<?x16x2x8xf32, #tfm.dims<n, 16, 2, 8>>, tensor<?x16x2x4xf32, #tfm.dims<n, 16, 2, 4>>, tensor<?x3xi32, #tfm.dims<batch, 3>>) -> tensor<?x1x4x4xf32, #tfm.dims<batch, 1, 4, 4>>
  return %0 : tensor<?x1x4x4xf32, #tfm.dims<batch, 1, 4, 4>>
}
