// RUN: ingot-opt %s -verify-diagnostics -split-input-file

// concat_c1
func.func @f() {
  // expected-error@+1 {{needs an operand}}
  %0 = "tfm.concat"() <{axis = 0 : i64}> : () -> tensor<0xf32>
  return
}

// -----

// concat_c1
func.func @f(%x: tensor<4xf32>) {
  // expected-error@+1 {{axis 1 is not one of 'tensor<4xf32>'}}
  %0 = tfm.concat %x axis 1 : (tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

// concat_c1
func.func @f(%x: tensor<4xf32>, %y: tensor<4xi8>) {
  // expected-error@+1 {{must have one element type, got 'f32' and 'i8'}}
  %0 = tfm.concat %x, %y axis 0 : (tensor<4xf32>, tensor<4xi8>) -> tensor<8xf32>
  return
}

// -----

// concat_c2
func.func @f(%x: tensor<4x2xf32>, %y: tensor<4x3xf32>) {
  // expected-error@+1 {{'tensor<4x3xf32>' does not join into 'tensor<8x2xf32>' along axis 0}}
  %0 = tfm.concat %x, %y axis 0 : (tensor<4x2xf32>, tensor<4x3xf32>) -> tensor<8x2xf32>
  return
}

// -----

// concat_c2
func.func @f(%x: tensor<4x2xf32>, %y: tensor<4xf32>) {
  // expected-error@+1 {{'tensor<4xf32>' does not join into 'tensor<8x2xf32>' along axis 0}}
  %0 = tfm.concat %x, %y axis 0 : (tensor<4x2xf32>, tensor<4xf32>) -> tensor<8x2xf32>
  return
}

// -----

// concat_c2
func.func @f(%x: tensor<4x?xf32, #tfm.dims<4, n>>) {
  // expected-error@+1 {{no operand has the dims of the result off axis 0: 'tensor<8x?xf32, #tfm.dims<8, m>>'}}
  %0 = tfm.concat %x, %x axis 0 : (tensor<4x?xf32, #tfm.dims<4, n>>, tensor<4x?xf32, #tfm.dims<4, n>>) -> tensor<8x?xf32, #tfm.dims<8, m>>
  return
}

// -----

// concat_c2
func.func @f(%x: tensor<?xf32, #tfm.dims<n>>, %y: tensor<2xf32>) {
  // expected-error@+1 {{result dim 0 must be n + 2, got n + 3}}
  %0 = tfm.concat %x, %y axis 0 : (tensor<?xf32, #tfm.dims<n>>, tensor<2xf32>) -> tensor<?xf32, #tfm.dims<n + 3>>
  return
}
