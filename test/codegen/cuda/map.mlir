// RUN: ingot-opt %s --print-cuda-stubs -o /dev/null | FileCheck %s
// RUN: ingot-opt %s --print-cuda-stubs=arch=sm_90 -o /dev/null | FileCheck %s --check-prefix=SM90
// RUN: ingot-opt %s --print-cuda-stubs=arch=compute_80 -o /dev/null | FileCheck %s --check-prefix=PTX

// The whole stub, once.
// CHECK:      // embed_f32_c32: 256 threads, 0 bytes of shared memory
// CHECK-NEXT: #include "map.cuh"
// CHECK-EMPTY:
// CHECK-NEXT: struct Body {
// CHECK-NEXT:   const i64 *in0;
// CHECK-NEXT:   const float *in1;
// CHECK-NEXT:   i64 s0;
// CHECK-NEXT:   KernelStatus *status;
// CHECK-NEXT:   i64 step;
// CHECK-NEXT:   DEV float value(const i64 *c) const {
// CHECK-NEXT:     i64 v0 = in0[c[0]];
// CHECK-NEXT:     i64 v1 = check_index(v0, 120, status, step);
// CHECK-NEXT:     i64 v2 = I64::mul(v1, 32);
// CHECK-NEXT:     i64 v3 = I64::add(c[1], v2);
// CHECK-NEXT:     float v4 = in1[v3];
// CHECK-NEXT:     float v5 = F32::mul(v4, 0x1.921fb6p1f);
// CHECK-NEXT:     return v5;
// CHECK-NEXT:   }
// CHECK-NEXT:   DEV Lanes<float, 4> lanes_value(const i64 *c) const {
// CHECK-NEXT:     i64 w0 = in0[c[0]];
// CHECK-NEXT:     i64 w1 = check_index(w0, 120, status, step);
// CHECK-NEXT:     i64 w2 = I64::mul(w1, 32);
// CHECK-NEXT:     i64 w3 = I64::add(c[1], w2);
// CHECK-NEXT:     Lanes<float, 4> w4 = load_lanes<4>(in1 + w3);
// CHECK-NEXT:     Lanes<float, 4> y;
// CHECK-NEXT:     UNROLL for (int l = 0; l < 4; ++l) {
// CHECK-NEXT:       float v0 = w4[l];
// CHECK-NEXT:       float v1 = F32::mul(v0, 0x1.921fb6p1f);
// CHECK-NEXT:       y[l] = v1;
// CHECK-NEXT:     }
// CHECK-NEXT:     return y;
// CHECK-NEXT:   }
// CHECK-NEXT:   DEV bool is_wide() const { return is_aligned<4>(in1); }
// CHECK-NEXT: };
// CHECK-EMPTY:
// CHECK-NEXT: KERNEL(256, 1) embed_f32_c32(float *out0, const i64 *in0, const float *in1, i64 s0, KernelStatus *status, i64 step) {
// CHECK-NEXT:   Body body{in0, in1, s0, status, step};
// CHECK-NEXT:   map<4, 4>(Shape<2>{{[{][{]}}s0, 32}}, body, out0);
// CHECK-NEXT: }
// CHECK-NEXT: EXPORT_KERNEL(embed_f32_c32)
// It may begin while the steps before it run.
// SM90:       KERNEL(256, 1) embed_f32_c32(
// SM90-NEXT:    grid_launch_next();
// SM90-NEXT:    grid_wait();
// SM90-NEXT:    Body body{
// PTX-NOT:    grid_
plan.kernel map @embed_f32_c32 outs [f32] ins [i64, f32] scalars 1 params {extents = array<i64: -1, 32>, chunk = 32 : i64} {
^bb0(%r: i64, %c: i64, %ids: tensor<?xi64>, %w: tensor<?xf32>, %rows: i64):
  %c120 = arith.constant 120 : i64
  %c32 = arith.constant 32 : i64
  %pi = arith.constant 3.14159274 : f32
  %id = tfm.load %ids[%r] : tensor<?xi64> -> i64
  %row = tfm.check_index %id, %c120
  %start = tfm.apply mul(%row, %c32) : (i64, i64) -> i64
  %at = tfm.apply add(%c, %start) : (i64, i64) -> i64
  %v = tfm.load %w[%at] : tensor<?xf32> -> f32
  %y = tfm.apply mul(%v, %pi) : (f32, f32) -> f32
  tfm.yield %y : f32
}

// One element: no coordinate. A truth value is a byte.
// CHECK-LABEL: // any_i1:
// CHECK:       const u8 *in0;
// CHECK:         bool v0 = in0[0] != 0;
// CHECK:         bool v1 = in1[0] != 0;
// CHECK-NEXT:    bool v2 = Bool::or_(v0, v1);
// CHECK:       KERNEL(256, 1) any_i1(u8 *out0, const u8 *in0, const u8 *in1,
// CHECK:         map<4, 1>(Shape<1>{{[{][{]}}1}}, body, out0);
plan.kernel map @any_i1 outs [i1] ins [i1, i1] scalars 0 params {extents = array<i64>, chunk = 1 : i64} {
^bb0(%x: tensor<?xi1>, %y: tensor<?xi1>):
  %zero = arith.constant 0 : i64
  %a = tfm.load %x[%zero] : tensor<?xi1> -> i1
  %b = tfm.load %y[%zero] : tensor<?xi1> -> i1
  %c = tfm.apply or(%a, %b) : (i1, i1) -> i1
  tfm.yield %c : i1
}

// Conversions, storage types, constants.
// CHECK-LABEL: // convert:
// CHECK:       const bf16 *in0;
// CHECK:       const f16 *in1;
// CHECK:       const u8 *in2;
// CHECK:       const i16 *in3;
// CHECK:         float [[A:v[0-9]+]] = to_f32(in0[c[0]]);
// CHECK:         float [[H:v[0-9]+]] = to_f32(to_f16((float)[[A]]));
// CHECK:         float [[B:v[0-9]+]] = to_f32(in1[c[0]]);
// CHECK:         float [[HB:v[0-9]+]] = F32::add([[H]], [[B]]);
// CHECK:         bool [[T:v[0-9]+]] = [[HB]] != 0;
// CHECK:         float [[S:v[0-9]+]] = (float)[[T]];
// CHECK:         F32::add([[S]], bits_f32(0xff800000))
// CHECK:         F32::mul({{.*}}, 0.5f)
// CHECK:         float [[M:v[0-9]+]] = F32::mul({{.*}}, -2.f)
// CHECK:         i64 {{.*}} = to_i64([[M]]);
// CHECK:         I64::add({{.*}}, 5000000000ll)
// CHECK:         I64::max({{.*}}, (-9223372036854775807ll - 1))
// CHECK:         i64 {{.*}} = in2[c[0]];
// CHECK:       KERNEL(256, 1) convert(i8 *out0,
plan.kernel map @convert outs [i8] ins [bf16, f16, ui8, i16] scalars 0 params {extents = array<i64: 4>, chunk = 64 : i64} {
^bb0(%i: i64, %x: tensor<?xbf16>, %y: tensor<?xf16>, %z: tensor<?xui8>, %w: tensor<?xi16>):
  %inf = arith.constant 0xFF800000 : f32
  %half = arith.constant 0.5 : f32
  %two = arith.constant -2.0 : f32
  %big = arith.constant 5000000000 : i64
  %least = arith.constant -9223372036854775808 : i64
  %a = tfm.load %x[%i] : tensor<?xbf16> -> bf16
  %b = tfm.load %y[%i] : tensor<?xf16> -> f16
  %c = tfm.convert %a : bf16 to i64
  %d = tfm.load %z[%i] : tensor<?xui8> -> i64
  %cd = tfm.apply add(%c, %d) : (i64, i64) -> i64
  %e = tfm.load %w[%i] : tensor<?xi16> -> i64
  %h = tfm.convert %a : bf16 to f16
  %hb = tfm.apply add(%h, %b) : (f16, f16) -> f16
  %t = tfm.convert %hb : f16 to i1
  %s = tfm.convert %t : i1 to f32
  %s1 = tfm.apply add(%s, %inf) : (f32, f32) -> f32
  %s2 = tfm.apply mul(%s1, %half) : (f32, f32) -> f32
  %s3 = tfm.apply mul(%s2, %two) : (f32, f32) -> f32
  %f = tfm.convert %s3 : f32 to i64
  %g = tfm.apply add(%f, %big) : (i64, i64) -> i64
  %k = tfm.apply max(%g, %least) : (i64, i64) -> i64
  %m = tfm.apply sub(%k, %cd) : (i64, i64) -> i64
  %n = tfm.apply sub(%m, %e) : (i64, i64) -> i64
  tfm.yield %n : i64
}

// Several results: a Tuple. What is read for all elements of a thread is one
// piece where the row says so (s1 is its length) or the same for all, under
// conditions that are so as well.
// CHECK-LABEL: // both:
// CHECK:         DEV Tuple<float, i64> value(const i64 *c) const {
// CHECK:           return {v{{[0-9]+}}, v{{[0-9]+}}};
// CHECK:         DEV Lanes<Tuple<float, i64>, 8> lanes_value(const i64 *c) const {
// CHECK-DAG:       float [[SCALE:w[0-9]+]] = in1[c[0]];
// CHECK-DAG:       Lanes<bf16, 8> [[X:w[0-9]+]] = load_lanes<8>(in0 +
// CHECK-DAG:       Lanes<float, 8> [[Y:x[0-9]+]] = {};
// CHECK-DAG:       bool [[FIRST:w[0-9]+]] = I64::lt(c[1], 16);
// CHECK:           if ([[FIRST]]) {
// CHECK-NEXT:        Lanes<float, 8> [[W:w[0-9]+]] = load_lanes<8>(in2 + c[1]);
// CHECK-NEXT:        [[Y]] = [[W]];
// CHECK:           UNROLL for (int l = 0; l < 8; ++l) {
// CHECK:             to_f32([[X]][l])
// CHECK:             in2[{{.*}}]
// CHECK:             y[l] = {v{{[0-9]+}}, v{{[0-9]+}}};
// CHECK:         DEV bool is_wide() const { return is_aligned<8>(in0) && is_aligned<8>(in2) && s1 % 8 == 0; }
// CHECK:         map<4, 8>(Shape<2>{{[{][{]}}s0, s1}}, body, out0, out1);
plan.kernel map @both outs [f32, i32] ins [bf16, f32, f32] scalars 2 params {extents = array<i64: -1, -2>, chunk = 64 : i64} {
^bb0(%i: i64, %j: i64, %x: tensor<?xbf16>, %s: tensor<?xf32>, %y: tensor<?xf32>, %m: i64, %n: i64):
  %c16 = arith.constant 16 : i64
  %c3 = arith.constant 3 : i64
  %row = tfm.apply mul(%i, %n) : (i64, i64) -> i64
  %at = tfm.apply add(%row, %j) : (i64, i64) -> i64
  %0 = tfm.load %x[%at] : tensor<?xbf16> -> bf16
  %f = tfm.convert %0 : bf16 to f32
  %scale = tfm.load %s[%i] : tensor<?xf32> -> f32
  %1 = tfm.apply mul(%f, %scale) : (f32, f32) -> f32
  %first = tfm.apply lt(%j, %c16) : (i64, i64) -> i1
  %2 = tfm.load %y[%j] : tensor<?xf32> -> f32
  %m3 = tfm.apply mul(%j, %c3) : (i64, i64) -> i64
  %3 = tfm.load %y[%m3] : tensor<?xf32> -> f32
  %4 = tfm.choose %first, %2, %3 : f32
  %5 = tfm.apply add(%1, %4) : (f32, f32) -> f32
  tfm.yield %5, %at : f32, i64
}

// Rows of f32 in a wider matrix become floats of 8 bits, eight at once.
// CHECK-LABEL: // to_f8: 256 threads
// CHECK:         DEV float value(const i64 *c) const {
// CHECK:           float v2 = in0[v1];
// CHECK-NEXT:      return v2;
// CHECK:         DEV Lanes<float, 8> lanes_value(const i64 *c) const {
// CHECK:           Lanes<float, 8> w2 = load_lanes<8>(in0 + w1);
// CHECK:         DEV bool is_wide() const { return is_aligned<8>(in0); }
// CHECK:       KERNEL(256, 1) to_f8(e4m3 *out0, const float *in0, i64 s0,
// CHECK:         map<4, 8>(Shape<2>{{[{][{]}}s0, 64}}, body, out0);
plan.kernel map @to_f8 outs [f8E4M3FN] ins [f32] scalars 1 params {extents = array<i64: -1, 64>, chunk = 1 : i64} {
^bb0(%i: i64, %j: i64, %x: tensor<?xf32>, %m: i64):
  %c128 = arith.constant 128 : i64
  %row = tfm.apply mul(%i, %c128) : (i64, i64) -> i64
  %at = tfm.apply add(%row, %j) : (i64, i64) -> i64
  %0 = tfm.load %x[%at] : tensor<?xf32> -> f32
  %1 = tfm.convert %0 : f32 to f8E4M3FN
  tfm.yield %1 : f8E4M3FN
}
