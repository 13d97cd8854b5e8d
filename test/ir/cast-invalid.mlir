// RUN: ingot-opt %s -verify-diagnostics -split-input-file

// cast_c1
func.func @f(%x: tensor<?xf32, #tfm.dims<n>>) {
  // expected-error@+1 {{result dims must be (n), got (m)}}
  %0 = tfm.cast %x : tensor<?xf32, #tfm.dims<n>> -> tensor<?xi64, #tfm.dims<m>>
  return
}
