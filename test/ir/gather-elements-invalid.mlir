// RUN: ingot-opt %s -verify-diagnostics -split-input-file

// gather_elements_c1
func.func @f(%x: tensor<4x2xf32>, %i: tensor<3xi64>) {
  // expected-error@+1 {{ranks must agree, got 'tensor<4x2xf32>' and 'tensor<3xi64>'}}
  %0 = tfm.gather_elements %x, %i axis 0 : (tensor<4x2xf32>, tensor<3xi64>) -> tensor<3xf32>
  return
}

// -----

// gather_elements_c1
func.func @f(%x: tensor<4x2xf32>, %i: tensor<4x2xi64>) {
  // expected-error@+1 {{axis 2 is not one of 'tensor<4x2xf32>'}}
  %0 = tfm.gather_elements %x, %i axis 2 : (tensor<4x2xf32>, tensor<4x2xi64>) -> tensor<4x2xf32>
  return
}

// -----

// gather_elements_c1
func.func @f(%x: tensor<4x2xf32>, %i: tensor<4x2xi64>) {
  // expected-error@+1 {{must have one element type, got 'f32' and 'i8'}}
  %0 = tfm.gather_elements %x, %i axis 0 : (tensor<4x2xf32>, tensor<4x2xi64>) -> tensor<4x2xi8>
  return
}

// -----

// gather_elements_c2
func.func @f(%x: tensor<4x2xf32>, %i: tensor<3x2xi64>) {
  // expected-error@+1 {{result dims must be (3, 2), got (4, 2)}}
  %0 = tfm.gather_elements %x, %i axis 0 : (tensor<4x2xf32>, tensor<3x2xi64>) -> tensor<4x2xf32>
  return
}

// -----

// gather_elements_c3
func.func @f(%x: tensor<4x2xf32>, %i: tensor<3x3xi64>) {
  // expected-error@+1 {{indices have 3 along axis 1, the operand only 2}}
  %0 = tfm.gather_elements %x, %i axis 0 : (tensor<4x2xf32>, tensor<3x3xi64>) -> tensor<3x3xf32>
  return
}
