// RUN: ingot-opt %s -verify-diagnostics -split-input-file

// kernel_c1
// expected-error@+1 {{has no buffers of i7}}
plan.kernel map @k outs [i7] ins [f32] scalars 0 params {extents = array<i64: 4>, chunk = 1 : i64} {
^bb0(%i: i64, %x: tensor<?xf32>):
  %v = tfm.load %x[%i] : tensor<?xf32> -> f32
  tfm.yield %v : f32
}

// -----

// kernel_c1
// expected-error@+1 {{of family map cannot have 0 outputs, 1 inputs and 1 regions}}
plan.kernel map @k outs [] ins [f32] scalars 0 params {extents = array<i64: 4>, chunk = 1 : i64} {
^bb0(%i: i64, %x: tensor<?xf32>):
  %v = tfm.load %x[%i] : tensor<?xf32> -> f32
  tfm.yield %v : f32
}

// -----

// kernel_c1
// expected-error@+1 {{of family map cannot have 1 outputs, 1 inputs and 2 regions}}
plan.kernel map @k outs [f32] ins [f32] scalars 0 params {extents = array<i64: 4>, chunk = 1 : i64} {
^bb0(%i: i64, %x: tensor<?xf32>):
  %v = tfm.load %x[%i] : tensor<?xf32> -> f32
  tfm.yield %v : f32
}, {
^bb0(%i: i64, %x: tensor<?xf32>):
  %v = tfm.load %x[%i] : tensor<?xf32> -> f32
  tfm.yield %v : f32
}

// -----

// kernel_c1
// expected-error@+1 {{of family norm cannot have 1 outputs, 1 inputs and 1 regions}}
plan.kernel norm @k outs [f32] ins [f32] scalars 0 params {extents = array<i64: 4>, kind = "rms", epsilon = 0.0, chunk = 1 : i64} {
^bb0(%i: i64, %x: tensor<?xf32>):
  %v = tfm.load %x[%i] : tensor<?xf32> -> f32
  tfm.yield %v : f32
}

// -----

// kernel_c1: several outputs take a finalizer
// expected-error@+1 {{of family reduce cannot have 2 outputs, 1 inputs and 1 regions}}
plan.kernel reduce @k outs [f32, f32] ins [f32] scalars 0 params {extents = array<i64: 4>, reduce_extents = array<i64: 2>, kind = "sum", chunk = 1 : i64} {
^bb0(%i: i64, %k: i64, %x: tensor<?xf32>):
  %v = tfm.load %x[%i] : tensor<?xf32> -> f32
  tfm.yield %v : f32
}

// -----

// kernel_c1
// expected-error@+1 {{of family linear multiplies operands of one type, got f32 and f16}}
plan.kernel linear @k outs [f32] ins [f32, f16] scalars 0 params {m = 1 : i64, n = 96 : i64, k = 64 : i64, lda = 64 : i64, rows = 64 : i64, panels = 2 : i64} {
^bb0(%acc: f32, %m: i64, %n: i64, %x: tensor<?xf32>, %w: tensor<?xf16>):
  tfm.yield %acc : f32
}

// -----

// kernel_c1
// expected-error@+1 {{of family attention reads f32, bf16 or f16 from input 0, got f64}}
plan.kernel attention @k outs [f32] ins [f64, f64, f64] scalars 0 params {} {
^bb0(%s: f32, %b: i64, %h: i64, %q: i64, %k: i64, %iq: tensor<?xf64>, %ik: tensor<?xf64>, %iv: tensor<?xf64>):
  tfm.yield %s : f32
}

// -----

// kernel_c2
// expected-error@+1 {{parameter math must be tf32, of f32 operands, or absent, got "tf32"}}
plan.kernel linear @k outs [f32] ins [f16, f16] scalars 0 params {m = 1 : i64, n = 96 : i64, k = 64 : i64, lda = 64 : i64, rows = 64 : i64, panels = 2 : i64, math = "tf32"} {
^bb0(%acc: f32, %m: i64, %n: i64, %x: tensor<?xf16>, %w: tensor<?xf16>):
  tfm.yield %acc : f32
}

// -----

// kernel_c1
// expected-error@+1 {{region 0 must take ('i64', 'tensor<?xf32>'), got ('tensor<?xf32>', 'i64')}}
plan.kernel map @k outs [f32] ins [f32] scalars 0 params {extents = array<i64: 4>, chunk = 1 : i64} {
^bb0(%x: tensor<?xf32>, %i: i64):
  %v = tfm.load %x[%i] : tensor<?xf32> -> f32
  tfm.yield %v : f32
}

// -----

// kernel_c1: scalars come last
// expected-error@+1 {{region 0 must take ('i64', 'tensor<?xf32>', 'i64'), got ('i64', 'tensor<?xf32>')}}
plan.kernel map @k outs [f32] ins [f32] scalars 1 params {extents = array<i64: 4>, chunk = 1 : i64} {
^bb0(%i: i64, %x: tensor<?xf32>):
  %v = tfm.load %x[%i] : tensor<?xf32> -> f32
  tfm.yield %v : f32
}

// -----

// kernel_c1
// expected-error@+1 {{region 0 must take ('i64', 'i64', 'tensor<?xf32>'), got ('i64', 'tensor<?xf32>')}}
plan.kernel reduce @k outs [f32] ins [f32] scalars 0 params {extents = array<i64: 4>, reduce_extents = array<i64: 2>, kind = "sum", chunk = 1 : i64} {
^bb0(%i: i64, %x: tensor<?xf32>):
  %v = tfm.load %x[%i] : tensor<?xf32> -> f32
  tfm.yield %v : f32
}

// -----

// kernel_c1
// expected-error@+1 {{region 1 must take ('f32', 'i64', 'tensor<?xf32>'), got ('f64', 'i64', 'tensor<?xf32>')}}
plan.kernel softmax @k outs [f32] ins [f32] scalars 0 params {extents = array<i64: 4>, chunk = 1 : i64} {
^bb0(%i: i64, %x: tensor<?xf32>):
  %v = tfm.load %x[%i] : tensor<?xf32> -> f32
  tfm.yield %v : f32
}, {
^bb0(%p: f64, %i: i64, %x: tensor<?xf32>):
  %v = tfm.convert %p : f64 to f32
  tfm.yield %v : f32
}

// -----

// kernel_c1
// expected-error@+1 {{region 1 must take ('i64', 'i64', 'tensor<?xf32>'), got ('f32', 'i64', 'tensor<?xf32>')}}
plan.kernel reduce @k outs [f32] ins [f32] scalars 0 params {extents = array<i64: 4>, reduce_extents = array<i64: 2>, kind = "argmax", chunk = 1 : i64} {
^bb0(%i: i64, %k: i64, %x: tensor<?xf32>):
  %v = tfm.load %x[%i] : tensor<?xf32> -> f32
  tfm.yield %v : f32
}, {
^bb0(%v: f32, %i: i64, %x: tensor<?xf32>):
  tfm.yield %v : f32
}

// -----

// kernel_c2
// expected-error@+1 {{cannot have -1 scalars}}
plan.kernel map @k outs [f32] ins [f32] scalars -1 params {extents = array<i64: 4>, chunk = 1 : i64} {
^bb0(%i: i64, %x: tensor<?xf32>):
  %v = tfm.load %x[%i] : tensor<?xf32> -> f32
  tfm.yield %v : f32
}

// -----

// kernel_c2
// expected-error@+1 {{parameter chunk must be an i64 of 1 or more and is missing}}
plan.kernel map @k outs [f32] ins [f32] scalars 0 params {extents = array<i64: 4>} {
^bb0(%i: i64, %x: tensor<?xf32>):
  %v = tfm.load %x[%i] : tensor<?xf32> -> f32
  tfm.yield %v : f32
}

// -----

// kernel_c2
// expected-error@+1 {{parameter chunk must be an i64 of 1 or more, got 0 : i64}}
plan.kernel map @k outs [f32] ins [f32] scalars 0 params {extents = array<i64: 4>, chunk = 0 : i64} {
^bb0(%i: i64, %x: tensor<?xf32>):
  %v = tfm.load %x[%i] : tensor<?xf32> -> f32
  tfm.yield %v : f32
}

// -----

// kernel_c2
// expected-error@+1 {{parameter chunk must be an i64 of 1 or more, got 1 : i32}}
plan.kernel map @k outs [f32] ins [f32] scalars 0 params {extents = array<i64: 4>, chunk = 1 : i32} {
^bb0(%i: i64, %x: tensor<?xf32>):
  %v = tfm.load %x[%i] : tensor<?xf32> -> f32
  tfm.yield %v : f32
}

// -----

// kernel_c2: no such scalar
// expected-error@+1 {{parameter extents must be an i64 array of -1 or more, got array<i64: -2>}}
plan.kernel map @k outs [f32] ins [f32] scalars 1 params {extents = array<i64: -2>, chunk = 1 : i64} {
^bb0(%i: i64, %x: tensor<?xf32>, %n: i64):
  %v = tfm.load %x[%i] : tensor<?xf32> -> f32
  tfm.yield %v : f32
}

// -----

// kernel_c2
// expected-error@+1 {{parameter extents must end in the row's, got none}}
plan.kernel softmax @k outs [f32] ins [f32] scalars 0 params {extents = array<i64>, chunk = 1 : i64} {
^bb0(%x: tensor<?xf32>):
  %v = arith.constant 0.0 : f32
  tfm.yield %v : f32
}

// -----

// kernel_c2
// expected-error@+1 {{parameter kind must be one of sum, mean, max, min, prod, l2, argmax, argmin, got "median"}}
plan.kernel reduce @k outs [f32] ins [f32] scalars 0 params {extents = array<i64: 4>, reduce_extents = array<i64: 2>, kind = "median", chunk = 1 : i64} {
^bb0(%i: i64, %k: i64, %x: tensor<?xf32>):
  %v = tfm.load %x[%i] : tensor<?xf32> -> f32
  tfm.yield %v : f32
}

// -----

// kernel_c2
// expected-error@+1 {{parameter last must be a unit or boolean, got 1 : i64}}
plan.kernel reduce @k outs [f32] ins [f32] scalars 0 params {extents = array<i64: 4>, reduce_extents = array<i64: 2>, kind = "sum", last = 1 : i64, chunk = 1 : i64} {
^bb0(%i: i64, %k: i64, %x: tensor<?xf32>):
  %v = tfm.load %x[%i] : tensor<?xf32> -> f32
  tfm.yield %v : f32
}

// -----

// kernel_c2
// expected-error@+1 {{parameter axis must be an i64 of 0 to 0, got 1 : i64}}
plan.kernel scan @k outs [f32] ins [f32] scalars 0 params {extents = array<i64: 4>, axis = 1 : i64, chunk = 1 : i64} {
^bb0(%i: i64, %x: tensor<?xf32>):
  %v = tfm.load %x[%i] : tensor<?xf32> -> f32
  tfm.yield %v : f32
}

// -----

// kernel_c2
// expected-error@+1 {{parameter kind must be one of layer, rms, got "batch"}}
plan.kernel norm @k outs [f32] ins [f32] scalars 0 params {extents = array<i64: 4>, kind = "batch", epsilon = 0.0, chunk = 1 : i64} {
^bb0(%i: i64, %x: tensor<?xf32>):
  %v = tfm.load %x[%i] : tensor<?xf32> -> f32
  tfm.yield %v : f32
}, {
^bb0(%p: f32, %i: i64, %x: tensor<?xf32>):
  tfm.yield %p : f32
}

// -----

// kernel_c2
// expected-error@+1 {{parameter epsilon must be a float, got 1 : i64}}
plan.kernel norm @k outs [f32] ins [f32] scalars 0 params {extents = array<i64: 4>, kind = "rms", epsilon = 1, chunk = 1 : i64} {
^bb0(%i: i64, %x: tensor<?xf32>):
  %v = tfm.load %x[%i] : tensor<?xf32> -> f32
  tfm.yield %v : f32
}, {
^bb0(%p: f32, %i: i64, %x: tensor<?xf32>):
  tfm.yield %p : f32
}

// -----

// kernel_c2
// expected-error@+1 {{parameter splits must be an i64 of 0 or more, got -1 : i64}}
plan.kernel linear @k outs [f32] ins [f32, f32] scalars 0 params {m = 1 : i64, n = 96 : i64, k = 64 : i64, lda = 64 : i64, rows = 64 : i64, panels = 2 : i64, splits = -1 : i64} {
^bb0(%acc: f32, %m: i64, %n: i64, %x: tensor<?xf32>, %w: tensor<?xf32>):
  tfm.yield %acc : f32
}

// -----

// kernel_c2
// expected-error@+1 {{parameter m must be an i64 of 0 or more, got -1 : i64}}
plan.kernel linear @k outs [f32] ins [f32, f32] scalars 0 params {m = -1 : i64, n = 96 : i64, k = 64 : i64, lda = 64 : i64, rows = 64 : i64, panels = 2 : i64} {
^bb0(%acc: f32, %m: i64, %n: i64, %x: tensor<?xf32>, %w: tensor<?xf32>):
  tfm.yield %acc : f32
}

// -----

// kernel_c2
// expected-error@+1 {{parameter k_strides must be three strides of 0 or more, got array<i64: 32>}}
plan.kernel attention @k outs [f32] ins [f32, f32, f32] scalars 0 params {batch = 1 : i64, heads = 1 : i64, queries = 1 : i64, keys = 1 : i64, d = 32 : i64, dv = 32 : i64, group = 1 : i64, scale = 1.0 : f64, q_strides = array<i64: 32, 32, 32>, k_strides = array<i64: 32>, v_strides = array<i64: 32, 32, 32>, rows = 32 : i64, empty_rows = "nan"} {
^bb0(%s: f32, %b: i64, %h: i64, %q: i64, %k: i64, %0: tensor<?xf32>, %1: tensor<?xf32>, %2: tensor<?xf32>):
  tfm.yield %s : f32
}

// -----

// kernel_c2
// expected-error@+1 {{parameter empty_rows must be one of scores, mean, nan, zero and is missing}}
plan.kernel attention @k outs [f32] ins [f32, f32, f32] scalars 0 params {batch = 1 : i64, heads = 1 : i64, queries = 1 : i64, keys = 1 : i64, d = 32 : i64, dv = 32 : i64, group = 1 : i64, scale = 1.0 : f64, q_strides = array<i64: 32, 32, 32>, k_strides = array<i64: 32, 32, 32>, v_strides = array<i64: 32, 32, 32>, rows = 32 : i64} {
^bb0(%s: f32, %b: i64, %h: i64, %q: i64, %k: i64, %0: tensor<?xf32>, %1: tensor<?xf32>, %2: tensor<?xf32>):
  tfm.yield %s : f32
}

// -----

// kernel_c3: 8-bit floats are rounded where they are stored
// expected-error@+1 {{rounds to 'f8E4M3FN' where no map, linear or norm stores it}}
plan.kernel map @k outs [f32] ins [f32] scalars 0 params {extents = array<i64: 4>, chunk = 1 : i64} {
^bb0(%i: i64, %x: tensor<?xf32>):
  %v = tfm.load %x[%i] : tensor<?xf32> -> f32
  %w = tfm.convert %v : f32 to f8E4M3FN
  %u = tfm.convert %w : f8E4M3FN to f32
  tfm.yield %u : f32
}

// -----

// kernel_c3
// expected-error@+1 {{region 0 yields ('f64'), which does not fit}}
plan.kernel map @k outs [f32] ins [f32] scalars 0 params {extents = array<i64: 4>, chunk = 1 : i64} {
^bb0(%i: i64, %x: tensor<?xf32>):
  %v = tfm.load %x[%i] : tensor<?xf32> -> f32
  %w = tfm.convert %v : f32 to f64
  tfm.yield %w : f64
}

// -----

// kernel_c3: integers are stored from i64
// expected-error@+1 {{region 0 yields ('f32'), which does not fit}}
plan.kernel map @k outs [i8] ins [f32] scalars 0 params {extents = array<i64: 4>, chunk = 1 : i64} {
^bb0(%i: i64, %x: tensor<?xf32>):
  %v = tfm.load %x[%i] : tensor<?xf32> -> f32
  tfm.yield %v : f32
}

// -----

// kernel_c3
// expected-error@+1 {{region 0 yields ('f32'), which does not fit}}
plan.kernel map @k outs [f32, f32] ins [f32] scalars 0 params {extents = array<i64: 4>, chunk = 1 : i64} {
^bb0(%i: i64, %x: tensor<?xf32>):
  %v = tfm.load %x[%i] : tensor<?xf32> -> f32
  tfm.yield %v : f32
}

// -----

// kernel_c3
// expected-error@+1 {{region 0 yields ('i64'), which does not fit}}
plan.kernel softmax @k outs [i64] ins [f32] scalars 0 params {extents = array<i64: 4>, chunk = 1 : i64} {
^bb0(%i: i64, %x: tensor<?xf32>):
  tfm.yield %i : i64
}

// -----

// kernel_c3
// expected-error@+1 {{gives positions, which are i64, got 'f32'}}
plan.kernel reduce @k outs [f32] ins [f32] scalars 0 params {extents = array<i64: 4>, reduce_extents = array<i64: 2>, kind = "argmax", chunk = 1 : i64} {
^bb0(%i: i64, %k: i64, %x: tensor<?xf32>):
  %v = tfm.load %x[%i] : tensor<?xf32> -> f32
  tfm.yield %v : f32
}

// -----

// kernel_c3
// expected-error@+1 {{stores region 0's 'f32' as 'f16'}}
plan.kernel norm @k outs [f32, f16] ins [f32] scalars 0 params {extents = array<i64: 4>, kind = "rms", epsilon = 0.0, chunk = 1 : i64} {
^bb0(%i: i64, %x: tensor<?xf32>):
  %v = tfm.load %x[%i] : tensor<?xf32> -> f32
  tfm.yield %v : f32
}, {
^bb0(%p: f32, %i: i64, %x: tensor<?xf32>):
  tfm.yield %p : f32
}

// -----

// kernel_c3
// expected-error@+1 {{region 0 yields ('i64'), which does not fit}}
plan.kernel attention @k outs [f32] ins [f32, f32, f32] scalars 0 params {batch = 1 : i64, heads = 1 : i64, queries = 1 : i64, keys = 1 : i64, d = 32 : i64, dv = 32 : i64, group = 1 : i64, scale = 1.0 : f64, q_strides = array<i64: 32, 32, 32>, k_strides = array<i64: 32, 32, 32>, v_strides = array<i64: 32, 32, 32>, rows = 32 : i64, empty_rows = "nan"} {
^bb0(%s: f32, %b: i64, %h: i64, %q: i64, %k: i64, %0: tensor<?xf32>, %1: tensor<?xf32>, %2: tensor<?xf32>):
  tfm.yield %b : i64
}

// -----

// kernel_c4
// expected-error@+1 {{holds arith.negf, which is no scalar op here}}
plan.kernel map @k outs [f32] ins [f32] scalars 0 params {extents = array<i64: 4>, chunk = 1 : i64} {
^bb0(%i: i64, %x: tensor<?xf32>):
  %v = tfm.load %x[%i] : tensor<?xf32> -> f32
  %w = arith.negf %v : f32
  tfm.yield %w : f32
}

// -----

// kernel_c4: symbols come as scalars
// expected-error@+1 {{holds tfm.symbol, which is no scalar op here}}
plan.kernel map @k outs [i64] ins [] scalars 0 params {extents = array<i64: 4>, chunk = 1 : i64} {
^bb0(%i: i64):
  %n = tfm.symbol <batch>
  tfm.yield %n : i64
}

// -----

// expected-error@+1 {{parameter causal_keys must be an i64 of 0 or more, got -1 : i64}}
plan.kernel attention @k outs [f32] ins [f32, f32, f32] scalars 0 params {batch = 1 : i64, heads = 1 : i64, queries = 2 : i64, keys = 2 : i64, d = 4 : i64, dv = 4 : i64, group = 1 : i64, scale = 1.0 : f64, q_strides = array<i64: 8, 4, 4>, k_strides = array<i64: 8, 4, 4>, v_strides = array<i64: 8, 4, 4>, rows = 32 : i64, empty_rows = "nan", causal_keys = -1 : i64} {
^bb0(%s: f32, %b: i64, %h: i64, %q: i64, %k: i64, %x: tensor<?xf32>, %y: tensor<?xf32>, %z: tensor<?xf32>):
  tfm.yield %s : f32
}

// -----

// kernel_c1
// expected-error@+1 {{of family nonzero cannot have 1 outputs, 1 inputs and 1 regions}}
plan.kernel nonzero @k outs [i64] ins [i1] scalars 1 params {extents = array<i64: 2, -1>, count = -1 : i64} {
^bb0(%b: i64, %s: i64, %x: tensor<?xi1>, %n: i64):
  %v = tfm.load %x[%s] : tensor<?xi1> -> i1
  tfm.yield %v : i1
}

// -----

// kernel_c2
// expected-error@+1 {{parameter count must be an i64 of 0 or more and is missing}}
plan.kernel nonzero @k outs [i64] ins [i1] scalars 0 params {extents = array<i64: 4>} {
^bb0(%s: i64, %x: tensor<?xi1>):
  %v = tfm.load %x[%s] : tensor<?xi1> -> i1
  tfm.yield %v : i1
}

// -----

// kernel_c3
// expected-error@+1 {{region 0 yields ('i64'), which does not fit}}
plan.kernel nonzero @k outs [i64] ins [i64] scalars 0 params {extents = array<i64: 4>, count = 2 : i64} {
^bb0(%s: i64, %x: tensor<?xi64>):
  %v = tfm.load %x[%s] : tensor<?xi64> -> i64
  tfm.yield %v : i64
}

// -----

// kernel_c3
// expected-error@+1 {{gives positions, which are i64, got 'f32'}}
plan.kernel nonzero @k outs [f32] ins [i1] scalars 0 params {extents = array<i64: 4>, count = 2 : i64} {
^bb0(%s: i64, %x: tensor<?xi1>):
  %v = tfm.load %x[%s] : tensor<?xi1> -> i1
  tfm.yield %v : i1
}

// -----

// kernel_c1
// expected-error@+1 {{reads bounds of keys, which are i64, from input 4}}
plan.kernel attention @k outs [f32] ins [f32, f32, f32, i64, i32] scalars 0 params {batch = 1 : i64, heads = 1 : i64, queries = 2 : i64, keys = 2 : i64, d = 4 : i64, dv = 4 : i64, group = 1 : i64, scale = 1.0 : f64, q_strides = array<i64: 8, 4, 4>, k_strides = array<i64: 8, 4, 4>, v_strides = array<i64: 8, 4, 4>, rows = 32 : i64, empty_rows = "nan", key_bounds} {
^bb0(%s: f32, %b: i64, %h: i64, %q: i64, %k: i64, %x: tensor<?xf32>, %y: tensor<?xf32>, %z: tensor<?xf32>, %m: tensor<?xi64>, %n: tensor<?xi32>):
  tfm.yield %s : f32
}

// -----

// kernel_c1
// expected-error@+1 {{of family linear cannot have 1 outputs, 2 inputs and 1 regions}}
plan.kernel linear @k outs [f32] ins [f32, i8] scalars 0 params {m = 1 : i64, n = 96 : i64, k = 64 : i64, lda = 64 : i64, rows = 64 : i64, panels = 2 : i64, block = 32 : i64} {
^bb0(%acc: f32, %i: i64, %n: i64, %x: tensor<?xf32>, %w: tensor<?xi8>):
  tfm.yield %acc : f32
}

// -----

// kernel_c1
// expected-error@+1 {{with a block reads i8, ui8, i4, ui4 or f8E4M3FN from input 1, got 'f32'}}
plan.kernel linear @k outs [f32] ins [f32, f32, f32] scalars 0 params {m = 1 : i64, n = 96 : i64, k = 64 : i64, lda = 64 : i64, rows = 64 : i64, panels = 2 : i64, block = 32 : i64} {
^bb0(%acc: f32, %i: i64, %n: i64, %x: tensor<?xf32>, %w: tensor<?xf32>, %s: tensor<?xf32>):
  tfm.yield %acc : f32
}

// -----

// kernel_c1
// expected-error@+1 {{with a block reads scales of f32 from input 2, got 'f16'}}
plan.kernel linear @k outs [f32] ins [f32, i8, f16] scalars 0 params {m = 1 : i64, n = 96 : i64, k = 64 : i64, lda = 64 : i64, rows = 64 : i64, panels = 2 : i64, block = 32 : i64} {
^bb0(%acc: f32, %i: i64, %n: i64, %x: tensor<?xf32>, %w: tensor<?xi8>, %s: tensor<?xf16>):
  tfm.yield %acc : f32
}

// -----

// kernel_c1
// expected-error@+1 {{has no zeros for weights of 'f8E4M3FN'}}
plan.kernel linear @k outs [f32] ins [f32, f8E4M3FN, f32, ui8] scalars 0 params {m = 1 : i64, n = 96 : i64, k = 64 : i64, lda = 64 : i64, rows = 64 : i64, panels = 2 : i64, block = 32 : i64, zeros} {
^bb0(%acc: f32, %i: i64, %n: i64, %x: tensor<?xf32>, %w: tensor<?xf8E4M3FN>, %s: tensor<?xf32>, %z: tensor<?xui8>):
  tfm.yield %acc : f32
}

// -----

// kernel_c1
// expected-error@+1 {{with a block reads zeros of 'ui8' from input 3, got 'ui4'}}
plan.kernel linear @k outs [f32] ins [f32, ui4, f32, ui4] scalars 0 params {m = 1 : i64, n = 96 : i64, k = 64 : i64, lda = 64 : i64, rows = 64 : i64, panels = 2 : i64, block = 32 : i64, zeros} {
^bb0(%acc: f32, %i: i64, %n: i64, %x: tensor<?xf32>, %w: tensor<?xui4>, %s: tensor<?xf32>, %z: tensor<?xui4>):
  tfm.yield %acc : f32
}

// -----

// kernel_c2
// expected-error@+1 {{parameter block must be an i64 of 1 or more, got 0}}
plan.kernel linear @k outs [f32] ins [f32, i8, f32] scalars 0 params {m = 1 : i64, n = 96 : i64, k = 64 : i64, lda = 64 : i64, rows = 64 : i64, panels = 2 : i64, block = 0 : i64} {
^bb0(%acc: f32, %i: i64, %n: i64, %x: tensor<?xf32>, %w: tensor<?xi8>, %s: tensor<?xf32>):
  tfm.yield %acc : f32
}

// -----

// kernel_c1
// expected-error@+1 {{of family arrange cannot have 2 outputs, 2 inputs and 0 regions}}
plan.kernel arrange @k outs [ui8, f32] ins [i8, f32] scalars 0 params {n = 96 : i64, k = 64 : i64, block = 32 : i64, zeros}

// -----

// kernel_c1
// expected-error@+1 {{with a block reads zeros of 'i8' from input 2, got 'ui8'}}
plan.kernel arrange @k outs [ui8, f32, ui32] ins [i4, f32, ui8] scalars 0 params {n = 96 : i64, k = 64 : i64, block = 32 : i64, zeros}

// -----

// kernel_c1
// expected-error@+1 {{arranges into 'ui8' as output 0, got 'i8'}}
plan.kernel arrange @k outs [i8, f32] ins [i8, f32] scalars 0 params {n = 96 : i64, k = 64 : i64, block = 32 : i64}

// -----

// kernel_c2
// expected-error@+1 {{has no order for blocks of 48 of 4 bits}}
plan.kernel arrange @k outs [ui8, f32] ins [i4, f32] scalars 0 params {n = 96 : i64, k = 96 : i64, block = 48 : i64}

// -----

// kernel_c2
// expected-error@+1 {{multiplies rows of f8E4M3FN by such weights, in blocks of 128 or all of K, a multiple of 16; got 'f8E4M3FN', blocks of 64 and K 128}}
plan.kernel linear @k outs [f32] ins [f8E4M3FN, f8E4M3FN, f32] scalars 0 params {m = 1 : i64, n = 96 : i64, k = 128 : i64, lda = 128 : i64, rows = 64 : i64, panels = 1 : i64, block = 64 : i64} {
^bb0(%acc: f32, %i: i64, %n: i64, %x: tensor<?xf8E4M3FN>, %w: tensor<?xf8E4M3FN>, %s: tensor<?xf32>):
  tfm.yield %acc : f32
}

// -----

// kernel_c2
// expected-error@+1 {{parameter cached_pages belongs to page_rows, of which there are}}
plan.kernel attention @k outs [f32] ins [f32, f32, f32, i64] scalars 0 params {batch = 1 : i64, heads = 1 : i64, queries = 1 : i64, keys = 32 : i64, d = 32 : i64, dv = 32 : i64, group = 1 : i64, scale = 1.0 : f64, q_strides = array<i64: 32, 32, 32>, k_strides = array<i64: 512, 32, 32>, v_strides = array<i64: 512, 32, 32>, rows = 32 : i64, empty_rows = "nan", page_rows = 16 : i64, pages = 2 : i64} {
^bb0(%s: f32, %b: i64, %h: i64, %q: i64, %k: i64, %0: tensor<?xf32>, %1: tensor<?xf32>, %2: tensor<?xf32>, %3: tensor<?xi64>):
  tfm.yield %s : f32
}

// -----

// kernel_c2
// expected-error@+1 {{parameter pages belongs to page_rows, of which there are none}}
plan.kernel attention @k outs [f32] ins [f32, f32, f32, i64] scalars 0 params {batch = 1 : i64, heads = 1 : i64, queries = 1 : i64, keys = 32 : i64, d = 32 : i64, dv = 32 : i64, group = 1 : i64, scale = 1.0 : f64, q_strides = array<i64: 32, 32, 32>, k_strides = array<i64: 512, 32, 32>, v_strides = array<i64: 512, 32, 32>, rows = 32 : i64, empty_rows = "nan", pages = 2 : i64} {
^bb0(%s: f32, %b: i64, %h: i64, %q: i64, %k: i64, %0: tensor<?xf32>, %1: tensor<?xf32>, %2: tensor<?xf32>, %3: tensor<?xi64>):
  tfm.yield %s : f32
}

// -----

// kernel_c1
// expected-error@+1 {{reads pages, which are i32 or i64 and come without bounds of keys, from input 3}}
plan.kernel attention @k outs [f32] ins [f32, f32, f32, f32] scalars 0 params {batch = 1 : i64, heads = 1 : i64, queries = 1 : i64, keys = 32 : i64, d = 32 : i64, dv = 32 : i64, group = 1 : i64, scale = 1.0 : f64, q_strides = array<i64: 32, 32, 32>, k_strides = array<i64: 512, 32, 32>, v_strides = array<i64: 512, 32, 32>, rows = 32 : i64, empty_rows = "nan", page_rows = 16 : i64, pages = 2 : i64, cached_pages = 9 : i64} {
^bb0(%s: f32, %b: i64, %h: i64, %q: i64, %k: i64, %0: tensor<?xf32>, %1: tensor<?xf32>, %2: tensor<?xf32>, %3: tensor<?xf32>):
  tfm.yield %s : f32
}
