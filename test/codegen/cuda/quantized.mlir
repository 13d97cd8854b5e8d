// RUN: ingot-opt %s --print-cuda-stubs -o /dev/null | FileCheck %s
// RUN: ingot-opt %s --print-cuda-stubs=arch=sm_90a -o /dev/null | FileCheck %s --check-prefix=HOPPER

// Weights are read as units and words, whatever these stand for; few rows and many have
// tiles of their own.
// CHECK-LABEL: // linear_bf16_ui4_b32: 256 threads, {{[0-9]+}} bytes of shared memory
// CHECK-NEXT:  #include "quantized.cuh"
// CHECK:         const bf16 *in0;
// CHECK-NEXT:    const u8 *in1;
// CHECK-NEXT:    const float *in2;
// CHECK-NEXT:    const u32 *in3;
// CHECK-NEXT:    const float *in4;
// CHECK:         struct Loads { float x0; };
// CHECK:           float v0 = in4[c[1]];
// CHECK:         DEV float apply(const Loads &in, float x, const i64 *c) const {
// CHECK-NOT:     LanesLoads
// CHECK:       KERNEL(256, 1) linear_bf16_ui4_b32(bf16 *out0, const bf16 *in0, const u8 *in1, const float *in2, const u32 *in3,
// CHECK:         quantized<bf16, QuantFormat<QuantU4, float, true, 4096, 32>, 4096, 2, 2, 1, 128, 101376>(out0, in0, 4096, in1, in2, in3, s0, body);
// HOPPER-LABEL: // linear_bf16_ui4_b32: 256 threads, {{[0-9]+}} bytes of shared memory
// HOPPER:        grid_launch_next();
// HOPPER-NOT:    grid_wait();
// HOPPER:        quantized<bf16, QuantFormat<QuantU4, float, true, 4096, 32>, 4096, 2, 2, 2, {{64|128}}, 229376>(out0, in0, 4096, in1, in2, in3, s0, body);
plan.kernel linear @linear_bf16_ui4_b32 outs [bf16] ins [bf16, ui4, f32, ui8, f32] scalars 1 params {m = -1, n = 4096, k = 4096, lda = 4096, rows = 64, panels = 1, block = 32, zeros = true} {
^bb0(%acc: f32, %m: i64, %n: i64, %x: tensor<?xbf16>, %w: tensor<?xui4>, %s: tensor<?xf32>, %z: tensor<?xui8>, %b: tensor<?xf32>, %M: i64):
  %0 = tfm.load %b[%n] : tensor<?xf32> -> f32
  %1 = tfm.apply add(%acc, %0) : (f32, f32) -> f32
  %2 = tfm.convert %1 : f32 to bf16
  tfm.yield %2 : bf16
}

// A scale a column, no zeros; of one row no tiles of 64.
// CHECK-LABEL: // linear_f16_i8_m1: 256 threads
// CHECK:         quantized<f16, QuantFormat<QuantI8, float, false, 256, 256>, 100, 1, 1, {{[12]}}, 0, 101376>(out0, in0, s0, in1, in2, nullptr, 1, body);
plan.kernel linear @linear_f16_i8_m1 outs [f32] ins [f16, i8, f32] scalars 1 params {m = 1, n = 100, k = 256, lda = -1, rows = 64, panels = 1, block = 256} {
^bb0(%acc: f32, %m: i64, %n: i64, %x: tensor<?xf16>, %w: tensor<?xi8>, %s: tensor<?xf32>, %l: i64):
  tfm.yield %acc : f32
}

// K that no copy takes.
// CHECK-LABEL: // linear_f16_i4_k33: 256 threads
// CHECK:         quantized<f16, QuantFormat<QuantI4, float, false, 33, 16>, 64, 0, 1, 1, 0, 101376>(out0, in0, 33, in1, in2, nullptr, 100, body);
plan.kernel linear @linear_f16_i4_k33 outs [f16] ins [f16, i4, f32] scalars 0 params {m = 100, n = 64, k = 33, lda = 33, rows = 64, panels = 1, block = 16} {
^bb0(%acc: f32, %m: i64, %n: i64, %x: tensor<?xf16>, %w: tensor<?xi4>, %s: tensor<?xf32>):
  %0 = tfm.convert %acc : f32 to f16
  tfm.yield %0 : f16
}

// At load, from the panels of a CPU or from where weights lie plain.
// CHECK-LABEL: // arrange_ui4: 256 threads, 0 bytes of shared memory
// CHECK-NEXT:  #include "quant_arrange.cuh"
// CHECK:       KERNEL(256, 1) arrange_ui4(u8 *out0, float *out1, u32 *out2, const u8 *in0, const float *in1, const u8 *in2,
// CHECK:         quant_arrange(out0, out1, out2, QuantSource<QuantFormat<QuantU4, float, true, 96, 32>, 48>{body.in0, body.in1, body.in2, 50});
plan.kernel arrange @arrange_ui4 outs [ui8, f32, ui32] ins [ui4, f32, ui8] scalars 0 params {block = 32, k = 96, n = 50, panel = 48, zeros = true}

// CHECK-LABEL: // arrange_i8: 256 threads, 0 bytes of shared memory
// CHECK:         quant_arrange(out0, out1, (u32 *)nullptr, QuantSource<QuantFormat<QuantI8, float, false, 96, 96>, 0>{body.in0, body.in1, nullptr, 50});
plan.kernel arrange @arrange_i8 outs [ui8, f32] ins [i8, f32] scalars 0 params {block = 96, k = 96, n = 50}

// Floats of 8 bits, as they are.
// CHECK-LABEL: // linear_f16_f8: 256 threads
// CHECK:         quantized<f16, QuantFormat<QuantF8, float, false, 256, 128>, 64, {{.*}}>(out0, in0, 256, in1, in2, nullptr, s0, body);
plan.kernel linear @linear_f16_f8 outs [f16] ins [f16, f8E4M3FN, f32] scalars 1 params {m = -1, n = 64, k = 256, lda = 256, rows = 64, panels = 1, block = 128} {
^bb0(%acc: f32, %m: i64, %n: i64, %x: tensor<?xf16>, %w: tensor<?xf8E4M3FN>, %s: tensor<?xf32>, %M: i64):
  %0 = tfm.convert %acc : f32 to f16
  tfm.yield %0 : f16
}

// CHECK-LABEL: // arrange_f8: 256 threads
// CHECK:         quant_arrange(out0, out1, (u32 *)nullptr, QuantSource<QuantFormat<QuantF8, float, false, 256, 128>, 0>{body.in0, body.in1, nullptr, 64});
plan.kernel arrange @arrange_f8 outs [ui8, f32] ins [f8E4M3FN, f32] scalars 0 params {block = 128, k = 256, n = 64}
