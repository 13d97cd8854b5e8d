// RUN: ingot-opt %s -verify-diagnostics -split-input-file

// slice_c1
func.func @f(%x: tensor<4x8xf32>) {
  // expected-error@+1 {{needs a start and a step other than 0 for each axis of 'tensor<4x8xf32>', got #tfm.dims<0> and [1, 1]}}
  %0 = tfm.slice %x starts <0> steps [1, 1] : tensor<4x8xf32> -> tensor<4x8xf32>
  return
}

// -----

// slice_c1
func.func @f(%x: tensor<4x8xf32>) {
  // expected-error@+1 {{got #tfm.dims<0, 0> and [1, 0]}}
  %0 = tfm.slice %x starts <0, 0> steps [1, 0] : tensor<4x8xf32> -> tensor<4x8xf32>
  return
}

// -----

// slice_c1
func.func @f(%x: tensor<4x8xf32>) {
  // expected-error@+1 {{result must have the operand's rank, got 'tensor<4xf32>' for 'tensor<4x8xf32>'}}
  %0 = tfm.slice %x starts <0, 0> steps [1, 1] : tensor<4x8xf32> -> tensor<4xf32>
  return
}

// -----

// slice_c1
func.func @f(%x: tensor<4x8xf32>) {
  // expected-error@+1 {{must have one element type, got 'f32' and 'i8'}}
  %0 = tfm.slice %x starts <0, 0> steps [1, 1] : tensor<4x8xf32> -> tensor<4x8xi8>
  return
}

// -----

// slice_c2
func.func @f(%x: tensor<4x8xf32>) {
  // expected-error@+1 {{elements 2 to 8 of axis 1 are not inside 'tensor<4x8xf32>'}}
  %0 = tfm.slice %x starts <0, 2> steps [1, 3] : tensor<4x8xf32> -> tensor<4x3xf32>
  return
}

// -----

// slice_c2
func.func @f(%x: tensor<8xf32>) {
  // expected-error@+1 {{elements 1 to -1 of axis 0 are not inside 'tensor<8xf32>'}}
  %0 = tfm.slice %x starts <1> steps [-1] : tensor<8xf32> -> tensor<3xf32>
  return
}

// -----

// slice_c2
func.func @f(%x: tensor<?xf32, #tfm.dims<n>>) {
  // expected-error@+1 {{elements n to n of axis 0 are not inside}}
  %0 = tfm.slice %x starts <n> steps [1] : tensor<?xf32, #tfm.dims<n>> -> tensor<1xf32>
  return
}
