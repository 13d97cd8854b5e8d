// RUN: ingot-opt %s -verify-diagnostics -split-input-file

// gather_c1
func.func @f(%x: tensor<4x2xf32>, %i: tensor<3xi64>) {
  // expected-error@+1 {{axis 2 is not one of 'tensor<4x2xf32>'}}
  %0 = tfm.gather %x, %i axis 2 : (tensor<4x2xf32>, tensor<3xi64>) -> tensor<4x2x3xf32>
  return
}

// -----

// gather_c1
func.func @f(%x: tensor<4x2xf32>, %i: tensor<3xi64>) {
  // expected-error@+1 {{must have one element type, got 'f32' and 'f64'}}
  %0 = tfm.gather %x, %i axis 0 : (tensor<4x2xf32>, tensor<3xi64>) -> tensor<3x2xf64>
  return
}

// -----

// gather_c2
func.func @f(%x: tensor<4x2xf32>, %i: tensor<3xi64>) {
  // expected-error@+1 {{result dims must be (4, 3), got (3, 2)}}
  %0 = tfm.gather %x, %i axis 1 : (tensor<4x2xf32>, tensor<3xi64>) -> tensor<3x2xf32>
  return
}
