// RUN: ingot-opt %s -verify-diagnostics -split-input-file

// trilu_c1
func.func @f(%x: tensor<4xf32>) {
  // expected-error@+1 {{needs rank 2 or more and one diagonal, got 'tensor<4xf32>' and #tfm.dims<0>}}
  %0 = tfm.trilu %x diagonal <0> : tensor<4xf32>
  return
}

// -----

// trilu_c1
func.func @f(%x: tensor<4x4xf32>) {
  // expected-error@+1 {{got 'tensor<4x4xf32>' and #tfm.dims<0, 1>}}
  %0 = tfm.trilu %x diagonal <0, 1> : tensor<4x4xf32>
  return
}
