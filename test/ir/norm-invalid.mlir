// RUN: ingot-opt %s -verify-diagnostics -split-input-file

// norm_c1
func.func @f(%x: tensor<2x4xf32>) {
  // expected-error@+1 {{axis 2 is not one of 'tensor<2x4xf32>'}}
  %0 = tfm.norm layer %x axis 2 epsilon 0.0 : (tensor<2x4xf32>) -> tensor<2x4xf32>
  return
}

// -----

// norm_c1
func.func @f(%x: tensor<2x4xf32>) {
  // expected-error@+1 {{input, residual, result and sum must have one type, got 'tensor<2x4xf32>' and 'tensor<2x4xf16>'}}
  %0 = tfm.norm layer %x axis 1 epsilon 0.0 : (tensor<2x4xf32>) -> tensor<2x4xf16>
  return
}

// -----

// norm_c1
func.func @f(%x: tensor<2x4xf32>, %r: tensor<4xf32>) {
  // expected-error@+1 {{must have one type, got 'tensor<2x4xf32>' and 'tensor<4xf32>'}}
  %0 = tfm.norm layer %x residual %r axis 1 epsilon 0.0 : (tensor<2x4xf32>, tensor<4xf32>) -> tensor<2x4xf32>
  return
}

// -----

// norm_c2
func.func @f(%x: tensor<2x4xf32>, %w: tensor<3xf32>) {
  // expected-error@+1 {{scale 'tensor<3xf32>' does not broadcast to 'tensor<2x4xf32>'}}
  %0 = tfm.norm layer %x scale %w axis 1 epsilon 0.0 : (tensor<2x4xf32>, tensor<3xf32>) -> tensor<2x4xf32>
  return
}

// -----

// norm_c2
func.func @f(%x: tensor<2x4xf32>, %w: tensor<4xf64>) {
  // expected-error@+1 {{bias 'tensor<4xf64>' does not broadcast to 'tensor<2x4xf32>'}}
  %0 = tfm.norm layer %x bias %w axis 1 epsilon 0.0 : (tensor<2x4xf32>, tensor<4xf64>) -> tensor<2x4xf32>
  return
}

// -----

// norm_c3
func.func @f(%x: tensor<2x4xf32>, %w: tensor<4xf32>) {
  // expected-error@+1 {{of kind rms has no bias, got 'tensor<4xf32>'}}
  %0 = tfm.norm rms %x bias %w axis 1 epsilon 0.0 : (tensor<2x4xf32>, tensor<4xf32>) -> tensor<2x4xf32>
  return
}

// -----

// norm_c4
func.func @f(%x: tensor<2x4xf32>) {
  // expected-error@+1 {{gives a sum of 'tensor<2x4xf32>' but has no residual}}
  %0, %1 = tfm.norm rms %x axis 1 epsilon 0.0 : (tensor<2x4xf32>) -> (tensor<2x4xf32>, tensor<2x4xf32>)
  return
}
