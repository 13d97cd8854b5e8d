// RUN: ingot-opt %s -verify-diagnostics -split-input-file

// symbol_c1
func.func @f() {
  // expected-error@+1 {{takes one expression, got #tfm.dims<a, b>}}
  %0 = tfm.symbol <a, b>
  return
}
