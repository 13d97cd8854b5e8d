// RUN: ingot-opt %s -verify-diagnostics -split-input-file

// reshape_c1
func.func @f(%x: tensor<4xf32>) {
  // expected-error@+1 {{must have one element type, got 'f32' and 'i32'}}
  %0 = tfm.reshape %x : tensor<4xf32> -> tensor<2x2xi32>
  return
}

// -----

// reshape_c1
func.func @f(%x: tensor<4xf32>) {
  // expected-error@+1 {{element counts differ: 'tensor<4xf32>' and 'tensor<2x3xf32>'}}
  %0 = tfm.reshape %x : tensor<4xf32> -> tensor<2x3xf32>
  return
}

// -----

// reshape_c1: equal for no batch but 0
func.func @f(%x: tensor<?x4xf32, #tfm.dims<batch, 4>>) {
  // expected-error@+1 {{element counts differ: }}
  %0 = tfm.reshape %x : tensor<?x4xf32, #tfm.dims<batch, 4>> -> tensor<?x5xf32, #tfm.dims<batch, 5>>
  return
}

// -----

// reshape_c1
func.func @f(%x: tensor<?xf32, #tfm.dims<n + 3>>) {
  // expected-error@+1 {{element counts differ: }}
  %0 = tfm.reshape %x : tensor<?xf32, #tfm.dims<n + 3>> -> tensor<2xf32>
  return
}
