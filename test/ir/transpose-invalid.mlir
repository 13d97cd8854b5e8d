// RUN: ingot-opt %s -verify-diagnostics -split-input-file

// transpose_c1
func.func @f(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{perm [0, 0] is no permutation of the axes of 'tensor<2x3xf32>'}}
  %0 = tfm.transpose %x perm [0, 0] : tensor<2x3xf32> -> tensor<2x2xf32>
  return
}

// -----

// transpose_c1
func.func @f(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{perm [0, 2] is no permutation of the axes of 'tensor<2x3xf32>'}}
  %0 = tfm.transpose %x perm [0, 2] : tensor<2x3xf32> -> tensor<2x3xf32>
  return
}

// -----

// transpose_c1
func.func @f(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{perm [0] is no permutation of the axes of 'tensor<2x3xf32>'}}
  %0 = tfm.transpose %x perm [0] : tensor<2x3xf32> -> tensor<2xf32>
  return
}

// -----

// transpose_c1
func.func @f(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{must have one element type, got 'f32' and 'f64'}}
  %0 = tfm.transpose %x perm [1, 0] : tensor<2x3xf32> -> tensor<3x2xf64>
  return
}

// -----

// transpose_c2
func.func @f(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{result dims must be (3, 2), got (2, 3)}}
  %0 = tfm.transpose %x perm [1, 0] : tensor<2x3xf32> -> tensor<2x3xf32>
  return
}

// -----

// transpose_c2: a dim that passes through stays the same expression
func.func @f(%x: tensor<?x4xf32, #tfm.dims<batch, 4>>) {
  // expected-error@+1 {{result dims must be (4, batch), got (4, rows)}}
  %0 = tfm.transpose %x perm [1, 0] : tensor<?x4xf32, #tfm.dims<batch, 4>> -> tensor<4x?xf32, #tfm.dims<4, rows>>
  return
}
