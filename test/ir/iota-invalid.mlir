// RUN: ingot-opt %s -verify-diagnostics -split-input-file

// iota_c1
func.func @f() {
  // expected-error@+1 {{needs start and step and a vector of integers, got #tfm.dims<0> and 'tensor<4xi64>'}}
  %0 = tfm.iota <0> : tensor<4xi64>
  return
}

// -----

// iota_c1
func.func @f() {
  // expected-error@+1 {{got #tfm.dims<0, 1> and 'tensor<2x2xi64>'}}
  %0 = tfm.iota <0, 1> : tensor<2x2xi64>
  return
}

// -----

// iota_c1
func.func @f() {
  // expected-error@+1 {{got #tfm.dims<0, 1> and 'tensor<2xi1>'}}
  %0 = tfm.iota <0, 1> : tensor<2xi1>
  return
}
