// RUN: ingot-opt %s -verify-diagnostics -split-input-file

// fused_c1
func.func @f() {
  // expected-error@+1 {{body must take ('i64', 'i64'), got ('i64')}}
  %0 = tfm.fused {
  ^bb0(%i: i64):
    tfm.yield %i : i64
  } : tensor<2x3xi32>
  return
}

// -----

// fused_c1
func.func @f() {
  // expected-error@+1 {{body must yield 'i64', got ('f32')}}
  %0 = tfm.fused {
  ^bb0(%i: i64, %j: i64):
    %y = tfm.convert %i : i64 to f32
    tfm.yield %y : f32
  } : tensor<2x3xi32>
  return
}

// -----

// fused_c2
func.func @f() {
  // expected-error@+1 {{holds arith.muli, which is no scalar op here}}
  %0 = tfm.fused {
  ^bb0(%i: i64, %j: i64):
    %y = arith.muli %i, %j : i64
    tfm.yield %y : i64
  } : tensor<2x3xi32>
  return
}
