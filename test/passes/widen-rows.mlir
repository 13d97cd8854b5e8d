// RUN: ingot-opt %s --split-input-file --narrow-operands="target=cuda precision=bf16" --widen-rows=f8-targets=cuda | FileCheck %s
// RUN: ingot-opt %s --split-input-file --narrow-operands="target=cuda precision=bf16" --widen-rows=f8-targets=cuda --lower-to-plan="targets=x86-64,cuda" | FileCheck %s --check-prefix=PLAN
// RUN: ingot-opt %s --split-input-file --narrow-operands="target=cuda precision=bf16" --widen-rows | FileCheck %s --check-prefix=OTHERS

tfm.weight @w : tensor<256x24xf8E4M3FN> file "m" offset 0 length 6144
tfm.weight @s : tensor<2x24xf32> file "m" offset 0 length 192
tfm.weight @t : tensor<4x24xf32> file "m" offset 0 length 384

// The CPU's function reads rows of f32, one copy for both linears; Hopper's rows of f8 where
// blocks are of 128, else of bf16.
// CHECK-LABEL: func.func @main(
// CHECK-SAME: %[[Q:.*]]: tensor<2x256xf8E4M3FN>
// CHECK: %[[X:.*]] = tfm.fused {
// CHECK: tfm.convert %{{.*}} : f8E4M3FN to f32
// CHECK-NOT: tfm.fused
// CHECK: tfm.linear %[[X]], {{.*}} {block = 128 : i64}
// CHECK: tfm.linear %[[X]], {{.*}} {block = 64 : i64}
// CHECK-LABEL: func.func @main_cuda(
// CHECK-SAME: %[[Q:.*]]: tensor<2x256xf8E4M3FN>
// CHECK: %[[X:.*]] = tfm.fused {
// CHECK: tfm.convert %{{.*}} : f8E4M3FN to bf16
// CHECK: tfm.linear %[[Q]], {{.*}} {block = 128 : i64}
// CHECK: tfm.linear %[[X]], {{.*}} {block = 64 : i64}
// OTHERS-LABEL: func.func @main_cuda(
// OTHERS: tfm.convert %{{.*}} : f8E4M3FN to bf16
// OTHERS: tfm.linear %[[X:.*]], {{.*}} {block = 128 : i64}
// OTHERS: tfm.linear %[[X]], {{.*}} {block = 64 : i64}

// W lies as [N][K] and scales plain where rows are f8.
// PLAN-LABEL: plan.program @main_cuda
// PLAN-DAG: %[[Q:.*]] = plan.buffer input 0 size <512>
// PLAN-DAG: %[[W:.*]] = plan.buffer weight 0 size <6144> weight @w layout "rows"
// PLAN-DAG: %[[S:.*]] = plan.buffer weight 0 size <192> weight @s layout "plain"
// PLAN: plan.launch @linear_f8E4M3FN_f8E4M3FN_b128_k256_n24 grid {{.*}} (%{{.*}}, %[[Q]], %[[W]], %[[S]])
// PLAN: plan.launch @linear_bf16_f8E4M3FN_b64_k256_n24
// PLAN: plan.kernel linear @linear_f8E4M3FN_f8E4M3FN_b128_k256_n24 outs [f32] ins [f8E4M3FN, f8E4M3FN, f32]
func.func @main(%q: tensor<2x256xf8E4M3FN>) -> (tensor<2x24xf32>, tensor<2x24xf32>) {
  %w = tfm.get_weight @w : tensor<256x24xf8E4M3FN>
  %s = tfm.get_weight @s : tensor<2x24xf32>
  %t = tfm.get_weight @t : tensor<4x24xf32>
  %0 = tfm.linear %q, %w scales %s {block = 128 : i64} : (tensor<2x256xf8E4M3FN>, tensor<256x24xf8E4M3FN>, tensor<2x24xf32>) -> tensor<2x24xf32>
  %1 = tfm.linear %q, %w scales %t {block = 64 : i64} : (tensor<2x256xf8E4M3FN>, tensor<256x24xf8E4M3FN>, tensor<4x24xf32>) -> tensor<2x24xf32>
  return %0, %1 : tensor<2x24xf32>, tensor<2x24xf32>
}

// -----

tfm.weight @w : tensor<32x96xf32> file "m" offset 0 length 12288
tfm.weight @v : tensor<48x24xf8E4M3FN> file "m" offset 12288 length 1152
tfm.weight @s : tensor<1x24xf32> file "m" offset 13440 length 96

// Columns of a linear's result: all of it is rounded, by the linear, and rows are read in it.
// CHECK-LABEL: func.func @columns_cuda(
// CHECK: %[[Y:.*]] = tfm.linear
// CHECK: %[[ALL:.*]] = tfm.fused {
// CHECK-NEXT: ^bb0(%[[R:.*]]: i64, %[[C:.*]]: i64):
// CHECK: tfm.load %[[Y]][%[[R]], %[[C]]]
// CHECK: tfm.convert %{{.*}} : f32 to f8E4M3FN
// CHECK: } : tensor<4x96xf8E4M3FN>
// CHECK: %[[ROWS:.*]] = tfm.fused {
// CHECK: %[[AT:.*]] = tfm.apply add(%{{.*}}, %c32_i64)
// CHECK-NEXT: %[[X:.*]] = tfm.load %[[ALL]][%{{.*}}, %[[AT]]] : tensor<4x96xf8E4M3FN> -> f8E4M3FN
// CHECK-NEXT: tfm.yield %[[X]] : f8E4M3FN
// CHECK: } : tensor<4x48xf8E4M3FN>
// CHECK: tfm.linear %[[ROWS]],
// PLAN-LABEL: plan.program @columns_cuda
// PLAN: %[[ALL:.*]] = plan.buffer scratch -1 size <384>
// PLAN: plan.launch @linear_bf16_k32_n96 grid {{.*}} (%[[ALL]],
// PLAN-NEXT: plan.launch @linear_f8E4M3FN_f8E4M3FN_b48_k48_n24 grid {{.*}}, %[[ALL]], %{{.*}}) offsets <0, 32, 0, 0>
// PLAN-NOT: plan.launch
// PLAN: plan.kernel linear @linear_bf16_k32_n96 outs [f8E4M3FN]
// PLAN: plan.kernel linear @linear_f8E4M3FN_f8E4M3FN_b48_k48_n24 {{.*}} lda = 96
// OTHERS-LABEL: func.func @columns_cuda(
// OTHERS: tfm.linear
// OTHERS: } : tensor<4x48xf8E4M3FN>
func.func @columns(%x: tensor<4x32xf32>) -> tensor<4x24xf32> {
  %w = tfm.get_weight @w : tensor<32x96xf32>
  %v = tfm.get_weight @v : tensor<48x24xf8E4M3FN>
  %s = tfm.get_weight @s : tensor<1x24xf32>
  %0 = tfm.linear %x, %w : (tensor<4x32xf32>, tensor<32x96xf32>) -> tensor<4x96xf32>
  %1 = tfm.fused {
  ^bb0(%r: i64, %c: i64):
    %from = arith.constant 32 : i64
    %scale = arith.constant 0.3 : f32
    %at = tfm.apply add(%c, %from) : (i64, i64) -> i64
    %2 = tfm.load %0[%r, %at] : tensor<4x96xf32> -> f32
    %3 = tfm.apply div(%2, %scale) : (f32, f32) -> f32
    %4 = tfm.convert %3 : f32 to f8E4M3FN
    tfm.yield %4 : f8E4M3FN
  } : tensor<4x48xf8E4M3FN>
  %5 = tfm.linear %1, %v scales %s {block = 48 : i64} : (tensor<4x48xf8E4M3FN>, tensor<48x24xf8E4M3FN>, tensor<1x24xf32>) -> tensor<4x24xf32>
  return %5 : tensor<4x24xf32>
}

// -----

tfm.weight @w : tensor<32x96xf32> file "m" offset 0 length 12288
tfm.weight @v : tensor<48x24xf8E4M3FN> file "m" offset 12288 length 1152
tfm.weight @s : tensor<1x24xf32> file "m" offset 13440 length 96

// Columns from 8 on would not start at a multiple of 16 bytes.
// CHECK-LABEL: func.func @aligned_cuda(
// CHECK: tfm.linear
// CHECK: tfm.fused
// CHECK: } : tensor<4x48xf8E4M3FN>
// CHECK-NEXT: tfm.linear
func.func @aligned(%x: tensor<4x32xf32>) -> tensor<4x24xf32> {
  %w = tfm.get_weight @w : tensor<32x96xf32>
  %v = tfm.get_weight @v : tensor<48x24xf8E4M3FN>
  %s = tfm.get_weight @s : tensor<1x24xf32>
  %0 = tfm.linear %x, %w : (tensor<4x32xf32>, tensor<32x96xf32>) -> tensor<4x96xf32>
  %1 = tfm.fused {
  ^bb0(%r: i64, %c: i64):
    %from = arith.constant 8 : i64
    %at = tfm.apply add(%c, %from) : (i64, i64) -> i64
    %2 = tfm.load %0[%r, %at] : tensor<4x96xf32> -> f32
    %4 = tfm.convert %2 : f32 to f8E4M3FN
    tfm.yield %4 : f8E4M3FN
  } : tensor<4x48xf8E4M3FN>
  %5 = tfm.linear %1, %v scales %s {block = 48 : i64} : (tensor<4x48xf8E4M3FN>, tensor<48x24xf8E4M3FN>, tensor<1x24xf32>) -> tensor<4x24xf32>
  return %5 : tensor<4x24xf32>
}

// -----

tfm.weight @v : tensor<48x24xf8E4M3FN> file "m" offset 0 length 1152
tfm.weight @s : tensor<1x24xf32> file "m" offset 1152 length 96

// Rows that lie within others, from a multiple of 16 bytes on.
// PLAN-LABEL: plan.program @moved_cuda
// PLAN: plan.launch @linear_f8E4M3FN_f8E4M3FN_b48_k48_n24 {{.*}} offsets <0, 32, 0, 0>
// PLAN-NOT: plan.launch
// PLAN: plan.kernel
func.func @moved(%q: tensor<?x96xf8E4M3FN, #tfm.dims<rows, 96>>) -> tensor<?x24xf32, #tfm.dims<rows, 24>> attributes {tfm.symbols = [#tfm.symbol<"rows", 0, -1, 0, 0>]} {
  %v = tfm.get_weight @v : tensor<48x24xf8E4M3FN>
  %s = tfm.get_weight @s : tensor<1x24xf32>
  %0 = tfm.fused {
  ^bb0(%r: i64, %c: i64):
    %from = arith.constant 32 : i64
    %at = tfm.apply add(%c, %from) : (i64, i64) -> i64
    %1 = tfm.load %q[%r, %at] : tensor<?x96xf8E4M3FN, #tfm.dims<rows, 96>> -> f8E4M3FN
    tfm.yield %1 : f8E4M3FN
  } : tensor<?x48xf8E4M3FN, #tfm.dims<rows, 48>>
  %2 = tfm.linear %0, %v scales %s {block = 48 : i64} : (tensor<?x48xf8E4M3FN, #tfm.dims<rows, 48>>, tensor<48x24xf8E4M3FN>, tensor<1x24xf32>) -> tensor<?x24xf32, #tfm.dims<rows, 24>>
  return %2 : tensor<?x24xf32, #tfm.dims<rows, 24>>
}

// -----

tfm.weight @v : tensor<48x24xf8E4M3FN> file "m" offset 0 length 1152
tfm.weight @s : tensor<1x24xf32> file "m" offset 1152 length 96

// PLAN-LABEL: plan.program @moved_elsewhere_cuda
// PLAN: plan.launch @map_f8E4M3FN_
// PLAN-NEXT: plan.launch @linear_f8E4M3FN_f8E4M3FN_b48_k48_n24 {{.*}} offsets <0, 0, 0, 0>
// PLAN-NOT: plan.launch
func.func @moved_elsewhere(%q: tensor<?x96xf8E4M3FN, #tfm.dims<rows, 96>>) -> tensor<?x24xf32, #tfm.dims<rows, 24>> attributes {tfm.symbols = [#tfm.symbol<"rows", 0, -1, 0, 0>]} {
  %v = tfm.get_weight @v : tensor<48x24xf8E4M3FN>
  %s = tfm.get_weight @s : tensor<1x24xf32>
  %0 = tfm.fused {
  ^bb0(%r: i64, %c: i64):
    %from = arith.constant 8 : i64
    %at = tfm.apply add(%c, %from) : (i64, i64) -> i64
    %1 = tfm.load %q[%r, %at] : tensor<?x96xf8E4M3FN, #tfm.dims<rows, 96>> -> f8E4M3FN
    tfm.yield %1 : f8E4M3FN
  } : tensor<?x48xf8E4M3FN, #tfm.dims<rows, 48>>
  %2 = tfm.linear %0, %v scales %s {block = 48 : i64} : (tensor<?x48xf8E4M3FN, #tfm.dims<rows, 48>>, tensor<48x24xf8E4M3FN>, tensor<1x24xf32>) -> tensor<?x24xf32, #tfm.dims<rows, 24>>
  return %2 : tensor<?x24xf32, #tfm.dims<rows, 24>>
}
