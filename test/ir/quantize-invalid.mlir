// RUN: ingot-opt %s -verify-diagnostics -split-input-file

// quantize_c1
func.func @f(%x: tensor<4xf32>, %s: tensor<f16>) {
  // expected-error@+1 {{must have one element type, got 'f32' and 'f16'}}
  %0 = tfm.quantize %x scale %s : (tensor<4xf32>, tensor<f16>) -> tensor<4xi8>
  return
}

// -----

// quantize_c2
func.func @f(%x: tensor<?xf32, #tfm.dims<n>>, %s: tensor<f32>) {
  // expected-error@+1 {{result dims must be (n), got (m)}}
  %0 = tfm.quantize %x scale %s : (tensor<?xf32, #tfm.dims<n>>, tensor<f32>) -> tensor<?xi8, #tfm.dims<m>>
  return
}

// -----

// quantize_c3
func.func @f(%x: tensor<4x8xf32>, %s: tensor<8xf32>) {
  // expected-error@+1 {{scale of 'tensor<4x8xf32>' must have dims (), got (8)}}
  %0 = tfm.quantize %x scale %s : (tensor<4x8xf32>, tensor<8xf32>) -> tensor<4x8xi8>
  return
}

// -----

// quantize_c3
func.func @f(%x: tensor<4x8xf32>, %s: tensor<8xf32>) {
  // expected-error@+1 {{scale of 'tensor<4x8xf32>' must have dims (4), got (8)}}
  %0 = tfm.quantize %x scale %s {axis = 0} : (tensor<4x8xf32>, tensor<8xf32>) -> tensor<4x8xi8>
  return
}

// -----

// quantize_c3
func.func @f(%x: tensor<4x8xf32>, %s: tensor<8xf32>) {
  // expected-error@+1 {{axis 2 is not one of 'tensor<4x8xf32>'}}
  %0 = tfm.quantize %x scale %s {axis = 2} : (tensor<4x8xf32>, tensor<8xf32>) -> tensor<4x8xi8>
  return
}

// -----

// quantize_c3
func.func @f(%x: tensor<4x8xf32>, %s: tensor<4x2xf32>) {
  // expected-error@+1 {{must have its dims, but one for 3 at axis 1, got (4, 2)}}
  %0 = tfm.quantize %x scale %s {axis = 1, block = 3} : (tensor<4x8xf32>, tensor<4x2xf32>) -> tensor<4x8xi8>
  return
}

// -----

// quantize_c3
func.func @f(%x: tensor<4x8xf32>, %s: tensor<f32>) {
  // expected-error@+1 {{block must be 1 or more, of an axis, got 3}}
  %0 = tfm.quantize %x scale %s {block = 3} : (tensor<4x8xf32>, tensor<f32>) -> tensor<4x8xi8>
  return
}

// -----

// quantize_c4
func.func @f(%x: tensor<4x8xf32>, %s: tensor<f32>, %z: tensor<ui8>) {
  // expected-error@+1 {{must have one element type, got 'i8' and 'ui8'}}
  %0 = tfm.quantize %x scale %s zero %z : (tensor<4x8xf32>, tensor<f32>, tensor<ui8>) -> tensor<4x8xi8>
  return
}

// -----

// quantize_c4
func.func @f(%x: tensor<4x8xf32>, %s: tensor<f32>, %z: tensor<1xi8>) {
  // expected-error@+1 {{zero point must have the dims of the scale, (), got (1)}}
  %0 = tfm.quantize %x scale %s zero %z : (tensor<4x8xf32>, tensor<f32>, tensor<1xi8>) -> tensor<4x8xi8>
  return
}
