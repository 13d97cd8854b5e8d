// RUN: ingot-opt %s -verify-diagnostics -split-input-file

// elementwise_c1
func.func @f(%x: tensor<4xf32>) {
  // expected-error@+1 {{add takes 2 operands, got 1}}
  %0 = tfm.elementwise add(%x) : (tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

// elementwise_c2
func.func @f(%x: tensor<4xf32>, %y: tensor<4xi32>) {
  // expected-error@+1 {{must have one element type, got 'f32' and 'i32'}}
  %0 = tfm.elementwise add(%x, %y) : (tensor<4xf32>, tensor<4xi32>) -> tensor<4xf32>
  return
}

// -----

// elementwise_c2
func.func @f(%x: tensor<4xi32>) {
  // expected-error@+1 {{sqrt does not apply to 'i32'}}
  %0 = tfm.elementwise sqrt(%x) : (tensor<4xi32>) -> tensor<4xi32>
  return
}

// -----

// elementwise_c2
func.func @f(%x: tensor<4xi1>) {
  // expected-error@+1 {{add does not apply to 'i1'}}
  %0 = tfm.elementwise add(%x, %x) : (tensor<4xi1>, tensor<4xi1>) -> tensor<4xi1>
  return
}

// -----

// elementwise_c2
func.func @f(%x: tensor<4xf32>) {
  // expected-error@+1 {{not does not apply to 'f32'}}
  %0 = tfm.elementwise not(%x) : (tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

// elementwise_c3
func.func @f(%x: tensor<4xf32>) {
  // expected-error@+1 {{lt of 'f32' gives 'i1', got 'f32'}}
  %0 = tfm.elementwise lt(%x, %x) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

// elementwise_c3
func.func @f(%x: tensor<4xf32>) {
  // expected-error@+1 {{neg of 'f32' gives 'f32', got 'f64'}}
  %0 = tfm.elementwise neg(%x) : (tensor<4xf32>) -> tensor<4xf64>
  return
}

// -----

// elementwise_c4
func.func @f(%x: tensor<4xf32>, %y: tensor<3xf32>) {
  // expected-error@+1 {{result dims (4) are not the broadcast of (4), (3)}}
  %0 = tfm.elementwise add(%x, %y) : (tensor<4xf32>, tensor<3xf32>) -> tensor<4xf32>
  return
}

// -----

// elementwise_c4: never equal
func.func @f(%x: tensor<?xf32, #tfm.dims<n>>, %y: tensor<?xf32, #tfm.dims<n + 1>>) {
  // expected-error@+1 {{result dims (n) are not the broadcast of (n), (n + 1)}}
  %0 = tfm.elementwise add(%x, %y) : (tensor<?xf32, #tfm.dims<n>>, tensor<?xf32, #tfm.dims<n + 1>>) -> tensor<?xf32, #tfm.dims<n>>
  return
}

// -----

// elementwise_c4: an unknown dim is not taken for 1
func.func @f(%x: tensor<?xf32, #tfm.dims<n>>, %y: tensor<1xf32>) {
  // expected-error@+1 {{result dims (1) are not the broadcast of (n), (1)}}
  %0 = tfm.elementwise add(%x, %y) : (tensor<?xf32, #tfm.dims<n>>, tensor<1xf32>) -> tensor<1xf32>
  return
}

// -----

// elementwise_c4: a dim from nowhere
func.func @f(%x: tensor<?xf32, #tfm.dims<n>>) {
  // expected-error@+1 {{result dims (m) are not the broadcast of (n)}}
  %0 = tfm.elementwise neg(%x) : (tensor<?xf32, #tfm.dims<n>>) -> tensor<?xf32, #tfm.dims<m>>
  return
}

// -----

// elementwise_c4
func.func @f(%x: tensor<1xf32>) {
  // expected-error@+1 {{result dims (4) are not the broadcast of (1)}}
  %0 = tfm.elementwise neg(%x) : (tensor<1xf32>) -> tensor<4xf32>
  return
}

// -----

// elementwise_c4
func.func @f(%x: tensor<4xf32>) {
  // expected-error@+1 {{result dims (1, 4) are not the broadcast of (4)}}
  %0 = tfm.elementwise neg(%x) : (tensor<4xf32>) -> tensor<1x4xf32>
  return
}
