// RUN: ingot-opt %s --print-cuda-stubs -o /dev/null | FileCheck %s
// How rows are shared out, and which template a kernel is.

// Lanes along the reduced axis, which is contiguous.
// CHECK-LABEL: // mean_rows: 128 threads, 0 bytes
// CHECK:         template <class T> DEV T finish(T x, const i64 *) const { return x; }
// CHECK:         reduce_rows<32, ReduceMean<float>, 4>(Shape<1>{{[{][{]}}s0}}, Shape<1>{{[{][{]}}768}}, body, out0);
plan.kernel reduce @mean_rows outs [f32] ins [f32] scalars 1 params {extents = array<i64: -1>, reduce_extents = array<i64: 768>, kind = "mean", chunk = 4 : i64} {
^bb0(%i: i64, %r: i64, %x: tensor<?xf32>, %m: i64):
  %c768 = arith.constant 768 : i64
  %0 = tfm.apply mul(%i, %c768) : (i64, i64) -> i64
  %1 = tfm.apply add(%0, %r) : (i64, i64) -> i64
  %2 = tfm.load %x[%1] : tensor<?xf32> -> f32
  tfm.yield %2 : f32
}

// Lanes along the last axis, and an ending.
// CHECK-LABEL: // max_columns: 128 threads
// CHECK:         DEV i64 value(const i64 *c) const {
// CHECK:         DEV i64 finish(i64 x, const i64 *c) const {
// CHECK-NEXT:      i64 v0 = I64::add(x, c[1]);
// CHECK:         reduce_columns<ReduceMax<i64, i64>, 4>(Shape<2>{{[{][{]}}s0, 64}}, Shape<1>{{[{][{]}}s1}}, body, out0);
plan.kernel reduce @max_columns outs [i32] ins [i32] scalars 2 params {extents = array<i64: -1, 64>, reduce_extents = array<i64: -2>, kind = "max", chunk = 4 : i64} {
^bb0(%i: i64, %j: i64, %r: i64, %x: tensor<?xi32>, %m: i64, %n: i64):
  %c64 = arith.constant 64 : i64
  %0 = tfm.apply mul(%i, %n) : (i64, i64) -> i64
  %1 = tfm.apply add(%0, %r) : (i64, i64) -> i64
  %2 = tfm.apply mul(%1, %c64) : (i64, i64) -> i64
  %3 = tfm.apply add(%2, %j) : (i64, i64) -> i64
  %4 = tfm.load %x[%3] : tensor<?xi32> -> i64
  tfm.yield %4 : i64
}, {
^bb0(%v: i64, %i: i64, %j: i64, %x: tensor<?xi32>, %m: i64, %n: i64):
  %0 = tfm.apply add(%v, %j) : (i64, i64) -> i64
  tfm.yield %0 : i64
}

// A long row gets a block.
// CHECK-LABEL: // argmax_vocabulary: 512 threads, 256 bytes
// CHECK:         reduce_rows<512, ReduceArg<float, true, false>, 1>(Shape
plan.kernel reduce @argmax_vocabulary outs [i64] ins [f32] scalars 1 params {extents = array<i64: -1>, reduce_extents = array<i64: 50257>, kind = "argmax", chunk = 1 : i64} {
^bb0(%i: i64, %r: i64, %x: tensor<?xf32>, %m: i64):
  %n = arith.constant 50257 : i64
  %0 = tfm.apply mul(%i, %n) : (i64, i64) -> i64
  %1 = tfm.apply add(%0, %r) : (i64, i64) -> i64
  %2 = tfm.load %x[%1] : tensor<?xf32> -> f32
  tfm.yield %2 : f32
}

// CHECK-LABEL: // all_bool: 128 threads
// CHECK:         reduce_rows<32, ReduceAll, 1>(Shape
plan.kernel reduce @all_bool outs [i1] ins [i1] scalars 0 params {extents = array<i64: 1>, reduce_extents = array<i64: 5, 7>, kind = "min", chunk = 1 : i64} {
^bb0(%z: i64, %i: i64, %j: i64, %x: tensor<?xi1>):
  %c7 = arith.constant 7 : i64
  %0 = tfm.apply mul(%i, %c7) : (i64, i64) -> i64
  %1 = tfm.apply add(%0, %j) : (i64, i64) -> i64
  %2 = tfm.load %x[%1] : tensor<?xi1> -> i1
  tfm.yield %2 : i1
}

// CHECK-LABEL: // cumsum: 128 threads
// CHECK:         scan<float, 1, true, false>(out0, Shape<2>{{[{][{]}}s0, s1}}, body);
plan.kernel scan @cumsum outs [f32] ins [f32] scalars 2 params {extents = array<i64: -1, -2>, axis = 1 : i64, exclusive, reverse = false, chunk = 64 : i64} {
^bb0(%i: i64, %j: i64, %x: tensor<?xf32>, %m: i64, %n: i64):
  %0 = tfm.apply mul(%i, %n) : (i64, i64) -> i64
  %1 = tfm.apply add(%0, %j) : (i64, i64) -> i64
  %2 = tfm.load %x[%1] : tensor<?xf32> -> f32
  tfm.yield %2 : f32
}

// Rows of unknown length; a masked softmax.
// CHECK-LABEL: // softmax_f32: 128 threads, 0 bytes
// CHECK:         float v{{[0-9]+}} = v{{[0-9]+}} ? in0[v{{[0-9]+}}] : bits_f32(0xff800000);
// CHECK:         softmax<32, 0, 4>(Shape<3>{{[{][{]}}s0, 12, s1}}, body, out0);
plan.kernel softmax @softmax_f32 outs [f32] ins [f32, i1] scalars 2 params {extents = array<i64: -1, 12, -2>, chunk = 4 : i64} {
^bb0(%b: i64, %h: i64, %j: i64, %x: tensor<?xf32>, %keep: tensor<?xi1>, %m: i64, %n: i64):
  %c12 = arith.constant 12 : i64
  %inf = arith.constant 0xFF800000 : f32
  %0 = tfm.apply mul(%b, %c12) : (i64, i64) -> i64
  %1 = tfm.apply add(%0, %h) : (i64, i64) -> i64
  %2 = tfm.apply mul(%1, %n) : (i64, i64) -> i64
  %3 = tfm.apply add(%2, %j) : (i64, i64) -> i64
  %4 = tfm.load %x[%3] : tensor<?xf32> -> f32
  %5 = tfm.load %keep[%j] : tensor<?xi1> -> i1
  %6 = tfm.choose %5, %4, %inf : f32
  tfm.yield %6 : f32
}

// Rows of a block each, held in registers.
// CHECK-LABEL: // softmax_c1000: 128 threads, 16 bytes
// CHECK:         softmax<128, 8, 4>(Shape
plan.kernel softmax @softmax_c1000 outs [f32] ins [f32] scalars 1 params {extents = array<i64: -1, 1000>, chunk = 1 : i64} {
^bb0(%i: i64, %j: i64, %x: tensor<?xf32>, %m: i64):
  %n = arith.constant 1000 : i64
  %0 = tfm.apply mul(%i, %n) : (i64, i64) -> i64
  %1 = tfm.apply add(%0, %j) : (i64, i64) -> i64
  %2 = tfm.load %x[%1] : tensor<?xf32> -> f32
  tfm.yield %2 : f32
}

// CHECK-LABEL: // softmax_c32000: 512 threads, 64 bytes
// CHECK:         softmax<512, 0, 4>(Shape
plan.kernel softmax @softmax_c32000 outs [f32] ins [f32] scalars 1 params {extents = array<i64: -1, 32000>, chunk = 1 : i64} {
^bb0(%i: i64, %j: i64, %x: tensor<?xf32>, %m: i64):
  %n = arith.constant 32000 : i64
  %0 = tfm.apply mul(%i, %n) : (i64, i64) -> i64
  %1 = tfm.apply add(%0, %j) : (i64, i64) -> i64
  %2 = tfm.load %x[%1] : tensor<?xf32> -> f32
  tfm.yield %2 : f32
}

// The second output keeps the residual sum.
// CHECK-LABEL: // layer_norm_f32_c768: 96 threads, 12 bytes
// CHECK:       KERNEL(96, 1) layer_norm_f32_c768(float *out0, float *out1, const float *in0,
// CHECK:         norm<96, 8, true, 4>(out0, out1, Shape<2>{{[{][{]}}s0, 768}}, 0x1.4f8b58p-17f, body);
plan.kernel norm @layer_norm_f32_c768 outs [f32, f32] ins [f32, f32, f32, f32] scalars 1 params {extents = array<i64: -1, 768>, chunk = 1 : i64, epsilon = 1.0e-5 : f64, kind = "layer"} {
^bb0(%i: i64, %j: i64, %x: tensor<?xf32>, %r: tensor<?xf32>, %w: tensor<?xf32>, %b: tensor<?xf32>, %m: i64):
  %n = arith.constant 768 : i64
  %0 = tfm.apply mul(%i, %n) : (i64, i64) -> i64
  %1 = tfm.apply add(%0, %j) : (i64, i64) -> i64
  %2 = tfm.load %x[%1] : tensor<?xf32> -> f32
  %3 = tfm.load %r[%1] : tensor<?xf32> -> f32
  %4 = tfm.apply add(%2, %3) : (f32, f32) -> f32
  tfm.yield %4 : f32
}, {
^bb0(%v: f32, %i: i64, %j: i64, %x: tensor<?xf32>, %r: tensor<?xf32>, %w: tensor<?xf32>, %b: tensor<?xf32>, %m: i64):
  %0 = tfm.load %w[%j] : tensor<?xf32> -> f32
  %1 = tfm.load %b[%j] : tensor<?xf32> -> f32
  %2 = tfm.apply mul(%v, %0) : (f32, f32) -> f32
  %3 = tfm.apply add(%2, %1) : (f32, f32) -> f32
  tfm.yield %3 : f32
}

// CHECK-LABEL: // rms_norm_f32: 128 threads, 0 bytes
// CHECK:         norm<32, 0, false, 4>(out0, (float *)nullptr, Shape<2>{{[{][{]}}2, s0}}, 0x1p-20f, body);
plan.kernel norm @rms_norm_f32 outs [f32] ins [f32] scalars 1 params {extents = array<i64: 2, -1>, chunk = 1 : i64, epsilon = 9.5367431640625e-7 : f64, kind = "rms"} {
^bb0(%i: i64, %j: i64, %x: tensor<?xf32>, %n: i64):
  %0 = tfm.apply mul(%i, %n) : (i64, i64) -> i64
  %1 = tfm.apply add(%0, %j) : (i64, i64) -> i64
  %2 = tfm.load %x[%1] : tensor<?xf32> -> f32
  tfm.yield %2 : f32
}, {
^bb0(%v: f32, %i: i64, %j: i64, %x: tensor<?xf32>, %n: i64):
  tfm.yield %v : f32
}
