// RUN: ingot-opt %s -verify-diagnostics -split-input-file

// nonzero_c1
func.func @f(%x: tensor<4xf32>) {
  // expected-error@+1 {{needs integers or booleans of rank 1 or more, got 'tensor<4xf32>'}}
  %i = tfm.nonzero %x : (tensor<4xf32>) -> tensor<3xi64>
  return
}

// -----

// nonzero_c1
func.func @f(%x: tensor<i1>) {
  // expected-error@+1 {{needs integers or booleans of rank 1 or more, got 'tensor<i1>'}}
  %i = tfm.nonzero %x : (tensor<i1>) -> tensor<1xi64>
  return
}

// -----

// nonzero_c2
func.func @f(%x: tensor<2x4xi1>) {
  // expected-error@+1 {{gives one vector of i64 an axis, all of one dim, got ('tensor<3xi64>')}}
  %i = tfm.nonzero %x : (tensor<2x4xi1>) -> tensor<3xi64>
  return
}

// -----

// nonzero_c2
func.func @f(%x: tensor<2x4xi1>) {
  // expected-error@+1 {{all of one dim, got ('tensor<3xi64>', 'tensor<4xi64>')}}
  %i, %j = tfm.nonzero %x : (tensor<2x4xi1>) -> (tensor<3xi64>, tensor<4xi64>)
  return
}

// -----

// nonzero_c2
func.func @f(%x: tensor<4xi1>) {
  // expected-error@+1 {{gives one vector of i64 an axis, all of one dim, got ('tensor<3xi32>')}}
  %i = tfm.nonzero %x : (tensor<4xi1>) -> tensor<3xi32>
  return
}
