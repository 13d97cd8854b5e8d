// RUN: ingot-opt %s --split-input-file --lower-to-plan="targets=cuda" | FileCheck %s
// RUN: ingot-opt %s --split-input-file --lower-to-plan="targets=x86-64" | FileCheck %s --check-prefix=CPU

// Rounding to 8 bits is part of the linear's or the norm's store where nobody
// else reads what is rounded. CPUs have a map for it.

tfm.weight @w : tensor<32x48xf32> file "m" offset 0 length 6144

// CHECK-LABEL: plan.program @linear
// CHECK: %[[Y:.*]] = plan.buffer output 0 size <48*rows>
// CHECK: plan.launch @linear_f32_k32_n48_relu grid {{.*}} (%[[Y]],
// CHECK-NOT: plan.launch
// CHECK: plan.kernel linear @linear_f32_k32_n48_relu outs [f8E4M3FN] ins [f32, f32]
// CHECK: %[[R:.*]] = tfm.apply relu(%{{.*}}) : (f32) -> f32
// CHECK-NEXT: %[[Q:.*]] = tfm.apply div(%[[R]], %{{.*}}) : (f32, f32) -> f32
// CHECK-NEXT: %[[B:.*]] = tfm.convert %[[Q]] : f32 to f8E4M3FN
// CHECK-NEXT: tfm.yield %[[B]] : f8E4M3FN
// CPU-LABEL: plan.program @linear
// CPU: plan.launch @linear_f32_k32_n48_relu
// CPU: plan.launch @map_ui8_
// CPU: plan.kernel linear @linear_f32_k32_n48_relu outs [f32]
func.func @linear(%x: tensor<?x32xf32, #tfm.dims<rows, 32>>) -> tensor<?x48xf8E4M3FN, #tfm.dims<rows, 48>> attributes {tfm.symbols = [#tfm.symbol<"rows", 0, -1, 0, 0>]} {
  %w = tfm.get_weight @w : tensor<32x48xf32>
  %0 = tfm.linear %x, %w epilogue {
  ^bb0(%a: f32):
    %1 = tfm.apply relu(%a) : (f32) -> f32
    tfm.yield %1 : f32
  } : (tensor<?x32xf32, #tfm.dims<rows, 32>>, tensor<32x48xf32>) -> tensor<?x48xf32, #tfm.dims<rows, 48>>
  %2 = tfm.fused {
  ^bb0(%r: i64, %c: i64):
    %s = arith.constant 0.3 : f32
    %3 = tfm.load %0[%r, %c] : tensor<?x48xf32, #tfm.dims<rows, 48>> -> f32
    %4 = tfm.apply div(%3, %s) : (f32, f32) -> f32
    %5 = tfm.convert %4 : f32 to f8E4M3FN
    tfm.yield %5 : f8E4M3FN
  } : tensor<?x48xf8E4M3FN, #tfm.dims<rows, 48>>
  return %2 : tensor<?x48xf8E4M3FN, #tfm.dims<rows, 48>>
}

// -----

// Region 0 of a norm is no store. f8E5M2 is as good.
// CHECK-LABEL: plan.program @norm
// CHECK: plan.launch @rms_norm_f32_c64
// CHECK-NOT: plan.launch
// CHECK: plan.kernel norm @rms_norm_f32_c64 outs [f8E5M2] ins [f32]
// CHECK: tfm.yield %{{.*}} : f32
// CHECK: tfm.convert %{{.*}} : f32 to f8E5M2
// CHECK-NEXT: tfm.yield %{{.*}} : f8E5M2
// CPU-LABEL: plan.program @norm
// CPU: plan.launch @rms_norm_f32_c64
// CPU: plan.launch @map_ui8_
func.func @norm(%x: tensor<?x64xf32, #tfm.dims<rows, 64>>) -> tensor<?x64xf8E5M2, #tfm.dims<rows, 64>> attributes {tfm.symbols = [#tfm.symbol<"rows", 0, -1, 0, 0>]} {
  %0 = tfm.norm rms %x axis 1 epsilon 1.0e-5 : (tensor<?x64xf32, #tfm.dims<rows, 64>>) -> tensor<?x64xf32, #tfm.dims<rows, 64>>
  %2 = tfm.fused {
  ^bb0(%r: i64, %c: i64):
    %s = arith.constant 0.3 : f32
    %3 = tfm.load %0[%r, %c] : tensor<?x64xf32, #tfm.dims<rows, 64>> -> f32
    %4 = tfm.apply div(%3, %s) : (f32, f32) -> f32
    %5 = tfm.convert %4 : f32 to f8E5M2
    tfm.yield %5 : f8E5M2
  } : tensor<?x64xf8E5M2, #tfm.dims<rows, 64>>
  return %2 : tensor<?x64xf8E5M2, #tfm.dims<rows, 64>>
}

// -----

// The unrounded sums are an output too.
tfm.weight @w : tensor<32x48xf32> file "m" offset 0 length 6144

// CHECK-LABEL: plan.program @read_elsewhere
// CHECK: plan.launch @linear_f32_k32_n48
// CHECK: plan.launch @map_f8E4M3FN_div
// CHECK: plan.kernel linear @linear_f32_k32_n48 outs [f32]
func.func @read_elsewhere(%x: tensor<4x32xf32>) -> (tensor<4x48xf32>, tensor<4x48xf8E4M3FN>) {
  %w = tfm.get_weight @w : tensor<32x48xf32>
  %0 = tfm.linear %x, %w : (tensor<4x32xf32>, tensor<32x48xf32>) -> tensor<4x48xf32>
  %1 = tfm.fused {
  ^bb0(%r: i64, %c: i64):
    %s = arith.constant 0.3 : f32
    %v = tfm.load %0[%r, %c] : tensor<4x48xf32> -> f32
    %q = tfm.apply div(%v, %s) : (f32, f32) -> f32
    %b = tfm.convert %q : f32 to f8E4M3FN
    tfm.yield %b : f8E4M3FN
  } : tensor<4x48xf8E4M3FN>
  return %0, %1 : tensor<4x48xf32>, tensor<4x48xf8E4M3FN>
}

// -----

// By two scales.
tfm.weight @w : tensor<32x48xf32> file "m" offset 0 length 6144

// CHECK-LABEL: plan.program @scales
// CHECK: plan.launch @linear_f32_k32_n48
// CHECK-COUNT-2: plan.launch @map_f8E4M3FN_div
// CHECK: plan.kernel linear @linear_f32_k32_n48 outs [f32]
func.func @scales(%x: tensor<4x32xf32>) -> (tensor<4x48xf8E4M3FN>, tensor<4x48xf8E4M3FN>) {
  %w = tfm.get_weight @w : tensor<32x48xf32>
  %0 = tfm.linear %x, %w : (tensor<4x32xf32>, tensor<32x48xf32>) -> tensor<4x48xf32>
  %1 = tfm.fused {
  ^bb0(%r: i64, %c: i64):
    %s = arith.constant 0.3 : f32
    %v = tfm.load %0[%r, %c] : tensor<4x48xf32> -> f32
    %q = tfm.apply div(%v, %s) : (f32, f32) -> f32
    %b = tfm.convert %q : f32 to f8E4M3FN
    tfm.yield %b : f8E4M3FN
  } : tensor<4x48xf8E4M3FN>
  %2 = tfm.fused {
  ^bb0(%r: i64, %c: i64):
    %s = arith.constant 0.6 : f32
    %v = tfm.load %0[%r, %c] : tensor<4x48xf32> -> f32
    %q = tfm.apply div(%v, %s) : (f32, f32) -> f32
    %b = tfm.convert %q : f32 to f8E4M3FN
    tfm.yield %b : f8E4M3FN
  } : tensor<4x48xf8E4M3FN>
  return %1, %2 : tensor<4x48xf8E4M3FN>, tensor<4x48xf8E4M3FN>
}

// -----

// A gate: the later linear has the product and rounds it.
tfm.weight @w : tensor<32x48xf32> file "m" offset 0 length 6144
tfm.weight @u : tensor<32x48xf32> file "m" offset 6144 length 6144

// CHECK-LABEL: plan.program @gate
// CHECK: %[[GATE:.*]] = plan.buffer scratch
// CHECK: plan.launch @linear_f32_k32_n48 grid {{.*}} (%[[GATE]],
// CHECK: plan.launch @linear_f32_k32_n48_1 grid {{.*}}, %[[GATE]])
// CHECK-NOT: plan.launch
// CHECK: plan.kernel linear @linear_f32_k32_n48 outs [f32]
// CHECK: plan.kernel linear @linear_f32_k32_n48_1 outs [f8E4M3FN] ins [f32, f32, f32]
func.func @gate(%x: tensor<4x32xf32>) -> tensor<4x48xf8E4M3FN> {
  %w = tfm.get_weight @w : tensor<32x48xf32>
  %u = tfm.get_weight @u : tensor<32x48xf32>
  %0 = tfm.linear %x, %w : (tensor<4x32xf32>, tensor<32x48xf32>) -> tensor<4x48xf32>
  %1 = tfm.linear %x, %u : (tensor<4x32xf32>, tensor<32x48xf32>) -> tensor<4x48xf32>
  %2 = tfm.fused {
  ^bb0(%r: i64, %c: i64):
    %s = arith.constant 0.3 : f32
    %g = tfm.load %0[%r, %c] : tensor<4x48xf32> -> f32
    %h = tfm.load %1[%r, %c] : tensor<4x48xf32> -> f32
    %a = tfm.apply silu(%g) : (f32) -> f32
    %p = tfm.apply mul(%a, %h) : (f32, f32) -> f32
    %q = tfm.apply div(%p, %s) : (f32, f32) -> f32
    %b = tfm.convert %q : f32 to f8E4M3FN
    tfm.yield %b : f8E4M3FN
  } : tensor<4x48xf8E4M3FN>
  return %2 : tensor<4x48xf8E4M3FN>
}

// -----

// Other kernels store no bytes.
// CHECK-LABEL: plan.program @softmax
// CHECK: plan.launch @softmax_f32
// CHECK: plan.launch @map_f8E4M3FN_div
func.func @softmax(%x: tensor<4x48xf32>) -> tensor<4x48xf8E4M3FN> {
  %0 = tfm.softmax %x axis 1 : tensor<4x48xf32>
  %1 = tfm.fused {
  ^bb0(%r: i64, %c: i64):
    %s = arith.constant 0.3 : f32
    %v = tfm.load %0[%r, %c] : tensor<4x48xf32> -> f32
    %q = tfm.apply div(%v, %s) : (f32, f32) -> f32
    %b = tfm.convert %q : f32 to f8E4M3FN
    tfm.yield %b : f8E4M3FN
  } : tensor<4x48xf8E4M3FN>
  return %1 : tensor<4x48xf8E4M3FN>
}

// -----

// A norm whose sum is a residual of a later step.
tfm.weight @w : tensor<48x48xf32> file "m" offset 0 length 9216

// CHECK-LABEL: plan.program @kept_sum
// CHECK: plan.launch @layer_norm_f32_c48 grid {{.*}} (%[[Q:[0-9]+]], %[[SUM:[0-9]+]],
// CHECK-NEXT: plan.launch @linear_f32_k48_n48_residual {{.*}}, %[[SUM]])
// CHECK-NOT: plan.launch
// CHECK: plan.kernel norm @layer_norm_f32_c48 outs [f8E4M3FN, f32] ins [f32, f32]
func.func @kept_sum(%x: tensor<4x48xf32>, %y: tensor<4x48xf32>, %z: tensor<4x48xf32>) -> (tensor<4x48xf8E4M3FN>, tensor<4x48xf32>) {
  %w = tfm.get_weight @w : tensor<48x48xf32>
  %0, %sum = tfm.norm layer %x residual %y axis 1 epsilon 1.0e-5 : (tensor<4x48xf32>, tensor<4x48xf32>) -> (tensor<4x48xf32>, tensor<4x48xf32>)
  %1 = tfm.fused {
  ^bb0(%r: i64, %c: i64):
    %s = arith.constant 0.3 : f32
    %v = tfm.load %0[%r, %c] : tensor<4x48xf32> -> f32
    %q = tfm.apply div(%v, %s) : (f32, f32) -> f32
    %b = tfm.convert %q : f32 to f8E4M3FN
    tfm.yield %b : f8E4M3FN
  } : tensor<4x48xf8E4M3FN>
  %2 = tfm.linear %z, %w residual %sum : (tensor<4x48xf32>, tensor<48x48xf32>, tensor<4x48xf32>) -> tensor<4x48xf32>
  return %1, %2 : tensor<4x48xf8E4M3FN>, tensor<4x48xf32>
}
