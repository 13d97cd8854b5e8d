// RUN: ingot-opt %s -verify-diagnostics -split-input-file

// gather_nd_c1
func.func @f(%x: tensor<4x2xf32>, %i: tensor<3x?xi64, #tfm.dims<3, n>>) {
  // expected-error@+1 {{indices 'tensor<3x?xi64, #tfm.dims<3, n>>' after 0 batch dims do not fit 'tensor<4x2xf32>'}}
  %0 = tfm.gather_nd %x, %i batch_dims 0 : (tensor<4x2xf32>, tensor<3x?xi64, #tfm.dims<3, n>>) -> tensor<3xf32>
  return
}

// -----

// gather_nd_c1
func.func @f(%x: tensor<4x2xf32>, %i: tensor<4x2xi64>) {
  // expected-error@+1 {{indices 'tensor<4x2xi64>' after 1 batch dims do not fit 'tensor<4x2xf32>'}}
  %0 = tfm.gather_nd %x, %i batch_dims 1 : (tensor<4x2xf32>, tensor<4x2xi64>) -> tensor<4xf32>
  return
}

// -----

// gather_nd_c1
func.func @f(%x: tensor<4x2xf32>, %i: tensor<1xi64>) {
  // expected-error@+1 {{indices 'tensor<1xi64>' after 1 batch dims do not fit}}
  %0 = tfm.gather_nd %x, %i batch_dims 1 : (tensor<4x2xf32>, tensor<1xi64>) -> tensor<f32>
  return
}

// -----

// gather_nd_c1
func.func @f(%x: tensor<4x2xf32>, %i: tensor<3x2xi64>) {
  // expected-error@+1 {{must have one element type, got 'f32' and 'i8'}}
  %0 = tfm.gather_nd %x, %i batch_dims 0 : (tensor<4x2xf32>, tensor<3x2xi64>) -> tensor<3xi8>
  return
}

// -----

// gather_nd_c2
func.func @f(%x: tensor<4x2xf32>, %i: tensor<3x1xi64>) {
  // expected-error@+1 {{batch dims differ: 'tensor<4x2xf32>' and 'tensor<3x1xi64>'}}
  %0 = tfm.gather_nd %x, %i batch_dims 1 : (tensor<4x2xf32>, tensor<3x1xi64>) -> tensor<3xf32>
  return
}

// -----

// gather_nd_c2
func.func @f(%x: tensor<4x2xf32>, %i: tensor<3x1xi64>) {
  // expected-error@+1 {{result dims must be (3, 2), got (3)}}
  %0 = tfm.gather_nd %x, %i batch_dims 0 : (tensor<4x2xf32>, tensor<3x1xi64>) -> tensor<3xf32>
  return
}
