// RUN: ingot-opt %s --print-cuda-stubs -o /dev/null | FileCheck %s
// How regions print: what a choice may not choose is not read.

// A load each side fits in one line.
// CHECK-LABEL: // concat:
// CHECK:         bool v0 = I64::lt(c[0], s1);
// CHECK-NEXT:    i64 v{{[0-9]+}} = I64::sub(c[0], s1);
// CHECK-NEXT:    float [[Y:v[0-9]+]] = v0 ? in0[c[0]] : in1[v{{[0-9]+}}];
// CHECK-NEXT:    return [[Y]];
plan.kernel map @concat outs [f32] ins [f32, f32] scalars 2 params {extents = array<i64: -1>, chunk = 64 : i64} {
^bb0(%i: i64, %a: tensor<?xf32>, %b: tensor<?xf32>, %n: i64, %na: i64):
  %in = tfm.apply lt(%i, %na) : (i64, i64) -> i1
  %0 = tfm.load %a[%i] : tensor<?xf32> -> f32
  %o = tfm.apply sub(%i, %na) : (i64, i64) -> i64
  %1 = tfm.load %b[%o] : tensor<?xf32> -> f32
  %2 = tfm.choose %in, %0, %1 : f32
  tfm.yield %2 : f32
}

// Arithmetic stays outside, reads and what follows from them inside; what both
// sides read is read once, before.
// CHECK-LABEL: // gather_or_zero:
// CHECK:         bool [[IN:v[0-9]+]] = I64::lt(c[0], s0);
// CHECK-NEXT:    float [[BOTH:v[0-9]+]] = in1[c[0]];
// CHECK:         float [[Y:v[0-9]+]];
// CHECK-NEXT:    if ([[IN]]) {
// CHECK-NEXT:      i64 [[ID:v[0-9]+]] = in0[c[0]];
// CHECK-NEXT:      i64 [[AT:v[0-9]+]] = check_index([[ID]], 7, status, step);
// CHECK-NEXT:      float [[V:v[0-9]+]] = in1[[[AT]]];
// CHECK-NEXT:      float [[E:v[0-9]+]] = F32::exp([[V]]);
// CHECK-NEXT:      float [[S:v[0-9]+]] = F32::add([[E]], [[BOTH]]);
// CHECK-NEXT:      [[Y]] = [[S]];
// CHECK-NEXT:    } else {
// CHECK-NEXT:      [[Y]] = [[BOTH]];
// CHECK-NEXT:    }
// CHECK-NEXT:    return [[Y]];
plan.kernel map @gather_or_zero outs [f32] ins [i64, f32] scalars 1 params {extents = array<i64: -1>, chunk = 64 : i64} {
^bb0(%i: i64, %ids: tensor<?xi64>, %x: tensor<?xf32>, %n: i64):
  %seven = arith.constant 7 : i64
  %in = tfm.apply lt(%i, %n) : (i64, i64) -> i1
  %both = tfm.load %x[%i] : tensor<?xf32> -> f32
  %id = tfm.load %ids[%i] : tensor<?xi64> -> i64
  %at = tfm.check_index %id, %seven
  %v = tfm.load %x[%at] : tensor<?xf32> -> f32
  %e = tfm.apply exp(%v) : (f32) -> f32
  %s = tfm.apply add(%e, %both) : (f32, f32) -> f32
  %y = tfm.choose %in, %s, %both : f32
  tfm.yield %y : f32
}

// Equal expressions are one; a constant condition chooses here.
// CHECK-LABEL: // folded:
// CHECK:       DEV float value(
// CHECK-NEXT:    i64 v0 = I64::add(c[0], 1);
// CHECK-NEXT:    float v1 = in0[v0];
// CHECK-NEXT:    float v2 = F32::mul(v1, v1);
// CHECK-NEXT:    return v2;
plan.kernel map @folded outs [f32] ins [f32] scalars 0 params {extents = array<i64: 8>, chunk = 64 : i64} {
^bb0(%i: i64, %x: tensor<?xf32>):
  %true = arith.constant true
  %one = arith.constant 1 : i64
  %uno = arith.constant 1 : i64
  %two = arith.constant 2.0 : f32
  %j = tfm.apply add(%i, %one) : (i64, i64) -> i64
  %k = tfm.apply add(%i, %uno) : (i64, i64) -> i64
  %a = tfm.load %x[%j] : tensor<?xf32> -> f32
  %b = tfm.load %x[%k] : tensor<?xf32> -> f32
  %p = tfm.apply pow(%a, %two) : (f32, f32) -> f32
  %q = tfm.apply mul(%a, %b) : (f32, f32) -> f32
  %c = tfm.choose %true, %q, %p : f32
  tfm.yield %c : f32
}

// Of what is rounded at once, or multiplied and rounded, only 16 bits are
// computed; not of what is also used as it is, or added to something.
// CHECK-LABEL: // rough:
// CHECK:       DEV Tuple<float, float, float> value(
// CHECK:         float [[X:v[0-9]+]] = in0[c[0]];
// CHECK-NEXT:    float [[G:v[0-9]+]] = Rough::gelu([[X]]);
// CHECK-NEXT:    float [[GH:v[0-9]+]] = to_f32(to_bf16((float)[[G]]));
// CHECK:         float [[S:v[0-9]+]] = Rough::silu([[Y:v[0-9]+]]);
// CHECK-NEXT:    float [[P:v[0-9]+]] = F32::mul([[S]], [[X]]);
// CHECK-NEXT:    float [[PH:v[0-9]+]] = to_f32(to_f16((float)[[P]]));
// CHECK-NEXT:    float [[E:v[0-9]+]] = F32::sigmoid([[X]]);
// CHECK-NEXT:    float [[A:v[0-9]+]] = F32::add([[E]], [[Y]]);
// CHECK-NEXT:    float [[AH:v[0-9]+]] = to_f32(to_bf16((float)[[A]]));
// CHECK-NEXT:    return {[[GH]], [[PH]], [[AH]]};
plan.kernel map @rough outs [bf16, f16, bf16] ins [f32, f32] scalars 0 params {extents = array<i64: 8>, chunk = 64 : i64} {
^bb0(%i: i64, %a: tensor<?xf32>, %b: tensor<?xf32>):
  %x = tfm.load %a[%i] : tensor<?xf32> -> f32
  %y = tfm.load %b[%i] : tensor<?xf32> -> f32
  %g = tfm.apply gelu(%x) : (f32) -> f32
  %gh = tfm.convert %g : f32 to bf16
  %s = tfm.apply silu(%y) : (f32) -> f32
  %p = tfm.apply mul(%s, %x) : (f32, f32) -> f32
  %ph = tfm.convert %p : f32 to f16
  %e = tfm.apply sigmoid(%x) : (f32) -> f32
  %z = tfm.apply add(%e, %y) : (f32, f32) -> f32
  %zh = tfm.convert %z : f32 to bf16
  tfm.yield %gh, %ph, %zh : bf16, f16, bf16
}

// CHECK-LABEL: // exact:
// CHECK:         F32::gelu(
plan.kernel map @exact outs [f32, bf16] ins [f32] scalars 0 params {extents = array<i64: 8>, chunk = 64 : i64} {
^bb0(%i: i64, %a: tensor<?xf32>):
  %x = tfm.load %a[%i] : tensor<?xf32> -> f32
  %g = tfm.apply gelu(%x) : (f32) -> f32
  %gh = tfm.convert %g : f32 to bf16
  tfm.yield %g, %gh : f32, bf16
}
