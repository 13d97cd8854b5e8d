// RUN: ingot-opt %s --narrow-operands="target=x86-64 precision=bf16" | FileCheck %s
// RUN: ingot-opt %s --narrow-operands="target=cuda precision=f16" | FileCheck %s --check-prefix=GPU
// RUN: ingot-opt %s --narrow-operands="target=cuda precision=tf32" | FileCheck %s --check-prefix=TF32
// RUN: ingot-opt %s --narrow-operands="target=cuda precision=tf32" --lower-to-plan=targets=cuda | FileCheck %s --check-prefix=ROUNDED
// RUN: ingot-opt %s --narrow-operands="target=cuda precision=tf32" --lower-to-plan="targets=x86-64,cuda" | FileCheck %s --check-prefix=UNPACKED
// RUN: not ingot-opt %s --narrow-operands="target=cuda precision=f8" 2>&1 | FileCheck %s --check-prefix=BAD
// RUN: ingot-opt %s --narrow-operands="target=x86-64 precision=bf16" --lower-to-plan | FileCheck %s --check-prefix=PLAN
// RUN: ingot-opt %s --narrow-operands="target=cuda precision=bf16" --lower-to-plan="targets=x86-64,cuda" | FileCheck %s --check-prefix=BESIDE
// RUN: ingot-opt %s --narrow-operands="target=x86-64 precision=bf16" --narrow-operands="target=cuda precision=bf16" --lower-to-plan="targets=x86-64,cuda" | FileCheck %s --check-prefix=BOTH

// BAD: narrow-operands knows bf16, f16 and tf32

tfm.weight @up : tensor<4x8xf32> file "m" offset 0 length 128
tfm.weight @down : tensor<8x4xf32> file "m" offset 128 length 128
tfm.weight @odd : tensor<5x4xf32> file "m" offset 256 length 80
tfm.weight @qkv : tensor<4x12xf32> file "m" offset 336 length 192

// What a product alone reads is rounded where it is computed. The norm is a
// residual too: a copy of it is made.
// CHECK-LABEL: func.func @ffn(
// CHECK-NOT: bf16
// CHECK-LABEL: func.func @"ffn_x86-64"(
// CHECK-SAME: attributes {tfm.entry = "ffn", tfm.precision = "bf16", tfm.target = "x86-64"}
// CHECK: %[[NORM:.*]] = tfm.norm {{.*}} -> tensor<3x4xf32>
// CHECK: %[[COPY:.*]] = tfm.fused {
// CHECK: %[[X:.*]] = tfm.load %[[NORM]][%{{.*}}, %{{.*}}] : tensor<3x4xf32> -> f32
// CHECK: %[[R:.*]] = tfm.convert %[[X]] : f32 to bf16
// CHECK: tfm.yield %[[R]] : bf16
// CHECK: %[[W:.*]] = tfm.cast %{{.*}} : tensor<4x8xf32> -> tensor<4x8xbf16>
// CHECK: %[[UP:.*]] = tfm.linear %[[COPY]], %[[W]] epilogue
// CHECK: ^bb0(%{{.*}}: f32)
// CHECK: (tensor<3x4xbf16>, tensor<4x8xbf16>) -> tensor<3x8xbf16>
// CHECK: tfm.linear %[[UP]], %{{.*}} residual %[[NORM]] : (tensor<3x8xbf16>, tensor<8x4xbf16>, tensor<3x4xf32>) -> tensor<3x4xf32>

// TF32-LABEL: func.func @ffn_cuda(
// TF32-SAME: tfm.precision = "tf32"
// TF32-NOT: f16

// Tensor cores cut what is not rounded: weights are, once, to 11 bits.
// ROUNDED-LABEL: plan.program @ffn target "cuda"
// ROUNDED-DAG: %[[UP:.*]] = plan.buffer weight 0 size <128> weight @up layout "rows"
// ROUNDED-DAG: %[[W:.*]] = plan.buffer model 0 size <128>
// ROUNDED: plan.launch @round_f32_k4_n8 grid <32> (%[[W]], %[[UP]]) {{.*}} {init}
// ROUNDED: plan.launch @linear_f32_k4_n8_gelu grid {{.*}}, %[[W]])
// ROUNDED: plan.kernel map @round_f32_k4_n8 outs [f32] ins [f32]
// ROUNDED: %[[X:.*]] = tfm.load
// ROUNDED: %[[C:.*]] = arith.constant 8.193000e+03 : f32
// ROUNDED-NEXT: %[[SCALED:.*]] = tfm.apply mul(%[[X]], %[[C]])
// ROUNDED-NEXT: %[[REST:.*]] = tfm.apply sub(%[[SCALED]], %[[X]])
// ROUNDED-NEXT: %[[UPPER:.*]] = tfm.apply sub(%[[SCALED]], %[[REST]])
// ROUNDED: tfm.choose %{{.*}}, %[[UPPER]], %[[X]] : f32
// UNPACKED-LABEL: plan.program @ffn_cuda
// UNPACKED: weight @up layout "panels48"
// UNPACKED: plan.launch @round_f32_k4_n8 {{.*}} {init}
// UNPACKED: plan.kernel map @round_f32_k4_n8 outs [f32] ins [f32]
// UNPACKED: arith.constant 8.193000e+03 : f32

// The norm's kernel stores both; weights are stored in pairs.
// PLAN-LABEL: plan.program @ffn target "x86-64"
// PLAN-DAG: plan.buffer weight 0 size <384> weight @up.cast layout "panels48"
// PLAN-DAG: plan.buffer weight 0 size <768> weight @down.cast layout "panels48"
// PLAN-COUNT-3: plan.launch
// PLAN-NOT: plan.launch
// PLAN: plan.kernel norm @layer_norm_f32_c4 outs [f32, bf16] ins [f32] {{.*}}copy = true
// PLAN: plan.kernel linear @linear_bf16_k4_n8_gelu outs [bf16] ins [bf16, bf16]
// PLAN: plan.kernel linear @linear_bf16_k8_n4_residual outs [f32] ins [bf16, bf16, f32]

// A GPU brings the weights that the CPU stores into its own type and layout.
// BESIDE-LABEL: plan.program @ffn target "x86-64"
// BESIDE: weight @up layout "panels48"
// BESIDE-LABEL: plan.program @ffn_cuda entry "ffn" target "cuda"
// BESIDE: weight @up layout "panels48"
// BESIDE-NOT: @up.cast
// BESIDE: plan.launch @unpack_bf16_k4_n8 {{.*}} {init}
// BESIDE: plan.launch @layer_norm
// BESIDE-NEXT: plan.launch @linear
// BESIDE: plan.kernel map @unpack_bf16_k4_n8 outs [bf16] ins [f32]

// Both read one copy.
// BOTH-LABEL: plan.program @ffn_cuda
// BOTH: weight @up.cast layout "panels48"
// BOTH: plan.kernel map @unpack_bf16_k4_n8 outs [bf16] ins [bf16]
func.func @ffn(%x: tensor<3x4xf32>) -> tensor<3x4xf32> {
  %0 = tfm.norm layer %x axis 1 epsilon 1.0e-5 : (tensor<3x4xf32>) -> tensor<3x4xf32>
  %up = tfm.get_weight @up : tensor<4x8xf32>
  %1 = tfm.linear %0, %up epilogue {
  ^bb0(%v: f32):
    %g = tfm.apply gelu(%v) : (f32) -> f32
    tfm.yield %g : f32
  } : (tensor<3x4xf32>, tensor<4x8xf32>) -> tensor<3x8xf32>
  %down = tfm.get_weight @down : tensor<8x4xf32>
  %2 = tfm.linear %1, %down residual %0 : (tensor<3x8xf32>, tensor<8x4xf32>, tensor<3x4xf32>) -> tensor<3x4xf32>
  return %2 : tensor<3x4xf32>
}

// Left alone: a product over an odd number of elements, one of two computed
// operands, results of the function.
// CHECK-LABEL: func.func @"alone_x86-64"(
// CHECK: tfm.linear %arg0, %{{.*}} : (tensor<3x5xf32>, tensor<5x4xf32>) -> tensor<3x4xf32>
// CHECK: tfm.matmul {{.*}} -> tensor<3x3xf32>
func.func @alone(%x: tensor<3x5xf32>) -> (tensor<3x4xf32>, tensor<3x3xf32>) {
  %odd = tfm.get_weight @odd : tensor<5x4xf32>
  %0 = tfm.linear %x, %odd : (tensor<3x5xf32>, tensor<5x4xf32>) -> tensor<3x4xf32>
  %t = tfm.fused {
  ^bb0(%i: i64, %j: i64):
    %e = tfm.load %0[%j, %i] : tensor<3x4xf32> -> f32
    tfm.yield %e : f32
  } : tensor<4x3xf32>
  %1 = tfm.matmul %0, %t : (tensor<3x4xf32>, tensor<4x3xf32>) -> tensor<3x3xf32>
  return %0, %1 : tensor<3x4xf32>, tensor<3x3xf32>
}

// Heads are read where the projection left them, rounded; what else reads it
// widens it again.
// CHECK-LABEL: func.func @"heads_x86-64"(
// CHECK: %[[ALL:.*]] = tfm.linear %{{.*}} -> tensor<3x12xbf16>
// CHECK: tfm.attention {{.*}} (tensor<1x3x1x4xbf16>, tensor<1x3x1x4xbf16>, tensor<1x3x1x4xbf16>) -> tensor<1x3x1x4xbf16>
// CHECK: tfm.reshape {{.*}} -> tensor<3x4xbf16>
// CHECK: %[[E:.*]] = tfm.load %[[ALL]]{{.*}} -> bf16
// CHECK: tfm.convert %[[E]] : bf16 to f32
// GPU-LABEL: func.func @heads_cuda(
// GPU: %[[ALL:.*]] = tfm.linear {{.*}} -> tensor<3x12xf16>
// GPU-COUNT-3: tfm.load %[[ALL]]{{.*}} : tensor<3x12xf16> -> f16
// GPU: tfm.attention {{.*}} (tensor<1x3x1x4xf16>, tensor<1x3x1x4xf16>, tensor<1x3x1x4xf16>) -> tensor<1x3x1x4xf16>
// GPU: %[[E:.*]] = tfm.load %[[ALL]]{{.*}} -> f16
// GPU: tfm.convert %[[E]] : f16 to f32
func.func @heads(%x: tensor<3x4xf32>) -> (tensor<3x4xf32>, tensor<3x12xf32>) {
  %w = tfm.get_weight @qkv : tensor<4x12xf32>
  %all = tfm.linear %x, %w : (tensor<3x4xf32>, tensor<4x12xf32>) -> tensor<3x12xf32>
  %q = tfm.fused {
  ^bb0(%b: i64, %s: i64, %h: i64, %d: i64):
    %e = tfm.load %all[%s, %d] : tensor<3x12xf32> -> f32
    tfm.yield %e : f32
  } : tensor<1x3x1x4xf32>
  %k = tfm.fused {
  ^bb0(%b: i64, %s: i64, %h: i64, %d: i64):
    %four = arith.constant 4 : i64
    %c = tfm.apply add(%d, %four) : (i64, i64) -> i64
    %e = tfm.load %all[%s, %c] : tensor<3x12xf32> -> f32
    tfm.yield %e : f32
  } : tensor<1x3x1x4xf32>
  %v = tfm.fused {
  ^bb0(%b: i64, %s: i64, %h: i64, %d: i64):
    %eight = arith.constant 8 : i64
    %c = tfm.apply add(%d, %eight) : (i64, i64) -> i64
    %e = tfm.load %all[%s, %c] : tensor<3x12xf32> -> f32
    tfm.yield %e : f32
  } : tensor<1x3x1x4xf32>
  %a = tfm.attention %q, %k, %v scale 0.5 terms [] empty_rows scores : (tensor<1x3x1x4xf32>, tensor<1x3x1x4xf32>, tensor<1x3x1x4xf32>) -> tensor<1x3x1x4xf32>
  %r = tfm.reshape %a : tensor<1x3x1x4xf32> -> tensor<3x4xf32>
  %up = tfm.get_weight @up : tensor<4x8xf32>
  %down = tfm.get_weight @down : tensor<8x4xf32>
  %1 = tfm.linear %r, %up : (tensor<3x4xf32>, tensor<4x8xf32>) -> tensor<3x8xf32>
  %2 = tfm.linear %1, %down : (tensor<3x8xf32>, tensor<8x4xf32>) -> tensor<3x4xf32>
  %n = tfm.fused {
  ^bb0(%i: i64, %j: i64):
    %e = tfm.load %all[%i, %j] : tensor<3x12xf32> -> f32
    %y = tfm.apply neg(%e) : (f32) -> f32
    tfm.yield %y : f32
  } : tensor<3x12xf32>
  return %2, %n : tensor<3x4xf32>, tensor<3x12xf32>
}

// What moves it for a product of two computed operands widens it too.
// CHECK-LABEL: func.func @"moved_x86-64"(
// CHECK: %[[UP:.*]] = tfm.linear {{.*}} -> tensor<3x8xbf16>
// CHECK: %[[E:.*]] = tfm.load %[[UP]][%{{.*}}] : tensor<3x8xbf16> -> bf16
// CHECK-NEXT: %[[W:.*]] = tfm.convert %[[E]] : bf16 to f32
// CHECK-NEXT: tfm.yield %[[W]] : f32
// CHECK: tfm.matmul {{.*}} : (tensor<8x3xf32>, tensor<3x3xf32>)
// CHECK: tfm.linear %[[UP]], {{.*}} -> tensor<3x4xf32>
func.func @moved(%x: tensor<3x4xf32>, %y: tensor<3x3xf32>) -> (tensor<8x3xf32>, tensor<3x4xf32>) {
  %up = tfm.get_weight @up : tensor<4x8xf32>
  %down = tfm.get_weight @down : tensor<8x4xf32>
  %0 = tfm.linear %x, %up : (tensor<3x4xf32>, tensor<4x8xf32>) -> tensor<3x8xf32>
  %t = tfm.fused {
  ^bb0(%i: i64, %j: i64):
    %e = tfm.load %0[%j, %i] : tensor<3x8xf32> -> f32
    tfm.yield %e : f32
  } : tensor<8x3xf32>
  %1 = tfm.matmul %t, %y : (tensor<8x3xf32>, tensor<3x3xf32>) -> tensor<8x3xf32>
  %2 = tfm.linear %0, %down : (tensor<3x8xf32>, tensor<8x4xf32>) -> tensor<3x4xf32>
  return %1, %2 : tensor<8x3xf32>, tensor<3x4xf32>
}

// A quantized weight stays as it is: the rows are rounded, if they go in pairs.
// CHECK-LABEL: func.func @"quantized_x86-64"(
// CHECK: %[[X:.*]] = tfm.fused {
// CHECK: %[[W:.*]] = tfm.get_weight @q8
// CHECK: %[[UP:.*]] = tfm.linear %[[X]], %[[W]] scales %{{.*}} {block = 4 : i64} : (tensor<3x4xbf16>, tensor<4x5xi8>, tensor<1x5xf32>) -> tensor<3x5xf32>
// CHECK: tfm.linear %[[UP]], %{{.*}} scales %{{.*}} {block = 5 : i64} : (tensor<3x5xf32>, tensor<5x4xi8>, tensor<1x4xf32>) -> tensor<3x4xf32>
// PLAN: plan.kernel linear @linear_bf16_i8_b4_k4_n5 outs [f32] ins [bf16, i8, f32]
// PLAN: plan.kernel linear @linear_f32_i8_b5_k5_n4 outs [f32] ins [f32, i8, f32]
tfm.weight @q8 : tensor<4x5xi8> file "m" offset 0 length 20
tfm.weight @r8 : tensor<5x4xi8> file "m" offset 0 length 20
tfm.weight @s8 : tensor<1x5xf32> file "m" offset 0 length 20
tfm.weight @t8 : tensor<1x4xf32> file "m" offset 0 length 16
func.func @quantized(%x: tensor<3x4xf32>) -> tensor<3x4xf32> {
  %w = tfm.get_weight @q8 : tensor<4x5xi8>
  %s = tfm.get_weight @s8 : tensor<1x5xf32>
  %odd = tfm.get_weight @r8 : tensor<5x4xi8>
  %t = tfm.get_weight @t8 : tensor<1x4xf32>
  %0 = tfm.linear %x, %w scales %s {block = 4 : i64} : (tensor<3x4xf32>, tensor<4x5xi8>, tensor<1x5xf32>) -> tensor<3x5xf32>
  %1 = tfm.linear %0, %odd scales %t {block = 5 : i64} : (tensor<3x5xf32>, tensor<5x4xi8>, tensor<1x4xf32>) -> tensor<3x4xf32>
  return %1 : tensor<3x4xf32>
}
