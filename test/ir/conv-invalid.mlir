// RUN: ingot-opt %s -verify-diagnostics -split-input-file

// conv_c1
func.func @f(%x: tensor<1x3x8x8xf32>, %w: tensor<4x3x3xf32>) {
  // expected-error@+1 {{ranks must agree and be 3 or more, got 'tensor<1x3x8x8xf32>', 'tensor<4x3x3xf32>' and 'tensor<1x4x6x6xf32>'}}
  %0 = tfm.conv %x, %w strides [1, 1] pads [0, 0, 0, 0] dilations [1, 1] group 1 : (tensor<1x3x8x8xf32>, tensor<4x3x3xf32>) -> tensor<1x4x6x6xf32>
  return
}

// -----

// conv_c1
func.func @f(%x: tensor<1x3x8x8xf32>, %w: tensor<4x3x3x3xf16>) {
  // expected-error@+1 {{must have one element type, got 'f32' and 'f16'}}
  %0 = tfm.conv %x, %w strides [1, 1] pads [0, 0, 0, 0] dilations [1, 1] group 1 : (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf16>) -> tensor<1x4x6x6xf32>
  return
}

// -----

// conv_c2
func.func @f(%x: tensor<1x3x8x8xf32>, %w: tensor<4x3x3x3xf32>) {
  // expected-error@+1 {{needs 2 strides and dilations of 1 or more and 4 pads of 0 or more, got [1], [1, 1] and [0, 0, 0, 0]}}
  %0 = tfm.conv %x, %w strides [1] pads [0, 0, 0, 0] dilations [1, 1] group 1 : (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>) -> tensor<1x4x6x6xf32>
  return
}

// -----

// conv_c2
func.func @f(%x: tensor<1x3x8x8xf32>, %w: tensor<4x3x3x3xf32>) {
  // expected-error@+1 {{got [1, 0], [1, 1] and [0, 0, 0, 0]}}
  %0 = tfm.conv %x, %w strides [1, 0] pads [0, 0, 0, 0] dilations [1, 1] group 1 : (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>) -> tensor<1x4x6x6xf32>
  return
}

// -----

// conv_c2
func.func @f(%x: tensor<1x3x8x8xf32>, %w: tensor<4x3x3x3xf32>) {
  // expected-error@+1 {{got [1, 1], [1, 1] and [0, 0, -1, 0]}}
  %0 = tfm.conv %x, %w strides [1, 1] pads [0, 0, -1, 0] dilations [1, 1] group 1 : (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>) -> tensor<1x4x6x6xf32>
  return
}

// -----

// conv_c3
func.func @f(%x: tensor<1x3x8x8xf32>, %w: tensor<4x2x3x3xf32>) {
  // expected-error@+1 {{channels of 'tensor<1x3x8x8xf32>' do not fit weight 'tensor<4x2x3x3xf32>' in 1 groups}}
  %0 = tfm.conv %x, %w strides [1, 1] pads [0, 0, 0, 0] dilations [1, 1] group 1 : (tensor<1x3x8x8xf32>, tensor<4x2x3x3xf32>) -> tensor<1x4x6x6xf32>
  return
}

// -----

// conv_c3: the group divides O
func.func @f(%x: tensor<1x6x8x8xf32>, %w: tensor<4x2x3x3xf32>) {
  // expected-error@+1 {{do not fit weight 'tensor<4x2x3x3xf32>' in 3 groups}}
  %0 = tfm.conv %x, %w strides [1, 1] pads [0, 0, 0, 0] dilations [1, 1] group 3 : (tensor<1x6x8x8xf32>, tensor<4x2x3x3xf32>) -> tensor<1x4x6x6xf32>
  return
}

// -----

// conv_c3
func.func @f(%x: tensor<1x3x8x8xf32>, %w: tensor<4x3x3x3xf32>) {
  // expected-error@+1 {{in 0 groups}}
  %0 = tfm.conv %x, %w strides [1, 1] pads [0, 0, 0, 0] dilations [1, 1] group 0 : (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>) -> tensor<1x4x6x6xf32>
  return
}

// -----

// conv_c3
func.func @f(%x: tensor<1x3x8x8xf32>, %w: tensor<4x3x3x3xf32>, %b: tensor<3xf32>) {
  // expected-error@+1 {{bias must be a vector of 4, got 'tensor<3xf32>'}}
  %0 = tfm.conv %x, %w, %b strides [1, 1] pads [0, 0, 0, 0] dilations [1, 1] group 1 : (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>, tensor<3xf32>) -> tensor<1x4x6x6xf32>
  return
}

// -----

// conv_c4
func.func @f(%x: tensor<1x3x8x8xf32>, %w: tensor<4x3x3x3xf32>) {
  // expected-error@+1 {{result dims must start with 1, 4, got (1, 5, 6, 6)}}
  %0 = tfm.conv %x, %w strides [1, 1] pads [0, 0, 0, 0] dilations [1, 1] group 1 : (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>) -> tensor<1x5x6x6xf32>
  return
}

// -----

// conv_c4
func.func @f(%x: tensor<1x3x8x8xf32>, %w: tensor<4x3x3x3xf32>) {
  // expected-error@+1 {{result dim 3 must be 6, got 7}}
  %0 = tfm.conv %x, %w strides [1, 1] pads [0, 0, 0, 0] dilations [1, 1] group 1 : (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>) -> tensor<1x4x6x7xf32>
  return
}

// -----

// conv_c4
func.func @f(%x: tensor<1x3x?x8xf32, #tfm.dims<1, 3, height, 8>>, %w: tensor<4x3x3x3xf32>) {
  // expected-error@+1 {{result dim 2 must be height - 2, got height}}
  %0 = tfm.conv %x, %w strides [1, 1] pads [0, 0, 0, 0] dilations [1, 1] group 1 : (tensor<1x3x?x8xf32, #tfm.dims<1, 3, height, 8>>, tensor<4x3x3x3xf32>) -> tensor<1x4x?x6xf32, #tfm.dims<1, 4, height, 6>>
  return
}
