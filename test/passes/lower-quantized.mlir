// RUN: ingot-opt %s --split-input-file --lower-to-plan | FileCheck %s
// RUN: ingot-opt %s --split-input-file --lower-to-plan="targets=x86-64,cuda" | FileCheck %s --check-prefix=CUDA
// RUN: ingot-opt %s --split-input-file --lower-to-plan="targets=cuda" | FileCheck %s --check-prefix=ALONE

// GPUs have no kernel for it in f32: they read floats, which are made when
// compiling.
// CUDA-LABEL: plan.program @int8_cuda
// CUDA: weight @q.dequantize layout "panels48"
// CUDA: plan.launch @unpack_f32_k8_n24 {{.*}} {init}
// CUDA: plan.launch @linear_f32_k8_n24

// A quantized weight is stored as it is, in panels, with f32 scales and zeros of
// a byte beside it; a kernel's name says what it multiplies by.
// CHECK-DAG: tfm.cast %{{.*}} : tensor<3x50xui4> -> tensor<3x50xui8>
// CHECK-DAG: tfm.cast %{{.*}} : tensor<3x50xf16> -> tensor<3x50xf32>
// CHECK-LABEL: plan.program @main
// CHECK-DAG: %[[IN:.*]] = plan.buffer input 0 size <384*n>
// CHECK-DAG: %[[W:.*]] = plan.buffer weight 0 size <4608> weight @q layout "panels48"
// CHECK-DAG: %[[S:.*]] = plan.buffer weight 0 size <1152> weight @s.cast layout "panels48"
// CHECK-DAG: %[[Z:.*]] = plan.buffer weight 0 size <288> weight @z.cast layout "panels48"
// CHECK-DAG: %[[OUT:.*]] = plan.buffer output 0 size <200*n>
// CHECK: plan.launch @linear_f32_ui4_b32_k96_n50 {{.*}} (%[[OUT]], %[[IN]], %[[W]], %[[S]], %[[Z]]) {{.*}} flops <9600*n> bytes <584*n + 3150>
// CHECK: plan.kernel linear @linear_f32_ui4_b32_k96_n50 outs [f32] ins [f32, ui4, f32, ui8] scalars 1 params {block = 32 : i64, {{.*}}zeros = true}
tfm.weight @q : tensor<96x50xui4> file "m" offset 0 length 2400
tfm.weight @s : tensor<3x50xf16> file "m" offset 0 length 300
tfm.weight @z : tensor<3x50xui4> file "m" offset 0 length 75
func.func @main(%x: tensor<?x96xf32, #tfm.dims<n, 96>>) -> tensor<?x50xf32, #tfm.dims<n, 50>> attributes {tfm.symbols = [#tfm.symbol<"n", 0, -1, 0, 0>]} {
  %q = tfm.get_weight @q : tensor<96x50xui4>
  %s = tfm.get_weight @s : tensor<3x50xf16>
  %z = tfm.get_weight @z : tensor<3x50xui4>
  %0 = tfm.linear %x, %q scales %s zeros %z {block = 32 : i64} : (tensor<?x96xf32, #tfm.dims<n, 96>>, tensor<96x50xui4>, tensor<3x50xf16>, tensor<3x50xui4>) -> tensor<?x50xf32, #tfm.dims<n, 50>>
  return %0 : tensor<?x50xf32, #tfm.dims<n, 50>>
}

// -----

// Without zeros; a bias comes after the scales.
// CHECK-LABEL: plan.program @int8
// CHECK-DAG: %[[W:.*]] = plan.buffer weight 0 size <384> weight @q layout "panels48"
// CHECK-DAG: %[[S:.*]] = plan.buffer weight 0 size <192> weight @s layout "panels48"
// CHECK-DAG: %[[B:.*]] = plan.buffer weight 0 size <96> weight @b layout "plain"
// CHECK: plan.launch @linear_f32_i8_b8_k8_n24 {{.*}}, %[[W]], %[[S]], %[[B]])
// CHECK: plan.kernel linear @linear_f32_i8_b8_k8_n24 outs [f32] ins [f32, i8, f32, f32] scalars 0 params {block = 8 : i64
// CHECK-NOT: zeros
tfm.weight @q : tensor<8x24xi8> file "m" offset 0 length 192
tfm.weight @s : tensor<1x24xf32> file "m" offset 0 length 96
tfm.weight @b : tensor<24xf32> file "m" offset 0 length 96
func.func @int8(%x: tensor<2x8xf32>) -> tensor<2x24xf32> {
  %q = tfm.get_weight @q : tensor<8x24xi8>
  %s = tfm.get_weight @s : tensor<1x24xf32>
  %b = tfm.get_weight @b : tensor<24xf32>
  %0 = tfm.linear %x, %q scales %s bias %b {block = 8 : i64} : (tensor<2x8xf32>, tensor<8x24xi8>, tensor<1x24xf32>, tensor<24xf32>) -> tensor<2x24xf32>
  return %0 : tensor<2x24xf32>
}

// -----

// A block that kernels have no use for (it is odd, and not all of K), and 8-bit
// floats: the weight is dequantized when compiling.
// CHECK: tfm.dequantize {{.*}} {axis = 0 : i64, block = 3 : i64} : (tensor<8x24xi8>, tensor<3x24xf32>) -> tensor<8x24xf32>
// CHECK-LABEL: plan.program @dequantized
// CHECK-DAG: plan.buffer weight 0 size <1536> weight @q.dequantize layout "panels48"
// CHECK-DAG: plan.buffer weight 0 size <4608> weight @f.dequantize layout "panels48"
// CHECK: plan.launch @linear_f32_k8_n24
// CHECK-NEXT: plan.launch @linear_f32_k24_n8
tfm.weight @q : tensor<8x24xi8> file "m" offset 0 length 192
tfm.weight @s : tensor<3x24xf32> file "m" offset 0 length 288
tfm.weight @f : tensor<24x8xf8E4M3FN> file "m" offset 0 length 192
tfm.weight @t : tensor<1x8xf32> file "m" offset 0 length 32
func.func @dequantized(%x: tensor<2x8xf32>) -> tensor<2x8xf32> {
  %q = tfm.get_weight @q : tensor<8x24xi8>
  %s = tfm.get_weight @s : tensor<3x24xf32>
  %f = tfm.get_weight @f : tensor<24x8xf8E4M3FN>
  %t = tfm.get_weight @t : tensor<1x8xf32>
  %0 = tfm.linear %x, %q scales %s {block = 3 : i64} : (tensor<2x8xf32>, tensor<8x24xi8>, tensor<3x24xf32>) -> tensor<2x24xf32>
  %1 = tfm.linear %0, %f scales %t {block = 24 : i64} : (tensor<2x24xf32>, tensor<24x8xf8E4M3FN>, tensor<1x8xf32>) -> tensor<2x8xf32>
  return %1 : tensor<2x8xf32>
}

// -----

// In bf16 and f16 they have one: an init launch brings weight, scales and zeros
// into its order, from the CPU's panels or, for GPUs alone, from where they lie
// plain; once for both linears.
// CUDA-LABEL: plan.program @halves_cuda
// CUDA-DAG: %[[W:.*]] = plan.buffer model 0 size <4096>
// CUDA-DAG: %[[S:.*]] = plan.buffer model 1 size <1024>
// CUDA-DAG: %[[Z:.*]] = plan.buffer model 2 size <128>
// CUDA-DAG: %[[Q:.*]] = plan.buffer weight 0 size <4608> weight @q layout "panels48"
// CUDA-DAG: %[[QS:.*]] = plan.buffer weight 0 size <1152> weight @s.cast layout "panels48"
// CUDA-DAG: %[[QZ:.*]] = plan.buffer weight 0 size <288> weight @z.cast layout "panels48"
// CUDA: plan.launch @arrange_ui4_b32_k96_n50 grid <256> (%[[W]], %[[S]], %[[Z]], %[[Q]], %[[QS]], %[[QZ]]) {{.*}} {init}
// CUDA-NEXT: plan.launch @[[LINEAR:linear_f16_ui4_b32_k96_n50[_0-9]*]] grid {{.*}}, %[[W]], %[[S]], %[[Z]])
// CUDA-NEXT: plan.launch @[[LINEAR]] grid {{.*}}, %[[W]], %[[S]], %[[Z]])
// CUDA: plan.kernel linear @[[LINEAR]] outs [f16] ins [f16, ui4, f32, ui8]
// CUDA: plan.kernel arrange @arrange_ui4_b32_k96_n50 outs [ui8, f32, ui32] ins [ui4, f32, ui8] scalars 0 params {block = 32 : i64, k = 96 : i64, n = 50 : i64, panel = 48 : i64, zeros = true}
// ALONE-LABEL: plan.program @halves
// ALONE-DAG: %[[Q:.*]] = plan.buffer weight 0 size <2400> weight @q layout "plain"
// ALONE-DAG: %[[QS:.*]] = plan.buffer weight 0 size <600> weight @s.cast layout "plain"
// ALONE-DAG: %[[QZ:.*]] = plan.buffer weight 0 size <150> weight @z.cast layout "plain"
// ALONE: plan.launch @arrange_ui4_b32_k96_n50 grid <256> ({{.*}}, %[[Q]], %[[QS]], %[[QZ]]) {{.*}} {init}
// ALONE: plan.kernel arrange
// ALONE-NOT: panel =
tfm.weight @q : tensor<96x50xui4> file "m" offset 0 length 2400
tfm.weight @s : tensor<3x50xf16> file "m" offset 0 length 300
tfm.weight @z : tensor<3x50xui4> file "m" offset 0 length 75
func.func @halves(%x: tensor<2x96xf16>, %y: tensor<2x96xf16>) -> (tensor<2x50xf16>, tensor<2x50xf16>) {
  %q = tfm.get_weight @q : tensor<96x50xui4>
  %s = tfm.get_weight @s : tensor<3x50xf16>
  %z = tfm.get_weight @z : tensor<3x50xui4>
  %0 = tfm.linear %x, %q scales %s zeros %z {block = 32 : i64} : (tensor<2x96xf16>, tensor<96x50xui4>, tensor<3x50xf16>, tensor<3x50xui4>) -> tensor<2x50xf16>
  %1 = tfm.linear %y, %q scales %s zeros %z {block = 32 : i64} : (tensor<2x96xf16>, tensor<96x50xui4>, tensor<3x50xf16>, tensor<3x50xui4>) -> tensor<2x50xf16>
  return %0, %1 : tensor<2x50xf16>, tensor<2x50xf16>
}

// -----

// Blocks that its order does not have; 8-bit floats, which CPUs read dequantized; zero points
// of these.
// CUDA: tfm.dequantize {{.*}} {axis = 0 : i64, block = 48 : i64} : (tensor<96x24xui4>, tensor<2x24xf32>) -> tensor<96x24xf16>
// CUDA-LABEL: plan.program @others target
// CUDA: weight @f.dequantize
// CUDA-LABEL: plan.program @others_cuda entry
// CUDA: plan.launch @unpack_f16_k96_n24 {{.*}} {init}
// CUDA: plan.launch @arrange_f8E4M3FN_b24_k24_n8 {{.*}} {init}
// CUDA: plan.launch @unpack_f16_k8_n24 {{.*}} {init}
// CUDA: plan.launch @linear_f16_k96_n24
// CUDA: plan.launch @[[F8:linear_f16_f8E4M3FN_b24_k24_n8[_0-9]*]] grid
// CUDA: plan.launch @linear_f16_k8_n24
// CUDA: plan.kernel linear @[[F8]] outs [f16] ins [f16, f8E4M3FN, f32]
// CUDA: plan.kernel arrange {{.*}} ins [f8E4M3FN, f32]
tfm.weight @q : tensor<96x24xui4> file "m" offset 0 length 1152
tfm.weight @s : tensor<2x24xf32> file "m" offset 0 length 192
tfm.weight @f : tensor<24x8xf8E4M3FN> file "m" offset 0 length 192
tfm.weight @t : tensor<1x8xf32> file "m" offset 0 length 32
tfm.weight @g : tensor<8x24xf8E4M3FN> file "m" offset 0 length 192
tfm.weight @u : tensor<1x24xf32> file "m" offset 0 length 96
tfm.weight @z : tensor<1x24xf8E4M3FN> file "m" offset 0 length 24
func.func @others(%x: tensor<2x96xf16>) -> tensor<2x24xf16> {
  %q = tfm.get_weight @q : tensor<96x24xui4>
  %s = tfm.get_weight @s : tensor<2x24xf32>
  %f = tfm.get_weight @f : tensor<24x8xf8E4M3FN>
  %t = tfm.get_weight @t : tensor<1x8xf32>
  %0 = tfm.linear %x, %q scales %s {block = 48 : i64} : (tensor<2x96xf16>, tensor<96x24xui4>, tensor<2x24xf32>) -> tensor<2x24xf16>
  %1 = tfm.linear %0, %f scales %t {block = 24 : i64} : (tensor<2x24xf16>, tensor<24x8xf8E4M3FN>, tensor<1x8xf32>) -> tensor<2x8xf16>
  %g = tfm.get_weight @g : tensor<8x24xf8E4M3FN>
  %u = tfm.get_weight @u : tensor<1x24xf32>
  %z = tfm.get_weight @z : tensor<1x24xf8E4M3FN>
  %2 = tfm.linear %1, %g scales %u zeros %z {block = 8 : i64} : (tensor<2x8xf16>, tensor<8x24xf8E4M3FN>, tensor<1x24xf32>, tensor<1x24xf8E4M3FN>) -> tensor<2x24xf16>
  return %2 : tensor<2x24xf16>
}
