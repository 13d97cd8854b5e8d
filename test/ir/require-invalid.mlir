// RUN: ingot-opt %s -verify-diagnostics -split-input-file

// require_c1
func.func @f() {
  // expected-error@+1 {{relates two expressions, got #tfm.dims<a, b, c>}}
  tfm.require eq <a, b, c> "node"
  return
}
