// RUN: ingot-opt %s --print-cuda-stubs=arch=sm_90a -o /dev/null | FileCheck %s
// RUN: ingot-opt %s --print-cuda-stubs -o /dev/null | FileCheck %s --check-prefix=SM80

// Three tiles for rows that are not known, one of them in turns: weights in boxes for each, the result leaves by TMA.
// CHECK-LABEL: // linear_many: 384 threads
// CHECK-NEXT:  #include "linear90.cuh"
// CHECK:         DEV float apply(const Loads &in, float x, const i64 *c) const {
// CHECK-NEXT:      float v0 = F32::add(x, in.x0);
// CHECK-NEXT:      float v1 = Rough::gelu(v0);
// CHECK-NEXT:      return v1;
// CHECK-NEXT:    }
// CHECK-NEXT:    struct LanesLoads { Lanes<float, 2> x0; };
// CHECK-NEXT:    DEV LanesLoads lanes_load(const i64 *c) const {
// CHECK-NEXT:      LanesLoads in = {};
// CHECK-NEXT:      Lanes<float, 2> w0 = load_lanes<2>(in2 + c[1]);
// CHECK-NEXT:      in.x0 = w0;
// CHECK-NEXT:      return in;
// CHECK-NEXT:    }
// CHECK-NEXT:    DEV Lanes<float, 2> lanes_apply(const LanesLoads &in, const Lanes<float, 2> &x, const i64 *c) const {
// CHECK-NEXT:      Lanes<float, 2> y;
// CHECK-NEXT:      UNROLL for (int l = 0; l < 2; ++l) {
// CHECK-NEXT:        float v0 = in.x0[l];
// CHECK-NEXT:        float v1 = F32::add(x[l], v0);
// CHECK-NEXT:        float v2 = Rough::gelu(v1);
// CHECK-NEXT:        y[l] = v2;
// CHECK-NEXT:      }
// CHECK-NEXT:      return y;
// CHECK-NEXT:    }
// CHECK-NEXT:    DEV bool is_wide() const { return is_aligned<2>(in2); }
// CHECK:       KERNEL(384, 1)
// CHECK-SAME:  linear_many(bf16 *out0, const bf16 *in0, const bf16 *in1, const float *in2, i64 s0, GRID_CONST TensorMap map0, GRID_CONST TensorMap map1, GRID_CONST TensorMap map2, GRID_CONST TensorMap map3, GRID_CONST TensorMap map4, KernelStatus *status, i64 step)
// CHECK-NEXT:    grid_launch_next();
// CHECK-NEXT:    Body body{
// CHECK-NEXT:    linear90<bf16, 3072, 768, 3, 3>(out0, in0, 768, in1, s0, body, &map0, &map1, NoSplits{}, Linear90Tile<64, {{[0-9]+, [0-9]+, [0-9]+}}>{&map2}, Linear90Turns<96, {{[0-9]+, [0-9]+}}>{&map3}, Linear90Tile<192, {{[0-9, ]+}}>{&map4});
// SM80-LABEL:  // linear_many: 256 threads
// SM80:        KERNEL(256, 1) linear_many(bf16 *out0, const bf16 *in0, const bf16 *in1, const float *in2, i64 s0, KernelStatus *status, i64 step)
plan.kernel linear @linear_many outs [bf16] ins [bf16, bf16, f32] scalars 1 params {m = -1, n = 3072, k = 768, lda = 768, rows = 64, panels = 1} {
^bb0(%acc: f32, %m: i64, %n: i64, %x: tensor<?xbf16>, %w: tensor<?xbf16>, %b: tensor<?xf32>, %M: i64):
  %0 = tfm.load %b[%n] : tensor<?xf32> -> f32
  %1 = tfm.apply add(%acc, %0) : (f32, f32) -> f32
  %2 = tfm.apply gelu(%1) : (f32) -> f32
  %3 = tfm.convert %2 : f32 to bf16
  tfm.yield %3 : bf16
}

// What is the same for both columns is read once, what lies apart by each
// column, and what lies together but for a row of odd length where the scalar
// says that it has none.
// CHECK-LABEL: // linear_reads:
// CHECK:         struct LanesLoads { Lanes<bf16, 2> x0; float x1; Lanes<float, 2> x2; };
// CHECK:           float w{{[0-9]+}} = in3[c[0]];
// CHECK:           UNROLL for (int l = 0; l < 2; ++l) {
// CHECK-NEXT:        i64 v0 = I64::mul((c[1] + l), 3);
// CHECK-NEXT:        float v1 = in4[v0];
// CHECK-NEXT:        in.x2[l] = v1;
// CHECK-NEXT:      }
// CHECK:         DEV bool is_wide() const { return is_aligned<2>(in2) && s1 % 2 == 0; }
plan.kernel linear @linear_reads outs [f32] ins [bf16, bf16, bf16, f32, f32] scalars 2 params {m = -1, n = 64, k = 64, lda = 64, rows = 64, panels = 1} {
^bb0(%acc: f32, %m: i64, %n: i64, %x: tensor<?xbf16>, %w: tensor<?xbf16>, %r: tensor<?xbf16>, %s: tensor<?xf32>, %t: tensor<?xf32>, %M: i64, %p: i64):
  %three = arith.constant 3 : i64
  %0 = tfm.apply mul(%m, %p) : (i64, i64) -> i64
  %1 = tfm.apply add(%0, %n) : (i64, i64) -> i64
  %2 = tfm.load %r[%1] : tensor<?xbf16> -> bf16
  %3 = tfm.convert %2 : bf16 to f32
  %4 = tfm.load %s[%m] : tensor<?xf32> -> f32
  %5 = tfm.apply mul(%n, %three) : (i64, i64) -> i64
  %6 = tfm.load %t[%5] : tensor<?xf32> -> f32
  %7 = tfm.apply add(%acc, %3) : (f32, f32) -> f32
  %8 = tfm.apply mul(%7, %4) : (f32, f32) -> f32
  %9 = tfm.apply add(%8, %6) : (f32, f32) -> f32
  tfm.yield %9 : f32
}

// One tile for rows that are; f32 leaves by plain stores.
// CHECK-LABEL: // linear_known: 384 threads
// CHECK:       KERNEL(384, 1) linear_known(float *out0, const f16 *in0, const f16 *in1, i64 s0, GRID_CONST TensorMap map0, GRID_CONST TensorMap map1, KernelStatus *status, i64 step)
// CHECK:         linear90<f16, 768, 64, 0, 0>(out0, in0, s0, in1, 100, body, &map0, nullptr, NoSplits{}, Linear90Tile<64, {{[0-9, ]+}}>{&map1});
plan.kernel linear @linear_known outs [f32] ins [f16, f16] scalars 1 params {m = 100, n = 768, k = 64, lda = -1, rows = 64, panels = 1} {
^bb0(%acc: f32, %m: i64, %n: i64, %x: tensor<?xf16>, %w: tensor<?xf16>, %l: i64):
  tfm.yield %acc : f32
}

// CHECK-LABEL: // linear_large: 384 threads
// CHECK:         linear90<bf16, 1024, 1024, 0, 0>(out0, in0, 1024, in1, 8192, body, &map0, nullptr, NoSplits{}, Linear90Tile<256, {{[0-9, ]+}}>{&map1});
plan.kernel linear @linear_large outs [f32] ins [bf16, bf16] scalars 0 params {m = 8192, n = 1024, k = 1024, lda = 1024, rows = 64, panels = 1} {
^bb0(%acc: f32, %m: i64, %n: i64, %x: tensor<?xbf16>, %w: tensor<?xbf16>):
  tfm.yield %acc : f32
}

// With a workspace K may be in parts, where tiles are narrow enough and not in turns. The kernel decides in how many. Of
// tiles in turns the first wave may take so much less than others that the rest of a kernel is below zero.
// CHECK-LABEL: // linear_parts: 384 threads
// CHECK:         linear90<bf16, 768, 3072, 1, 1>(out0, in0, 3072, in1, s0, body, &map0, &map1, Splits{partials, counters, s1}, Linear90Turns<64, {{-?[0-9]+, [0-9]+}}>{&map2}, Linear90Tile<96, {{([0-9]+, ){9}[0-9]+}}>{&map3}, Linear90Tile<192, {{[0-9]+, [0-9]+, [0-9]+}}>{&map4});
plan.kernel linear @linear_parts outs [bf16] ins [bf16, bf16, f32, bf16] scalars 2 params {m = -1, n = 768, k = 3072, lda = 3072, rows = 64, panels = 1, splits = -2} {
^bb0(%acc: f32, %m: i64, %n: i64, %x: tensor<?xbf16>, %w: tensor<?xbf16>, %b: tensor<?xf32>, %r: tensor<?xbf16>, %M: i64, %parts: i64):
  %N = arith.constant 768 : i64
  %0 = tfm.load %b[%n] : tensor<?xf32> -> f32
  %1 = tfm.apply add(%acc, %0) : (f32, f32) -> f32
  %2 = tfm.apply mul(%m, %N) : (i64, i64) -> i64
  %3 = tfm.apply add(%2, %n) : (i64, i64) -> i64
  %4 = tfm.load %r[%3] : tensor<?xbf16> -> bf16
  %5 = tfm.convert %4 : bf16 to f32
  %6 = tfm.apply add(%1, %5) : (f32, f32) -> f32
  %7 = tfm.convert %6 : f32 to bf16
  tfm.yield %7 : bf16
}

// Rows of the weights that are no multiples of 16 bytes, few rows alone: as on other GPUs.
// CHECK-LABEL: // linear_k33: 256 threads
// CHECK:         linear<bf16, 64, 33,
plan.kernel linear @linear_k33 outs [f32] ins [bf16, bf16] scalars 0 params {m = 100, n = 64, k = 33, lda = 33, rows = 64, panels = 1} {
^bb0(%acc: f32, %m: i64, %n: i64, %x: tensor<?xbf16>, %w: tensor<?xbf16>):
  tfm.yield %acc : f32
}

// CHECK-LABEL: // linear_few: 256 threads
// CHECK:         grid_launch_next();
// CHECK-NEXT:    Body body{
// CHECK-NEXT:    linear<bf16, 3072, 768, 3, false>(
// SM80-LABEL:  // linear_few: 256 threads
// SM80:          linear<bf16, 3072, 768, 4, false>(
plan.kernel linear @linear_few outs [f32] ins [bf16, bf16] scalars 0 params {m = 8, n = 3072, k = 768, lda = 768, rows = 64, panels = 1} {
^bb0(%acc: f32, %m: i64, %n: i64, %x: tensor<?xbf16>, %w: tensor<?xbf16>):
  tfm.yield %acc : f32
}

// Up to 32 rows too, of more columns a block where Hopper has the shared memory.
// CHECK-LABEL: // linear_32: 256 threads, 106496 bytes
// CHECK:         linear<bf16, 6144, 4096, 0, false, 0, 6>(
// SM80-LABEL:  // linear_32: 256 threads, 81920 bytes
// SM80:          linear<bf16, 6144, 4096, 0, false, 0, 4>(
plan.kernel linear @linear_32 outs [f32] ins [bf16, bf16] scalars 0 params {m = 32, n = 6144, k = 4096, lda = 4096, rows = 64, panels = 1} {
^bb0(%acc: f32, %m: i64, %n: i64, %x: tensor<?xbf16>, %w: tensor<?xbf16>):
  tfm.yield %acc : f32
}

// f32 through tf32: boxes of 32 columns, few rows by FMA units, the result stored without TMA.
// CHECK-LABEL: // linear_tf32: 384 threads
// CHECK:       KERNEL(384, 1) linear_tf32(float *out0, const float *in0, const float *in1, i64 s0, GRID_CONST TensorMap map0, GRID_CONST TensorMap map1, GRID_CONST TensorMap map2, GRID_CONST TensorMap map3, KernelStatus *status, i64 step)
// CHECK:         linear90<tf32, 768, 768, {{[124]}}, 0>(out0, in0, 768, in1, s0, body, &map0, nullptr, NoSplits{}, Linear90Tile<64, {{[0-9, ]+}}>{&map1}, Linear90Tile<{{[0-9, ]+}}>{&map2}, Linear90Tile<{{[0-9, ]+}}>{&map3});
// SM80-LABEL:  // linear_tf32: 256 threads
plan.kernel linear @linear_tf32 outs [f32] ins [f32, f32] scalars 1 params {m = -1, n = 768, k = 768, lda = 768, rows = 64, panels = 1, math = "tf32"} {
^bb0(%acc: f32, %m: i64, %n: i64, %x: tensor<?xf32>, %w: tensor<?xf32>, %M: i64):
  tfm.yield %acc : f32
}
