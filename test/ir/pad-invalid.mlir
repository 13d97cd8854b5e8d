// RUN: ingot-opt %s -verify-diagnostics -split-input-file

// pad_c1
func.func @f(%x: tensor<4x2xf32>) {
  // expected-error@+1 {{needs a low and a high pad for each axis of 'tensor<4x2xf32>' and a result of its rank, got #tfm.dims<1>, #tfm.dims<0, 0> and 'tensor<5x2xf32>'}}
  %0 = tfm.pad edge %x low <1> high <0, 0> : (tensor<4x2xf32>) -> tensor<5x2xf32>
  return
}

// -----

// pad_c1
func.func @f(%x: tensor<4xf32>) {
  // expected-error@+1 {{result dim 0 must be 7, got 6}}
  %0 = tfm.pad edge %x low <1> high <2> : (tensor<4xf32>) -> tensor<6xf32>
  return
}

// -----

// pad_c1
func.func @f(%x: tensor<?xf32, #tfm.dims<n>>) {
  // expected-error@+1 {{result dim 0 must be k + n + 2, got n}}
  %0 = tfm.pad edge %x low <k> high <2> : (tensor<?xf32, #tfm.dims<n>>) -> tensor<?xf32, #tfm.dims<n>>
  return
}

// -----

// pad_c2
func.func @f(%x: tensor<4xf32>) {
  // expected-error@+1 {{mode constant needs a value}}
  %0 = tfm.pad constant %x low <1> high <2> : (tensor<4xf32>) -> tensor<7xf32>
  return
}

// -----

// pad_c2
func.func @f(%x: tensor<4xf32>, %v: tensor<f32>) {
  // expected-error@+1 {{mode reflect takes no value}}
  %0 = tfm.pad reflect %x, %v low <1> high <2> : (tensor<4xf32>, tensor<f32>) -> tensor<7xf32>
  return
}

// -----

// pad_c2
func.func @f(%x: tensor<4xf32>, %v: tensor<1xf32>) {
  // expected-error@+1 {{value must have rank 0, got 'tensor<1xf32>'}}
  %0 = tfm.pad constant %x, %v low <1> high <2> : (tensor<4xf32>, tensor<1xf32>) -> tensor<7xf32>
  return
}

// -----

// pad_c2
func.func @f(%x: tensor<4xf32>, %v: tensor<f64>) {
  // expected-error@+1 {{must have one element type, got 'f32' and 'f64'}}
  %0 = tfm.pad constant %x, %v low <1> high <2> : (tensor<4xf32>, tensor<f64>) -> tensor<7xf32>
  return
}
