// RUN: ingot-opt %s --canonical --fused --plan | FileCheck %s

// Keys and values that the caller gets as its next cache are read from there;
// nothing is put together twice.
// CHECK: %[[V:.*]] = plan.buffer output 2
// CHECK: %[[K:.*]] = plan.buffer output 1
// CHECK: plan.launch @map_f32_{{.*}} (%[[K]],
// CHECK: plan.launch @map_f32_{{.*}} (%[[V]],
// CHECK: plan.launch @attention_f32_d4 {{.*}} (%{{.*}}, %{{.*}}, %[[K]], %[[V]])
// The result in the order of the product.
// CHECK: plan.launch @map_f32_gather
// CHECK-NOT: plan.launch
func.func @main(%q: tensor<1x2x3x4xf32> {tfm.name = "q"}, %k: tensor<1x2x3x4xf32> {tfm.name = "k"}, %v: tensor<1x2x3x4xf32> {tfm.name = "v"}, %pk: tensor<1x2x5x4xf32> {tfm.name = "past_k"}, %pv: tensor<1x2x5x4xf32> {tfm.name = "past_v"}) -> (tensor<1x2x3x4xf32> {tfm.name = "y"}, tensor<1x2x8x4xf32> {tfm.name = "present_k"}, tensor<1x2x8x4xf32> {tfm.name = "present_v"}) {
  %keys = tfm.concat %pk, %k axis 2 : (tensor<1x2x5x4xf32>, tensor<1x2x3x4xf32>) -> tensor<1x2x8x4xf32>
  %values = tfm.concat %pv, %v axis 2 : (tensor<1x2x5x4xf32>, tensor<1x2x3x4xf32>) -> tensor<1x2x8x4xf32>
  %kt = tfm.transpose %keys perm [0, 1, 3, 2] : tensor<1x2x8x4xf32> -> tensor<1x2x4x8xf32>
  %s = tfm.matmul %q, %kt : (tensor<1x2x3x4xf32>, tensor<1x2x4x8xf32>) -> tensor<1x2x3x8xf32>
  %p = tfm.softmax %s axis 3 : tensor<1x2x3x8xf32>
  %o = tfm.matmul %p, %values : (tensor<1x2x3x8xf32>, tensor<1x2x8x4xf32>) -> tensor<1x2x3x4xf32>
  return %o, %keys, %values : tensor<1x2x3x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>
}
