// RUN: ingot-opt %s --split-input-file --print-cuda-stubs -verify-diagnostics -o /dev/null

// expected-error @+1 {{CUDA kernels have no elements of type 'i4'}}
plan.kernel map @packed outs [i4] ins [i64] scalars 0 params {extents = array<i64: 4>, chunk = 64 : i64} {
^bb0(%i: i64, %x: tensor<?xi64>):
  %v = tfm.load %x[%i] : tensor<?xi64> -> i64
  tfm.yield %v : i64
}
