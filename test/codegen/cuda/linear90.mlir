// RUN: ingot-opt %s --print-cuda-stubs=arch=sm_90a -o /dev/null | FileCheck %s
// RUN: ingot-opt %s --print-cuda-stubs -o /dev/null | FileCheck %s --check-prefix=SM80

// Two tiles for rows that are not known: weights in boxes for each, the result leaves by TMA.
// CHECK-LABEL: // linear_many: 384 threads
// CHECK-NEXT:  #include "linear90.cuh"
// CHECK:         = Rough::gelu(
// CHECK:       KERNEL_CLUSTER(384, 1, 2)
// CHECK-SAME:  linear_many(bf16 *out0, const bf16 *in0, const bf16 *in1, const float *in2, i64 s0, GRID_CONST TensorMap map0, GRID_CONST TensorMap map1, GRID_CONST TensorMap map2, GRID_CONST TensorMap map3, KernelStatus *status, i64 step)
// CHECK-NEXT:    grid_launch_next();
// CHECK-NEXT:    Body body{
// CHECK-NEXT:    linear90<bf16, 3072, 768, 3, true, {{[0-9]+, [0-9]+, [0-9]+}}, 2>(out0, in0, 768, in1, s0, body, map0, map1, map2, map3);
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

// One tile of 128 rows: nobody to share weights with; f32 leaves by plain stores.
// CHECK-LABEL: // linear_known: 384 threads
// CHECK:       KERNEL(384, 1) linear_known(float *out0, const f16 *in0, const f16 *in1, i64 s0, GRID_CONST TensorMap map0, GRID_CONST TensorMap map1, KernelStatus *status, i64 step)
// CHECK:         linear90<f16, 768, 64, 0, true, 64, 64, 0, 1>(out0, in0, s0, in1, 100, body, map0, map1, map0, map0);
plan.kernel linear @linear_known outs [f32] ins [f16, f16] scalars 1 params {m = 100, n = 768, k = 64, lda = -1, rows = 64, panels = 1} {
^bb0(%acc: f32, %m: i64, %n: i64, %x: tensor<?xf16>, %w: tensor<?xf16>, %l: i64):
  tfm.yield %acc : f32
}

// Rows enough to share.
// CHECK-LABEL: // linear_large: 384 threads
// CHECK:       KERNEL_CLUSTER(384, 1, 2)
// CHECK:         linear90<bf16, 1024, 1024, 0, true, 256, 256, 17, 2>(out0, in0, 1024, in1, 8192, body, map0, map1, map2, map0);
plan.kernel linear @linear_large outs [f32] ins [bf16, bf16] scalars 0 params {m = 8192, n = 1024, k = 1024, lda = 1024, rows = 64, panels = 1} {
^bb0(%acc: f32, %m: i64, %n: i64, %x: tensor<?xbf16>, %w: tensor<?xbf16>):
  tfm.yield %acc : f32
}

// Rows of the weights that are no multiples of 16 bytes, few rows alone, tf32, f32: as on other GPUs.
// CHECK-LABEL: // linear_k33: 256 threads
// CHECK:         linear<bf16, 64, 33,
plan.kernel linear @linear_k33 outs [f32] ins [bf16, bf16] scalars 0 params {m = 100, n = 64, k = 33, lda = 33, rows = 64, panels = 1} {
^bb0(%acc: f32, %m: i64, %n: i64, %x: tensor<?xbf16>, %w: tensor<?xbf16>):
  tfm.yield %acc : f32
}

// CHECK-LABEL: // linear_few: 384 threads
// CHECK:         linear<bf16, 3072, 768, 3, false>(
// SM80-LABEL:  // linear_few: 384 threads
// SM80:          linear<bf16, 3072, 768, 4, false>(
plan.kernel linear @linear_few outs [f32] ins [bf16, bf16] scalars 0 params {m = 8, n = 3072, k = 768, lda = 768, rows = 64, panels = 1} {
^bb0(%acc: f32, %m: i64, %n: i64, %x: tensor<?xbf16>, %w: tensor<?xbf16>):
  tfm.yield %acc : f32
}

// CHECK-LABEL: // linear_tf32: 256 threads
// CHECK:         linear<tf32, 64, 64,
plan.kernel linear @linear_tf32 outs [f32] ins [f32, f32] scalars 0 params {m = 100, n = 64, k = 64, lda = 64, rows = 64, panels = 1, math = "tf32"} {
^bb0(%acc: f32, %m: i64, %n: i64, %x: tensor<?xf32>, %w: tensor<?xf32>):
  tfm.yield %acc : f32
}
