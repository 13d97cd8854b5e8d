// RUN: ingot-opt %s --print-cuda-stubs=arch=sm_90a -o /dev/null | FileCheck %s
// RUN: ingot-opt %s --print-cuda-stubs -o /dev/null | FileCheck %s --check-prefix=SM80

// Fused projections, heads side by side.
// CHECK-LABEL: // causal_d64: 384 threads, 168176 bytes of shared memory
// CHECK-NEXT:  #include "attention90.cuh"
// CHECK:       KERNEL(384, 1) causal_d64(bf16 *out0, float *partials, u32 *counters, const bf16 *in0, const bf16 *in1, const bf16 *in2, const u8 *in3, i64 s0, i64 s1, i64 s2, i64 s3, GRID_CONST TensorMap map0, GRID_CONST TensorMap map1, GRID_CONST TensorMap map2, KernelStatus *status, i64 step)
// CHECK-NEXT:    grid_launch_next();
// CHECK-NEXT:    Body body{
// CHECK:         attention90<bf16, 64, 64, true>(out0, in0, in1, in2, shape, body, {&map0, &map1, &map2}, Splits{partials, counters, s3});
// SM80-LABEL:  // causal_d64: 128 threads
// SM80:          attention_mma<bf16, 64, 64, 64, true>(out0, in0, in1, in2, shape, body, Splits{partials, counters, s3});
plan.kernel attention @causal_d64 outs [bf16] ins [bf16, bf16, bf16, i1] scalars 4 params {batch = -3, heads = 12, queries = -1, keys = -1, d = 64, dv = 64, group = 1, causal_keys = 1, scale = 0.125 : f64, q_strides = array<i64: -2, 2304, 64>, k_strides = array<i64: -2, 2304, 64>, v_strides = array<i64: -2, 2304, 64>, rows = 64, empty_rows = "zero", splits = -4} {
^bb0(%s: f32, %b: i64, %h: i64, %q: i64, %k: i64, %iq: tensor<?xbf16>, %ik: tensor<?xbf16>, %iv: tensor<?xbf16>, %keep: tensor<?xi1>, %S: i64, %stride: i64, %B: i64, %parts: i64):
  %inf = arith.constant 0xFF800000 : f32
  %0 = tfm.apply mul(%b, %S) : (i64, i64) -> i64
  %1 = tfm.apply add(%0, %k) : (i64, i64) -> i64
  %2 = tfm.load %keep[%1] : tensor<?xi1> -> i1
  %3 = tfm.apply le(%k, %q) : (i64, i64) -> i1
  %4 = tfm.apply and(%3, %2) : (i1, i1) -> i1
  %5 = tfm.choose %4, %s, %inf : f32
  tfm.yield %5 : f32
}

// Groups, a window, a soft cap and a bias, rows that may be the mean of all; one batch.
// CHECK-LABEL: // window_d128: 384 threads, 198800 bytes of shared memory
// CHECK:         DEV bool keeps(const i64 *first, const i64 *last) const {
// CHECK-NEXT:      {
// CHECK-NEXT:        i64 v0 = I64::add(first[2], s2);
// CHECK-NEXT:        bool v1 = I64::lt(last[3], v0);
// CHECK-NEXT:        if (!v1)
// CHECK-NEXT:          return false;
// CHECK-NEXT:      }
// CHECK-NEXT:      {
// CHECK-NEXT:        i64 v0 = I64::add(last[2], s2);
// CHECK-NEXT:        i64 v1 = I64::sub(v0, 4096);
// CHECK-NEXT:        bool v2 = I64::le(v1, first[3]);
// CHECK-NEXT:        if (!v2)
// CHECK-NEXT:          return false;
// CHECK-NEXT:      }
// CHECK-NEXT:      return true;
// CHECK:         AttentionShape shape{1, 32, s0, s1, 4, s2, {0, 4096, 128}, {0, 1024, 128}, {0, 1024, 128}, 0x1.6a09e6p-4f, true};
// CHECK-NEXT:    attention90<f16, 128, 128, false>(out0, in0, in1, in2, shape, body, {&map0, &map1, &map2});
plan.kernel attention @window_d128 outs [f16] ins [f16, f16, f16, f32] scalars 3 params {batch = 1, heads = 32, queries = -1, keys = -2, d = 128, dv = 128, group = 4, causal_keys = -3, scale = 0.0883883461 : f64, q_strides = array<i64: 0, 4096, 128>, k_strides = array<i64: 0, 1024, 128>, v_strides = array<i64: 0, 1024, 128>, rows = 64, empty_rows = "mean"} {
^bb0(%s: f32, %b: i64, %h: i64, %q: i64, %k: i64, %iq: tensor<?xf16>, %ik: tensor<?xf16>, %iv: tensor<?xf16>, %bias: tensor<?xf32>, %Q: i64, %K: i64, %C: i64):
  %lowest = arith.constant -3.4028235e+38 : f32
  %fifty = arith.constant 50.0 : f32
  %width = arith.constant 4096 : i64
  %0 = tfm.apply div(%s, %fifty) : (f32, f32) -> f32
  %1 = tfm.apply tanh(%0) : (f32) -> f32
  %2 = tfm.apply mul(%1, %fifty) : (f32, f32) -> f32
  %3 = tfm.load %bias[%k] : tensor<?xf32> -> f32
  %4 = tfm.apply add(%2, %3) : (f32, f32) -> f32
  %5 = tfm.apply add(%q, %C) : (i64, i64) -> i64
  %6 = tfm.apply lt(%k, %5) : (i64, i64) -> i1
  %7 = tfm.apply sub(%5, %width) : (i64, i64) -> i64
  %8 = tfm.apply le(%7, %k) : (i64, i64) -> i1
  %9 = tfm.apply and(%6, %8) : (i1, i1) -> i1
  %10 = tfm.choose %9, %4, %lowest : f32
  tfm.yield %10 : f32
}

// Heads of 80 are multiplied as 80 and 96.
// CHECK-LABEL: // d80: 384 threads, 198800 bytes
// CHECK:         attention90<bf16, 80, 80, false>(
plan.kernel attention @d80 outs [f32] ins [bf16, bf16, bf16] scalars 1 params {batch = -1, heads = 4, queries = 300, keys = 300, d = 80, dv = 80, group = 1, scale = 0.125 : f64, q_strides = array<i64: 96000, 320, 80>, k_strides = array<i64: 96000, 320, 80>, v_strides = array<i64: 96000, 320, 80>, rows = 64, empty_rows = "nan"} {
^bb0(%s: f32, %b: i64, %h: i64, %q: i64, %k: i64, %iq: tensor<?xbf16>, %ik: tensor<?xbf16>, %iv: tensor<?xbf16>, %B: i64):
  tfm.yield %s : f32
}

// Heads of 256: 64 keys a tile.
// CHECK-LABEL: // d256: 384 threads, 197760 bytes
// CHECK:         attention90<bf16, 256, 256, true>(
plan.kernel attention @d256 outs [bf16] ins [bf16, bf16, bf16, f32] scalars 2 params {batch = 1, heads = 8, queries = -1, keys = -2, d = 256, dv = 256, group = 2, causal_keys = 1, scale = 0.0625 : f64, q_strides = array<i64: 0, 2048, 256>, k_strides = array<i64: 0, 1024, 256>, v_strides = array<i64: 0, 1024, 256>, rows = 64, empty_rows = "zero"} {
^bb0(%s: f32, %b: i64, %h: i64, %q: i64, %k: i64, %iq: tensor<?xbf16>, %ik: tensor<?xbf16>, %iv: tensor<?xbf16>, %bias: tensor<?xf32>, %Q: i64, %K: i64):
  %inf = arith.constant 0xFF800000 : f32
  %fifty = arith.constant 50.0 : f32
  %0 = tfm.apply div(%s, %fifty) : (f32, f32) -> f32
  %1 = tfm.apply tanh(%0) : (f32) -> f32
  %2 = tfm.apply mul(%1, %fifty) : (f32, f32) -> f32
  %3 = tfm.apply mul(%h, %Q) : (i64, i64) -> i64
  %4 = tfm.apply add(%3, %q) : (i64, i64) -> i64
  %5 = tfm.apply mul(%4, %K) : (i64, i64) -> i64
  %6 = tfm.apply add(%5, %k) : (i64, i64) -> i64
  %7 = tfm.load %bias[%6] : tensor<?xf32> -> f32
  %8 = tfm.apply add(%2, %7) : (f32, f32) -> f32
  %9 = tfm.apply le(%k, %q) : (i64, i64) -> i1
  %10 = tfm.choose %9, %8, %inf : f32
  tfm.yield %10 : f32
}

// Heads one after the other, as in caches of decoders.
// CHECK-LABEL: // heads_first: 384 threads
// CHECK:         AttentionShape shape{1, 4, s0, s0, 1, s0, {0, 64, s1}, {0, 64, s1}, {0, 64, s1}, 0.125f};
// CHECK-NEXT:    attention90<bf16, 64, 64, false>(
plan.kernel attention @heads_first outs [f32] ins [bf16, bf16, bf16] scalars 2 params {batch = 1, heads = 4, queries = -1, keys = -1, d = 64, dv = 64, group = 1, scale = 0.125 : f64, q_strides = array<i64: 0, 64, -2>, k_strides = array<i64: 0, 64, -2>, v_strides = array<i64: 0, 64, -2>, rows = 64, empty_rows = "nan"} {
^bb0(%s: f32, %b: i64, %h: i64, %q: i64, %k: i64, %iq: tensor<?xbf16>, %ik: tensor<?xbf16>, %iv: tensor<?xbf16>, %S: i64, %H: i64):
  tfm.yield %s : f32
}

// One query, and one head of keys: strides of 0 are not looked at.
// CHECK-LABEL: // one_head: 384 threads
// CHECK:         attention90<bf16, 64, 64, false>(
plan.kernel attention @one_head outs [f32] ins [bf16, bf16, bf16] scalars 3 params {batch = -1, heads = 4, queries = 1, keys = -2, d = 64, dv = 64, group = 4, scale = 0.125 : f64, q_strides = array<i64: 256, 0, 64>, k_strides = array<i64: -3, 64, 0>, v_strides = array<i64: -3, 64, 0>, rows = 64, empty_rows = "nan"} {
^bb0(%s: f32, %b: i64, %h: i64, %q: i64, %k: i64, %iq: tensor<?xbf16>, %ik: tensor<?xbf16>, %iv: tensor<?xbf16>, %B: i64, %S: i64, %stride: i64):
  tfm.yield %s : f32
}

// Narrow and wide heads, heads that are one in memory, tf32: as on other GPUs.
// CHECK-LABEL: // d16: 128 threads
// CHECK:         attention_mma<bf16, 16, 16, 64, false>(
plan.kernel attention @d16 outs [f32] ins [bf16, bf16, bf16] scalars 0 params {batch = 1, heads = 4, queries = 300, keys = 300, d = 16, dv = 16, group = 1, scale = 0.25 : f64, q_strides = array<i64: 0, 64, 16>, k_strides = array<i64: 0, 64, 16>, v_strides = array<i64: 0, 64, 16>, rows = 64, empty_rows = "nan"} {
^bb0(%s: f32, %b: i64, %h: i64, %q: i64, %k: i64, %iq: tensor<?xbf16>, %ik: tensor<?xbf16>, %iv: tensor<?xbf16>):
  tfm.yield %s : f32
}

// CHECK-LABEL: // d272: 64 threads
// CHECK:         attention<272, 272, 16, 16, false>(
plan.kernel attention @d272 outs [f32] ins [bf16, bf16, bf16] scalars 0 params {batch = 1, heads = 4, queries = 300, keys = 300, d = 272, dv = 272, group = 1, scale = 0.0625 : f64, q_strides = array<i64: 0, 1088, 272>, k_strides = array<i64: 0, 1088, 272>, v_strides = array<i64: 0, 1088, 272>, rows = 64, empty_rows = "nan"} {
^bb0(%s: f32, %b: i64, %h: i64, %q: i64, %k: i64, %iq: tensor<?xbf16>, %ik: tensor<?xbf16>, %iv: tensor<?xbf16>):
  tfm.yield %s : f32
}

// CHECK-LABEL: // same_head: 128 threads
// CHECK:         attention_mma<bf16, 64, 64, 64, false>(
plan.kernel attention @same_head outs [f32] ins [bf16, bf16, bf16] scalars 1 params {batch = 1, heads = 4, queries = -1, keys = -1, d = 64, dv = 64, group = 1, scale = 0.125 : f64, q_strides = array<i64: 0, 256, 64>, k_strides = array<i64: 0, 64, 0>, v_strides = array<i64: 0, 64, 0>, rows = 64, empty_rows = "nan"} {
^bb0(%s: f32, %b: i64, %h: i64, %q: i64, %k: i64, %iq: tensor<?xbf16>, %ik: tensor<?xbf16>, %iv: tensor<?xbf16>, %S: i64):
  tfm.yield %s : f32
}

// CHECK-LABEL: // of_tf32: 128 threads
// CHECK:         attention_mma<tf32, 64, 64, 64, false>(
plan.kernel attention @of_tf32 outs [f32] ins [f32, f32, f32] scalars 0 params {batch = 1, heads = 4, queries = 300, keys = 300, d = 64, dv = 64, group = 1, scale = 0.125 : f64, q_strides = array<i64: 0, 256, 64>, k_strides = array<i64: 0, 256, 64>, v_strides = array<i64: 0, 256, 64>, rows = 64, empty_rows = "nan", math = "tf32"} {
^bb0(%s: f32, %b: i64, %h: i64, %q: i64, %k: i64, %iq: tensor<?xf32>, %ik: tensor<?xf32>, %iv: tensor<?xf32>):
  tfm.yield %s : f32
}
