// RUN: ingot-opt %s --canonical --fused --plan | FileCheck %s
// RUN: ingot-opt %s --canonical --fused --narrow-operands="target=cuda precision=f16" --share-results --lower-to-plan=targets=cuda | FileCheck %s --check-prefix=F16

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
// In f16 attention reads a copy of each, rounded, in the order of the caches.
// F16-LABEL: plan.program @main
// F16: %[[V:.*]] = plan.buffer output 2
// F16: %[[K:.*]] = plan.buffer output 1
// F16-DAG: plan.launch @map_f32_{{.*}} (%[[K]],
// F16-DAG: plan.launch @map_f32_{{.*}} (%[[V]],
// F16-DAG: plan.launch @map_f16_{{.*}} (%[[NARROW_K:.*]], %[[K]])
// F16-DAG: plan.launch @map_f16_{{.*}} (%[[NARROW_V:.*]], %[[V]])
// F16: plan.launch @attention_f16_d4{{.*}} (%{{.*}}, %{{.*}}, %[[NARROW_K]], %[[NARROW_V]])
// F16: plan.launch @map_f32_gather
// F16-NOT: plan.launch
func.func @main(%q: tensor<1x2x3x4xf32> {tfm.name = "q"}, %k: tensor<1x2x3x4xf32> {tfm.name = "k"}, %v: tensor<1x2x3x4xf32> {tfm.name = "v"}, %pk: tensor<1x2x5x4xf32> {tfm.name = "past_k"}, %pv: tensor<1x2x5x4xf32> {tfm.name = "past_v"}) -> (tensor<1x2x3x4xf32> {tfm.name = "y"}, tensor<1x2x8x4xf32> {tfm.name = "present_k"}, tensor<1x2x8x4xf32> {tfm.name = "present_v"}) {
  %keys = tfm.concat %pk, %k axis 2 : (tensor<1x2x5x4xf32>, tensor<1x2x3x4xf32>) -> tensor<1x2x8x4xf32>
  %values = tfm.concat %pv, %v axis 2 : (tensor<1x2x5x4xf32>, tensor<1x2x3x4xf32>) -> tensor<1x2x8x4xf32>
  %kt = tfm.transpose %keys perm [0, 1, 3, 2] : tensor<1x2x8x4xf32> -> tensor<1x2x4x8xf32>
  %s = tfm.matmul %q, %kt : (tensor<1x2x3x4xf32>, tensor<1x2x4x8xf32>) -> tensor<1x2x3x8xf32>
  %p = tfm.softmax %s axis 3 : tensor<1x2x3x8xf32>
  %o = tfm.matmul %p, %values : (tensor<1x2x3x8xf32>, tensor<1x2x8x4xf32>) -> tensor<1x2x3x4xf32>
  return %o, %keys, %values : tensor<1x2x3x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>
}

// Caches of f16, as the caller gets them: in f16 they are all that attention
// reads; in f32 it has copies that are not rounded.
// CHECK-LABEL: plan.program @halves
// CHECK: %[[V:.*]] = plan.buffer output 2
// CHECK: %[[K:.*]] = plan.buffer output 1
// CHECK-COUNT-2: plan.launch @map_f32_
// CHECK: plan.launch @attention_f32_d4
// CHECK-DAG: plan.launch @map_f16_{{.*}} (%[[K]],
// CHECK-DAG: plan.launch @map_f16_{{.*}} (%[[V]],
// CHECK: plan.kernel
// F16-LABEL: plan.program @halves
// F16: %[[V:.*]] = plan.buffer output 2
// F16: %[[K:.*]] = plan.buffer output 1
// F16: plan.launch @map_f16_{{.*}} (%[[Q:.*]], %{{.*}})
// F16: plan.launch @map_f16_{{.*}} (%[[K]],
// F16: plan.launch @map_f16_{{.*}} (%[[V]],
// F16: plan.launch @attention_f16_d4{{.*}} (%{{.*}}, %[[Q]], %[[K]], %[[V]])
// F16: plan.launch @map_f32_gather
// F16-NOT: plan.launch
func.func @halves(%q: tensor<?x4x?x4xf32, #tfm.dims<batch, 4, queries, 4>> {tfm.name = "q"}, %k: tensor<?x2x?x4xf32, #tfm.dims<batch, 2, queries, 4>> {tfm.name = "k"}, %v: tensor<?x2x?x4xf32, #tfm.dims<batch, 2, queries, 4>> {tfm.name = "v"}, %pk: tensor<?x2x?x4xf16, #tfm.dims<batch, 2, past, 4>> {tfm.name = "past_k"}, %pv: tensor<?x2x?x4xf16, #tfm.dims<batch, 2, past, 4>> {tfm.name = "past_v"}) -> (tensor<?x4x?x4xf32, #tfm.dims<batch, 4, queries, 4>> {tfm.name = "y"}, tensor<?x2x?x4xf16, #tfm.dims<batch, 2, past + queries, 4>> {tfm.name = "present_k"}, tensor<?x2x?x4xf16, #tfm.dims<batch, 2, past + queries, 4>> {tfm.name = "present_v"}) attributes {tfm.symbols = [#tfm.symbol<"batch", 0, -1, 0, 0>, #tfm.symbol<"queries", 0, -1, 0, 2>, #tfm.symbol<"past", 0, -1, 3, 2>]} {
  %wk = tfm.cast %pk : tensor<?x2x?x4xf16, #tfm.dims<batch, 2, past, 4>> -> tensor<?x2x?x4xf32, #tfm.dims<batch, 2, past, 4>>
  %wv = tfm.cast %pv : tensor<?x2x?x4xf16, #tfm.dims<batch, 2, past, 4>> -> tensor<?x2x?x4xf32, #tfm.dims<batch, 2, past, 4>>
  %keys = tfm.concat %wk, %k axis 2 : (tensor<?x2x?x4xf32, #tfm.dims<batch, 2, past, 4>>, tensor<?x2x?x4xf32, #tfm.dims<batch, 2, queries, 4>>) -> tensor<?x2x?x4xf32, #tfm.dims<batch, 2, past + queries, 4>>
  %values = tfm.concat %wv, %v axis 2 : (tensor<?x2x?x4xf32, #tfm.dims<batch, 2, past, 4>>, tensor<?x2x?x4xf32, #tfm.dims<batch, 2, queries, 4>>) -> tensor<?x2x?x4xf32, #tfm.dims<batch, 2, past + queries, 4>>
  %gk = tfm.reshape %keys : tensor<?x2x?x4xf32, #tfm.dims<batch, 2, past + queries, 4>> -> tensor<?x2x1x?x4xf32, #tfm.dims<batch, 2, 1, past + queries, 4>>
  %gv = tfm.reshape %values : tensor<?x2x?x4xf32, #tfm.dims<batch, 2, past + queries, 4>> -> tensor<?x2x1x?x4xf32, #tfm.dims<batch, 2, 1, past + queries, 4>>
  %bk = tfm.broadcast %gk : tensor<?x2x1x?x4xf32, #tfm.dims<batch, 2, 1, past + queries, 4>> -> tensor<?x2x2x?x4xf32, #tfm.dims<batch, 2, 2, past + queries, 4>>
  %bv = tfm.broadcast %gv : tensor<?x2x1x?x4xf32, #tfm.dims<batch, 2, 1, past + queries, 4>> -> tensor<?x2x2x?x4xf32, #tfm.dims<batch, 2, 2, past + queries, 4>>
  %hk = tfm.reshape %bk : tensor<?x2x2x?x4xf32, #tfm.dims<batch, 2, 2, past + queries, 4>> -> tensor<?x4x?x4xf32, #tfm.dims<batch, 4, past + queries, 4>>
  %hv = tfm.reshape %bv : tensor<?x2x2x?x4xf32, #tfm.dims<batch, 2, 2, past + queries, 4>> -> tensor<?x4x?x4xf32, #tfm.dims<batch, 4, past + queries, 4>>
  %kt = tfm.transpose %hk perm [0, 1, 3, 2] : tensor<?x4x?x4xf32, #tfm.dims<batch, 4, past + queries, 4>> -> tensor<?x4x4x?xf32, #tfm.dims<batch, 4, 4, past + queries>>
  %s = tfm.matmul %q, %kt : (tensor<?x4x?x4xf32, #tfm.dims<batch, 4, queries, 4>>, tensor<?x4x4x?xf32, #tfm.dims<batch, 4, 4, past + queries>>) -> tensor<?x4x?x?xf32, #tfm.dims<batch, 4, queries, past + queries>>
  %p = tfm.softmax %s axis 3 : tensor<?x4x?x?xf32, #tfm.dims<batch, 4, queries, past + queries>>
  %o = tfm.matmul %p, %hv : (tensor<?x4x?x?xf32, #tfm.dims<batch, 4, queries, past + queries>>, tensor<?x4x?x4xf32, #tfm.dims<batch, 4, past + queries, 4>>) -> tensor<?x4x?x4xf32, #tfm.dims<batch, 4, queries, 4>>
  %nk = tfm.cast %keys : tensor<?x2x?x4xf32, #tfm.dims<batch, 2, past + queries, 4>> -> tensor<?x2x?x4xf16, #tfm.dims<batch, 2, past + queries, 4>>
  %nv = tfm.cast %values : tensor<?x2x?x4xf32, #tfm.dims<batch, 2, past + queries, 4>> -> tensor<?x2x?x4xf16, #tfm.dims<batch, 2, past + queries, 4>>
  return %o, %nk, %nv : tensor<?x4x?x4xf32, #tfm.dims<batch, 4, queries, 4>>, tensor<?x2x?x4xf16, #tfm.dims<batch, 2, past + queries, 4>>, tensor<?x2x?x4xf16, #tfm.dims<batch, 2, past + queries, 4>>
}
