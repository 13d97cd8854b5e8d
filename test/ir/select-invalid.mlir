// RUN: ingot-opt %s -verify-diagnostics -split-input-file

// select_c1
func.func @f(%c: tensor<4xi1>, %x: tensor<4xf32>, %y: tensor<4xf64>) {
  // expected-error@+1 {{must have one element type, got 'f32' and 'f64'}}
  %0 = tfm.select %c, %x, %y : (tensor<4xi1>, tensor<4xf32>, tensor<4xf64>) -> tensor<4xf32>
  return
}

// -----

// select_c2
func.func @f(%c: tensor<3xi1>, %x: tensor<4xf32>) {
  // expected-error@+1 {{result dims (4) are not the broadcast of (3), (4), (4)}}
  %0 = tfm.select %c, %x, %x : (tensor<3xi1>, tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return
}
