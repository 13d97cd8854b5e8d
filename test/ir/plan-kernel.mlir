// One kernel of each family.
// RUN: ingot-opt %s | ingot-opt | FileCheck %s
// RUN: ingot-opt %s --mlir-print-op-generic | ingot-opt | FileCheck %s

// Two outputs, integers narrowed from i64.
// CHECK: plan.kernel map @map outs [f16, i8] ins [i32] scalars 1 params {chunk = 64 : i64, extents = array<i64: -1, 4>} {
// CHECK-NEXT: ^bb0(%{{.*}}: i64, %{{.*}}: i64, %{{.*}}: tensor<?xi32>, %{{.*}}: i64):
plan.kernel map @map outs [f16, i8] ins [i32] scalars 1 params {extents = array<i64: -1, 4>, chunk = 64 : i64} {
^bb0(%i: i64, %j: i64, %x: tensor<?xi32>, %n: i64):
  %v = tfm.load %x[%i] : tensor<?xi32> -> i64
  %h = tfm.convert %v : i64 to f16
  tfm.yield %h, %v : f16, i64
}

// A scalar: no extents.
// CHECK: plan.kernel map @scalar
plan.kernel map @scalar outs [i64] ins [] scalars 1 params {extents = array<i64>, chunk = 1 : i64} {
^bb0(%n: i64):
  tfm.yield %n : i64
}

// CHECK: plan.kernel reduce @sum
plan.kernel reduce @sum outs [f32] ins [f32] scalars 1 params {extents = array<i64: -1>, reduce_extents = array<i64: 8>, kind = "sum", chunk = 1 : i64} {
^bb0(%i: i64, %k: i64, %x: tensor<?xf32>, %n: i64):
  %v = tfm.load %x[%k] : tensor<?xf32> -> f32
  tfm.yield %v : f32
}

// With a finalizer of two results.
// CHECK: plan.kernel reduce @mean outs [f32, i1]
plan.kernel reduce @mean outs [f32, i1] ins [f16] scalars 0 params {extents = array<i64: 4>, reduce_extents = array<i64: 8>, kind = "mean", chunk = 1 : i64} {
^bb0(%i: i64, %k: i64, %x: tensor<?xf16>):
  %h = tfm.load %x[%k] : tensor<?xf16> -> f16
  %v = tfm.convert %h : f16 to f32
  tfm.yield %v : f32
}, {
^bb0(%acc: f32, %i: i64, %x: tensor<?xf16>):
  %s = tfm.apply sqrt(%acc) : (f32) -> f32
  %nan = tfm.apply isnan(%acc) : (f32) -> i1
  tfm.yield %s, %nan : f32, i1
}

// CHECK: plan.kernel reduce @argmax
plan.kernel reduce @argmax outs [i64] ins [f32] scalars 0 params {extents = array<i64: 4>, reduce_extents = array<i64: 8>, kind = "argmax", last, chunk = 1 : i64} {
^bb0(%i: i64, %k: i64, %x: tensor<?xf32>):
  %v = tfm.load %x[%k] : tensor<?xf32> -> f32
  tfm.yield %v : f32
}

// The finalizer of an argmax gets the position.
// CHECK: plan.kernel reduce @argmin
plan.kernel reduce @argmin outs [i32] ins [f32] scalars 0 params {extents = array<i64: 4>, reduce_extents = array<i64: 8>, kind = "argmin", chunk = 1 : i64} {
^bb0(%i: i64, %k: i64, %x: tensor<?xf32>):
  %v = tfm.load %x[%k] : tensor<?xf32> -> f32
  tfm.yield %v : f32
}, {
^bb0(%position: i64, %i: i64, %x: tensor<?xf32>):
  tfm.yield %position : i64
}

// CHECK: plan.kernel scan @cumsum
plan.kernel scan @cumsum outs [i64] ins [i64] scalars 1 params {extents = array<i64: 4, -1>, axis = 1 : i64, exclusive, reverse = false, chunk = 1 : i64} {
^bb0(%i: i64, %j: i64, %x: tensor<?xi64>, %n: i64):
  %v = tfm.load %x[%j] : tensor<?xi64> -> i64
  tfm.yield %v : i64
}

// CHECK: plan.kernel softmax @softmax
plan.kernel softmax @softmax outs [f32] ins [f32] scalars 1 params {extents = array<i64: 4, -1>, chunk = 1 : i64} {
^bb0(%i: i64, %j: i64, %x: tensor<?xf32>, %n: i64):
  %v = tfm.load %x[%j] : tensor<?xf32> -> f32
  tfm.yield %v : f32
}, {
^bb0(%p: f32, %i: i64, %j: i64, %x: tensor<?xf32>, %n: i64):
  tfm.yield %p : f32
}

// The second output is the normalized value's input.
// CHECK: plan.kernel norm @add_norm
plan.kernel norm @add_norm outs [f32, f32] ins [f32, f32, f32] scalars 1 params {extents = array<i64: -1, 8>, kind = "layer", epsilon = 1.0e-12, chunk = 4 : i64} {
^bb0(%i: i64, %j: i64, %x: tensor<?xf32>, %r: tensor<?xf32>, %w: tensor<?xf32>, %n: i64):
  %a = tfm.load %x[%j] : tensor<?xf32> -> f32
  %b = tfm.load %r[%j] : tensor<?xf32> -> f32
  %s = tfm.apply add(%a, %b) : (f32, f32) -> f32
  tfm.yield %s : f32
}, {
^bb0(%v: f32, %i: i64, %j: i64, %x: tensor<?xf32>, %r: tensor<?xf32>, %w: tensor<?xf32>, %n: i64):
  %f = tfm.load %w[%j] : tensor<?xf32> -> f32
  %y = tfm.apply mul(%v, %f) : (f32, f32) -> f32
  tfm.yield %y : f32
}

// CHECK: plan.kernel linear @linear
plan.kernel linear @linear outs [f32] ins [f32, f32, f32] scalars 1 params {m = -1 : i64, n = 96 : i64, k = 64 : i64, lda = 64 : i64, rows = 64 : i64, panels = 2 : i64} {
^bb0(%acc: f32, %m: i64, %n: i64, %a: tensor<?xf32>, %w: tensor<?xf32>, %bias: tensor<?xf32>, %count: i64):
  %b = tfm.load %bias[%n] : tensor<?xf32> -> f32
  %v = tfm.apply add(%acc, %b) : (f32, f32) -> f32
  %y = tfm.apply gelu(%v) : (f32) -> f32
  tfm.yield %y : f32
}

// CHECK: plan.kernel linear @linear_bf16
plan.kernel linear @linear_bf16 outs [f16] ins [bf16, bf16] scalars 1 params {m = -1 : i64, n = 96 : i64, k = 64 : i64, lda = 64 : i64, rows = 64 : i64, panels = 2 : i64} {
^bb0(%acc: f32, %m: i64, %n: i64, %a: tensor<?xbf16>, %w: tensor<?xbf16>, %count: i64):
  %y = tfm.convert %acc : f32 to f16
  tfm.yield %y : f16
}

// CHECK: plan.kernel linear @linear_tf32
plan.kernel linear @linear_tf32 outs [f32] ins [f32, f32] scalars 1 params {m = -1 : i64, n = 96 : i64, k = 64 : i64, lda = 64 : i64, rows = 64 : i64, panels = 2 : i64, math = "tf32"} {
^bb0(%acc: f32, %m: i64, %n: i64, %a: tensor<?xf32>, %w: tensor<?xf32>, %count: i64):
  tfm.yield %acc : f32
}

// CHECK: plan.kernel attention @attention
plan.kernel attention @attention outs [f32] ins [f32, f32, f32, i64] scalars 2 params {batch = -1 : i64, heads = 12 : i64, queries = -2 : i64, keys = -2 : i64, d = 32 : i64, dv = 32 : i64, group = 1 : i64, scale = 1.250000e-01 : f64, q_strides = array<i64: 384, 384, 32>, k_strides = array<i64: 384, 384, 32>, v_strides = array<i64: 384, 384, 32>, rows = 32 : i64, empty_rows = "mean"} {
^bb0(%s: f32, %b: i64, %h: i64, %q: i64, %k: i64, %0: tensor<?xf32>, %1: tensor<?xf32>, %2: tensor<?xf32>, %mask: tensor<?xi64>, %batch: i64, %sequence: i64):
  %row = tfm.apply mul(%b, %sequence) : (i64, i64) -> i64
  %at = tfm.apply add(%row, %k) : (i64, i64) -> i64
  %m = tfm.load %mask[%at] : tensor<?xi64> -> i64
  %keep = tfm.convert %m : i64 to i1
  %fill = arith.constant -3.40282347E+38 : f32
  %y = tfm.choose %keep, %s, %fill : f32
  tfm.yield %y : f32
}

// CHECK: plan.kernel nonzero @rows outs [i64, i64] ins [i1] scalars 2 params {count = -2 : i64, extents = array<i64: 2, -1>}
plan.kernel nonzero @rows outs [i64, i64] ins [i1] scalars 2 params {extents = array<i64: 2, -1>, count = -2 : i64} {
^bb0(%b: i64, %s: i64, %x: tensor<?xi1>, %n: i64, %count: i64):
  %0 = tfm.apply mul(%b, %n) : (i64, i64) -> i64
  %1 = tfm.apply add(%0, %s) : (i64, i64) -> i64
  %2 = tfm.load %x[%1] : tensor<?xi1> -> i1
  tfm.yield %2 : i1
}

// CHECK: plan.kernel attention @bounds {{.*}} key_bounds
plan.kernel attention @bounds outs [f32] ins [f32, f32, f32, i64, i64] scalars 0 params {batch = 1 : i64, heads = 1 : i64, queries = 2 : i64, keys = 2 : i64, d = 4 : i64, dv = 4 : i64, group = 1 : i64, scale = 1.0 : f64, q_strides = array<i64: 8, 4, 4>, k_strides = array<i64: 8, 4, 4>, v_strides = array<i64: 8, 4, 4>, rows = 32 : i64, empty_rows = "nan", key_bounds} {
^bb0(%s: f32, %b: i64, %h: i64, %q: i64, %k: i64, %x: tensor<?xf32>, %y: tensor<?xf32>, %z: tensor<?xf32>, %m: tensor<?xi64>, %n: tensor<?xi64>):
  tfm.yield %s : f32
}

// CHECK: plan.kernel linear @linear_ui4 outs [f32] ins [bf16, ui4, f32, ui8] scalars 1
plan.kernel linear @linear_ui4 outs [f32] ins [bf16, ui4, f32, ui8] scalars 1 params {m = -1 : i64, n = 96 : i64, k = 64 : i64, lda = 64 : i64, rows = 64 : i64, panels = 2 : i64, block = 32 : i64, zeros} {
^bb0(%acc: f32, %i: i64, %n: i64, %x: tensor<?xbf16>, %w: tensor<?xui4>, %s: tensor<?xf32>, %z: tensor<?xui8>, %rows: i64):
  tfm.yield %acc : f32
}

// CHECK: plan.kernel arrange @arrange_i4 outs [ui8, f32, ui32] ins [i4, f32, i8] scalars 0 params {block = 32 : i64, k = 64 : i64, n = 96 : i64, panel = 48 : i64, zeros}
plan.kernel arrange @arrange_i4 outs [ui8, f32, ui32] ins [i4, f32, i8] scalars 0 params {n = 96 : i64, k = 64 : i64, block = 32 : i64, panel = 48 : i64, zeros}
