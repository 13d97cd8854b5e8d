// RUN: ingot-opt %s --print-cuda-stubs=arch=sm_90a -o /dev/null | FileCheck %s

// Rows and weights of f8, by tiles of up to 128 columns; the scales of columns are the epilogue's.
// CHECK-LABEL: // linear_f8: 384 threads
// CHECK-NEXT:  #include "linear90_f8.cuh"
// CHECK:         const u8 *in0;
// CHECK-NEXT:    const u8 *in1;
// CHECK-NEXT:    const float *in2;
// CHECK-NEXT:    const float *in3;
// CHECK:         struct Loads { float x0; };
// CHECK:         float v0 = in3[c[1]];
// CHECK:       KERNEL(384, 1) linear_f8(bf16 *out0, const u8 *in0, const u8 *in1, const float *in2, const float *in3, i64 s0, GRID_CONST TensorMap map0, GRID_CONST TensorMap map1, GRID_CONST TensorMap map2
// CHECK:         linear90_f8<4096, 4096, 4096, 4>(out0, in0, 4096, in1, in2, s0, body, &map0, &map1, NoSplits{}, Linear90Tile<{{64|96|128}}, {{.*}});
plan.kernel linear @linear_f8 outs [bf16] ins [f8E4M3FN, f8E4M3FN, f32, f32] scalars 1 params {m = -1, n = 4096, k = 4096, lda = 4096, rows = 64, panels = 1, block = 4096} {
^bb0(%acc: f32, %m: i64, %n: i64, %x: tensor<?xf8E4M3FN>, %w: tensor<?xf8E4M3FN>, %s: tensor<?xf32>, %b: tensor<?xf32>, %M: i64):
  %0 = tfm.load %b[%n] : tensor<?xf32> -> f32
  %1 = tfm.apply add(%acc, %0) : (f32, f32) -> f32
  %2 = tfm.convert %1 : f32 to bf16
  tfm.yield %2 : bf16
}

// Scales of blocks, and a result that is not stored by TMA.
// CHECK-LABEL: // linear_f8_b128: 384 threads
// CHECK:         linear90_f8<100, 144, 128, 0>(out0, in0, 144, in1, in2, 300, body, &map0, nullptr, NoSplits{}, Linear90Tile<{{.*}});
plan.kernel linear @linear_f8_b128 outs [f32] ins [f8E4M3FN, f8E4M3FN, f32] scalars 0 params {m = 300, n = 100, k = 144, lda = 144, rows = 64, panels = 1, block = 128} {
^bb0(%acc: f32, %m: i64, %n: i64, %x: tensor<?xf8E4M3FN>, %w: tensor<?xf8E4M3FN>, %s: tensor<?xf32>):
  tfm.yield %acc : f32
}

// Few rows alone: no tiles, no maps.
// CHECK-LABEL: // linear_f8_few: 384 threads
// CHECK:       KERNEL(384, 1) linear_f8_few(f16 *out0, const u8 *in0, const u8 *in1, const float *in2, KernelStatus *status, i64 step)
// CHECK:         linear90_f8<128, 256, 128, 1>(out0, in0, 256, in1, in2, 9, body, nullptr, nullptr, NoSplits{});
plan.kernel linear @linear_f8_few outs [f16] ins [f8E4M3FN, f8E4M3FN, f32] scalars 0 params {m = 9, n = 128, k = 256, lda = 256, rows = 64, panels = 1, block = 128} {
^bb0(%acc: f32, %m: i64, %n: i64, %x: tensor<?xf8E4M3FN>, %w: tensor<?xf8E4M3FN>, %s: tensor<?xf32>):
  %0 = tfm.convert %acc : f32 to f16
  tfm.yield %0 : f16
}

// A result of f8 leaves without TMA. A quotient that is rounded to it has no branch; by a power of two it is a product
// anyway, and where more reads it, it is what it was.
// CHECK-LABEL: // linear_to_f8: 384 threads
// CHECK:         float apply(const Loads &in, float x, const i64 *c) const {
// CHECK-NEXT:      float v0 = Rough::div(x, 0.3f);
// CHECK-NEXT:      return v0;
// CHECK:       KERNEL(384, 1) linear_to_f8(e4m3 *out0, const u8 *in0,
// CHECK:         linear90_f8<128, 256, 256, 0>(out0, in0, 256, in1, in2, 300, body, &map0, nullptr, NoSplits{}, Linear90Tile<
plan.kernel linear @linear_to_f8 outs [f8E4M3FN] ins [f8E4M3FN, f8E4M3FN, f32] scalars 0 params {m = 300, n = 128, k = 256, lda = 256, rows = 64, panels = 1, block = 256} {
^bb0(%acc: f32, %m: i64, %n: i64, %x: tensor<?xf8E4M3FN>, %w: tensor<?xf8E4M3FN>, %s: tensor<?xf32>):
  %scale = arith.constant 0.3 : f32
  %0 = tfm.apply div(%acc, %scale) : (f32, f32) -> f32
  %1 = tfm.convert %0 : f32 to f8E4M3FN
  tfm.yield %1 : f8E4M3FN
}

// CHECK-LABEL: // norm_to_f8: 128 threads
// CHECK:         Lanes<float, 8> lanes_finish(
// CHECK:           float v1 = F32::div(v0, 0.25f);
// CHECK:       KERNEL(128, 1) norm_to_f8(e4m3 *out0, const float *in0,
plan.kernel norm @norm_to_f8 outs [f8E4M3FN] ins [f32] scalars 1 params {extents = array<i64: -1, 256>, kind = "rms", epsilon = 1.0e-5, chunk = 1} {
^bb0(%i: i64, %j: i64, %x: tensor<?xf32>, %M: i64):
  %n = arith.constant 256 : i64
  %0 = tfm.apply mul(%i, %n) : (i64, i64) -> i64
  %1 = tfm.apply add(%0, %j) : (i64, i64) -> i64
  %2 = tfm.load %x[%1] : tensor<?xf32> -> f32
  tfm.yield %2 : f32
}, {
^bb0(%v: f32, %i: i64, %j: i64, %x: tensor<?xf32>, %M: i64):
  %scale = arith.constant 0.25 : f32
  %other = arith.constant 0.3 : f32
  %0 = tfm.apply div(%v, %other) : (f32, f32) -> f32
  %1 = tfm.apply div(%0, %scale) : (f32, f32) -> f32
  %2 = tfm.convert %1 : f32 to f8E4M3FN
  tfm.yield %2 : f8E4M3FN
}
