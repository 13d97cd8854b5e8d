// RUN: ingot-opt %s -verify-diagnostics -split-input-file

// broadcast_c1
func.func @f(%x: tensor<3xf32>) {
  // expected-error@+1 {{'tensor<3xf32>' does not broadcast to 'tensor<2x4xf32>'}}
  %0 = tfm.broadcast %x : tensor<3xf32> -> tensor<2x4xf32>
  return
}

// -----

// broadcast_c1
func.func @f(%x: tensor<1x4xf32>) {
  // expected-error@+1 {{'tensor<1x4xf32>' does not broadcast to 'tensor<4xf32>'}}
  %0 = tfm.broadcast %x : tensor<1x4xf32> -> tensor<4xf32>
  return
}

// -----

// broadcast_c1
func.func @f(%x: tensor<4xf32>) {
  // expected-error@+1 {{must have one element type, got 'f32' and 'f64'}}
  %0 = tfm.broadcast %x : tensor<4xf32> -> tensor<2x4xf64>
  return
}
