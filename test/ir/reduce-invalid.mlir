// RUN: ingot-opt %s -verify-diagnostics -split-input-file

// reduce_c1
func.func @f(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{axes must be ascending and less than 2, got [1, 0]}}
  %0 = tfm.reduce sum %x axes [1, 0] : tensor<2x3xf32> -> tensor<f32>
  return
}

// -----

// reduce_c1
func.func @f(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{axes must be ascending and less than 2, got [2]}}
  %0 = tfm.reduce sum %x axes [2] : tensor<2x3xf32> -> tensor<2x3xf32>
  return
}

// -----

// reduce_c1
func.func @f(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{axes must be ascending and less than 2, got [-1]}}
  %0 = tfm.reduce sum %x axes [-1] : tensor<2x3xf32> -> tensor<2xf32>
  return
}

// -----

// reduce_c2
func.func @f(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{result dims must be (2, 1), got (2)}}
  %0 = tfm.reduce sum %x axes [1] keepdims : tensor<2x3xf32> -> tensor<2xf32>
  return
}

// -----

// reduce_c3
func.func @f(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{must have one element type, got 'f32' and 'f64'}}
  %0 = tfm.reduce sum %x axes [1] : tensor<2x3xf32> -> tensor<2xf64>
  return
}
