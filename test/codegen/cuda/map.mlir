// RUN: ingot-opt %s --print-cuda-stubs -o /dev/null | FileCheck %s

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
// CHECK-NEXT: };
// CHECK-EMPTY:
// CHECK-NEXT: KERNEL(256, 1) embed_f32_c32(float *out0, const i64 *in0, const float *in1, i64 s0, KernelStatus *status, i64 step) {
// CHECK-NEXT:   Body body{in0, in1, s0, status, step};
// CHECK-NEXT:   map<2, 4>(out0, Shape<2>{{[{][{]}}s0, 32}}, body);
// CHECK-NEXT: }
// CHECK-NEXT: EXPORT_KERNEL(embed_f32_c32)
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
// CHECK:         map<1, 4>(out0, Shape<1>{{[{][{]}}1}}, body);
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
