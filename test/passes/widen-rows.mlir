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
