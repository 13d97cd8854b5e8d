// RUN: ingot-opt %s --split-input-file --print-cuda-stubs -verify-diagnostics -o /dev/null

// expected-error @+1 {{CUDA kernels have no elements of type 'i4'}}
plan.kernel map @packed outs [i4] ins [i64] scalars 0 params {extents = array<i64: 4>, chunk = 64 : i64} {
^bb0(%i: i64, %x: tensor<?xi64>):
  %v = tfm.load %x[%i] : tensor<?xi64> -> i64
  tfm.yield %v : i64
}

// -----

// expected-error@+1 {{there is no CUDA kernel that packs rows}}
plan.kernel nonzero @k outs [i64] ins [i1] scalars 0 params {extents = array<i64: 4>, count = 2 : i64} {
^bb0(%i: i64, %x: tensor<?xi1>):
  %v = tfm.load %x[%i] : tensor<?xi1> -> i1
  tfm.yield %v : i1
}

// -----

// expected-error@+1 {{there is no CUDA kernel that packs rows}}
plan.kernel attention @k outs [f32] ins [f32, f32, f32, i64, i64] scalars 0 params {batch = 1 : i64, heads = 1 : i64, queries = 2 : i64, keys = 2 : i64, d = 4 : i64, dv = 4 : i64, group = 1 : i64, scale = 1.0 : f64, q_strides = array<i64: 8, 4, 4>, k_strides = array<i64: 8, 4, 4>, v_strides = array<i64: 8, 4, 4>, rows = 32 : i64, empty_rows = "nan", key_bounds} {
^bb0(%s: f32, %b: i64, %h: i64, %q: i64, %k: i64, %x: tensor<?xf32>, %y: tensor<?xf32>, %z: tensor<?xf32>, %m: tensor<?xi64>, %n: tensor<?xi64>):
  tfm.yield %s : f32
}

// -----

// expected-error@+1 {{there is no CUDA kernel for sm_80 that multiplies 'f32' by 'i8' in blocks of 32}}
plan.kernel linear @k outs [f32] ins [f32, i8, f32] scalars 0 params {m = 1 : i64, n = 96 : i64, k = 64 : i64, lda = 64 : i64, rows = 64 : i64, panels = 1 : i64, block = 32 : i64} {
^bb0(%acc: f32, %i: i64, %n: i64, %x: tensor<?xf32>, %w: tensor<?xi8>, %s: tensor<?xf32>):
  tfm.yield %acc : f32
}

// -----

// expected-error@+1 {{there is no CUDA kernel for sm_80 that multiplies 'f8E4M3FN' by 'f8E4M3FN' in blocks of 64}}
plan.kernel linear @k outs [f32] ins [f8E4M3FN, f8E4M3FN, f32] scalars 0 params {m = 1 : i64, n = 96 : i64, k = 64 : i64, lda = 64 : i64, rows = 64 : i64, panels = 1 : i64, block = 64 : i64} {
^bb0(%acc: f32, %i: i64, %n: i64, %x: tensor<?xf8E4M3FN>, %w: tensor<?xf8E4M3FN>, %s: tensor<?xf32>):
  tfm.yield %acc : f32
}
