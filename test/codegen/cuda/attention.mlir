// RUN: ingot-opt %s --print-cuda-stubs -o /dev/null | FileCheck %s

// A mask of keys is read once a key; one of queries and keys is not asked where it keeps all.
// CHECK-LABEL: // attention_f32_d64: 256 threads, 68608 bytes of shared memory
// CHECK:         struct Keys { bool x0; };
// CHECK-NEXT:    DEV Keys keys(const i64 *c) const {
// CHECK-NEXT:      Keys key = {};
// CHECK-NEXT:      i64 v0 = I64::mul(c[0], s1);
// CHECK-NEXT:      i64 v1 = I64::add(v0, c[3]);
// CHECK-NEXT:      bool v2 = in3[v1] != 0;
// CHECK-NEXT:      key.x0 = v2;
// CHECK-NEXT:      return key;
// CHECK-NEXT:    }
// CHECK-NEXT:    struct Rows { };
// CHECK-NEXT:    DEV Rows rows(const i64 *c) const {
// CHECK-NEXT:      Rows row = {};
// CHECK-NEXT:      return row;
// CHECK-NEXT:    }
// CHECK-NEXT:    struct Loads { };
// CHECK-NEXT:    DEV Loads load(const Keys &key, const Rows &row, const i64 *c) const {
// CHECK-NEXT:      Loads in = {};
// CHECK-NEXT:      return in;
// CHECK-NEXT:    }
// CHECK-NEXT:    template <bool KEPT>
// CHECK-NEXT:    DEV float apply(const Keys &key, const Rows &row, const Loads &in, float x, const i64 *c) const {
// CHECK-NEXT:      if constexpr (KEPT) {
// CHECK-NEXT:        bool v0 = Bool::and_(true, key.x0);
// CHECK-NEXT:        float v1 = v0 ? x : bits_f32(0xff800000);
// CHECK-NEXT:        return v1;
// CHECK-NEXT:      }
// CHECK-NEXT:      bool v0 = I64::le(c[3], c[2]);
// CHECK-NEXT:      bool v1 = Bool::and_(v0, key.x0);
// CHECK-NEXT:      float v2 = v1 ? x : bits_f32(0xff800000);
// CHECK-NEXT:      return v2;
// CHECK-NEXT:    }
// CHECK-NEXT:    DEV bool keeps(const i64 *first, const i64 *last) const {
// CHECK-NEXT:      {
// CHECK-NEXT:        bool v0 = I64::le(last[3], first[2]);
// CHECK-NEXT:        if (!v0)
// CHECK-NEXT:          return false;
// CHECK-NEXT:      }
// CHECK-NEXT:      return true;
// CHECK-NEXT:    }
// CHECK-NEXT:    static constexpr int KEYS = 1;
// CHECK-NEXT:    static constexpr bool READS = false, SELECTS = true, PACKS = true;
// CHECK:         AttentionShape shape{s2, 12, s0, s1, 3, s1, {2304, 2304, 64}, {s1, 768, 64}, {768, 768, 64}, 0.125f};
// CHECK-NEXT:    attention<64, 64, 64, 64, true>(out0, in0, in1, in2, shape, body);
plan.kernel attention @attention_f32_d64 outs [f32] ins [f32, f32, f32, i1] scalars 3 params {batch = -3, heads = 12, queries = -1, keys = -2, d = 64, dv = 64, group = 3, scale = 0.125 : f64, q_strides = array<i64: 2304, 2304, 64>, k_strides = array<i64: -2, 768, 64>, v_strides = array<i64: 768, 768, 64>, rows = 32, empty_rows = "zero"} {
^bb0(%s: f32, %b: i64, %h: i64, %q: i64, %k: i64, %iq: tensor<?xf32>, %ik: tensor<?xf32>, %iv: tensor<?xf32>, %keep: tensor<?xi1>, %Q: i64, %K: i64, %B: i64):
  %inf = arith.constant 0xFF800000 : f32
  %0 = tfm.apply mul(%b, %K) : (i64, i64) -> i64
  %1 = tfm.apply add(%0, %k) : (i64, i64) -> i64
  %2 = tfm.load %keep[%1] : tensor<?xi1> -> i1
  %3 = tfm.apply le(%k, %q) : (i64, i64) -> i1
  %4 = tfm.apply and(%3, %2) : (i1, i1) -> i1
  %5 = tfm.choose %4, %s, %inf : f32
  tfm.yield %5 : f32
}

// Loads under one condition; those that wait for the score stay with it.
// CHECK-LABEL: // attention_f32_d128: 256 threads, 72192 bytes
// CHECK:         struct Loads { float x0; };
// CHECK:           bool [[IN:v[0-9]+]] = I64::lt(c[3], c[2]);
// CHECK:           if ([[IN]]) {
// CHECK-NEXT:        float [[V:v[0-9]+]] = in3[c[3]];
// CHECK-NEXT:        in.x0 = [[V]];
// CHECK-NEXT:      }
// CHECK:         DEV float apply({{.*}}, Scaled x, const i64 *c)
// CHECK:           float [[T:v[0-9]+]] = v{{[0-9]+}} ? in.x0 : 0.f;
// CHECK:           i64 [[AT:v[0-9]+]] = to_i64(x);
// CHECK-NEXT:      i64 [[SAFE:v[0-9]+]] = check_index([[AT]], 9, status, step);
// CHECK-NEXT:      float {{.*}} = in3[[[SAFE]]];
// CHECK:         attention<128, 96, 64, 32, false>(
plan.kernel attention @attention_f32_d128 outs [f32] ins [f32, f32, f32, f32] scalars 2 params {batch = 1, heads = 2, queries = -1, keys = -2, d = 128, dv = 96, group = 1, scale = 1.0 : f64, q_strides = array<i64: 0, 256, 128>, k_strides = array<i64: 0, 256, 128>, v_strides = array<i64: 0, 192, 96>, rows = 32, empty_rows = "scores"} {
^bb0(%s: f32, %b: i64, %h: i64, %q: i64, %k: i64, %iq: tensor<?xf32>, %ik: tensor<?xf32>, %iv: tensor<?xf32>, %t: tensor<?xf32>, %Q: i64, %K: i64):
  %zero = arith.constant 0.0 : f32
  %nine = arith.constant 9 : i64
  %in = tfm.apply lt(%k, %q) : (i64, i64) -> i1
  %0 = tfm.load %t[%k] : tensor<?xf32> -> f32
  %1 = tfm.choose %in, %0, %zero : f32
  %2 = tfm.convert %s : f32 to i64
  %3 = tfm.check_index %2, %nine
  %4 = tfm.load %t[%3] : tensor<?xf32> -> f32
  %5 = tfm.apply add(%1, %4) : (f32, f32) -> f32
  tfm.yield %5 : f32
}

// Added masks: of queries and keys a choice, of keys a term of theirs, like the slope of a head; a bias of a
// query is one of the row's, and where a row of pairs begins.
// CHECK-LABEL: // attention_added:
// CHECK:         struct Keys { float x0; float x1; };
// CHECK:           float [[M:v[0-9]+]] = in3[{{v[0-9]+}}];
// CHECK-NEXT:      key.x0 = [[M]];
// CHECK:           float [[A:v[0-9]+]] = F32::mul({{v[0-9]+}}, {{v[0-9]+}});
// CHECK-NEXT:      key.x1 = [[A]];
// CHECK:         struct Rows { float x0; };
// CHECK:           float [[Q:v[0-9]+]] = in6[c[2]];
// CHECK-NEXT:      row.x0 = [[Q]];
// CHECK:         struct Loads { float x0; };
// CHECK:         if constexpr (KEPT) {
// CHECK-NEXT:      float v0 = F32::add(x, key.x0);
// CHECK-NEXT:      float v1 = F32::add(v0, key.x1);
// CHECK-NEXT:      float v2 = F32::add(v1, row.x0);
// CHECK-NEXT:      float v3 = F32::add(v2, in.x0);
// CHECK-NEXT:      return v3;
// CHECK-NEXT:    }
// CHECK-NEXT:    i64 v0 = I64::sub(c[2], c[3]);
// CHECK-NEXT:    bool v1 = I64::lt(v0, 0);
// CHECK:         DEV bool keeps(
// CHECK:             i64 [[D:v[0-9]+]] = I64::sub(first[2], last[3]);
// CHECK-NEXT:        bool [[IS:v[0-9]+]] = I64::lt([[D]], 0);
// CHECK-NEXT:        if ([[IS]])
// CHECK:         KEYS = 2;
// CHECK-NEXT:    static constexpr bool READS = true, SELECTS = false, PACKS = false;
plan.kernel attention @attention_added outs [f32] ins [f32, f32, f32, f32, f32, f32, f32] scalars 1 params {batch = 2, heads = 2, queries = -1, keys = -1, d = 64, dv = 64, group = 1, scale = 0.125 : f64, q_strides = array<i64: 0, 128, 64>, k_strides = array<i64: 0, 128, 64>, v_strides = array<i64: 0, 128, 64>, rows = 32, empty_rows = "nan"} {
^bb0(%s: f32, %b: i64, %h: i64, %q: i64, %k: i64, %iq: tensor<?xf32>, %ik: tensor<?xf32>, %iv: tensor<?xf32>, %mask: tensor<?xf32>, %slope: tensor<?xf32>, %bias: tensor<?xf32>, %shift: tensor<?xf32>, %K: i64):
  %none = arith.constant 0.0 : f32
  %inf = arith.constant 0xFF800000 : f32
  %zero = arith.constant 0 : i64
  %0 = tfm.apply mul(%b, %K) : (i64, i64) -> i64
  %1 = tfm.apply add(%0, %k) : (i64, i64) -> i64
  %2 = tfm.load %mask[%1] : tensor<?xf32> -> f32
  %3 = tfm.apply add(%s, %2) : (f32, f32) -> f32
  %4 = tfm.load %slope[%h] : tensor<?xf32> -> f32
  %5 = tfm.convert %k : i64 to f32
  %6 = tfm.apply mul(%4, %5) : (f32, f32) -> f32
  %7 = tfm.apply add(%3, %6) : (f32, f32) -> f32
  %8 = tfm.load %shift[%q] : tensor<?xf32> -> f32
  %9 = tfm.apply add(%7, %8) : (f32, f32) -> f32
  %10 = tfm.apply mul(%q, %K) : (i64, i64) -> i64
  %11 = tfm.apply add(%10, %k) : (i64, i64) -> i64
  %12 = tfm.load %bias[%11] : tensor<?xf32> -> f32
  %13 = tfm.apply add(%9, %12) : (f32, f32) -> f32
  %14 = tfm.apply sub(%q, %k) : (i64, i64) -> i64
  %15 = tfm.apply lt(%14, %zero) : (i64, i64) -> i1
  %16 = tfm.choose %15, %inf, %none : f32
  %17 = tfm.apply add(%13, %16) : (f32, f32) -> f32
  tfm.yield %17 : f32
}

// Rows without a key are the mean of all: kernels have to ask.
// CHECK-LABEL: // attention_mean:
// CHECK:         AttentionShape shape{1, 32, s0, s0, 1, s1, {{.*}}, 1.f, true};
plan.kernel attention @attention_mean outs [f32] ins [f32, f32, f32] scalars 2 params {batch = 1, heads = 32, queries = -1, keys = -1, d = 64, dv = 64, group = 1, scale = 1.0 : f64, q_strides = array<i64: 4096, 2048, 64>, k_strides = array<i64: 4096, 2048, 64>, v_strides = array<i64: 4096, 2048, 64>, rows = 32, empty_rows = "mean", causal_keys = -2} {
^bb0(%s: f32, %b: i64, %h: i64, %q: i64, %k: i64, %iq: tensor<?xf32>, %ik: tensor<?xf32>, %iv: tensor<?xf32>, %Q: i64, %n: i64):
  %lowest = arith.constant -3.4028235e+38 : f32
  %0 = tfm.apply add(%q, %n) : (i64, i64) -> i64
  %1 = tfm.apply lt(%k, %0) : (i64, i64) -> i1
  %2 = tfm.choose %1, %s, %lowest : f32
  tfm.yield %2 : f32
}

// CHECK-LABEL: // attention_f32_d256: 128 threads, 68864 bytes
// CHECK:         attention<256, 256, 32, 16, false>(
plan.kernel attention @attention_f32_d256 outs [f32] ins [f32, f32, f32] scalars 2 params {batch = 1, heads = 2, queries = -1, keys = -2, d = 256, dv = 256, group = 1, scale = 1.0 : f64, q_strides = array<i64: 0, 512, 256>, k_strides = array<i64: 0, 512, 256>, v_strides = array<i64: 0, 512, 256>, rows = 32, empty_rows = "mean"} {
^bb0(%s: f32, %b: i64, %h: i64, %q: i64, %k: i64, %iq: tensor<?xf32>, %ik: tensor<?xf32>, %iv: tensor<?xf32>, %Q: i64, %K: i64):
  tfm.yield %s : f32
}

// On tensor cores: two tiles of 8 KiB of q, k and v each.
// CHECK-LABEL: // attention_bf16_d64: 128 threads, 24576 bytes of shared memory
// CHECK-NEXT:  #include "attention_mma.cuh"
// CHECK:       KERNEL(128, 2) attention_bf16_d64(bf16 *out0, const bf16 *in0, const bf16 *in1, const bf16 *in2,
// CHECK:         AttentionShape shape{1, 12, s0, s1, 1, 1, {0,
// CHECK-NEXT:    attention_mma<bf16, 64, 64, 64, true>(out0, in0, in1, in2, shape, body);
plan.kernel attention @attention_bf16_d64 outs [bf16] ins [bf16, bf16, bf16] scalars 2 params {batch = 1, heads = 12, queries = -1, keys = -2, d = 64, dv = 64, group = 1, scale = 0.125 : f64, q_strides = array<i64: 0, 768, 64>, k_strides = array<i64: 0, 768, 64>, v_strides = array<i64: 0, 768, 64>, rows = 64, empty_rows = "zero", causal_keys = 1} {
^bb0(%s: f32, %b: i64, %h: i64, %q: i64, %k: i64, %iq: tensor<?xbf16>, %ik: tensor<?xbf16>, %iv: tensor<?xbf16>, %Q: i64, %K: i64):
  %inf = arith.constant 0xFF800000 : f32
  %0 = tfm.apply le(%k, %q) : (i64, i64) -> i1
  %1 = tfm.choose %0, %s, %inf : f32
  tfm.yield %1 : f32
}

// CHECK-LABEL: // attention_f16_d256: 128 threads, 65536 bytes
// CHECK:         attention_mma<f16, 256, 256, 32, false>(
plan.kernel attention @attention_f16_d256 outs [f32] ins [f16, f16, f16] scalars 2 params {batch = 1, heads = 2, queries = -1, keys = -2, d = 256, dv = 256, group = 1, scale = 1.0 : f64, q_strides = array<i64: 0, 512, 256>, k_strides = array<i64: 0, 512, 256>, v_strides = array<i64: 0, 512, 256>, rows = 32, empty_rows = "mean"} {
^bb0(%s: f32, %b: i64, %h: i64, %q: i64, %k: i64, %iq: tensor<?xf16>, %ik: tensor<?xf16>, %iv: tensor<?xf16>, %Q: i64, %K: i64):
  tfm.yield %s : f32
}

// Wider heads: the f32 kernel.
// CHECK-LABEL: // attention_bf16_d320: 64 threads, 63232 bytes
// CHECK-NEXT:  #include "attention.cuh"
// CHECK:         attention<320, 320, 16, 16, false>(
plan.kernel attention @attention_bf16_d320 outs [bf16] ins [bf16, bf16, bf16] scalars 2 params {batch = 1, heads = 2, queries = -1, keys = -2, d = 320, dv = 320, group = 1, scale = 1.0 : f64, q_strides = array<i64: 0, 640, 320>, k_strides = array<i64: 0, 640, 320>, v_strides = array<i64: 0, 640, 320>, rows = 16, empty_rows = "mean"} {
^bb0(%s: f32, %b: i64, %h: i64, %q: i64, %k: i64, %iq: tensor<?xbf16>, %ik: tensor<?xbf16>, %iv: tensor<?xbf16>, %Q: i64, %K: i64):
  tfm.yield %s : f32
}

// CHECK-LABEL: // attention_tf32_d128: 128 threads, 66560 bytes
// CHECK:         attention_mma<tf32, 128, 128, 32, false>(
plan.kernel attention @attention_tf32_d128 outs [f32] ins [f32, f32, f32] scalars 2 params {batch = 1, heads = 2, queries = -1, keys = -2, d = 128, dv = 128, group = 1, scale = 1.0 : f64, q_strides = array<i64: 0, 256, 128>, k_strides = array<i64: 0, 256, 128>, v_strides = array<i64: 0, 256, 128>, rows = 64, empty_rows = "scores", math = "tf32"} {
^bb0(%s: f32, %b: i64, %h: i64, %q: i64, %k: i64, %iq: tensor<?xf32>, %ik: tensor<?xf32>, %iv: tensor<?xf32>, %Q: i64, %K: i64):
  tfm.yield %s : f32
}

// Tiles of tf32 for wider heads would not fit: IEEE f32.
// CHECK-LABEL: // attention_tf32_d256: 128 threads, 68864 bytes
// CHECK:         attention<256, 256, 32, 16, false>(
plan.kernel attention @attention_tf32_d256 outs [f32] ins [f32, f32, f32] scalars 2 params {batch = 1, heads = 2, queries = -1, keys = -2, d = 256, dv = 256, group = 1, scale = 1.0 : f64, q_strides = array<i64: 0, 512, 256>, k_strides = array<i64: 0, 512, 256>, v_strides = array<i64: 0, 512, 256>, rows = 32, empty_rows = "scores", math = "tf32"} {
^bb0(%s: f32, %b: i64, %h: i64, %q: i64, %k: i64, %iq: tensor<?xf32>, %ik: tensor<?xf32>, %iv: tensor<?xf32>, %Q: i64, %K: i64):
  tfm.yield %s : f32
}

// Blocks share keys.
// CHECK-LABEL: // attention_bf16_parts: 128 threads, 24576 bytes
// CHECK:       KERNEL(128, 2) attention_bf16_parts(bf16 *out0, float *partials, u32 *counters, const bf16 *in0, const bf16 *in1, const bf16 *in2, i64 s0, i64 s1, KernelStatus *status, i64 step) {
// CHECK:         attention_mma<bf16, 64, 64, 64, true>(out0, in0, in1, in2, shape, body, Splits{partials, counters, s1});
plan.kernel attention @attention_bf16_parts outs [bf16] ins [bf16, bf16, bf16] scalars 2 params {batch = 1, heads = 12, queries = 1, keys = -1, d = 64, dv = 64, group = 1, scale = 1.25e-01 : f64, q_strides = array<i64: 768, 768, 64>, k_strides = array<i64: 768, 768, 64>, v_strides = array<i64: 768, 768, 64>, rows = 64, empty_rows = "zero", splits = -2} {
^bb0(%s: f32, %b: i64, %h: i64, %q: i64, %k: i64, %x: tensor<?xbf16>, %y: tensor<?xbf16>, %z: tensor<?xbf16>, %K: i64, %p: i64):
  tfm.yield %s : f32
}

// CHECK-LABEL: // attention_f32_parts: 256 threads, 68608 bytes
// CHECK:         attention<64, 64, 64, 64, false>(out0, in0, in1, in2, shape, body, Splits{partials, counters, 7});
plan.kernel attention @attention_f32_parts outs [f32] ins [f32, f32, f32] scalars 0 params {batch = 1, heads = 12, queries = 1, keys = 1000, d = 64, dv = 64, group = 1, scale = 1.25e-01 : f64, q_strides = array<i64: 768, 768, 64>, k_strides = array<i64: 768, 768, 64>, v_strides = array<i64: 768, 768, 64>, rows = 64, empty_rows = "nan", splits = 7} {
^bb0(%s: f32, %b: i64, %h: i64, %q: i64, %k: i64, %x: tensor<?xf32>, %y: tensor<?xf32>, %z: tensor<?xf32>):
  tfm.yield %s : f32
}

// ALiBi over heads that share keys: the slope is of the row, and the distance of the pair. A mask by head is asked of each pair.
// CHECK-LABEL: // attention_bf16_grouped: 128 threads
// CHECK:         struct Keys { };
// CHECK:         struct Rows { float x0; };
// CHECK-NEXT:    DEV Rows rows(const i64 *c) const {
// CHECK-NEXT:      Rows row = {};
// CHECK-NEXT:      float v0 = in3[c[1]];
// CHECK-NEXT:      row.x0 = v0;
// CHECK:         DEV bool keeps(const i64 *first, const i64 *last) const {
// CHECK-NEXT:      return true;
// CHECK:         static constexpr bool READS = false, SELECTS = false, PACKS = true;
// CHECK:         attention_mma<bf16, 64, 64, 64, false>(out0, in0, in1, in2, shape, body);
plan.kernel attention @attention_bf16_grouped outs [bf16] ins [bf16, bf16, bf16, f32] scalars 2 params {batch = 1, heads = 32, queries = -1, keys = -2, d = 64, dv = 64, group = 4, scale = 0.125 : f64, q_strides = array<i64: 0, 2048, 64>, k_strides = array<i64: 0, 512, 64>, v_strides = array<i64: 0, 512, 64>, rows = 64, empty_rows = "nan"} {
^bb0(%s: f32, %b: i64, %h: i64, %q: i64, %k: i64, %iq: tensor<?xbf16>, %ik: tensor<?xbf16>, %iv: tensor<?xbf16>, %slopes: tensor<?xf32>, %Q: i64, %K: i64):
  %inf = arith.constant 0xFF800000 : f32
  %0 = tfm.load %slopes[%h] : tensor<?xf32> -> f32
  %1 = tfm.apply sub(%k, %q) : (i64, i64) -> i64
  %2 = tfm.convert %1 : i64 to f32
  %3 = tfm.apply mul(%0, %2) : (f32, f32) -> f32
  %4 = tfm.apply add(%s, %3) : (f32, f32) -> f32
  %5 = tfm.apply add(%q, %h) : (i64, i64) -> i64
  %6 = tfm.apply le(%k, %5) : (i64, i64) -> i1
  %zero = arith.constant 0.0 : f32
  %7 = tfm.choose %6, %zero, %inf : f32
  %8 = tfm.apply add(%4, %7) : (f32, f32) -> f32
  tfm.yield %8 : f32
}

// Enough queries that each head fills its own tiles: what depends on h is of the key.
// CHECK-LABEL: // attention_bf16_full: 128 threads
// CHECK:         static constexpr bool READS = false, SELECTS = true, PACKS = false;
plan.kernel attention @attention_bf16_full outs [bf16] ins [bf16, bf16, bf16] scalars 0 params {batch = 1, heads = 32, queries = 128, keys = 128, d = 64, dv = 64, group = 4, scale = 0.125 : f64, q_strides = array<i64: 0, 2048, 64>, k_strides = array<i64: 0, 512, 64>, v_strides = array<i64: 0, 512, 64>, rows = 64, empty_rows = "nan"} {
^bb0(%s: f32, %b: i64, %h: i64, %q: i64, %k: i64, %iq: tensor<?xbf16>, %ik: tensor<?xbf16>, %iv: tensor<?xbf16>):
  tfm.yield %s : f32
}
