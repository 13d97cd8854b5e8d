// RUN: ingot-opt %s -verify-diagnostics -split-input-file

// arg_reduce_c1
func.func @f(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{kind must be max or min, got sum}}
  %0 = tfm.arg_reduce sum %x axis 1 : tensor<2x3xf32> -> tensor<2xi64>
  return
}

// -----

// arg_reduce_c2
func.func @f(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{axis 2 is not one of 'tensor<2x3xf32>'}}
  %0 = tfm.arg_reduce max %x axis 2 : tensor<2x3xf32> -> tensor<2xi64>
  return
}

// -----

// arg_reduce_c2
func.func @f(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{result dims must be (2), got (3)}}
  %0 = tfm.arg_reduce max %x axis 1 : tensor<2x3xf32> -> tensor<3xi64>
  return
}

// -----

// arg_reduce_c3
func.func @f(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{result must be of i64, got 'tensor<2xi32>'}}
  %0 = tfm.arg_reduce max %x axis 1 : tensor<2x3xf32> -> tensor<2xi32>
  return
}
