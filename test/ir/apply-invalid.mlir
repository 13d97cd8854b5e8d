// RUN: ingot-opt %s -verify-diagnostics -split-input-file

// apply_c1
func.func @f(%x: f32) {
  // expected-error@+1 {{add takes 2 operands, got 1}}
  %0 = tfm.apply add(%x) : (f32) -> f32
  return
}

// -----

// apply_c1
func.func @f(%x: f32, %i: i64) {
  // expected-error@+1 {{add does not apply to ('f32', 'i64')}}
  %0 = tfm.apply add(%x, %i) : (f32, i64) -> f32
  return
}

// -----

// apply_c1
func.func @f(%i: i64) {
  // expected-error@+1 {{exp does not apply to ('i64')}}
  %0 = tfm.apply exp(%i) : (i64) -> i64
  return
}

// -----

// apply_c1
func.func @f(%i: i64) {
  // expected-error@+1 {{lt of 'i64' gives 'i1', got 'i64'}}
  %0 = tfm.apply lt(%i, %i) : (i64, i64) -> i64
  return
}

// -----

// apply_c1
func.func @f(%x: f32) {
  // expected-error@+1 {{neg of 'f32' gives 'f32', got 'f16'}}
  %0 = tfm.apply neg(%x) : (f32) -> f16
  return
}
