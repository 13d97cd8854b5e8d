// RUN: ingot-opt %s -verify-diagnostics -split-input-file

// dequantize_c1
func.func @f(%x: tensor<?xi8, #tfm.dims<n>>, %s: tensor<f32>) {
  // expected-error@+1 {{result dims must be (n), got (m)}}
  %0 = tfm.dequantize %x scale %s : (tensor<?xi8, #tfm.dims<n>>, tensor<f32>) -> tensor<?xf32, #tfm.dims<m>>
  return
}

// -----

// dequantize_c2
func.func @f(%x: tensor<4x8xi8>, %s: tensor<8xf32>) {
  // expected-error@+1 {{scale of 'tensor<4x8xi8>' must have dims (4), got (8)}}
  %0 = tfm.dequantize %x scale %s {axis = 0} : (tensor<4x8xi8>, tensor<8xf32>) -> tensor<4x8xf32>
  return
}

// -----

// dequantize_c2
func.func @f(%x: tensor<4x8xi4>, %s: tensor<2x8xf32>) {
  // expected-error@+1 {{must have its dims, but one for 16 at axis 0, got (2, 8)}}
  %0 = tfm.dequantize %x scale %s {axis = 0, block = 16} : (tensor<4x8xi4>, tensor<2x8xf32>) -> tensor<4x8xf32>
  return
}

// -----

// dequantize_c3
func.func @f(%x: tensor<4x8xi8>, %s: tensor<8xf32>, %z: tensor<8xi4>) {
  // expected-error@+1 {{must have one element type, got 'i8' and 'i4'}}
  %0 = tfm.dequantize %x scale %s zero %z {axis = 1} : (tensor<4x8xi8>, tensor<8xf32>, tensor<8xi4>) -> tensor<4x8xf32>
  return
}
