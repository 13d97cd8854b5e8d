// RUN: ingot-opt %s --print-cuda-stubs -o /dev/null | FileCheck %s

// Bias and residual are read in the first phase. In IEEE f32 large tiles gain little: many
// rows have to fill their waves.
// CHECK-LABEL: // linear_f32_k768_n3072: 256 threads, 98304 bytes of shared memory
// CHECK-NEXT:  #include "linear.cuh"
// CHECK:         struct Loads { float x0; float x1; };
// CHECK-NEXT:    DEV Loads load(const i64 *c) const {
// CHECK-NEXT:      Loads in = {};
// CHECK-NEXT:      float v0 = in2[c[1]];
// CHECK-NEXT:      in.x0 = v0;
// CHECK-NEXT:      i64 v1 = I64::mul(c[0], 3072);
// CHECK-NEXT:      i64 v2 = I64::add(v1, c[1]);
// CHECK-NEXT:      float v3 = in3[v2];
// CHECK-NEXT:      in.x1 = v3;
// CHECK-NEXT:      return in;
// CHECK-NEXT:    }
// CHECK-NEXT:    DEV float apply(const Loads &in, float x, const i64 *c) const {
// CHECK-NEXT:      float v0 = F32::add(x, in.x0);
// CHECK-NEXT:      float v1 = F32::gelu(v0);
// CHECK-NEXT:      float v2 = F32::add(v1, in.x1);
// CHECK-NEXT:      return v2;
// CHECK-NEXT:    }
// CHECK-NEXT:    struct LanesLoads { Lanes<float, 4> x0; Lanes<float, 4> x1; };
// CHECK-NEXT:    DEV LanesLoads lanes_load(const i64 *c) const {
// CHECK-NEXT:      LanesLoads in = {};
// CHECK-NEXT:      Lanes<float, 4> w0 = load_lanes<4>(in2 + c[1]);
// CHECK-NEXT:      in.x0 = w0;
// CHECK-NEXT:      i64 w1 = I64::mul(c[0], 3072);
// CHECK-NEXT:      i64 w2 = I64::add(w1, c[1]);
// CHECK-NEXT:      Lanes<float, 4> w3 = load_lanes<4>(in3 + w2);
// CHECK-NEXT:      in.x1 = w3;
// CHECK-NEXT:      return in;
// CHECK:         DEV bool is_wide() const { return is_aligned<4>(in2) && is_aligned<4>(in3); }
// CHECK:       KERNEL(256, 1) linear_f32_k768_n3072(float *out0, const float *in0,
// CHECK:         linear<float, 3072, 768, 1, true, 4033>(out0, in0, 768, in1, s0, body);
plan.kernel linear @linear_f32_k768_n3072 outs [f32] ins [f32, f32, f32, f32] scalars 1 params {m = -1, n = 3072, k = 768, lda = 768, rows = 64, panels = 1} {
^bb0(%acc: f32, %m: i64, %n: i64, %x: tensor<?xf32>, %w: tensor<?xf32>, %b: tensor<?xf32>, %r: tensor<?xf32>, %M: i64):
  %c3072 = arith.constant 3072 : i64
  %0 = tfm.load %b[%n] : tensor<?xf32> -> f32
  %1 = tfm.apply add(%acc, %0) : (f32, f32) -> f32
  %2 = tfm.apply gelu(%1) : (f32) -> f32
  %3 = tfm.apply mul(%m, %c3072) : (i64, i64) -> i64
  %4 = tfm.apply add(%3, %n) : (i64, i64) -> i64
  %5 = tfm.load %r[%4] : tensor<?xf32> -> f32
  %6 = tfm.apply add(%2, %5) : (f32, f32) -> f32
  tfm.yield %6 : f32
}

// One row: no tiles, no shared memory.
// CHECK-LABEL: // linear_m1: 256 threads, 0 bytes
// CHECK-NOT:     LanesLoads
// CHECK:         linear<float, 30, 64, 1, false>(out0, in0, s0, in1, 1, body);
plan.kernel linear @linear_m1 outs [f32] ins [f32, f32] scalars 1 params {m = 1, n = 30, k = 64, lda = -1, rows = 64, panels = 1} {
^bb0(%acc: f32, %m: i64, %n: i64, %x: tensor<?xf32>, %w: tensor<?xf32>, %l: i64):
  tfm.yield %acc : f32
}

// Rows of weights that are no multiples of 16 bytes.
// CHECK-LABEL: // linear_k33: 256 threads, 73728 bytes
// CHECK:         linear<float, 64, 33, 0, true>(out0, in0, 33, in1, 100, body);
plan.kernel linear @linear_k33 outs [f32] ins [f32, f32] scalars 0 params {m = 100, n = 64, k = 33, lda = 33, rows = 64, panels = 1} {
^bb0(%acc: f32, %m: i64, %n: i64, %x: tensor<?xf32>, %w: tensor<?xf32>):
  tfm.yield %acc : f32
}

// On tensor cores; the residual has a type of its own, the result is rounded once.
// CHECK-LABEL: // linear_bf16_k768_n3072: 256 threads, 98304 bytes of shared memory
// CHECK-NEXT:  #include "linear.cuh"
// CHECK:         const bf16 *in1;
// CHECK:         struct Loads { float x0; float x1; };
// CHECK:           float [[R:v[0-9]+]] = in3[{{v[0-9]+}}];
// CHECK:         DEV float apply(const Loads &in, float x, const i64 *c) const {
// CHECK:       KERNEL(256, 1) linear_bf16_k768_n3072(bf16 *out0, const bf16 *in0, const bf16 *in1,
// CHECK:         linear<bf16, 3072, 768, 4, true, 129, 4>(out0, in0, 768, in1, s0, body);
plan.kernel linear @linear_bf16_k768_n3072 outs [bf16] ins [bf16, bf16, f32, f32] scalars 1 params {m = -1, n = 3072, k = 768, lda = 768, rows = 64, panels = 1} {
^bb0(%acc: f32, %m: i64, %n: i64, %x: tensor<?xbf16>, %w: tensor<?xbf16>, %b: tensor<?xf32>, %r: tensor<?xf32>, %M: i64):
  %c3072 = arith.constant 3072 : i64
  %0 = tfm.load %b[%n] : tensor<?xf32> -> f32
  %1 = tfm.apply add(%acc, %0) : (f32, f32) -> f32
  %2 = tfm.apply gelu(%1) : (f32) -> f32
  %3 = tfm.apply mul(%m, %c3072) : (i64, i64) -> i64
  %4 = tfm.apply add(%3, %n) : (i64, i64) -> i64
  %5 = tfm.load %r[%4] : tensor<?xf32> -> f32
  %6 = tfm.apply add(%2, %5) : (f32, f32) -> f32
  %7 = tfm.convert %6 : f32 to bf16
  tfm.yield %7 : bf16
}

// Rows of 36 elements of 16 bits are no multiples of 16 bytes.
// CHECK-LABEL: // linear_f16_k36: 256 threads, 49152 bytes
// CHECK:         linear<f16, 64, 36, 0, true>(out0, in0, 36, in1, 100, body);
plan.kernel linear @linear_f16_k36 outs [f32] ins [f16, f16] scalars 0 params {m = 100, n = 64, k = 36, lda = 36, rows = 64, panels = 1} {
^bb0(%acc: f32, %m: i64, %n: i64, %x: tensor<?xf16>, %w: tensor<?xf16>):
  tfm.yield %acc : f32
}

// CHECK-LABEL: // linear_tf32: 256 threads, 65536 bytes
// CHECK:         linear<tf32, 64, 36, 0, true>(out0, in0, 36, in1, 100, body);
plan.kernel linear @linear_tf32 outs [f32] ins [f32, f32] scalars 0 params {m = 100, n = 64, k = 36, lda = 36, rows = 64, panels = 1, math = "tf32"} {
^bb0(%acc: f32, %m: i64, %n: i64, %x: tensor<?xf32>, %w: tensor<?xf32>):
  tfm.yield %acc : f32
}

// Rows that are a number: the tile that takes less time, alone.
// CHECK-LABEL: // linear_m128: 256 threads, 65536 bytes
// CHECK:         linear<bf16, 3072, 768, 0, true>(out0, in0, 768, in1, 128, body);
plan.kernel linear @linear_m128 outs [f32] ins [bf16, bf16] scalars 0 params {m = 128, n = 3072, k = 768, lda = 768, rows = 64, panels = 1} {
^bb0(%acc: f32, %m: i64, %n: i64, %x: tensor<?xbf16>, %w: tensor<?xbf16>):
  tfm.yield %acc : f32
}

// CHECK-LABEL: // linear_m4096: 256 threads, 98304 bytes
// CHECK:         linear<bf16, 3072, 768, 0, true, 17>(out0, in0, 768, in1, 4096, body);
plan.kernel linear @linear_m4096 outs [f32] ins [bf16, bf16] scalars 0 params {m = 4096, n = 3072, k = 768, lda = 768, rows = 64, panels = 1} {
^bb0(%acc: f32, %m: i64, %n: i64, %x: tensor<?xbf16>, %w: tensor<?xbf16>):
  tfm.yield %acc : f32
}

// Blocks share K where the kernel has a workspace: in as many parts as a scalar says.
// CHECK-LABEL: // linear_parts: 256 threads, 98304 bytes
// CHECK:       struct Body {
// CHECK-NEXT:    const bf16 *in0;
// CHECK:       KERNEL(256, 1) linear_parts(float *out0, float *partials, u32 *counters, const bf16 *in0, const bf16 *in1, i64 s0, i64 s1, KernelStatus *status, i64 step) {
// CHECK-NEXT:    Body body{in0, in1, s0, s1, status, step};
// CHECK-NEXT:    linear<bf16, 768, 3072, 1, true, 577, 1>(out0, in0, 3072, in1, s0, body, Splits{partials, counters, s1});
plan.kernel linear @linear_parts outs [f32] ins [bf16, bf16] scalars 2 params {m = -1, n = 768, k = 3072, lda = 3072, rows = 64, panels = 1, splits = -2} {
^bb0(%acc: f32, %m: i64, %n: i64, %x: tensor<?xbf16>, %w: tensor<?xbf16>, %M: i64, %s: i64):
  tfm.yield %acc : f32
}

// Few rows: warps share K, and need no workspace.
// CHECK-LABEL: // linear_m1_k3072: 256 threads, 1024 bytes
// CHECK:         linear<float, 768, 3072, 2, false>(out0, in0, 3072, in1, 1, body);
plan.kernel linear @linear_m1_k3072 outs [f32] ins [f32, f32] scalars 0 params {m = 1, n = 768, k = 3072, lda = 3072, rows = 64, panels = 1} {
^bb0(%acc: f32, %m: i64, %n: i64, %x: tensor<?xf32>, %w: tensor<?xf32>):
  tfm.yield %acc : f32
}

// Of 16 bits by tensor cores, 32 columns a block, which holds nothing else.
// CHECK-LABEL: // linear_bf16_m16: 256 threads, 90112 bytes
// CHECK:         linear<bf16, 3072, 768, 4, false>(out0, in0, 768, in1, 16, body);
plan.kernel linear @linear_bf16_m16 outs [f32] ins [bf16, bf16] scalars 0 params {m = 16, n = 3072, k = 768, lda = 768, rows = 64, panels = 1} {
^bb0(%acc: f32, %m: i64, %n: i64, %x: tensor<?xbf16>, %w: tensor<?xbf16>):
  tfm.yield %acc : f32
}
