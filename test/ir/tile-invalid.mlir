// RUN: ingot-opt %s -verify-diagnostics -split-input-file

// tile_c1
func.func @f(%x: tensor<4xf32>) {
  // expected-error@+1 {{ranks must agree, got 'tensor<4xf32>' and 'tensor<2x4xf32>'}}
  %0 = tfm.tile %x : tensor<4xf32> -> tensor<2x4xf32>
  return
}

// -----

// tile_c1
func.func @f(%x: tensor<4xf32>) {
  // expected-error@+1 {{must have one element type, got 'f32' and 'f64'}}
  %0 = tfm.tile %x : tensor<4xf32> -> tensor<8xf64>
  return
}

// -----

// tile_c2
func.func @f(%x: tensor<4xf32>) {
  // expected-error@+1 {{result dim 0 must be a multiple of 4, got 6}}
  %0 = tfm.tile %x : tensor<4xf32> -> tensor<6xf32>
  return
}

// -----

// tile_c2
func.func @f(%x: tensor<0xf32>) {
  // expected-error@+1 {{result dim 0 must be a multiple of 0, got 6}}
  %0 = tfm.tile %x : tensor<0xf32> -> tensor<6xf32>
  return
}
