// RUN: ingot-opt %s -verify-diagnostics -split-input-file

// symbolic_c1
func.func @f() {
  // expected-error@+1 {{has 2 expressions for 'tensor<3xi64>'}}
  %0 = tfm.symbolic <a, b> : tensor<3xi64>
  return
}

// -----

// symbolic_c1
func.func @f() {
  // expected-error@+1 {{has 2 expressions for 'tensor<i64>'}}
  %0 = tfm.symbolic <a, b> : tensor<i64>
  return
}

// -----

// symbolic_c1
func.func @f() {
  // expected-error@+1 {{has 1 expressions for 'tensor<1x1xi64>'}}
  %0 = tfm.symbolic <a> : tensor<1x1xi64>
  return
}
