// RUN: ingot-opt %s -verify-diagnostics -split-input-file

// load_c1
func.func @f(%x: tensor<2x3xf32>, %i: i64) {
  // expected-error@+1 {{needs 2 coordinates for 'tensor<2x3xf32>', got 1}}
  %0 = tfm.load %x[%i] : tensor<2x3xf32> -> f32
  return
}

// -----

// load_c2
func.func @f(%x: tensor<2xi32>, %i: i64) {
  // expected-error@+1 {{of 'tensor<2xi32>' gives 'i64', got 'f32'}}
  %0 = tfm.load %x[%i] : tensor<2xi32> -> f32
  return
}

// -----

// load_c2
func.func @f(%x: tensor<2xi1>, %i: i64) {
  // expected-error@+1 {{of 'tensor<2xi1>' gives 'i1', got 'i64'}}
  %0 = tfm.load %x[%i] : tensor<2xi1> -> i64
  return
}
