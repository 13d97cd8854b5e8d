// RUN: ingot-opt %s -verify-diagnostics -split-input-file

// matmul_c1
func.func @f(%x: tensor<4xf32>, %y: tensor<4x2xf32>) {
  // expected-error@+1 {{operands must have rank 2 or more, got 'tensor<4xf32>' and 'tensor<4x2xf32>'}}
  %0 = tfm.matmul %x, %y : (tensor<4xf32>, tensor<4x2xf32>) -> tensor<2xf32>
  return
}

// -----

// matmul_c1
func.func @f(%x: tensor<3x4xf32>, %y: tensor<4x2xf16>) {
  // expected-error@+1 {{must have one element type, got 'f32' and 'f16'}}
  %0 = tfm.matmul %x, %y : (tensor<3x4xf32>, tensor<4x2xf16>) -> tensor<3x2xf32>
  return
}

// -----

// matmul_c2
func.func @f(%x: tensor<3x4xf32>, %y: tensor<5x2xf32>) {
  // expected-error@+1 {{contracts 4 of 'tensor<3x4xf32>' with 5 of 'tensor<5x2xf32>'}}
  %0 = tfm.matmul %x, %y : (tensor<3x4xf32>, tensor<5x2xf32>) -> tensor<3x2xf32>
  return
}

// -----

// matmul_c3
func.func @f(%x: tensor<3x4xf32>, %y: tensor<4x2xf32>) {
  // expected-error@+1 {{result dims must end in 3, 2, got (2, 3)}}
  %0 = tfm.matmul %x, %y : (tensor<3x4xf32>, tensor<4x2xf32>) -> tensor<2x3xf32>
  return
}

// -----

// matmul_c3
func.func @f(%x: tensor<2x3x4xf32>, %y: tensor<5x4x2xf32>) {
  // expected-error@+1 {{result dims (2) are not the broadcast of (2), (5)}}
  %0 = tfm.matmul %x, %y : (tensor<2x3x4xf32>, tensor<5x4x2xf32>) -> tensor<2x3x2xf32>
  return
}
