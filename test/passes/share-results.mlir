// RUN: ingot-opt %s --share-results | FileCheck %s
// RUN: ingot-opt %s --share-results --lower-to-plan=targets=cuda | FileCheck %s --check-prefix=PLAN

// What comes later is made where attention's copy was, of its region; values
// are there already. Two heads of queries read one of keys, and a second
// attention the same.
// CHECK-LABEL: func.func @caches
// CHECK: %[[V:.*]] = tfm.fused {
// CHECK: %[[READ:.*]] = tfm.fused {
// CHECK-NEXT: ^bb0(%[[B:.*]]: i64, %[[G:.*]]: i64, %[[S:.*]]: i64, %[[D:.*]]: i64):
// CHECK-NEXT: tfm.load %[[V]][%[[B]], %[[G]], %[[S]], %[[D]]]
// CHECK: %[[K:.*]] = tfm.fused {
// CHECK-NEXT: ^bb0(%[[B:.*]]: i64, %[[G:.*]]: i64, %[[S:.*]]: i64, %[[D:.*]]: i64):
// CHECK: tfm.load %arg1[%[[B]], %[[G]], %[[S]], %[[D]]]
// CHECK: } : tensor<?x2x?x4xf16, #tfm.dims<batch, 2, keys, 4>>
// CHECK: %[[KEYS:.*]] = tfm.fused {
// CHECK-NEXT: ^bb0(%[[B:.*]]: i64, %[[S:.*]]: i64, %[[G:.*]]: i64, %[[D:.*]]: i64):
// CHECK-NEXT: %[[E:.*]] = tfm.load %[[K]][%[[B]], %[[G]], %[[S]], %[[D]]]
// CHECK-NEXT: tfm.yield %[[E]] : f16
// CHECK: %[[VALUES:.*]] = tfm.fused {
// CHECK-NEXT: ^bb0(%[[B:.*]]: i64, %[[S:.*]]: i64, %[[G:.*]]: i64, %[[D:.*]]: i64):
// CHECK-NEXT: %[[E:.*]] = tfm.load %[[V]][%[[B]], %[[G]], %[[S]], %[[D]]]
// CHECK-NEXT: tfm.yield %[[E]] : f16
// CHECK: tfm.attention %arg0, %[[KEYS]], %[[VALUES]]
// CHECK: tfm.attention %arg0, %[[KEYS]], %[[VALUES]]
// CHECK: %[[ALSO:.*]] = tfm.fused {
// CHECK: tfm.load %[[K]]
// CHECK: return %{{.*}}, %{{.*}}, %[[READ]], %[[ALSO]], %[[K]], %[[V]]

// PLAN-LABEL: plan.program @caches
// PLAN-DAG: %[[V:.*]] = plan.buffer output 5
// PLAN-DAG: %[[K:.*]] = plan.buffer output 4
// PLAN: plan.launch @map_{{.*}} (%[[V]],
// PLAN: plan.launch @map_{{.*}} (%{{.*}}, %[[V]])
// PLAN: plan.launch @map_{{.*}} (%[[K]],
// PLAN-COUNT-2: plan.launch @attention_f16_d4{{.*}} (%{{.*}}, %{{.*}}, %[[K]], %[[V]])
// PLAN: plan.launch @map_{{.*}} (%{{.*}}, %[[K]])
// PLAN-NOT: plan.launch
// PLAN: plan.kernel
func.func @caches(%q: tensor<?x?x4x4xf16, #tfm.dims<batch, queries, 4, 4>> {tfm.name = "q"}, %pk: tensor<?x2x?x4xf32, #tfm.dims<batch, 2, keys, 4>> {tfm.name = "k"}, %pv: tensor<?x2x?x4xf32, #tfm.dims<batch, 2, keys, 4>> {tfm.name = "v"}) -> (tensor<?x?x4x4xf16, #tfm.dims<batch, queries, 4, 4>>, tensor<?x?x4x4xf16, #tfm.dims<batch, queries, 4, 4>>, tensor<?x2x?x4xf32, #tfm.dims<batch, 2, keys, 4>>, tensor<?x2x?x4xf32, #tfm.dims<batch, 2, keys, 4>>, tensor<?x2x?x4xf16, #tfm.dims<batch, 2, keys, 4>>, tensor<?x2x?x4xf16, #tfm.dims<batch, 2, keys, 4>>) attributes {tfm.symbols = [#tfm.symbol<"batch", 0, -1, 0, 0>, #tfm.symbol<"queries", 0, -1, 0, 1>, #tfm.symbol<"keys", 0, -1, 1, 2>]} {
  %values = tfm.fused {
  ^bb0(%b: i64, %g: i64, %s: i64, %d: i64):
    %0 = tfm.load %pv[%b, %g, %s, %d] : tensor<?x2x?x4xf32, #tfm.dims<batch, 2, keys, 4>> -> f32
    %1 = tfm.convert %0 : f32 to f16
    tfm.yield %1 : f16
  } : tensor<?x2x?x4xf16, #tfm.dims<batch, 2, keys, 4>>
  %read = tfm.fused {
  ^bb0(%b: i64, %g: i64, %s: i64, %d: i64):
    %0 = tfm.load %values[%b, %g, %s, %d] : tensor<?x2x?x4xf16, #tfm.dims<batch, 2, keys, 4>> -> f16
    %1 = tfm.convert %0 : f16 to f32
    tfm.yield %1 : f32
  } : tensor<?x2x?x4xf32, #tfm.dims<batch, 2, keys, 4>>
  %k = tfm.fused {
  ^bb0(%b: i64, %s: i64, %g: i64, %d: i64):
    %0 = tfm.load %pk[%b, %g, %s, %d] : tensor<?x2x?x4xf32, #tfm.dims<batch, 2, keys, 4>> -> f32
    %1 = tfm.convert %0 : f32 to f16
    tfm.yield %1 : f16
  } : tensor<?x?x2x4xf16, #tfm.dims<batch, keys, 2, 4>>
  %v = tfm.fused {
  ^bb0(%b: i64, %s: i64, %g: i64, %d: i64):
    %0 = tfm.load %pv[%b, %g, %s, %d] : tensor<?x2x?x4xf32, #tfm.dims<batch, 2, keys, 4>> -> f32
    %1 = tfm.convert %0 : f32 to f16
    tfm.yield %1 : f16
  } : tensor<?x?x2x4xf16, #tfm.dims<batch, keys, 2, 4>>
  %a = tfm.attention %q, %k, %v scale 0.5 terms [] empty_rows scores : (tensor<?x?x4x4xf16, #tfm.dims<batch, queries, 4, 4>>, tensor<?x?x2x4xf16, #tfm.dims<batch, keys, 2, 4>>, tensor<?x?x2x4xf16, #tfm.dims<batch, keys, 2, 4>>) -> tensor<?x?x4x4xf16, #tfm.dims<batch, queries, 4, 4>>
  %b = tfm.attention %q, %k, %v scale 0.25 terms [] empty_rows scores : (tensor<?x?x4x4xf16, #tfm.dims<batch, queries, 4, 4>>, tensor<?x?x2x4xf16, #tfm.dims<batch, keys, 2, 4>>, tensor<?x?x2x4xf16, #tfm.dims<batch, keys, 2, 4>>) -> tensor<?x?x4x4xf16, #tfm.dims<batch, queries, 4, 4>>
  %keys = tfm.fused {
  ^bb0(%b0: i64, %g: i64, %s: i64, %d: i64):
    %0 = tfm.load %pk[%b0, %g, %s, %d] : tensor<?x2x?x4xf32, #tfm.dims<batch, 2, keys, 4>> -> f32
    %1 = tfm.convert %0 : f32 to f16
    tfm.yield %1 : f16
  } : tensor<?x2x?x4xf16, #tfm.dims<batch, 2, keys, 4>>
  %also = tfm.fused {
  ^bb0(%b0: i64, %g: i64, %s: i64, %d: i64):
    %0 = tfm.load %keys[%b0, %g, %s, %d] : tensor<?x2x?x4xf16, #tfm.dims<batch, 2, keys, 4>> -> f16
    %1 = tfm.convert %0 : f16 to f32
    tfm.yield %1 : f32
  } : tensor<?x2x?x4xf32, #tfm.dims<batch, 2, keys, 4>>
  return %a, %b, %read, %also, %keys, %values : tensor<?x?x4x4xf16, #tfm.dims<batch, queries, 4, 4>>, tensor<?x?x4x4xf16, #tfm.dims<batch, queries, 4, 4>>, tensor<?x2x?x4xf32, #tfm.dims<batch, 2, keys, 4>>, tensor<?x2x?x4xf32, #tfm.dims<batch, 2, keys, 4>>, tensor<?x2x?x4xf16, #tfm.dims<batch, 2, keys, 4>>, tensor<?x2x?x4xf16, #tfm.dims<batch, 2, keys, 4>>
}

// Left alone: heads that are read where they lie though a result has them too,
// and copies of what lies rounded to another type, or column after column.
// CHECK-LABEL: func.func @alone
// CHECK-COUNT-2: tfm.load %arg0
// CHECK: tfm.load %arg1
// CHECK: tfm.attention
// CHECK: tfm.load %arg1
// CHECK: tfm.attention
// CHECK: tfm.load %arg0
// CHECK: tfm.load %arg1
// CHECK: tfm.load %arg1
func.func @alone(%x: tensor<1x3x2x4xf16> {tfm.name = "x"}, %y: tensor<1x3x2x4xf32> {tfm.name = "y"}) -> (tensor<1x3x2x4xf16>, tensor<1x3x2x4xf16>, tensor<1x2x3x4xf16>, tensor<1x2x3x4xbf16>, tensor<1x2x4x3xf16>) {
  %q = tfm.fused {
  ^bb0(%b: i64, %s: i64, %h: i64, %d: i64):
    %0 = tfm.load %x[%b, %s, %h, %d] : tensor<1x3x2x4xf16> -> f16
    tfm.yield %0 : f16
  } : tensor<1x3x2x4xf16>
  %k = tfm.fused {
  ^bb0(%b: i64, %s: i64, %h: i64, %d: i64):
    %0 = tfm.load %x[%b, %s, %h, %d] : tensor<1x3x2x4xf16> -> f16
    tfm.yield %0 : f16
  } : tensor<1x3x2x4xf16>
  %v = tfm.fused {
  ^bb0(%b: i64, %s: i64, %h: i64, %d: i64):
    %0 = tfm.load %y[%b, %s, %h, %d] : tensor<1x3x2x4xf32> -> f32
    %1 = tfm.convert %0 : f32 to f16
    tfm.yield %1 : f16
  } : tensor<1x3x2x4xf16>
  %a = tfm.attention %q, %k, %v scale 0.5 terms [] empty_rows scores : (tensor<1x3x2x4xf16>, tensor<1x3x2x4xf16>, tensor<1x3x2x4xf16>) -> tensor<1x3x2x4xf16>
  %w = tfm.fused {
  ^bb0(%b: i64, %s: i64, %h: i64, %d: i64):
    %0 = tfm.load %y[%b, %s, %h, %d] : tensor<1x3x2x4xf32> -> f32
    %1 = tfm.apply neg(%0) : (f32) -> f32
    %2 = tfm.convert %1 : f32 to f16
    tfm.yield %2 : f16
  } : tensor<1x3x2x4xf16>
  %b = tfm.attention %q, %w, %w scale 0.5 terms [] empty_rows scores : (tensor<1x3x2x4xf16>, tensor<1x3x2x4xf16>, tensor<1x3x2x4xf16>) -> tensor<1x3x2x4xf16>
  %keys = tfm.fused {
  ^bb0(%b0: i64, %h: i64, %s: i64, %d: i64):
    %0 = tfm.load %x[%b0, %s, %h, %d] : tensor<1x3x2x4xf16> -> f16
    tfm.yield %0 : f16
  } : tensor<1x2x3x4xf16>
  %other = tfm.fused {
  ^bb0(%b0: i64, %h: i64, %s: i64, %d: i64):
    %0 = tfm.load %y[%b0, %s, %h, %d] : tensor<1x3x2x4xf32> -> f32
    %1 = tfm.convert %0 : f32 to bf16
    tfm.yield %1 : bf16
  } : tensor<1x2x3x4xbf16>
  %turned = tfm.fused {
  ^bb0(%b0: i64, %h: i64, %d: i64, %s: i64):
    %0 = tfm.load %y[%b0, %s, %h, %d] : tensor<1x3x2x4xf32> -> f32
    %1 = tfm.convert %0 : f32 to f16
    tfm.yield %1 : f16
  } : tensor<1x2x4x3xf16>
  return %a, %b, %keys, %other, %turned : tensor<1x3x2x4xf16>, tensor<1x3x2x4xf16>, tensor<1x2x3x4xf16>, tensor<1x2x3x4xbf16>, tensor<1x2x4x3xf16>
}

// And a copy that others read too, which is memory anyhow.
// CHECK-LABEL: func.func @read_by_others
// CHECK: tfm.load %arg1
// CHECK: tfm.attention
// CHECK: tfm.load %arg1
func.func @read_by_others(%q: tensor<1x3x2x4xf16> {tfm.name = "q"}, %y: tensor<1x3x2x4xf32> {tfm.name = "y"}) -> (tensor<1x3x2x4xf16>, tensor<1x2x3x4xf16>, tensor<1x3x2x4xf16>) {
  %k = tfm.fused {
  ^bb0(%b: i64, %s: i64, %h: i64, %d: i64):
    %0 = tfm.load %y[%b, %s, %h, %d] : tensor<1x3x2x4xf32> -> f32
    %1 = tfm.convert %0 : f32 to f16
    tfm.yield %1 : f16
  } : tensor<1x3x2x4xf16>
  %a = tfm.attention %q, %k, %k scale 0.5 terms [] empty_rows scores : (tensor<1x3x2x4xf16>, tensor<1x3x2x4xf16>, tensor<1x3x2x4xf16>) -> tensor<1x3x2x4xf16>
  %keys = tfm.fused {
  ^bb0(%b: i64, %h: i64, %s: i64, %d: i64):
    %0 = tfm.load %y[%b, %s, %h, %d] : tensor<1x3x2x4xf32> -> f32
    %1 = tfm.convert %0 : f32 to f16
    tfm.yield %1 : f16
  } : tensor<1x2x3x4xf16>
  return %a, %keys, %k : tensor<1x3x2x4xf16>, tensor<1x2x3x4xf16>, tensor<1x3x2x4xf16>
}
