// RUN: ingot-opt %s --lower-to-plan | FileCheck %s
// RUN: ingot-opt %s --lower-to-plan=targets=cuda | FileCheck %s --check-prefix=CUDA

// No kernel for CPUs reads pages: keys and values are put one after the other,
// each of the row that the table says.
// CHECK: plan.launch @[[GATHER:[a-z0-9_]*]] {{.*}} (%[[K:[0-9]*]], %{{.*}}, %{{.*}})
// CHECK: plan.launch @[[GATHER]] {{.*}} (%[[V:[0-9]*]], %{{.*}}, %{{.*}})
// CHECK: plan.launch @attention_f32_d8 {{.*}} (%{{.*}}, %{{.*}}, %[[K]], %[[V]])
// CHECK-NOT: plan.launch
// CHECK: plan.kernel map @[[GATHER]]
// CHECK: tfm.check_index

// Those for GPUs take caches and table.
// CUDA-LABEL: plan.program @main
// CUDA-DAG: %[[K:.*]] = plan.buffer input 1
// CUDA-DAG: %[[V:.*]] = plan.buffer input 2
// CUDA-DAG: %[[T:.*]] = plan.buffer input 3
// CUDA-NOT: scratch
// CUDA: plan.launch @attention_f32_d8_pages grid <4*b> (%{{.*}}, %{{.*}}, %[[K]], %[[V]], %[[T]]) {{.*}} scalars <p, n, b, 16*p> {{.*}} bytes <2*min(1024*b*p, 1024*n) + 256*b + 4*b*p>
// CUDA-NOT: plan.launch
// CUDA: plan.kernel attention @attention_f32_d8_pages outs [f32] ins [f32, f32, f32, i32]
// CUDA-SAME: k_strides = array<i64: 256, 16, 8>
// CUDA-SAME: page_rows = 16
func.func @main(%q: tensor<?x1x4x8xf32, #tfm.dims<b, 1, 4, 8>> {tfm.name = "q"}, %k: tensor<?x16x2x8xf32, #tfm.dims<n, 16, 2, 8>> {tfm.name = "k"}, %v: tensor<?x16x2x8xf32, #tfm.dims<n, 16, 2, 8>> {tfm.name = "v"}, %t: tensor<?x?xi32, #tfm.dims<b, p>> {tfm.name = "t"}) -> (tensor<?x1x4x8xf32, #tfm.dims<b, 1, 4, 8>> {tfm.name = "y"}) attributes {tfm.symbols = [#tfm.symbol<"b", 0, -1, 0, 0>, #tfm.symbol<"n", 0, -1, 1, 0>, #tfm.symbol<"p", 0, -1, 3, 1>]} {
  %0 = tfm.attention %q, %k, %v pages %t scale 0.125 terms [] empty_rows zero : (tensor<?x1x4x8xf32, #tfm.dims<b, 1, 4, 8>>, tensor<?x16x2x8xf32, #tfm.dims<n, 16, 2, 8>>, tensor<?x16x2x8xf32, #tfm.dims<n, 16, 2, 8>>, tensor<?x?xi32, #tfm.dims<b, p>>) -> tensor<?x1x4x8xf32, #tfm.dims<b, 1, 4, 8>>
  return %0 : tensor<?x1x4x8xf32, #tfm.dims<b, 1, 4, 8>>
}

// In whatever order of rows and heads.
// CUDA-LABEL: plan.program @heads_first
// CUDA-NOT: scratch
// CUDA: plan.launch @attention_f32_d8_pages
// CUDA-NOT: plan.launch
// CUDA: plan.kernel
// CUDA-SAME: k_strides = array<i64: 256, 8, 128>
func.func @heads_first(%q: tensor<?x1x4x8xf32, #tfm.dims<b, 1, 4, 8>> {tfm.name = "q"}, %k: tensor<?x2x16x8xf32, #tfm.dims<n, 2, 16, 8>> {tfm.name = "k"}, %v: tensor<?x2x16x8xf32, #tfm.dims<n, 2, 16, 8>> {tfm.name = "v"}, %t: tensor<?x?xi32, #tfm.dims<b, p>> {tfm.name = "t"}) -> (tensor<?x1x4x8xf32, #tfm.dims<b, 1, 4, 8>> {tfm.name = "y"}) attributes {tfm.symbols = [#tfm.symbol<"b", 0, -1, 0, 0>, #tfm.symbol<"n", 0, -1, 1, 0>, #tfm.symbol<"p", 0, -1, 3, 1>]} {
  %1 = tfm.fused {
  ^bb0(%i: i64, %j: i64, %g: i64, %d: i64):
    %x = tfm.load %k[%i, %g, %j, %d] : tensor<?x2x16x8xf32, #tfm.dims<n, 2, 16, 8>> -> f32
    tfm.yield %x : f32
  } : tensor<?x16x2x8xf32, #tfm.dims<n, 16, 2, 8>>
  %2 = tfm.fused {
  ^bb0(%i: i64, %j: i64, %g: i64, %d: i64):
    %x = tfm.load %v[%i, %g, %j, %d] : tensor<?x2x16x8xf32, #tfm.dims<n, 2, 16, 8>> -> f32
    tfm.yield %x : f32
  } : tensor<?x16x2x8xf32, #tfm.dims<n, 16, 2, 8>>
  %0 = tfm.attention %q, %1, %2 pages %t scale 0.125 terms [] empty_rows zero : (tensor<?x1x4x8xf32, #tfm.dims<b, 1, 4, 8>>, tensor<?x16x2x8xf32, #tfm.dims<n, 16, 2, 8>>, tensor<?x16x2x8xf32, #tfm.dims<n, 16, 2, 8>>, tensor<?x?xi32, #tfm.dims<b, p>>) -> tensor<?x1x4x8xf32, #tfm.dims<b, 1, 4, 8>>
  return %0 : tensor<?x1x4x8xf32, #tfm.dims<b, 1, 4, 8>>
}

// Of halves that are multiplied in f32 the pages that are read are widened, not
// the caches.
// CUDA-LABEL: plan.program @widened
// CUDA: plan.launch @map_{{[a-z0-9_]*}} grid <256*b*p>
// CUDA-NEXT: plan.launch @map_{{[a-z0-9_]*}} grid <256*b*p>
// CUDA-NEXT: plan.launch @attention_f32_d8{{[_0-9]*}} grid
// CUDA-NOT: plan.launch
func.func @widened(%q: tensor<?x1x4x8xf32, #tfm.dims<b, 1, 4, 8>> {tfm.name = "q"}, %k: tensor<?x16x2x8xf16, #tfm.dims<n, 16, 2, 8>> {tfm.name = "k"}, %v: tensor<?x16x2x8xf16, #tfm.dims<n, 16, 2, 8>> {tfm.name = "v"}, %t: tensor<?x?xi32, #tfm.dims<b, p>> {tfm.name = "t"}) -> (tensor<?x1x4x8xf32, #tfm.dims<b, 1, 4, 8>> {tfm.name = "y"}) attributes {tfm.symbols = [#tfm.symbol<"b", 0, -1, 0, 0>, #tfm.symbol<"n", 0, -1, 1, 0>, #tfm.symbol<"p", 0, -1, 3, 1>]} {
  %1 = tfm.fused {
  ^bb0(%i: i64, %j: i64, %g: i64, %d: i64):
    %x = tfm.load %k[%i, %j, %g, %d] : tensor<?x16x2x8xf16, #tfm.dims<n, 16, 2, 8>> -> f16
    %y = tfm.convert %x : f16 to f32
    tfm.yield %y : f32
  } : tensor<?x16x2x8xf32, #tfm.dims<n, 16, 2, 8>>
  %2 = tfm.fused {
  ^bb0(%i: i64, %j: i64, %g: i64, %d: i64):
    %x = tfm.load %v[%i, %j, %g, %d] : tensor<?x16x2x8xf16, #tfm.dims<n, 16, 2, 8>> -> f16
    %y = tfm.convert %x : f16 to f32
    tfm.yield %y : f32
  } : tensor<?x16x2x8xf32, #tfm.dims<n, 16, 2, 8>>
  %0 = tfm.attention %q, %1, %2 pages %t scale 0.125 terms [] empty_rows zero : (tensor<?x1x4x8xf32, #tfm.dims<b, 1, 4, 8>>, tensor<?x16x2x8xf32, #tfm.dims<n, 16, 2, 8>>, tensor<?x16x2x8xf32, #tfm.dims<n, 16, 2, 8>>, tensor<?x?xi32, #tfm.dims<b, p>>) -> tensor<?x1x4x8xf32, #tfm.dims<b, 1, 4, 8>>
  return %0 : tensor<?x1x4x8xf32, #tfm.dims<b, 1, 4, 8>>
}
