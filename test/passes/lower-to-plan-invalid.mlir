// RUN: ingot-opt %s --split-input-file --lower-to-plan --verify-diagnostics

func.func @unfused(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{has no lowering to a kernel}}
  %0 = tfm.elementwise relu(%x) : (tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

func.func @computed_weight(%x: tensor<2x4xf32>, %w: tensor<4x8xf32>) -> tensor<2x8xf32> {
  // expected-error @below {{the weight is neither stored nor a constant}}
  %0 = tfm.linear %x, %w : (tensor<2x4xf32>, tensor<4x8xf32>) -> tensor<2x8xf32>
  return %0 : tensor<2x8xf32>
}

// -----

func.func @overflow(%x: tensor<?x4xf32, #tfm.dims<n*4611686018427387904, 4>>) -> tensor<?x4xf32, #tfm.dims<n*4611686018427387904, 4>> {
  // expected-error @below {{do not fit 64-bit arithmetic}}
  %0 = tfm.softmax %x axis 1 : tensor<?x4xf32, #tfm.dims<n*4611686018427387904, 4>>
  return %0 : tensor<?x4xf32, #tfm.dims<n*4611686018427387904, 4>>
}
